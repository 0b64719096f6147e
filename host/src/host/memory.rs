//! How the memory budget is divided at the start.
use super::Fatal;
use crate::budget::Budget;
use crate::budget::sizing::{Plan, Wanted, plan};
use crate::config::Config;
use crate::sandbox::heap;
use std::thread::available_parallelism;
use std::time::Duration;

/// Interval between two checks whether the allocator retains memory.
const EVERY: Duration = Duration::from_secs(2);
/// Peak use since the last check that makes a return worth its cost, bytes.
const WORTH: u64 = 16 << 20;

/// Returns memory to the kernel that the allocator retains after a peak.
pub(super) async fn give_back(memory: Budget) {
    let mut peak = 0;
    loop {
        tokio::time::sleep(EVERY).await;
        let used = memory.used();
        peak = memory.peak().max(peak);
        if peak > used + WORTH && peak > 2 * used {
            peak = used;
            let _ended = tokio::task::spawn_blocking(heap::trim).await;
        }
    }
}

/// Divides the budget; refuses a start whose settings need more than there is.
pub(super) fn share_out(config: &Config) -> Result<Plan, Fatal> {
    let cores = available_parallelism().map_or(1, usize::from);
    let plan = plan(Wanted {
        budget: config.memory_budget_bytes,
        snapshots: config.snapshot_cache_bytes,
        stores: config.store_cache_bytes,
        workers: config.workers,
        cores,
        heap: config.limits.memory_bytes(),
    })?;
    let [budget, in_flight] = [config.memory_budget_bytes, plan.in_flight].map(|bytes| bytes >> 20);
    if config.workers == 0 && plan.workers < cores {
        tracing::warn!(
            "of {cores} cores {} are used: the memory budget of {budget} MiB (setting memory_budget_mb) has room for no more workers",
            plan.workers
        );
    }
    tracing::info!("memory budget {budget} MiB (setting memory_budget_mb), of which {in_flight} MiB for requests");
    Ok(plan)
}
