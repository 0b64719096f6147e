//! Drives one run of a handler: enters the guest, starts the operations that it submits, and enters again with their
//! completions until the run ends. Must not know: how an entry is made, what an operation does.
//!
//! # Layout
//! - [`step`]: what one entry did, charged to the run
//! - [`operations`]: the guest's operations, from start to completion
//! - [`reply`]: the guest's reply, and the reports of the invocation's end
mod operations;
mod reply;
mod step;

use crate::allowance::{Allowance, Taker};
use crate::blocks::call::CallContext;
use crate::budget::Share;
use crate::code::Code;
use crate::functions::Function;
use crate::invoke::account::{Account, Lost, Race};
use crate::invoke::admission::Work;
use crate::invoke::{Caller, InvokeError, Shared, Written};
use crate::sandbox::{Parked, SandboxError, Snapshot, Step};
use daplet_abi::EventKind;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use operations::{Batch, Completed, Submitted};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The event that a run begins with.
pub struct Event {
    /// The function.
    pub snapshot: Arc<Snapshot>,
    /// Which of its handlers.
    pub kind: EventKind,
    /// The head and the body.
    pub frame: Vec<u8>,
    /// What the frame takes of the memory budget.
    pub share: Share,
}

/// Who waits for the reply.
type Waiting = oneshot::Sender<Result<Written, Lost>>;

/// One run.
pub struct Drive {
    shared: Arc<Shared>,
    function: Arc<Function>,
    context: Arc<CallContext>,
    caller: Caller,
    reply: Option<Waiting>,
    account: Account,
    kind: EventKind,
    started: Instant,
    /// Time that it waited for a worker.
    queued: Duration,
}

/// Why a run ended early.
enum Stop {
    Failed(InvokeError),
    Again(Race),
}

impl From<InvokeError> for Stop {
    fn from(error: InvokeError) -> Stop {
        Stop::Failed(error)
    }
}

impl Drive {
    /// `reply` gets the reply, or the reason why there is none, once.
    pub fn new(
        shared: Arc<Shared>,
        function: &Arc<Function>,
        kind: EventKind,
        caller: Caller,
        account: Account,
        reply: Waiting,
    ) -> Drive {
        let context = Arc::new(CallContext {
            function: Arc::clone(&function.label),
            grants: Arc::clone(&function.grants),
            origin: caller.origin.clone(),
            turn: caller.turn.clone(),
            memory: function.memory.clone(),
            allowance: Allowance::bounded(
                Taker::Function(function.record.limits.memory_mb),
                function.memory.clone(),
                account.cpu,
            ),
        });
        let (function, started, queued) = (Arc::clone(function), Instant::now(), Duration::ZERO);
        Drive { shared, context, caller, reply: Some(reply), account, function, kind, started, queued }
    }

    /// Runs until the handler is done, the deadline passes, the function is removed, or the caller leaves before the
    /// reply. `turn` says whether a worker was free in time; `work` counts the first entry until it is over.
    pub async fn run(mut self, turn: Result<(), SandboxError>, work: Work, event: Event) {
        let asked = std::mem::replace(&mut self.started, Instant::now());
        self.queued = self.started.duration_since(asked);
        let first = match turn {
            Ok(()) => self.first(event).await,
            Err(error) => Err(InvokeError::from(&error)),
        };
        drop(work);
        let ended = match first.and_then(|step| self.settle(step)) {
            Ok(None) => Ok(()),
            Ok(Some((parked, operations))) => {
                let deadline = self.account.deadline;
                tokio::select! {
                    ended = self.wait(parked, operations) => ended,
                    () = tokio::time::sleep_until(deadline) => Err(self.late().into()),
                }
            }
            Err(error) => Err(error.into()),
        };
        match ended {
            Ok(()) => {}
            Err(Stop::Failed(error)) => self.fail(error),
            Err(Stop::Again(race)) => {
                if let Some(sender) = self.reply.take() {
                    let _caller_is_gone = sender.send(Err(Lost::Again(Box::new(self.account), race)));
                }
            }
        }
    }

    /// The first step, which most invocations consist of. It is over at once where a worker's own thread makes it;
    /// where it waits for a worker, it also ends when its result is not needed any more.
    async fn first(&mut self, event: Event) -> Result<Step, InvokeError> {
        if self.reply.as_ref().is_some_and(oneshot::Sender::is_closed) {
            return Err(canceled());
        }
        if self.function.is_removed() {
            return Err(removed(&self.function));
        }
        let shared = Arc::clone(&self.shared);
        let (Event { snapshot, kind, frame, share: _share }, _heap) = (event, self.heap()?);
        let memory = self.function.memory.clone();
        let mut step = pin!(shared.sandbox.handle(snapshot, kind, frame, self.account.cpu, &memory));
        if let Some(step) = step.as_mut().now_or_never() {
            return step.map_err(|e| InvokeError::from(&e));
        }
        tokio::select! {
            biased;
            step = step => step.map_err(|e| InvokeError::from(&e)),
            error = unwanted(&mut self.reply, &self.function) => Err(error),
            () = tokio::time::sleep_until(self.account.deadline) => Err(self.late()),
        }
    }

    fn late(&self) -> InvokeError {
        let limit = self.function.record.limits.wall_ms;
        InvokeError::limit(Code::ExceededWallTime, "wallMs", limit, &self.function)
    }

    /// Enters with completions until no operation is open.
    async fn wait(&mut self, mut parked: Parked, first: Vec<Submitted>) -> Result<(), Stop> {
        let mut running: FuturesUnordered<BoxFuture<'static, Completed>> = FuturesUnordered::new();
        running.extend(first.into_iter().map(|operation| self.start(operation)));
        loop {
            let completed = tokio::select! {
                completed = running.next() => completed,
                error = unwanted(&mut self.reply, &self.function) => return Err(error.into()),
            };
            let Some(completed) = completed else {
                return Err(InvokeError::internal("the guest waits although no operation runs").into());
            };
            let mut batch = Batch::default();
            batch.add(self.completion(completed)?);
            self.spend()?;
            while batch.has_room()
                && let Some(Some(completed)) = running.next().now_or_never()
            {
                batch.add(self.completion(completed)?);
                self.spend()?;
            }
            let Batch { frames, held, .. } = batch;
            let shared = Arc::clone(&self.shared);
            let work = shared.admission.work(&self.function);
            let _heap = self.heap()?;
            let step = tokio::select! {
                biased;
                step = shared.sandbox.resume(parked, frames, self.account.cpu) => step,
                error = unwanted(&mut self.reply, &self.function) => return Err(error.into()),
            };
            drop((work, held));
            match self.settle(step.map_err(|e| InvokeError::from(&e))?)? {
                Some((next, operations)) => {
                    parked = next;
                    running.extend(operations.into_iter().map(|operation| self.start(operation)));
                }
                None => return Ok(()),
            }
        }
    }

    /// A share for the heap of one entry beyond the heap that the budget reserves for each worker.
    fn heap(&self) -> Result<Option<Share>, InvokeError> {
        let beyond = self.function.record.limits.memory_bytes().saturating_sub(self.shared.heap);
        if beyond == 0 {
            return Ok(None);
        }
        let beyond = usize::try_from(beyond).unwrap_or(usize::MAX);
        self.function.memory.take(beyond).map(Some).map_err(|e| InvokeError::budget(&e))
    }
}

/// Ends when the caller leaves before the reply; never once the reply has left.
async fn gone(reply: &mut Option<Waiting>) {
    match reply {
        Some(sender) => sender.closed().await,
        None => std::future::pending().await,
    }
}

/// Ends when the result of the invocation is not needed any more, with the reason.
async fn unwanted(reply: &mut Option<Waiting>, function: &Function) -> InvokeError {
    tokio::select! {
        () = gone(reply) => canceled(),
        () = function.removal() => removed(function),
    }
}

fn canceled() -> InvokeError {
    let detail = "the caller went away before the reply";
    InvokeError { code: Code::Canceled, ..InvokeError::internal(detail) }
}

fn removed(function: &Function) -> InvokeError {
    let detail = format!("the function {} was removed while it ran", function.name);
    InvokeError { code: Code::ScriptNotFound, ..InvokeError::internal(detail) }
}
