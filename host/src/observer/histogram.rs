//! A histogram of durations that costs two additions: no lock, no allocation. The crate's own histogram takes a lock for each value.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets, ns; the last bucket has none.
pub type Bounds = &'static [u64];

const US: u64 = 1_000;
const MS: u64 = 1_000 * US;

/// For what takes microseconds: restores and short entries.
pub const FINE: Bounds = &[
    US,
    2 * US,
    5 * US,
    10 * US,
    20 * US,
    50 * US,
    100 * US,
    200 * US,
    500 * US,
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    50 * MS,
    200 * MS,
    1_000 * MS,
];
/// For what a caller waits for.
pub const COARSE: Bounds = &[
    100 * US,
    200 * US,
    500 * US,
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    20 * MS,
    50 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    1_000 * MS,
    2_000 * MS,
    5_000 * MS,
    10_000 * MS,
    30_000 * MS,
];

/// Counts durations by the buckets of its bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds: Bounds,
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram as it was at one moment.
#[derive(Debug, PartialEq)]
pub struct Reading {
    /// Sum, seconds.
    pub sum: f64,
    /// Number of values.
    pub count: u64,
    /// (upper bound in seconds, values in this bucket), the last one unbounded.
    pub buckets: Vec<(f64, u64)>,
}

impl Histogram {
    /// An empty one.
    pub fn new(bounds: Bounds) -> Histogram {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX >> 8);
        let bucket = self.bounds.iter().position(|bound| ns <= *bound).unwrap_or(self.bounds.len());
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(ns, Relaxed);
    }

    /// What has been counted. The count is the buckets' sum, so the two agree at every moment.
    pub fn read(&self) -> Reading {
        let bounds = self.bounds.iter().map(|ns| *ns as f64 / 1e9).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.buckets.iter().map(|bucket| bucket.load(Relaxed))).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Reading { sum: self.sum.load(Relaxed) as f64 / 1e9, count, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_bucket_that_ends_at_it() {
        let histogram = Histogram::new(COARSE);
        for us in [100, 101, 40_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let reading = histogram.read();
        assert_eq!((reading.count, reading.buckets[0], reading.buckets[1]), (3, (0.0001, 1), (0.0002, 1)));
        assert_eq!(reading.buckets.last(), Some(&(f64::INFINITY, 1)));
        assert!((reading.sum - 40.000_201).abs() < 1e-9);
    }
}
