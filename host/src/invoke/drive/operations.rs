//! Operations of the guest: decoded, started with the run's context, and encoded as completions. Must not know:
//! entries.
use super::reply::carried;
use super::{Drive, Stop};
use crate::allowance::Allowance;
use crate::blocks::call::{CallContext, OpResult};
use crate::budget::{Purse, Share};
use crate::code::{Code, OpError};
use crate::invoke::InvokeError;
use crate::invoke::account::Race;
use crate::invoke::charge::charged;
use bytes::Bytes;
use daplet_abi::frame::{Frame, encode};
use daplet_abi::op::{self, Completion, Operation};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Completions that one entry delivers at most: keeps an entry short.
const BATCH: usize = 64;
/// Bytes of completions after which an entry begins.
const BATCH_BYTES: usize = 256 << 10;
/// Bytes of a completion's head that do not count as its result.
const HEAD: usize = 4 << 10;

/// An operation that has ended.
pub(super) struct Completed {
    id: u32,
    result: OpResult,
    /// Memory of its result, until the guest has it.
    allowance: Allowance,
}

impl Drive {
    pub(super) fn start(&self, operation: Submitted) -> BoxFuture<'static, Completed> {
        let shared = Arc::clone(&self.shared);
        let Submitted { head: Operation { id, op, args }, body, size } = operation;
        let allowance = self.context.allowance.operation(&op);
        let computes = shared.capabilities.computes(&op);
        let context = CallContext { allowance: allowance.clone(), ..CallContext::clone(&self.context) };
        let (observer, started) = (shared.observer.clone(), Instant::now());
        let work = async move {
            let result = shared.capabilities.call(&context, &op, args, body).await;
            let code = result.as_ref().err().map(|error| &error.code);
            observer.operation(&op, code, started.elapsed());
            result
        };
        let size = if computes { usize::MAX } else { size };
        let work = charged(&self.shared.elsewhere, size, allowance.clone(), work.boxed());
        work.map(move |result| {
            let failed = || Err(crate::blocks::call::error(Code::OperationFailed, "the operation failed in the host"));
            Completed { id, result: result.unwrap_or_else(failed), allowance }
        })
        .boxed()
    }

    /// Takes the host's work for operations from the CPU time.
    pub(super) fn spend(&mut self) -> Result<(), InvokeError> {
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

    /// Encodes an operation's completion. A lost race ends the run instead, while the handler can run again.
    pub(super) fn completion(
        &self,
        Completed { id, result, allowance }: Completed,
    ) -> Result<(Vec<u8>, Allowance), Stop> {
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
                // No rerun is left, so the guest need not try again.
                Some(_) if self.reply.is_some() => hopeless(error, self.account.reruns),
                _ => error,
            },
        };
        let frame = encode(&Completion { id, outcome: op::Outcome::Error(refused.into()) }, &[]).map_err(fault)?;
        Ok((frame, allowance))
    }
}

/// The error of a unit of work that lost every race: its code, the contended key, and how often it lost.
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
pub(super) struct Batch {
    pub(super) frames: Vec<Vec<u8>>,
    pub(super) held: Vec<Allowance>,
    bytes: usize,
}

impl Batch {
    pub(super) fn add(&mut self, (frame, allowance): (Vec<u8>, Allowance)) {
        self.bytes += frame.len();
        self.frames.push(frame);
        self.held.push(allowance);
    }

    pub(super) fn has_room(&self) -> bool {
        self.frames.len() < BATCH && self.bytes < BATCH_BYTES
    }
}

/// The most that decoding can take: measured by the clock it may include a wait for a core.
pub(super) fn decoding(frames: &[Vec<u8>]) -> Duration {
    let bytes: usize = frames.iter().map(Vec::len).sum();
    Duration::from_micros(100 * frames.len() as u64) + Duration::from_nanos(20 * bytes as u64)
}

/// A submitted operation with its body.
pub(super) struct Submitted {
    head: Operation,
    body: Bytes,
    /// Bytes of its frame.
    size: usize,
}

impl Submitted {
    pub(super) fn decode(bytes: &Bytes, share: &mut Option<Share>, memory: &Purse) -> Result<Submitted, InvokeError> {
        let fault = |e: daplet_abi::frame::FrameError| {
            InvokeError::internal(format!("the guest submitted a frame that is not an operation: {e}"))
        };
        let frame = Frame::decode(bytes).map_err(fault)?;
        let body = carried(bytes.slice_ref(frame.body), share, memory)?;
        Ok(Submitted { head: frame.parse_head().map_err(fault)?, body, size: bytes.len() })
    }
}
