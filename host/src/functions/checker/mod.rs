//! Checks sources where they can do no harm: in processes that can be ended. Parsers recurse as deep as a source is
//! nested, and 101 bytes of TypeScript can keep one busy for ever.
//!
//! Owns: the processes, their number, the time and memory of one source, and the order of waiting sources. Must not
//! know: what is checked (`super::source`), what happens with the answer.
//!
//! Sources queue in lanes; longer ones have their own. A small source begins in the quick lane. If it is not done after
//! [`QUANTUM`], it goes on in the slow lane, or begins there again later. So sources that keep a parser busy wait for
//! each other, and delay other sources for a moment at most.
//!
//! # Layout
//! - [`pool`]: processes that are ready
//! - [`process`]: one process as the server sees it
//! - [`child`]: the process from inside
//! - [`confine`]: the rights that it gives up
//! - [`wire`]: the messages between the two
mod child;
mod confine;
mod pool;
mod process;
mod wire;

pub use child::serve;

use super::source::{Checked, Language, SourceError};
use crate::functions::client::Client;
use crate::functions::fair::{Crowded, FairQueue, Payer, Place};
use pool::Pool;
use process::{Bounds, End, Process};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use wire::Head;

/// The command that starts this program as a checker.
pub const COMMAND: &str = "check-sources";
/// Longest source of the quick lane, bytes.
const SMALL: usize = 64 << 10;
/// Time in the quick lane, without and with other sources waiting for it. A small source takes a millisecond.
const QUANTUM: Duration = Duration::from_millis(50);
const QUANTUM_OF_MANY: Duration = Duration::from_millis(15);
/// Sources in the quick lane at once.
const QUICK: usize = 2;
/// Small sources in the slow lane at once: they take little memory, and run at a low priority.
const SLOW: usize = 4;
/// Longer sources at once.
const LARGE: usize = 2;
/// Sources that may wait for a lane.
const WAITING: usize = 256;
/// Memory for an empty source, and for each byte of it. An honest one takes a third.
const MEMORY: (u64, u64) = (48 << 20, 192);

/// Why a source could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckerError {
    /// No process can be started.
    #[error("the source cannot be checked: {0}")]
    Unavailable(String),
    /// Too many other sources come first, or for too long.
    #[error("the source cannot be checked now: {0}")]
    Busy(#[from] Crowded),
    /// It exceeds the limit of one source, which is its own fault.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
}

/// A limit that a source exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Time; see the setting `check_ms`.
    #[error(
        "the source cannot be parsed in {0} ms: something in it is nested or chained so that a parser has to try too many readings"
    )]
    Time(u64),
    /// Memory; see the setting `check_memory_mb`.
    #[error("the source cannot be parsed in {0} MiB of memory, which a source of its length may take")]
    Memory(u64),
    /// Stack, which is fixed.
    #[error("the source cannot be parsed in {0} MiB of stack: something in it is nested too deeply")]
    Stack(u64),
}

/// Limits of sources.
#[derive(Clone, Copy, Debug)]
pub struct CheckLimits {
    /// Time for a small source; each MiB takes as much again.
    pub time: Duration,
    /// Memory for the largest source, bytes.
    pub memory: u64,
}

/// A checker's answer.
type Answer = Result<Checked, SourceError>;

/// Checks sources.
pub struct Checker {
    pool: Pool,
    quick: FairQueue,
    slow: FairQueue,
    large: FairQueue,
    limits: CheckLimits,
}

/// A request, and its limits.
struct Job {
    request: Vec<u8>,
    most: usize,
    bounds: Bounds,
}

/// Why an attempt has no answer.
enum Failure {
    /// Its time in the quick lane is over, and the slow lane is full.
    TooSlow,
    /// The process ended.
    Ended(End),
}

impl Checker {
    /// `program` is a checker if it is called with [`COMMAND`]. Starts the first processes. Needs a runtime.
    pub fn new(program: PathBuf, limits: CheckLimits) -> Result<Checker, CheckerError> {
        let (quick, slow) = (FairQueue::new(QUICK, WAITING), FairQueue::new(SLOW, WAITING));
        let large = FairQueue::new(LARGE, WAITING);
        Ok(Checker { pool: Pool::new(program)?, quick, slow, large, limits })
    }

    /// As `super::source::check`, for the function `name`.
    pub async fn check(
        &self,
        client: Client,
        name: &str,
        source: &str,
        language: Option<Language>,
        file: &str,
    ) -> Result<Answer, CheckerError> {
        let request = wire::request(&Head { language, file: file.to_owned() }, source).map_err(unavailable)?;
        let job = Job { request, most: wire::largest_answer(source.len()), bounds: self.bounds(source.len()) };
        let (small, payer) = (source.len() <= SMALL, Payer::new(client, name));
        if small {
            let place = self.quick.enter(&payer).await?;
            match self.twice(&job, (place, &payer), true).await? {
                Ok(answer) => return Ok(answer),
                Err(Failure::TooSlow) => {}
                Err(Failure::Ended(end)) => return Err(self.verdict(end, job.bounds)),
            }
        }
        let place = if small { &self.slow } else { &self.large }.enter(&payer).await?;
        match self.twice(&job, (place, &payer), false).await? {
            Ok(answer) => Ok(answer),
            Err(Failure::Ended(end)) => Err(self.verdict(end, job.bounds)),
            Err(Failure::TooSlow) => Err(self.verdict(End::Time, job.bounds)),
        }
    }

    fn bounds(&self, length: usize) -> Bounds {
        let length = length as u64;
        let scaled = self.limits.time.as_millis() as u64 * length / (1 << 20);
        let time =
            self.limits.time + if length > SMALL as u64 { Duration::from_millis(scaled) } else { Duration::ZERO };
        Bounds { time, memory: (MEMORY.0 + MEMORY.1.saturating_mul(length)).min(self.limits.memory) }
    }

    /// Retries once if something else may have ended the process while it was idle.
    async fn twice(
        &self,
        job: &Job,
        (mut place, payer): (Place, &Payer),
        quick: bool,
    ) -> Result<Result<Answer, Failure>, CheckerError> {
        let process = self.pool.take().await?;
        match self.attempt(job, process, (&mut place, payer), quick).await {
            Err(Failure::Ended(End::Other)) => {
                let process = self.pool.take_unused().await?;
                Ok(self.attempt(job, process, (&mut place, payer), quick).await)
            }
            ended => Ok(ended),
        }
    }

    /// Sends the request to a process. `place` becomes one of the slow lane when the time in the quick lane is over.
    async fn attempt(
        &self,
        job: &Job,
        process: Process,
        (place, payer): (&mut Place, &Payer),
        quick: bool,
    ) -> Result<Answer, Failure> {
        let Process { mut pipes, mut hold } = process;
        if hold.limit(job.bounds).is_err() {
            return Err(Failure::Ended(hold.end().await));
        }
        if !quick {
            hold.step_back();
        }
        let start = Instant::now();
        let asked = {
            let mut exchange = std::pin::pin!(pipes.exchange(&job.request, job.most));
            let mut asked = timeout(if quick { QUANTUM_OF_MANY } else { job.bounds.time }, &mut exchange).await;
            if asked.is_err() && quick && self.quick.waiting() == 0 {
                asked = timeout(QUANTUM - QUANTUM_OF_MANY, &mut exchange).await;
            }
            match asked {
                Err(_late) if quick => {
                    *place = self.slow.try_enter(payer).ok_or(Failure::TooSlow)?;
                    hold.step_back();
                    timeout(job.bounds.time.saturating_sub(start.elapsed()), &mut exchange).await
                }
                asked => asked,
            }
        };
        match asked {
            Ok(Ok(answer)) => {
                self.pool.give_back(Process { pipes, hold });
                Ok(answer)
            }
            Ok(Err(_ended)) => Err(Failure::Ended(hold.end().await)),
            Err(_late) => Err(Failure::Ended(End::Time)),
        }
    }

    fn verdict(&self, end: End, bounds: Bounds) -> CheckerError {
        match end {
            End::Time => Exceeded::Time(bounds.time.as_millis() as u64).into(),
            End::Memory => Exceeded::Memory(bounds.memory >> 20).into(),
            End::Stack => Exceeded::Stack((child::STACK >> 20) as u64).into(),
            End::Forbidden => {
                tracing::error!(
                    "a process that checks sources made a system call that no parser makes, and was ended; look at what was uploaded"
                );
                unavailable("its checker was ended for a system call that no parser makes")
            }
            End::Other => unavailable("its checker was ended twice from outside"),
        }
    }
}

fn unavailable(reason: impl std::fmt::Display) -> CheckerError {
    CheckerError::Unavailable(reason.to_string())
}

/// A fault of the source as a whole.
fn whole(message: String) -> SourceError {
    SourceError { message, line: 1, column: 1, frame: String::new() }
}
