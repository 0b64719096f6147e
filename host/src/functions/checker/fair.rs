//! Places for waiting sources, handed out to functions in turn, however many sources each has waiting.
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// A number of places, and the sources that wait for one.
#[derive(Clone)]
pub struct FairQueue(Arc<Mutex<State>>);

struct State {
    free: usize,
    /// The most that may wait.
    most: usize,
    waiting: usize,
    /// Functions that wait, each once, in the order of their turns.
    turns: VecDeque<String>,
    sources: BTreeMap<String, VecDeque<oneshot::Sender<Place>>>,
}

/// One of the places; dropping it passes it on.
pub struct Place(Option<FairQueue>);

impl FairQueue {
    /// `places` at once; at most `most` wait for one.
    pub fn new(places: usize, most: usize) -> FairQueue {
        let state = State { free: places, most, waiting: 0, turns: VecDeque::new(), sources: BTreeMap::new() };
        FairQueue(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a source of the function `name`; `None` if too many wait.
    pub async fn enter(&self, name: &str) -> Option<Place> {
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Some(Place(Some(self.clone())));
            }
            if state.waiting >= state.most {
                return None;
            }
            let (sender, turn) = oneshot::channel();
            state.waiting += 1;
            if !state.sources.contains_key(name) {
                state.turns.push_back(name.to_owned());
            }
            state.sources.entry(name.to_owned()).or_default().push_back(sender);
            turn
        };
        turn.await.ok()
    }

    /// A place that is free now.
    pub fn try_enter(&self) -> Option<Place> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(Place(Some(self.clone())))
    }

    /// How many sources wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    fn leave(&self) {
        loop {
            let next = self.state().next();
            let Some(next) = next else { return };
            // Sent without the lock: a place that its receiver has abandoned returns here when it is dropped.
            match next.send(Place(Some(self.clone()))) {
                Ok(()) => return,
                Err(mut refused) => refused.0 = None,
            }
        }
    }
}

impl State {
    /// Passes a free place to the next source; if none waits, it stays free.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        let Some(name) = self.turns.pop_front() else {
            self.free += 1;
            return None;
        };
        let sources = self.sources.get_mut(&name)?;
        let next = sources.pop_front();
        match sources.is_empty() {
            true => drop(self.sources.remove(&name)),
            false => self.turns.push_back(name),
        }
        self.waiting -= usize::from(next.is_some());
        next
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn functions_take_turns() {
        let queue = FairQueue::new(1, 10);
        let first = queue.enter("a").await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for name in ["a", "a", "a", "b", "c"] {
            let (entering, order) = (queue.clone(), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _place = entering.enter(name).await.unwrap();
                order.lock().unwrap().push(name);
            }));
            while queue.waiting() < tasks.len() {
                tokio::task::yield_now().await;
            }
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["a", "b", "c", "a", "a"]);
        assert!(queue.try_enter().is_some() && queue.waiting() == 0);
    }

    #[tokio::test]
    async fn places_of_those_who_left_come_back() {
        let queue = FairQueue::new(1, 1);
        let place = queue.enter("a").await.unwrap();
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.enter("b").await.is_some() }
        });
        while queue.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(queue.enter("c").await.is_none(), "only one may wait");
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        drop(place);
        assert!(queue.try_enter().is_some());
    }
}
