//! The workers' queue: lines of jobs in the order of arrival, each for any free worker of a lane.
//!
//! Of the waiting workers the one that began to wait last is woken: its core and its caches are the warmest. Queues of
//! libraries wake the one that has waited longest, so that a lone caller's requests go to another core each time. Must
//! not know: what a job is.
use super::lane::Lane;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Where a job waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// For a short worker.
    Short,
    /// A job of unknown cost: for a short worker that has nothing else to do, or the next long one.
    Trial,
    /// An evaluation that used up its slice: for the next long worker.
    Evaluation,
    /// For a long worker.
    Long,
}

impl Line {
    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Line::Short => "short",
            Line::Trial => "trial",
            Line::Evaluation => "evaluation",
            Line::Long => "long",
        }
    }
}

impl From<Lane> for Line {
    fn from(lane: Lane) -> Line {
        match lane {
            Lane::Short => Line::Short,
            Lane::Long => Line::Long,
        }
    }
}

/// The lines that a worker takes from, in turn.
const fn lines(lane: Lane) -> &'static [Line] {
    match lane {
        Lane::Short => &[Line::Short, Line::Trial],
        Lane::Long => &[Line::Trial, Line::Evaluation, Line::Long],
    }
}

/// Unbounded; callers count what they put in.
pub struct Queue<T>(Mutex<State<T>>);

struct State<T> {
    /// One queue a line.
    jobs: [VecDeque<T>; 4],
    /// The waiting workers of each lane by their ids; the last one began to wait last.
    waiting: [Vec<(usize, Waker)>; 2],
    /// Jobs abandoned since the queue was last cleared of them.
    abandoned: usize,
    closed: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        let (jobs, waiting) = Default::default();
        Queue(Mutex::new(State { jobs, waiting, abandoned: 0, closed: false }))
    }
}

impl<T> Queue<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job; returns it if no worker will take it any more.
    pub fn put(&self, line: Line, job: T) -> Result<(), T> {
        let mut state = self.state();
        if state.closed {
            return Err(job);
        }
        state.jobs[line as usize].push_back(job);
        let mut takers = Lane::ALL.into_iter().filter(|lane| lines(*lane).contains(&line));
        let woken = takers.find_map(|lane| state.waiting[lane as usize].pop());
        drop(state);
        if let Some((_, waker)) = woken {
            waker.wake();
        }
        Ok(())
    }

    /// How many jobs each line has, and the oldest of those whose age is known.
    pub fn lines(&self, since: impl Fn(&T) -> Option<Instant>) -> [(Line, usize, Option<Instant>); 4] {
        let state = self.state();
        [Line::Short, Line::Trial, Line::Evaluation, Line::Long].map(|line| {
            let jobs = &state.jobs[line as usize];
            (line, jobs.len(), jobs.iter().find_map(&since))
        })
    }

    /// Whether a worker of the lane has nothing to do.
    pub fn idle(&self, lane: Lane) -> bool {
        !self.state().waiting[lane as usize].is_empty()
    }

    /// The next job for the worker `id`; `None` when the queue is closed and empty.
    pub async fn take(&self, lane: Lane, id: usize) -> Option<T> {
        poll_fn(|cx| self.poll(lane, id, cx)).await
    }

    fn poll(&self, lane: Lane, id: usize, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.state();
        state.waiting[lane as usize].retain(|(other, _)| *other != id);
        if let Some(job) = lines(lane).iter().find_map(|line| state.jobs[*line as usize].pop_front()) {
            return Poll::Ready(Some(job));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waiting[lane as usize].push((id, cx.waker().clone()));
        Poll::Pending
    }

    /// Notes that a job was abandoned. When half of the jobs are, those that are not `wanted` are returned, so that
    /// they hold no memory until their turn.
    pub fn abandon(&self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let mut state = self.state();
        state.abandoned += 1;
        if state.abandoned * 2 < state.jobs.iter().map(VecDeque::len).sum() {
            return Vec::new();
        }
        state.abandoned = 0;
        let mut unwanted = Vec::new();
        for jobs in &mut state.jobs {
            let (kept, gone): (VecDeque<T>, VecDeque<T>) = std::mem::take(jobs).into_iter().partition(&wanted);
            *jobs = kept;
            unwanted.extend(gone);
        }
        unwanted
    }

    /// Accepts no more jobs; those in it are still done.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().flatten().for_each(|(_, waker)| waker.wake());
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
        let poll = |id: usize| queue.poll(Lane::Short, id, &mut Context::from_waker(&waker(Arc::clone(&bells[id]))));
        let rung = || bells.each_ref().map(|bell| bell.0.load(Relaxed));
        assert!(poll(0).is_pending() && poll(1).is_pending());
        queue.put(Line::Short, 'a').unwrap();
        assert_eq!(rung(), [0, 1]);
        queue.put(Line::Short, 'b').unwrap();
        assert_eq!(rung(), [1, 1]);
        queue.put(Line::Short, 'c').unwrap();
        assert_eq!([poll(1), poll(0), poll(1)], ['a', 'b', 'c'].map(|job| Poll::Ready(Some(job))));
        assert!(poll(1).is_pending() && poll(0).is_pending());
        queue.close();
        assert_eq!(rung(), [2, 2]);
        assert_eq!((queue.put(Line::Short, 'd'), poll(0)), (Err('d'), Poll::Ready(None)));
    }

    #[test]
    fn a_trial_comes_after_short_jobs_and_before_long_ones() {
        let queue = Queue::default();
        let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
        let poll = |lane: Lane| {
            let id = lane as usize;
            queue.poll(lane, id, &mut Context::from_waker(&waker(Arc::clone(&bells[id]))))
        };
        let rung = || bells.each_ref().map(|bell| bell.0.load(Relaxed));
        let jobs =
            [(Line::Long, 'l'), (Line::Evaluation, 'e'), (Line::Trial, 't'), (Line::Short, 's'), (Line::Trial, 'u')];
        jobs.into_iter().for_each(|(line, job)| queue.put(line, job).unwrap());
        let next = [Lane::Short, Lane::Short, Lane::Long, Lane::Long, Lane::Long].map(poll);
        assert_eq!(next, ['s', 't', 'u', 'e', 'l'].map(|job| Poll::Ready(Some(job))));
        assert!(poll(Lane::Short).is_pending() && poll(Lane::Long).is_pending());
        assert!(queue.idle(Lane::Short) && queue.idle(Lane::Long));
        [Line::Trial, Line::Trial].into_iter().for_each(|line| queue.put(line, 'v').unwrap());
        assert_eq!(rung(), [1, 1]);
        assert!(!queue.idle(Lane::Short));
    }

    #[test]
    fn what_nobody_wants_leaves_the_line_before_its_turn() {
        let queue = Queue::default();
        (0..8).for_each(|job| queue.put(Line::Long, job).unwrap());
        let unwanted: Vec<i32> = (0..4).flat_map(|_| queue.abandon(|job| job % 2 == 0)).collect();
        assert_eq!(unwanted, [1, 3, 5, 7]);
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        assert_eq!(queue.poll(Lane::Long, 0, &mut cx), Poll::Ready(Some(0)));
    }
}
