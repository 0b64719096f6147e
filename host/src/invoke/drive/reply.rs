//! The guest's reply or failure, and the reports of the invocation's end.
use super::Drive;
use crate::body::Body;
use crate::budget::held::hold;
use crate::budget::{Purse, SMALL, Share};
use crate::code::Code;
use crate::functions::upload::map_frames;
use crate::invoke::InvokeError;
use crate::invoke::account::Lost;
use crate::observer::Invocation;
use bytes::Bytes;
use daplet_abi::frame::Frame;
use daplet_abi::reply::Reply;

impl Drive {
    /// Takes one frame of the guest: the reply, or the function's failure.
    pub(super) fn written(&mut self, bytes: &Bytes, share: &mut Option<Share>) -> Result<(), InvokeError> {
        let fault = |e: daplet_abi::frame::FrameError| {
            InvokeError::internal(format!("the guest wrote a frame that is not a reply: {e}"))
        };
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
                    let body = if let Reply::Response { stream: Some(id), .. } = &reply {
                        Body::Stream(self.begin_stream(*id)?)
                    } else {
                        let body = carried(bytes.slice_ref(frame.body), share, &self.function.memory)?;
                        self.replied(None);
                        Body::Whole(body)
                    };
                    if let Some(sender) = self.reply.take() {
                        let _caller_is_gone = sender.send(Ok((reply, body)));
                    }
                }
                Ok(())
            }
        }
    }

    /// Reports the invocation's outcome, before the caller gets it.
    pub(super) fn replied(&self, error: Option<&InvokeError>) {
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
            cpu: (self.function.record.limits.cpu() + self.account.credited).saturating_sub(self.account.cpu),
        });
    }

    pub(super) fn fail(&mut self, error: InvokeError) {
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

/// A body with its part of the step's share, which it holds until its last byte is written or its operation is over.
pub(super) fn carried(body: Bytes, share: &mut Option<Share>, memory: &Purse) -> Result<Bytes, InvokeError> {
    let length = body.len();
    match share {
        Some(share) if length > SMALL && share.bytes() >= length as u64 => Ok(hold(body, share.split(length))),
        _ => memory.hold(body).map_err(|e| InvokeError::budget(&e)),
    }
}
