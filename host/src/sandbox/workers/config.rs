//! How a sandbox is started.
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Handle;

/// How to start a [`Sandbox`](super::front::Sandbox).
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Folder of the compiled guest; made private (mode 0700).
    pub cache_dir: PathBuf,
    /// Threads that run short entries, and as many for long ones; 0: one per core.
    pub workers: usize,
    /// Jobs that may wait for a worker; more are refused as [`SandboxError::Overloaded`]. Resumes are never refused.
    pub queue: usize,
    /// Instances per worker: functions that can take turns without rebinding.
    pub slots_per_worker: usize,
    /// Jobs that waited longer are refused as [`SandboxError::Late`]. Resumes are never refused.
    pub queue_wait: Duration,
    /// Compare the whole memory with its snapshot after every so many restores and rebindings of a worker; 0: never.
    /// For tests of isolation, slow.
    pub verify_restore: u32,
    /// Runs the tasks that drive long invocations; absent: the runtime that calls [`Sandbox::begin`].
    pub drivers: Option<Handle>,
}

impl Default for SandboxConfig {
    fn default() -> SandboxConfig {
        SandboxConfig {
            cache_dir: PathBuf::from("daplet-cache"),
            workers: 0,
            queue: 10_000,
            slots_per_worker: 8,
            queue_wait: Duration::from_secs(60),
            verify_restore: u32::from(cfg!(debug_assertions)),
            drivers: None,
        }
    }
}
