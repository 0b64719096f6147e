//! `handle` and `resume`: an event, the completions after it, and where the invocation stands each time.
use super::failure::{fail, interrupted, never_settled, protocol};
use super::{Phase, enter};
use crate::engine::{self, Drained};
use crate::{error, imports};
use daplet_abi::frame::Frame;
use daplet_abi::reply::codes;
use daplet_abi::{EventKind, Status};
use rquickjs::promise::PromiseState;
use rquickjs::{ArrayBuffer, CatchResultExt, Ctx, Promise, Value};

/// Runs the handler on the event in the inbox.
pub fn handle(kind: i32, len: usize) -> Status {
    let inbox = imports::read(len);
    enter(|phase| {
        phase.random.reset();
        let known = EventKind::from_i32(kind).is_some();
        match Frame::decode(&inbox) {
            Ok(frame) if known => {
                let entered = text_and_body(&phase.ctx, &frame).and_then(|(head, body)| {
                    phase.function(&phase.js.handle)?.call((kind, head, body, imports::now()))
                });
                phase.settle(entered)
            }
            Ok(_) => fail(protocol(format!("unknown event kind {kind}"))),
            Err(error) => fail(protocol(error.to_string())),
        }
    })
}

/// Delivers the completion in the inbox.
pub fn resume(len: usize) -> Status {
    let inbox = imports::read(len);
    enter(|phase| match Frame::decode(&inbox) {
        Ok(frame) => {
            let entered = text_and_body(&phase.ctx, &frame)
                .and_then(|(head, body)| phase.function(&phase.js.resume)?.call((head, body)));
            phase.settle(entered)
        }
        Err(error) => fail(protocol(error.to_string())),
    })
}

/// A frame as the dispatcher takes it: the head unparsed, the body as an ArrayBuffer or null.
fn text_and_body<'js>(ctx: &Ctx<'js>, frame: &Frame<'_>) -> rquickjs::Result<(rquickjs::String<'js>, Value<'js>)> {
    let head = std::str::from_utf8(frame.head)?;
    let head = rquickjs::String::from_str(ctx.clone(), head)?;
    let body = if frame.body.is_empty() {
        Value::new_null(ctx.clone())
    } else {
        ArrayBuffer::new_copy(ctx.clone(), frame.body)?.into_value()
    };
    Ok((head, body))
}

/// States of a promise in the dispatcher's words (`PromiseState` in dispatch.ts).
const UNSETTLED: i32 = 0;
const RESOLVED: i32 = 1;
const REJECTED: i32 = 2;

impl<'js> Phase<'_, 'js> {
    /// Runs the job queue until it is empty and determines the invocation's status.
    ///
    /// `entered` is what the dispatcher returned: a status that holds if there are no jobs, or the handler's own promise. That one
    /// is mostly settled once the queue is empty, and then costs no reaction and no job.
    fn settle(&self, entered: rquickjs::Result<Value<'js>>) -> Status {
        let said = match self.drained(entered) {
            Ok((said, jobs)) if said.is_promise() => match self.drained(self.observe(said)) {
                Ok((said, more)) => (said, jobs.max(more)),
                Err(status) => return status,
            },
            Ok(said) => said,
            Err(status) => return status,
        };
        let mut standing = match said {
            (said, 0) => said,
            _ => Value::new_undefined(self.ctx.clone()),
        };
        // A task of the guest itself, or an event about a rejection, may have queued jobs.
        while standing.is_undefined() {
            let status = self.function(&self.js.status).and_then(|f| f.call(()));
            standing = match self.drained(status) {
                Ok((standing, _)) => standing,
                Err(status) => return status,
            };
        }
        self.stands(&standing)
    }

    /// `Standing` of invocation.ts: a status, or the description of a failure.
    fn stands(&self, standing: &Value<'js>) -> Status {
        if let Some(status) = standing.as_int() {
            return Status::from_i32(status).unwrap_or(Status::JsError);
        }
        let text = standing.as_string().and_then(|text| text.to_string().ok()).unwrap_or_default();
        if text == codes::NEVER_SETTLED {
            return fail(never_settled());
        }
        // A failure that leaves while `ctx.waitUntil` holds the invocation open.
        if let Some(description) = text.strip_prefix('+') {
            fail(error::from_described(description, self.file));
            return Status::Pending;
        }
        fail(error::from_described(&text, self.file))
    }

    /// What the dispatcher returned, and the number of jobs that ran after it; an error has been written.
    fn drained(&self, said: rquickjs::Result<Value<'js>>) -> Result<(Value<'js>, usize), Status> {
        let said = said.catch(&self.ctx).map_err(|error| fail(self.failure(error)))?;
        match engine::drain(&self.ctx) {
            Drained::Empty { jobs } => Ok((said, jobs)),
            Drained::Interrupted => Err(fail(interrupted())),
        }
    }

    /// Passes the state of the handler's promise to the dispatcher.
    fn observe(&self, promise: Value<'js>) -> rquickjs::Result<Value<'js>> {
        let promise = Promise::from_value(promise)?;
        let (state, value) = match (promise.state(), promise.result::<Value>()) {
            (PromiseState::Resolved, Some(Ok(value))) => (RESOLVED, value),
            (PromiseState::Rejected, Some(Err(_))) => (REJECTED, self.ctx.catch()),
            _ => (UNSETTLED, Value::new_undefined(self.ctx.clone())),
        };
        self.function(&self.js.observe)?.call((promise, state, value))
    }
}
