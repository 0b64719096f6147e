//! What one invocation has open outside of the host: how much at once, and the way to give one up; and the texts that it sends there
//! in place of secrets.
//!
//! Must not know: what is open.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The places of one invocation.
#[derive(Debug)]
pub struct Outside {
    places: Semaphore,
    /// By the numbers that the invocation chose. One that was given up before it began stays here, so that it never begins.
    running: Mutex<HashMap<u32, CancellationToken>>,
    /// Texts that the invocation has in place of values that it may not hold, with the names of those.
    texts: Mutex<Vec<(String, (String, String))>>,
}

impl Outside {
    /// At most so many at once; further ones wait.
    pub fn new(most: usize) -> Outside {
        Outside { places: Semaphore::new(most), running: Mutex::default(), texts: Mutex::default() }
    }

    /// Runs `work` in a place; nothing if it was given up.
    pub async fn run<T>(&self, number: Option<u32>, work: impl Future<Output = T>) -> Option<T> {
        let token = number.map(|number| self.token(number)).unwrap_or_default();
        let placed = async {
            let _place = self.places.acquire().await;
            work.await
        };
        let done = token.run_until_cancelled(placed).await;
        if let Some(number) = number {
            self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        }
        done
    }

    /// A new text in place of the value with that name. It is random: no caller of the function can make one up.
    pub fn stand_in(&self, name: (String, String)) -> String {
        let text = format!("daplet-secret-{}", Uuid::new_v4().simple());
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).push((text.clone(), name));
        text
    }

    /// All such texts, with the names of the values.
    pub fn texts(&self) -> Vec<(String, (String, String))> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives up what has that number.
    pub fn abort(&self, number: u32) {
        self.token(number).cancel();
    }

    fn token(&self, number: u32) -> CancellationToken {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).entry(number).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn what_is_given_up_ends_and_leaves_its_place() {
        let outside = Outside::new(1);
        let (given_up, ()) = tokio::join!(outside.run(Some(1), pending::<()>()), async { outside.abort(1) });
        assert_eq!(given_up, None);
        outside.abort(2);
        assert_eq!(outside.run(Some(2), ready("begun")).await, None);
        assert_eq!(outside.run(Some(3), ready("done")).await, Some("done"));
        assert_eq!(outside.run(None, ready("unnumbered")).await, Some("unnumbered"));
    }
}
