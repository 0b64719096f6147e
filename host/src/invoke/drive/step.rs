//! What one entry into the guest did, charged to the run's account. Must not know: what an operation does.
use super::Drive;
use super::operations::{Submitted, decoding};
use crate::code::Code;
use crate::invoke::InvokeError;
use crate::invoke::admission::Admission;
use crate::sandbox::{LogLine, Outcome, Parked, Step, Trap};
use bytes::Bytes;
use daplet_abi::LogLevel;
use std::time::Instant;

impl Drive {
    /// Charges a step, sends what it wrote, and decodes what it submitted. `None` when the run is done.
    pub(super) fn settle(&mut self, step: Step) -> Result<Option<(Parked, Vec<Submitted>)>, InvokeError> {
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
                let (started, most) = (Instant::now(), decoding(&step.submits));
                let memory = &self.function.memory;
                let decode = |frame| Submitted::decode(&Bytes::from(frame), &mut share, memory);
                let operations = step.submits.into_iter().map(decode).collect::<Result<Vec<_>, _>>()?;
                self.account.cpu = self.account.cpu.saturating_sub(started.elapsed().min(most));
                self.account.operations += operations.iter().filter(|operation| operation.counts()).count() as u64;
                if self.account.operations > limits.operations {
                    return Err(InvokeError::limit(
                        Code::ExceededOperations,
                        "operations",
                        limits.operations,
                        &self.function,
                    ));
                }
                Ok(Some((parked, operations)))
            }
        }
    }

    pub(super) fn log(&mut self, lines: Vec<LogLine>) {
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
}
