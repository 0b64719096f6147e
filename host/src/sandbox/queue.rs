//! A lane's queue: jobs in the order that they came, for whoever is free.
//!
//! Of those who wait the one that began last is woken: its core and what it has in the caches are the warmest. Queues of libraries
//! wake the one that has waited longest, so that a lone caller's requests go to another core each time. Must not know: what a job is.
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Unbounded; whoever puts in counts.
pub struct Queue<T>(Mutex<State<T>>);

struct State<T> {
    jobs: VecDeque<T>,
    /// Who waits, by the number that it gives itself; the last one began last.
    waiting: Vec<(usize, Waker)>,
    closed: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue(Mutex::new(State { jobs: VecDeque::new(), waiting: Vec::new(), closed: false }))
    }
}

impl<T> Queue<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in; gives it back where nobody will take it any more.
    pub fn put(&self, job: T) -> Result<(), T> {
        let mut state = self.state();
        if state.closed {
            return Err(job);
        }
        state.jobs.push_back(job);
        let woken = state.waiting.pop();
        drop(state);
        if let Some((_, waker)) = woken {
            waker.wake();
        }
        Ok(())
    }

    /// The next job for `who`; none when the queue is closed and empty.
    pub async fn take(&self, who: usize) -> Option<T> {
        poll_fn(|cx| self.poll(who, cx)).await
    }

    fn poll(&self, who: usize, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.state();
        state.waiting.retain(|(other, _)| *other != who);
        if let Some(job) = state.jobs.pop_front() {
            return Poll::Ready(Some(job));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waiting.push((who, cx.waker().clone()));
        Poll::Pending
    }

    /// Takes no more jobs; those that are in it are still done.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::task::{ArcWake, waker};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl ArcWake for Bell {
        fn wake_by_ref(bell: &Arc<Bell>) {
            bell.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn the_last_to_wait_is_woken_and_jobs_keep_their_order() {
        let queue = Queue::default();
        let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
        let poll = |who: usize| queue.poll(who, &mut Context::from_waker(&waker(Arc::clone(&bells[who]))));
        let rung = || bells.each_ref().map(|bell| bell.0.load(Relaxed));
        assert!(poll(0).is_pending() && poll(1).is_pending());
        queue.put('a').unwrap();
        assert_eq!(rung(), [0, 1]);
        queue.put('b').unwrap();
        assert_eq!(rung(), [1, 1]);
        queue.put('c').unwrap();
        assert_eq!([poll(1), poll(0), poll(1)], ['a', 'b', 'c'].map(|job| Poll::Ready(Some(job))));
        assert!(poll(1).is_pending() && poll(0).is_pending());
        queue.close();
        assert_eq!(rung(), [2, 2]);
        assert_eq!((queue.put('d'), poll(0)), (Err('d'), Poll::Ready(None)));
    }
}
