//! One invocation, from event to reply: permit, deadline, steps through the sandbox, operations, limits.
//!
//! Must not know: HTTP servers, WasmEdge, what an operation does.
//!
//! The reply is returned as soon as the guest has written it; the work of `ctx.waitUntil` goes on in the same task.
mod account;
mod admission;
mod charge;
mod drive;
mod error;

pub use error::InvokeError;

use crate::blocks::actors::Turn;
use crate::blocks::call::Capabilities;
use crate::body::{Body, BodyStream};
use crate::budget::SMALL;
use crate::code::Code;
use crate::config::Streams;
use crate::functions::{Deployer, Function};
use crate::observer::{Invocation, Observer};
use crate::origin::Origin;
use crate::resources::{REQUEST, Resources};
use crate::sandbox::Sandbox;
use account::{Account, Lost, Turns};
use admission::Admission;
use bytes::Bytes;
use charge::Elsewhere;
use daplet_abi::EventKind;
use daplet_abi::event::{BatchEvent, HttpEvent};
use daplet_abi::frame::encode;
use daplet_abi::reply::{AckStatus, Reply};
use drive::{Drive, Event};
use futures::FutureExt;
use serde::Serialize;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// An HTTP answer of a function.
#[derive(Debug)]
pub struct HttpReply<B = Body> {
    /// HTTP status.
    pub status: u16,
    /// Reason phrase; empty for the usual one.
    pub status_text: String,
    /// Header pairs in order.
    pub headers: Vec<(String, String)>,
    /// The body, raw.
    pub body: B,
}

/// The guest's reply, with its body.
type Written = (Reply, Body);

/// Runs functions. Cheap to clone.
#[derive(Clone)]
pub struct Invoker {
    shared: Arc<Shared>,
}

struct Shared {
    sandbox: Arc<Sandbox>,
    deployer: Arc<Deployer>,
    capabilities: Capabilities,
    tasks: TaskTracker,
    admission: Admission,
    turns: Turns,
    elsewhere: Elsewhere,
    observer: Observer,
    streams: Streams,
    /// Heap that each worker has room for, bytes.
    heap: u64,
}

/// A weak reference to the invoker, for what the invoker itself owns: capabilities that call functions.
#[derive(Clone)]
pub struct Calls(Weak<Shared>);

impl Calls {
    /// The invoker, as long as the host exists.
    pub fn invoker(&self) -> Option<Invoker> {
        self.0.upgrade().map(|shared| Invoker { shared })
    }
}

/// Where an invocation comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its origin.
    pub origin: Origin,
    /// The actor's turn that it runs, if an actor is called.
    pub turn: Option<Arc<Turn>>,
}

impl From<Origin> for Caller {
    fn from(origin: Origin) -> Caller {
        Caller { origin, turn: None }
    }
}

impl Invoker {
    /// `queue_wait` is how long an invocation may be expected to wait for a worker, `heap` how many bytes of each
    /// worker's heap the memory budget has room for already, `streams` what bodies that stream may take. `equip` makes
    /// the capabilities, and what else calls functions as they do.
    pub fn new<T>(
        sandbox: Arc<Sandbox>,
        deployer: Arc<Deployer>,
        observer: Observer,
        queue_wait: Duration,
        heap: u64,
        streams: Streams,
        equip: impl FnOnce(Calls) -> (Capabilities, T),
    ) -> (Invoker, T) {
        let admission = Admission::new(sandbox.queue_limit(), queue_wait);
        let (tasks, turns) = Default::default();
        let elsewhere = Elsewhere::start();
        let mut rest = None;
        let shared = Arc::new_cyclic(|shared| {
            let (capabilities, others) = equip(Calls(Weak::clone(shared)));
            rest = Some(others);
            Shared { sandbox, deployer, capabilities, tasks, admission, turns, elsewhere, observer, streams, heap }
        });
        let Some(rest) = rest else { unreachable!("new_cyclic calls its closure once") };
        (Invoker { shared }, rest)
    }

    /// The observer of every invocation.
    pub fn observer(&self) -> &Observer {
        &self.shared.observer
    }

    /// Whether one more request of `function` is admitted, before anything is spent on it. A refusal comes after a
    /// pause.
    pub async fn admit(&self, function: &Function, origin: &Origin) -> Result<(), InvokeError> {
        let began = Instant::now();
        let admitted = self.shared.admission.admit(&self.shared.sandbox, function).await;
        admitted.map_err(|error| self.refused(function, EventKind::Http, origin, began, error))
    }

    /// Reports an invocation that ended before it reached the sandbox.
    fn refused(
        &self,
        function: &Function,
        trigger: EventKind,
        origin: &Origin,
        began: Instant,
        error: InvokeError,
    ) -> InvokeError {
        self.shared.observer.invocation(&Invocation {
            function: &function.label,
            version: &function.record.version,
            request_id: &origin.request_id,
            trigger,
            code: Some(&error.code),
            limit: error.limit.map(|(name, _)| name),
            took: began.elapsed(),
            queued: Duration::ZERO,
            cpu: Duration::ZERO,
        });
        error
    }

    /// Handles an HTTP request. Its body comes with the event where it is whole.
    pub async fn http(
        &self,
        function: &Arc<Function>,
        event: &mut HttpEvent,
        body: Body,
        caller: Caller,
    ) -> Result<HttpReply, InvokeError> {
        let (body, stream) = match body {
            Body::Whole(bytes) => (bytes, None),
            Body::Stream(stream) => (Bytes::new(), Some(stream)),
        };
        event.stream = stream.is_some().then_some(REQUEST);
        let written = self.invoke(function, EventKind::Http, event, (&body, stream), caller).await?;
        of_response(written)
    }

    /// Handles an event that is answered like a request: with the value that the handler returns, whole.
    pub async fn ask(
        &self,
        function: &Arc<Function>,
        kind: EventKind,
        head: &impl Serialize,
        body: &[u8],
        caller: Caller,
    ) -> Result<HttpReply<Bytes>, InvokeError> {
        let HttpReply { status, status_text, headers, body } =
            of_response(self.invoke(function, kind, head, (body, None), caller).await?)?;
        match body {
            Body::Whole(body) => Ok(HttpReply { status, status_text, headers, body }),
            Body::Stream(_) => Err(InvokeError::internal("an event that is no request was answered with a stream")),
        }
    }

    /// Handles an event that is only acknowledged, such as a topic delivery; `event` is the argument of its handler, as
    /// JSON.
    pub async fn deliver(
        &self,
        function: &Arc<Function>,
        kind: EventKind,
        head: &impl Serialize,
        event: &[u8],
        caller: Caller,
    ) -> Result<AckStatus, InvokeError> {
        match self.invoke(function, kind, head, (event, None), caller).await? {
            (Reply::Ack { status }, _) => Ok(status),
            (other, _) => Err(InvokeError::internal(format!("a delivery was answered with {other:?}"))),
        }
    }

    /// Handles a batch of topic deliveries; `events` is a JSON array of them. Returns the outcome of each, in their
    /// order.
    pub async fn deliver_batch(
        &self,
        function: &Arc<Function>,
        head: &BatchEvent,
        events: &[u8],
        caller: Caller,
    ) -> Result<Vec<AckStatus>, InvokeError> {
        let count = head.attempts.len();
        match self.invoke(function, EventKind::Messages, head, (events, None), caller).await? {
            (Reply::Ack { status }, _) => Ok(vec![status; count]),
            (Reply::Acks { statuses }, _) if statuses.len() == count => Ok(statuses),
            (other, _) => Err(InvokeError::internal(format!("a batch of {count} was answered with {other:?}"))),
        }
    }

    /// Running invocations, including those whose reply has left.
    pub fn running(&self) -> usize {
        self.shared.tasks.len()
    }

    /// Waits until nothing runs any more. Call it after the last event came in.
    pub async fn finished(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    async fn invoke(
        &self,
        function: &Arc<Function>,
        kind: EventKind,
        head: &impl Serialize,
        (body, stream): (&[u8], Option<BodyStream>),
        caller: Caller,
    ) -> Result<Written, InvokeError> {
        let limits = &function.record.limits;
        let began = Instant::now();
        let refused = |error| self.refused(function, kind, &caller.origin, began, error);
        let Ok(permit) = Arc::clone(&function.permits).try_acquire_owned() else {
            let error = InvokeError::limit(Code::LoadShed, "concurrency", limits.concurrency, function);
            let detail = format!("{} runs {} invocations already", function.name, limits.concurrency);
            return Err(refused(error.with_detail(detail)));
        };
        let resources = Arc::new(Resources::new(self.shared.streams.open));
        if let Some(stream) = stream {
            resources.insert_request(stream);
        }
        let mut account = Account::new(function, permit, began, resources);
        loop {
            let frame = encode(head, body).map_err(|e| refused(InvokeError::internal(e.to_string())))?;
            // The head exists in other forms as well.
            let held = frame.len() + 2 * (frame.len() - body.len());
            let share = function.memory.take(if held > SMALL { held } else { 0 });
            let share = share.map_err(|e| refused(InvokeError::budget(&e)))?;
            let loaded = self.shared.deployer.loaded(function).await.map_err(|e| refused(InvokeError::from(&*e)))?;
            let ((reply, written), budget) = (oneshot::channel(), account.cpu);
            let drive = Drive::new(Arc::clone(&self.shared), function, kind, caller.clone(), account, reply);
            let event = Event { snapshot: Arc::clone(&loaded.snapshot), kind, frame, share };
            let (work, token) = (self.shared.admission.work(function), self.shared.tasks.token());
            let task = move |turn| {
                let run = async move {
                    drive.run(turn, work, event).await;
                    drop(token);
                };
                run.boxed()
            };
            self.shared.sandbox.begin(&loaded.snapshot, budget, Box::new(task));
            match written.await {
                Ok(Ok(written)) => return Ok(written),
                Ok(Err(Lost::Failed(error))) => return Err(error),
                Ok(Err(Lost::Again(left, race))) => {
                    account = *left;
                    self.shared.turns.wait(&mut account, race).await;
                }
                Err(_) => return Err(refused(InvokeError::internal("the invocation ended without a reply"))),
            }
        }
    }
}

fn of_response(written: Written) -> Result<HttpReply, InvokeError> {
    match written {
        (Reply::Response { status, status_text, headers, .. }, body) => {
            Ok(HttpReply { status, status_text, headers, body })
        }
        (other, _) => Err(InvokeError::internal(format!("a request was answered with {other:?}"))),
    }
}
