//! Checkers that are started before they are needed.
use super::process::Process;
use super::{CheckerError, unavailable};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Processes that have checked nothing yet.
const READY: usize = 2;
/// Processes that are kept for the next source.
const KEPT: usize = 2;
/// The pause after a failed start.
const PAUSE: Duration = Duration::from_millis(200);

/// The waiting processes.
pub struct Pool {
    kept: Mutex<Vec<Process>>,
    ready: tokio::sync::Mutex<mpsc::Receiver<Result<Process, CheckerError>>>,
}

impl Pool {
    /// Starts the thread that starts processes, until the pool is dropped. It is one thread because the kernel ends a
    /// process with the thread that started it.
    pub fn new(program: PathBuf) -> Result<Pool, CheckerError> {
        let (sender, ready) = mpsc::channel(READY);
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new().name("checkers".to_owned());
        thread.spawn(move || runtime.block_on(start_all(program, sender))).map_err(unavailable)?;
        Ok(Pool { kept: Mutex::default(), ready: tokio::sync::Mutex::new(ready) })
    }

    /// A process: preferably a used one, whose memory is warm.
    pub async fn take(&self) -> Result<Process, CheckerError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match kept {
            Some(process) => Ok(process),
            None => self.take_unused().await,
        }
    }

    /// A process that has checked nothing yet.
    pub async fn take_unused(&self) -> Result<Process, CheckerError> {
        let next = self.ready.lock().await.recv().await;
        next.unwrap_or_else(|| Err(unavailable("the thread that starts checkers has ended")))
    }

    /// Takes back a process that answered; a worn-out one ends.
    pub fn give_back(&self, process: Process) {
        if process.hold.is_fresh() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < KEPT {
                kept.push(process);
            }
        }
    }
}

async fn start_all(program: PathBuf, ready: mpsc::Sender<Result<Process, CheckerError>>) {
    let mut reported = false;
    // A process is started when there is room for it, so that none waits unused.
    while let Ok(room) = ready.reserve().await {
        let started = Process::start(&program).await.map(|(process, confined)| {
            let complete = confined.seccomp && confined.landlock;
            if !std::mem::replace(&mut reported, true) && !complete {
                tracing::warn!(
                    seccomp = confined.seccomp,
                    landlock = confined.landlock,
                    "this kernel confines the processes that check sources only in part; their limits on time and memory hold"
                );
            }
            process
        });
        let failed = started.is_err();
        room.send(started);
        if failed {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
