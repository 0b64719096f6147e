//! Drives one run of a handler: enters the guest, starts what it submits, enters again with what completes, until it is done.
use super::account::{Account, Lost, Race};
use super::admission::{Admission, Work};
use super::{Caller, InvokeError, Shared, Written};
use crate::capabilities::CallContext;
use crate::functions::{Function, upload::map_frames};
use crate::sandbox::{LogLine, Outcome, Parked, SandboxError, Snapshot, Step, Trap};
use bytes::Bytes;
use daplet_abi::frame::{Frame, encode};
use daplet_abi::op::{self, Completion, OpError, Operation};
use daplet_abi::reply::{Reply, codes};
use daplet_abi::{EventKind, LogLevel};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Completions that one entry delivers at most: keeps an entry short.
const BATCH: usize = 64;

/// What the guest is entered with.
pub struct Event {
    /// Whose handler.
    pub snapshot: Arc<Snapshot>,
    /// Which of them.
    pub kind: EventKind,
    /// The head and the body.
    pub frame: Vec<u8>,
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

type Completed = (u32, Result<(serde_json::Value, Bytes), OpError>);

impl Drive {
    /// `reply` gets the reply or why there is none, once.
    pub fn new(
        shared: Arc<Shared>,
        function: Arc<Function>,
        caller: Caller,
        account: Account,
        reply: Waiting,
    ) -> Drive {
        let context = Arc::new(CallContext {
            function: Arc::clone(&function.label),
            grants: Arc::clone(&function.grants),
            traceparent: caller.traceparent.clone(),
            tracestate: caller.tracestate.clone(),
            depth: caller.depth,
            turn: caller.turn.clone(),
            memory: function.memory.clone(),
        });
        Drive { shared, context, caller, reply: Some(reply), account, function }
    }

    /// Runs to the end, the deadline, or the caller's going away before a reply. `turn`: whether there was a worker in time;
    /// `work` counts what is waited for until then.
    pub async fn run(mut self, turn: Result<(), SandboxError>, work: Work, event: Event) {
        let started = Instant::now();
        // The first step alone is the whole of most invocations: it needs no timer.
        let first = match turn {
            Ok(()) => self.shared.sandbox.handle(event.snapshot, event.kind, event.frame, self.account.cpu).await,
            Err(error) => Err(error),
        };
        drop(work);
        let ended = match first {
            Ok(step) => match self.settle(step) {
                Ok(None) => Ok(()),
                Ok(Some((parked, operations))) => {
                    let deadline = self.account.deadline;
                    tokio::select! {
                        ended = self.wait(parked, operations) => ended,
                        () = tokio::time::sleep_until(deadline) => {
                            let limit = self.function.record.limits.wall_ms;
                            Err(InvokeError::limit(codes::EXCEEDED_WALL_TIME, "wallMs", limit, &self.function).into())
                        }
                    }
                }
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(InvokeError::from(&error).into()),
        };
        match ended {
            Ok(()) => {}
            Err(Stop::Failed(error)) => self.fail(error, started.elapsed()),
            Err(Stop::Again(race)) => {
                if let Some(sender) = self.reply.take() {
                    let _caller_is_gone = sender.send(Err(Lost::Again(Box::new(self.account), race)));
                }
            }
        }
    }

    /// Enters again and again until nothing is waited for.
    async fn wait(&mut self, mut parked: Parked, first: Vec<Submitted>) -> Result<(), Stop> {
        let mut running: FuturesUnordered<BoxFuture<'static, Completed>> = FuturesUnordered::new();
        running.extend(first.into_iter().map(|operation| self.start(operation)));
        loop {
            let completed = tokio::select! {
                completed = running.next() => completed,
                () = gone(&mut self.reply) => return Err(canceled().into()),
            };
            let Some(completed) = completed else {
                return Err(InvokeError::internal("the guest waits although no operation runs").into());
            };
            let mut frames = vec![self.completion(completed)?];
            while frames.len() < BATCH
                && let Some(Some(completed)) = futures::FutureExt::now_or_never(running.next())
            {
                frames.push(self.completion(completed)?);
            }
            let shared = Arc::clone(&self.shared);
            let work = shared.admission.work(&self.function);
            let step = shared.sandbox.resume(parked, frames, self.account.cpu).await;
            drop(work);
            match self.settle(step.map_err(|e| InvokeError::from(&e))?)? {
                Some((next, operations)) => {
                    parked = next;
                    running.extend(operations.into_iter().map(|operation| self.start(operation)));
                }
                None => return Ok(()),
            }
        }
    }

    /// Takes in what a step did. `None` when the invocation is done.
    fn settle(&mut self, step: Step) -> Result<Option<(Parked, Vec<Submitted>)>, InvokeError> {
        self.account.cpu = self.account.cpu.saturating_sub(step.cpu);
        Admission::learn(&self.function, step.cpu);
        self.log(step.logs);
        for frame in &step.writes {
            self.written(frame)?;
        }
        let limits = &self.function.record.limits;
        match step.outcome {
            Outcome::Done => Ok(None),
            Outcome::JsError => Ok(None),
            Outcome::Trap(Trap::Cpu) => {
                Err(InvokeError::limit(codes::EXCEEDED_CPU, "cpuMs", limits.cpu_ms, &self.function))
            }
            Outcome::Trap(Trap::Memory) => {
                Err(InvokeError::limit(codes::EXCEEDED_MEMORY, "memoryMb", limits.memory_mb, &self.function))
            }
            Outcome::Trap(trap) => Err(InvokeError::internal(trap.to_string())),
            Outcome::Pending(parked) => {
                if self.account.cpu.is_zero() {
                    return Err(InvokeError::limit(codes::EXCEEDED_CPU, "cpuMs", limits.cpu_ms, &self.function));
                }
                self.account.operations += step.submits.len() as u64;
                if self.account.operations > limits.operations {
                    return Err(InvokeError::limit(
                        codes::EXCEEDED_OPERATIONS,
                        "operations",
                        limits.operations,
                        &self.function,
                    ));
                }
                let operations = step.submits.iter().map(|frame| Submitted::decode(frame)).collect::<Result<_, _>>()?;
                Ok(Some((parked, operations)))
            }
        }
    }

    /// One frame that the guest wrote: the reply, or the function's failure.
    fn written(&mut self, bytes: &[u8]) -> Result<(), InvokeError> {
        let fault = |e: daplet_abi::frame::FrameError| InvokeError::internal(format!("the guest wrote no reply: {e}"));
        let frame = Frame::decode(bytes).map_err(fault)?;
        let limits = &self.function.record.limits;
        match frame.parse_head().map_err(fault)? {
            Reply::Error(mut error) => {
                if let Some(lines) = &self.function.lines {
                    map_frames(&mut error, lines);
                }
                Err(match error.code.as_str() {
                    codes::EXCEEDED_CPU => {
                        InvokeError::limit(codes::EXCEEDED_CPU, "cpuMs", limits.cpu_ms, &self.function)
                    }
                    codes::EXCEEDED_MEMORY => {
                        InvokeError::limit(codes::EXCEEDED_MEMORY, "memoryMb", limits.memory_mb, &self.function)
                    }
                    codes::INTERNAL_ERROR => InvokeError::internal(error.message),
                    _ => InvokeError::exception(error),
                })
            }
            _ if frame.body.len() as u64 > limits.response_bytes => {
                let error = InvokeError::limit(
                    codes::EXCEEDED_RESPONSE,
                    "responseBytes",
                    limits.response_bytes,
                    &self.function,
                );
                let detail = format!("{}; the response has {} bytes", error.detail, frame.body.len());
                Err(error.with_detail(detail))
            }
            reply => {
                if let Some(sender) = self.reply.take() {
                    let _caller_is_gone = sender.send(Ok((reply, Bytes::copy_from_slice(frame.body))));
                }
                Ok(())
            }
        }
    }

    fn start(&self, operation: Submitted) -> BoxFuture<'static, Completed> {
        let (shared, context) = (Arc::clone(&self.shared), Arc::clone(&self.context));
        Box::pin(async move {
            let Submitted { head: Operation { id, op, args }, body } = operation;
            let result = match shared.capabilities() {
                Some(capabilities) => capabilities.call(&context, &op, args, body).await,
                None => Err(crate::capabilities::error(op::codes::UNAVAILABLE, "the server is starting")),
            };
            (id, result)
        })
    }

    /// What the guest is told of an operation; a lost race it is not told of while the handler can run again.
    fn completion(&self, (id, result): Completed) -> Result<Vec<u8>, Stop> {
        let (outcome, body) = match result {
            Ok((head, body)) => (op::Outcome::Ok(head), body),
            Err(error) => match Race::lost(&error) {
                Some(race) if self.reply.is_some() && self.account.may_rerun() => return Err(Stop::Again(race)),
                // It stays lost: the guest need not try again.
                Some(_) if self.reply.is_some() => {
                    let details = serde_json::json!({"reruns": self.account.reruns});
                    (op::Outcome::Error(OpError { details, ..error }), Bytes::new())
                }
                _ => (op::Outcome::Error(error), Bytes::new()),
            },
        };
        encode(&Completion { id, outcome }, &body).map_err(|e| InvokeError::internal(e.to_string()).into())
    }

    fn log(&mut self, lines: Vec<LogLine>) {
        for LogLine { level, text } in lines {
            if self.account.log == 0 {
                return;
            }
            let (function, request_id) = (&*self.function.label, &*self.caller.request_id);
            if text.len() > self.account.log {
                self.account.log = 0;
                let limit = self.function.record.limits.log_bytes;
                tracing::warn!(target: "function", function, request_id, limit, "console output exceeds logBytes; the rest is dropped");
                return;
            }
            self.account.log -= text.len();
            match level {
                LogLevel::Debug => tracing::debug!(target: "function", function, request_id, "{text}"),
                LogLevel::Info => tracing::info!(target: "function", function, request_id, "{text}"),
                LogLevel::Warn => tracing::warn!(target: "function", function, request_id, "{text}"),
                LogLevel::Error => tracing::error!(target: "function", function, request_id, "{text}"),
            }
        }
    }

    fn fail(&mut self, error: InvokeError, after: Duration) {
        let (function, request_id) = (&*self.function.label, &*self.caller.request_id);
        let stack = error.js.as_ref().map(|js| format!("{:?}", js.stack)).unwrap_or_default();
        tracing::warn!(target: "function", function, request_id, code = error.code, stack, ms = after.as_millis() as u64, replied = self.reply.is_none(), "{}", error.detail);
        if let Some(sender) = self.reply.take() {
            let _caller_is_gone = sender.send(Err(Lost::Failed(error)));
        }
    }
}

/// A submitted operation with its body.
struct Submitted {
    head: Operation,
    body: Bytes,
}

impl Submitted {
    fn decode(bytes: &[u8]) -> Result<Submitted, InvokeError> {
        let fault =
            |e: daplet_abi::frame::FrameError| InvokeError::internal(format!("the guest submitted no operation: {e}"));
        let frame = Frame::decode(bytes).map_err(fault)?;
        Ok(Submitted { head: frame.parse_head().map_err(fault)?, body: Bytes::copy_from_slice(frame.body) })
    }
}

/// Ends when nobody waits for the reply any more; never once it has left.
async fn gone(reply: &mut Option<Waiting>) {
    match reply {
        Some(sender) => sender.closed().await,
        None => std::future::pending().await,
    }
}

fn canceled() -> InvokeError {
    InvokeError {
        code: codes::CANCELED.to_owned(),
        detail: "the caller went away before the reply".to_owned(),
        limit: None,
        setting: None,
        js: None,
    }
}
