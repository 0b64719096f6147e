//! How fast a transfer is: bytes per second, averaged over windows of ten seconds in which the peer was waited for.
//!
//! Plain arithmetic. Must not know: sockets, timers, which way bytes go.
use std::time::Duration;
use tokio::time::Instant;

/// The time over which a rate is averaged.
pub const WINDOW: Duration = Duration::from_secs(10);

/// The peer was slower than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

/// One transfer.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Bytes per window, at least.
    least: u64,
    /// Since when the peer is waited for in this window, and what it moved since.
    window: Option<(Instant, u64)>,
}

impl Pace {
    /// At least `rate` bytes per second; 0: however slow.
    pub fn new(rate: u64) -> Pace {
        Pace { least: rate.saturating_mul(WINDOW.as_secs()), window: None }
    }

    /// Bytes went through.
    pub fn moved(&mut self, bytes: usize) {
        if let Some((_, moved)) = &mut self.window {
            *moved += bytes as u64;
        }
    }

    /// The peer was not waited for, for so long.
    pub fn pause(&mut self, pause: Duration) {
        if let Some((since, _)) = &mut self.window {
            *since += pause;
        }
    }

    /// The transfer is over; another one may begin.
    pub fn rest(&mut self) {
        self.window = None;
    }

    /// When the window began.
    pub fn since(&self) -> Option<Instant> {
        self.window.map(|(since, _)| since)
    }

    /// The peer is waited for. When to look again at the latest; nothing where any pace will do.
    pub fn wait(&mut self, now: Instant) -> Result<Option<Instant>, TooSlow> {
        if self.least == 0 {
            return Ok(None);
        }
        let (since, moved) = *self.window.get_or_insert((now, 0));
        if now < since + WINDOW {
            return Ok(Some(since + WINDOW));
        }
        let seconds = (now - since).as_secs_f64() / WINDOW.as_secs_f64();
        if (moved as f64) < self.least as f64 * seconds {
            return Err(TooSlow);
        }
        self.window = Some((now, 0));
        Ok(Some(now + WINDOW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn the_average_of_a_window_decides() {
        let (start, mut pace) = (Instant::now(), Pace::new(1024));
        // What comes before anybody waits is not measured.
        pace.moved(1 << 20);
        assert_eq!(pace.wait(start), Ok(Some(after(start, 10))));
        pace.moved(10 * 1024);
        assert_eq!(pace.wait(after(start, 5)), Ok(Some(after(start, 10))));
        assert_eq!(pace.wait(after(start, 10)), Ok(Some(after(start, 20))));
        pace.moved(10 * 1024 - 1);
        assert_eq!(pace.wait(after(start, 20)), Err(TooSlow));
    }

    #[test]
    fn a_window_that_was_looked_at_late_is_longer() {
        let (start, mut pace) = (Instant::now(), Pace::new(1024));
        assert!(pace.wait(start).is_ok());
        pace.moved(10 * 1024);
        assert_eq!(pace.wait(after(start, 40)), Err(TooSlow));
    }

    #[test]
    fn a_rest_begins_anew_and_no_rate_means_any() {
        let (start, mut pace) = (Instant::now(), Pace::new(1024));
        assert!(pace.wait(start).is_ok());
        pace.rest();
        assert_eq!(pace.wait(after(start, 60)), Ok(Some(after(start, 70))));
        let mut any = Pace::new(0);
        assert_eq!((any.wait(start), any.wait(after(start, 600))), (Ok(None), Ok(None)));
    }
}
