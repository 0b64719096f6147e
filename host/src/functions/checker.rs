//! Checks sources where they can do no harm. Parsers recurse as deep as a source is nested, and some sources of a few
//! kilobytes keep them busy for hours: neither can be stopped within a process, but a process can.
//!
//! Owns: the processes, their number, their time. What a short source can do is bounded by its length: it is checked on a
//! thread, which takes microseconds instead of the milliseconds that a process takes to start.
use super::source::{self, Checked, Language, SourceError};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{Semaphore, oneshot};

/// The command that makes this program a checker.
pub const COMMAND: &str = "check-sources";
/// Longest source that is checked on a thread, bytes. The worst known take 3.5 KB of stack a byte, and half a second.
pub const SHORT: usize = 2 << 10;
/// Stack of whatever checks sources: a dozen times what the worst short source takes.
const STACK: usize = 96 << 20;
/// Time for one source: an honest one of the largest size takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Threads for short sources.
const THREADS: usize = 2;
/// Sources that are checked at once in processes.
const PROCESSES: usize = 4;

/// Why a source could not be checked, which is not the source's fault.
#[derive(Debug, thiserror::Error)]
#[error("the source cannot be checked: {0}")]
pub struct CheckerError(String);

/// Checks sources.
pub struct Checker {
    program: PathBuf,
    short: crossbeam_channel::Sender<(Request, oneshot::Sender<Answer>)>,
    places: Semaphore,
    idle: Mutex<Option<Worker>>,
}

struct Worker {
    _process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Serialize, Deserialize)]
struct Request {
    source: String,
    language: Option<Language>,
    file: String,
}

type Answer = Result<Checked, SourceError>;

impl Checker {
    /// `program` is a checker when called with [`COMMAND`]. The threads start here: later there may be no memory for them.
    pub fn new(program: PathBuf) -> Result<Checker, CheckerError> {
        let (short, jobs) = crossbeam_channel::unbounded::<(Request, oneshot::Sender<Answer>)>();
        for _ in 0..THREADS {
            let jobs = jobs.clone();
            on_deep_stack(move || {
                for (request, answer) in jobs {
                    let _nobody_waits = answer.send(request.answer());
                }
            })?;
        }
        Ok(Checker { program, short, places: Semaphore::new(PROCESSES), idle: Mutex::default() })
    }

    /// As [`source::check`].
    pub async fn check(&self, source: &str, language: Option<Language>, file: &str) -> Result<Answer, CheckerError> {
        let request = Request { source: source.to_owned(), language, file: file.to_owned() };
        if source.len() <= SHORT {
            let (sender, answer) = oneshot::channel();
            self.short.send((request, sender)).map_err(|e| CheckerError(e.to_string()))?;
            return answer.await.map_err(|_| CheckerError("the thread that checks it has ended".to_owned()));
        }
        let _place = self.places.acquire().await.map_err(|e| CheckerError(e.to_string()))?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(answer) = self.ask(idle, &request).await? {
            return Ok(answer);
        }
        // Whatever ended the process may have happened while it was idle.
        Ok(self.ask(None, &request).await?.unwrap_or_else(|| Err(too_much())))
    }

    /// Asks a worker, or a new one. `None` when it has ended instead of answering.
    async fn ask(&self, worker: Option<Worker>, request: &Request) -> Result<Option<Answer>, CheckerError> {
        let mut worker = worker.map_or_else(|| self.start(), Ok)?;
        // A worker that is late or has failed is dropped, which kills it.
        match tokio::time::timeout(PATIENCE, worker.exchange(request)).await {
            Ok(Ok(answer)) => {
                *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker);
                Ok(Some(answer))
            }
            Ok(Err(_ended)) => Ok(None),
            Err(_late) => Ok(Some(Err(too_much()))),
        }
    }

    fn start(&self) -> Result<Worker, CheckerError> {
        let failed = |reason: &dyn std::fmt::Display| CheckerError(format!("{}: {reason}", self.program.display()));
        let mut command = tokio::process::Command::new(&self.program);
        command.arg(COMMAND).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.kill_on_drop(true).spawn().map_err(|e| failed(&e))?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(requests), Some(answers)) => {
                Ok(Worker { _process: process, requests, answers: BufReader::new(answers) })
            }
            _ => Err(failed(&"it has no pipes")),
        }
    }
}

impl Worker {
    async fn exchange(&mut self, request: &Request) -> std::io::Result<Answer> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.requests.write_all(&line).await?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).await?;
        Ok(serde_json::from_str(&answer)?)
    }
}

impl Request {
    fn answer(&self) -> Answer {
        let check = || source::check(&self.source, self.language, &self.file);
        std::panic::catch_unwind(check).unwrap_or_else(|_| Err(whole("the parser gave up on this source".to_owned())))
    }
}

fn too_much() -> SourceError {
    whole(format!(
        "the source cannot be parsed in {} seconds and {} MiB of stack: something in it is nested or chained too deeply",
        PATIENCE.as_secs(),
        STACK >> 20
    ))
}

/// A fault of the source as a whole.
fn whole(message: String) -> SourceError {
    SourceError { message, line: 1, column: 1, frame: String::new() }
}

fn on_deep_stack<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, CheckerError> {
    let thread = std::thread::Builder::new().name("check".to_owned()).stack_size(STACK);
    thread.spawn(body).map_err(|e| CheckerError(e.to_string()))
}

/// The checker's side: answers each line of its input until that ends.
pub fn serve() -> Result<(), CheckerError> {
    let lines = || -> std::io::Result<()> {
        let mut output = std::io::stdout();
        for line in std::io::stdin().lock().lines() {
            let request: Request = serde_json::from_str(&line?)?;
            let mut answer = serde_json::to_vec(&request.answer())?;
            answer.push(b'\n');
            output.write_all(&answer)?;
            output.flush()?;
        }
        Ok(())
    };
    let ended = on_deep_stack(lines)?.join();
    ended.unwrap_or_else(|_| Err(std::io::Error::other("a panic"))).map_err(|e| CheckerError(e.to_string()))
}
