//! Drives one run of a handler: enters the guest, starts what it submits, enters again with what completes, until it is done.
use super::account::{Account, Lost, Race};
use super::admission::{Admission, Work};
use super::charge::charged;
use super::{Caller, InvokeError, Shared, Written};
use crate::allowance::{Allowance, Taker};
use crate::blocks::call::{CallContext, OpResult};
use crate::budget::held::hold;
use crate::budget::{Purse, SMALL, Share};
use crate::code::{Code, OpError};
use crate::functions::{Function, upload::map_frames};
use crate::observer::Invocation;
use crate::sandbox::{LogLine, Outcome, Parked, SandboxError, Snapshot, Step, Trap};
use bytes::Bytes;
use daplet_abi::frame::{Frame, encode};
use daplet_abi::op::{self, Completion, Operation};
use daplet_abi::reply::Reply;
use daplet_abi::{EventKind, LogLevel};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Completions that one entry delivers at most: keeps an entry short.
const BATCH: usize = 64;
/// Bytes of completions after which an entry begins.
const BATCH_BYTES: usize = 256 << 10;
/// What a completion's head may have beside its result, bytes.
const HEAD: usize = 4 << 10;

/// What the guest is entered with.
pub struct Event {
    /// Whose handler.
    pub snapshot: Arc<Snapshot>,
    /// Which of them.
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

/// An operation's end.
struct Completed {
    id: u32,
    result: OpResult,
    /// What its result takes, until the guest has it.
    allowance: Allowance,
}

impl Drive {
    /// `reply` gets the reply or why there is none, once.
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
            allowance: Allowance::new(Taker::Function(function.record.limits.memory_mb), function.memory.clone()),
        });
        let (function, started, queued) = (Arc::clone(function), Instant::now(), Duration::ZERO);
        Drive { shared, context, caller, reply: Some(reply), account, function, kind, started, queued }
    }

    /// Runs to the end, the deadline, the function's removal, or the caller's going away before a reply. `turn`: whether there was a worker in time;
    /// `work` counts what is waited for until then.
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

    /// The first step, which is the whole of most invocations. It is over at once where a worker's own thread makes it; where it
    /// waits for a worker, it ends when nobody wants it any more.
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

    /// Enters again and again until nothing is waited for.
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

    /// A share for the heap of one entry, where it may be larger than the heap that each worker has room for anyway.
    fn heap(&self) -> Result<Option<Share>, InvokeError> {
        let beyond = self.function.record.limits.memory_bytes().saturating_sub(self.shared.heap);
        if beyond == 0 {
            return Ok(None);
        }
        let beyond = usize::try_from(beyond).unwrap_or(usize::MAX);
        self.function.memory.take(beyond).map(Some).map_err(|e| InvokeError::budget(&e))
    }

    /// Takes in what a step did. `None` when the invocation is done.
    fn settle(&mut self, step: Step) -> Result<Option<(Parked, Vec<Submitted>)>, InvokeError> {
        self.account.cpu = self.account.cpu.saturating_sub(step.cpu);
        self.shared.observer.entry(step.cpu, step.restore);
        self.queued += step.waited.unwrap_or_default();
        Admission::learn(&self.function, step.cpu);
        self.log(step.logs);
        let mut share = step.share;
        for frame in step.writes {
            match self.written(&Bytes::from(frame), &mut share) {
                // `ctx.waitUntil` goes on after the handler has failed, as it does after a reply.
                Err(error) if error.js.is_some() && matches!(step.outcome, Outcome::Pending(_)) => {
                    self.fail(error);
                }
                written => written?,
            }
        }
        let limits = &self.function.record.limits;
        match step.outcome {
            Outcome::Done => Ok(None),
            Outcome::JsError => Ok(None),
            Outcome::Trap(Trap::Cpu) => {
                Err(InvokeError::limit(Code::ExceededCpu, "cpuMs", limits.cpu_ms, &self.function))
            }
            Outcome::Trap(Trap::Memory) => {
                Err(InvokeError::limit(Code::ExceededMemory, "memoryMb", limits.memory_mb, &self.function))
            }
            Outcome::Trap(Trap::NoMemory(refused)) => Err(InvokeError::budget(&refused)),
            Outcome::Trap(trap) => Err(InvokeError::internal(trap.to_string())),
            Outcome::Pending(parked) => {
                if self.account.cpu.is_zero() {
                    return Err(InvokeError::limit(Code::ExceededCpu, "cpuMs", limits.cpu_ms, &self.function));
                }
                self.account.operations += step.submits.len() as u64;
                if self.account.operations > limits.operations {
                    return Err(InvokeError::limit(
                        Code::ExceededOperations,
                        "operations",
                        limits.operations,
                        &self.function,
                    ));
                }
                let (started, most) = (Instant::now(), decoding(&step.submits));
                let memory = &self.function.memory;
                let decode = |frame| Submitted::decode(&Bytes::from(frame), &mut share, memory);
                let operations = step.submits.into_iter().map(decode).collect::<Result<_, _>>()?;
                self.account.cpu = self.account.cpu.saturating_sub(started.elapsed().min(most));
                Ok(Some((parked, operations)))
            }
        }
    }

    /// One frame that the guest wrote: the reply, or the function's failure.
    fn written(&mut self, bytes: &Bytes, share: &mut Option<Share>) -> Result<(), InvokeError> {
        let fault = |e: daplet_abi::frame::FrameError| InvokeError::internal(format!("the guest wrote no reply: {e}"));
        let frame = Frame::decode(bytes).map_err(fault)?;
        let limits = &self.function.record.limits;
        match frame.parse_head().map_err(fault)? {
            Reply::Error(mut error) => {
                if let Some(lines) = &self.function.lines {
                    map_frames(&mut error, lines);
                }
                Err(match Code::from(error.code.as_str()) {
                    Code::ExceededCpu => InvokeError::limit(Code::ExceededCpu, "cpuMs", limits.cpu_ms, &self.function),
                    Code::ExceededMemory => {
                        InvokeError::limit(Code::ExceededMemory, "memoryMb", limits.memory_mb, &self.function)
                    }
                    Code::InternalError => InvokeError::internal(error.message),
                    _ => InvokeError::exception(error),
                })
            }
            _ if frame.body.len() as u64 > limits.response_bytes => {
                let error =
                    InvokeError::limit(Code::ExceededResponse, "responseBytes", limits.response_bytes, &self.function);
                let detail = format!("{}; the response has {} bytes", error.detail, frame.body.len());
                Err(error.with_detail(detail))
            }
            reply => {
                if self.reply.is_some() {
                    let body = carried(bytes.slice_ref(frame.body), share, &self.function.memory)?;
                    self.replied(None);
                    if let Some(sender) = self.reply.take() {
                        let _caller_is_gone = sender.send(Ok((reply, body)));
                    }
                }
                Ok(())
            }
        }
    }

    fn start(&self, operation: Submitted) -> BoxFuture<'static, Completed> {
        let shared = Arc::clone(&self.shared);
        let Submitted { head: Operation { id, op, args }, body, size } = operation;
        let allowance = self.context.allowance.operation(&op);
        let context = CallContext { allowance: allowance.clone(), ..CallContext::clone(&self.context) };
        let (observer, started) = (shared.observer.clone(), Instant::now());
        let work = async move {
            let result = shared.capabilities.call(&context, &op, args, body).await;
            let code = result.as_ref().err().map(|error| &error.code);
            observer.operation(&op, code, started.elapsed());
            result
        };
        let work = charged(&self.shared.elsewhere, size, allowance.clone(), work.boxed());
        work.map(move |result| {
            let failed = || Err(crate::blocks::call::error(Code::OperationFailed, "the operation failed in the host"));
            Completed { id, result: result.unwrap_or_else(failed), allowance }
        })
        .boxed()
    }

    /// Takes what the host's work for operations took from the CPU time.
    fn spend(&mut self) -> Result<(), InvokeError> {
        let cpu = self.context.allowance.charged();
        self.account.cpu = self.account.cpu.saturating_sub(cpu);
        if !self.account.cpu.is_zero() {
            return Ok(());
        }
        let limit = self.function.record.limits.cpu_ms;
        let error = InvokeError::limit(Code::ExceededCpu, "cpuMs", limit, &self.function);
        let detail = format!("{}; the host's work for its operations counts", error.detail);
        Err(error.with_detail(detail))
    }

    /// What the guest is told of an operation; a lost race it is not told of while the handler can run again.
    fn completion(&self, Completed { id, result, allowance }: Completed) -> Result<(Vec<u8>, Allowance), Stop> {
        let fault = |e: daplet_abi::frame::FrameError| InvokeError::internal(e.to_string());
        let refused = match result {
            Ok((head, body)) => {
                let frame = encode(&Completion { id, outcome: op::Outcome::Ok(head) }, &body).map_err(fault)?;
                match allowance.cover(frame.len().saturating_sub(HEAD)) {
                    Ok(()) => return Ok((frame, allowance)),
                    Err(refused) => refused.into(),
                }
            }
            Err(error) => match Race::lost(&error) {
                Some(race) if self.reply.is_some() && self.account.may_rerun() => return Err(Stop::Again(race)),
                // It stays lost: the guest need not try again.
                Some(_) if self.reply.is_some() => hopeless(error, self.account.reruns),
                _ => error,
            },
        };
        let frame = encode(&Completion { id, outcome: op::Outcome::Error(refused.into()) }, &[]).map_err(fault)?;
        Ok((frame, allowance))
    }

    fn log(&mut self, lines: Vec<LogLine>) {
        for LogLine { level, text } in lines {
            if self.account.log == 0 {
                return;
            }
            let (function, version, request_id) =
                (&*self.function.label, &*self.function.record.version, &*self.caller.origin.request_id);
            let client_request_id = self.caller.origin.client_request_id.as_deref();
            if text.len() > self.account.log {
                self.account.log = 0;
                let limit = self.function.record.limits.log_bytes;
                tracing::warn!(target: "function", function, version, request_id, client_request_id, limit, "console output exceeds logBytes; the rest is dropped");
                return;
            }
            self.account.log -= text.len();
            let text = self.function.in_source(&text);
            match level {
                LogLevel::Debug => {
                    tracing::debug!(target: "function", function, version, request_id, client_request_id, "{text}")
                }
                LogLevel::Info => {
                    tracing::info!(target: "function", function, version, request_id, client_request_id, "{text}")
                }
                LogLevel::Warn => {
                    tracing::warn!(target: "function", function, version, request_id, client_request_id, "{text}")
                }
                LogLevel::Error => {
                    tracing::error!(target: "function", function, version, request_id, client_request_id, "{text}")
                }
            }
        }
    }

    /// Reports the invocation's outcome, before the caller has it.
    fn replied(&self, error: Option<&InvokeError>) {
        self.shared.observer.queued(self.queued);
        self.shared.observer.invocation(&Invocation {
            function: &self.function.label,
            version: &self.function.record.version,
            request_id: &self.caller.origin.request_id,
            trigger: self.kind,
            code: error.map(|error| &error.code),
            limit: error.and_then(|error| error.limit).map(|(name, _)| name),
            took: self.account.began.elapsed(),
            queued: self.queued,
            cpu: self.function.record.limits.cpu().saturating_sub(self.account.cpu),
        });
    }

    fn fail(&mut self, error: InvokeError) {
        let after = self.started.elapsed();
        let (function, request_id) = (&*self.function.label, &*self.caller.origin.request_id);
        let client_request_id = self.caller.origin.client_request_id.as_deref();
        let stack = error.js.as_ref().map(|js| js.stack_text()).unwrap_or_default();
        let (version, code, blame) = (&*self.function.record.version, error.code.word(), error.code.blame().word());
        tracing::warn!(target: "function", function, version, request_id, client_request_id, code, blame, stack, ms = after.as_millis() as u64, replied = self.reply.is_none(), "{}", error.detail);
        if self.reply.is_some() {
            self.replied(Some(&error));
        }
        if let Some(sender) = self.reply.take() {
            let _caller_is_gone = sender.send(Err(Lost::Failed(error)));
        }
    }
}

/// The error of a unit of work that lost every race: its code, what was raced for, and how often.
fn hopeless(error: OpError, reruns: u32) -> OpError {
    let contended = |name| error.details.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let (store, key) = (contended("store"), contended("key"));
    let message = format!(
        "{}: the transaction on {key:?} of {store} lost a race {} times ({reruns} reruns of the handler): {}",
        error.code,
        reruns + 1,
        error.message
    );
    let details = serde_json::json!({"reruns": reruns, "store": store, "key": key});
    OpError { message, details, ..error }
}

/// Completions for one entry.
#[derive(Default)]
struct Batch {
    frames: Vec<Vec<u8>>,
    held: Vec<Allowance>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, (frame, allowance): (Vec<u8>, Allowance)) {
        self.bytes += frame.len();
        self.frames.push(frame);
        self.held.push(allowance);
    }

    fn has_room(&self) -> bool {
        self.frames.len() < BATCH && self.bytes < BATCH_BYTES
    }
}

/// The longest that decoding can take: by the clock it may have waited for a core.
fn decoding(frames: &[Vec<u8>]) -> Duration {
    let bytes: usize = frames.iter().map(Vec::len).sum();
    Duration::from_micros(100 * frames.len() as u64) + Duration::from_nanos(20 * bytes as u64)
}

/// A submitted operation with its body.
struct Submitted {
    head: Operation,
    body: Bytes,
    /// Bytes of its frame.
    size: usize,
}

impl Submitted {
    fn decode(bytes: &Bytes, share: &mut Option<Share>, memory: &Purse) -> Result<Submitted, InvokeError> {
        let fault =
            |e: daplet_abi::frame::FrameError| InvokeError::internal(format!("the guest submitted no operation: {e}"));
        let frame = Frame::decode(bytes).map_err(fault)?;
        let body = carried(bytes.slice_ref(frame.body), share, memory)?;
        Ok(Submitted { head: frame.parse_head().map_err(fault)?, body, size: bytes.len() })
    }
}

/// A body with its part of the step's share: it holds that until it is written, or its operation is over.
fn carried(body: Bytes, share: &mut Option<Share>, memory: &Purse) -> Result<Bytes, InvokeError> {
    let length = body.len();
    match share {
        Some(share) if length > SMALL && share.bytes() >= length as u64 => Ok(hold(body, share.split(length))),
        _ => memory.hold(body).map_err(|e| InvokeError::budget(&e)),
    }
}

/// Ends when nobody waits for the reply any more; never once it has left.
async fn gone(reply: &mut Option<Waiting>) {
    match reply {
        Some(sender) => sender.closed().await,
        None => std::future::pending().await,
    }
}

/// Ends when the invocation is in vain, and says why.
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
