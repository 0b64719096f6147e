//! How much of the budget is left for work in flight, after the fixed parts: caches, and the heaps of running functions.
//!
//! docs/kubernetes.md states the formula. Must not know: where the numbers come from.

/// Memory that an idle worker thread's slots may keep, bytes.
pub const KEPT_BY_THREAD: u64 = 16 << 20;
/// Threads that run functions, per worker: one for short entries, one for long ones.
const THREADS: u64 = 2;
/// Least memory for work in flight, bytes.
const LEAST: u64 = 16 << 20;

/// What the settings and the machine ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The whole budget, bytes.
    pub budget: u64,
    /// `snapshot_cache_mb` in bytes, if it is set.
    pub snapshots: Option<u64>,
    /// Caches of the databases, bytes.
    pub stores: u64,
    /// `workers`; 0: one per core, as far as the memory allows.
    pub workers: usize,
    pub cores: usize,
    /// Largest heap of a function, bytes: `memoryMb` under `[limits]`.
    pub heap: u64,
}

/// The parts of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For loaded functions, bytes.
    pub snapshots: u64,
    /// For running functions, bytes.
    pub slots: u64,
    pub workers: usize,
    /// For bodies, answers, waiting invocations and results, bytes.
    pub in_flight: u64,
}

/// The budget is too small for the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "memory_budget_mb is {} (70 % of the memory there is, unless set), but loaded functions (snapshot_cache_mb, {}), the databases' \
     caches (store_cache_mb, {}) and {workers} workers with two threads of {} MiB each (memoryMb under [limits], and {} MiB) leave {} MiB \
     for requests, of at least {} MiB: give the process more memory, or lower one of these settings",
    mib(wanted.budget), mib(*snapshots), mib(wanted.stores), mib(wanted.heap + KEPT_BY_THREAD), mib(KEPT_BY_THREAD), mib(*left), mib(*least)
)]
pub struct TooSmall {
    wanted: Wanted,
    snapshots: u64,
    workers: usize,
    left: u64,
    least: u64,
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

/// Divides the budget. A number of workers that was not set is lowered until a quarter is left for work in flight.
pub fn plan(wanted: Wanted) -> Result<Plan, TooSmall> {
    let quarter = wanted.budget / 4;
    let snapshots = wanted.snapshots.unwrap_or_else(|| quarter.min(512 << 20));
    let room = wanted.budget.saturating_sub(snapshots).saturating_sub(wanted.stores);
    let worker = THREADS * (wanted.heap + KEPT_BY_THREAD);
    let workers = match wanted.workers {
        0 => wanted.cores.min(usize::try_from(room.saturating_sub(quarter) / worker).unwrap_or(usize::MAX)).max(1),
        workers => workers,
    };
    let slots = worker.saturating_mul(workers as u64);
    let (left, least) = (room.saturating_sub(slots), LEAST.max(wanted.budget / 16));
    if left < least {
        return Err(TooSmall { wanted, snapshots, workers, left, least });
    }
    Ok(Plan { snapshots, slots, workers, in_flight: left })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MIB: u64 = 1 << 20;

    fn wanted(budget: u64) -> Wanted {
        Wanted { budget: budget * MIB, snapshots: None, stores: 64 * MIB, workers: 0, cores: 8, heap: 64 * MIB }
    }

    #[test]
    fn a_large_machine_has_all_workers_and_the_usual_cache() {
        let plan = plan(wanted(16_000)).unwrap();
        assert_eq!((plan.workers, plan.snapshots, plan.slots), (8, 512 * MIB, 8 * 160 * MIB));
        assert_eq!(plan.in_flight, (16_000 - 512 - 64 - 1_280) * MIB);
    }

    #[test]
    fn a_small_one_has_fewer_workers_and_less_cache() {
        let plan = plan(wanted(716)).unwrap();
        assert_eq!((plan.workers, plan.snapshots), (1, 179 * MIB));
        assert!(plan.in_flight >= 179 * MIB);
        assert_eq!(super::plan(wanted(1_433)).unwrap().workers, 4);
        let small = Wanted { heap: 16 * MIB, ..wanted(716) };
        assert_eq!(super::plan(small).unwrap().workers, 4);
    }

    #[test]
    fn what_was_asked_for_is_given_or_refused_by_name() {
        let asked = Wanted { workers: 4, ..wanted(1_400) };
        assert_eq!(plan(asked).unwrap().workers, 4);
        let message = plan(Wanted { workers: 8, ..asked }).unwrap_err().to_string();
        for word in
            ["memory_budget_mb is 1400", "8 workers", "80 MiB", "memoryMb", "snapshot_cache_mb, 350", "leave 0 MiB"]
        {
            assert!(message.contains(word), "{word}: {message}");
        }
        let cache = Wanted { snapshots: Some(512 * MIB), ..wanted(600) };
        assert!(plan(cache).unwrap_err().to_string().contains("store_cache_mb, 64"));
        assert!(plan(wanted(100)).is_err());
        assert!(plan(wanted(0)).is_err());
    }
}
