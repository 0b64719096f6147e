//! The phases of a guest: `init` (engine, Web APIs, SDK), `load` (one function's module), `handle`, `resume`.
//!
//! Owns the one engine of the instance. Every phase ends with a status and never with a panic: what JavaScript did wrong is
//! written as an error frame.
use crate::engine::{self, Drained, Evaluated};
use crate::error;
use crate::host;
use crate::modules::{HOST, SDK};
use crate::natives::{self, Random};
use crate::web;
use daplet_abi::frame::{Frame, encode};
use daplet_abi::load::LoadRequest;
use daplet_abi::reply::{JsError, Reply, codes};
use daplet_abi::{EventKind, LogLevel, Status};
use rquickjs::context::EvalOptions;
use rquickjs::promise::PromiseState;
use rquickjs::{ArrayBuffer, CatchResultExt, Context, Ctx, Function, Object, Persistent, Promise, Runtime, Value};
use std::cell::RefCell;
use std::mem::ManuallyDrop;

/// The runtime's own JavaScript; an expression whose value is a function from natives to the dispatcher.
const DISPATCH: &str = include_str!("dispatch.js");
/// What reads a module's declarations, for the dispatcher.
const DECLARATIONS: &str = include_str!("declarations.js");
/// Puts the primitive where a bundled copy of the SDK looks for it (`HOST` in sdk-js/src/internal/call.ts).
const KEEP_HOST: &str = "(call) => Object.defineProperty(globalThis, Symbol.for('daplet.host'), { value: call })";
/// The SDK's guest build: one ES module that imports [`HOST`].
const SDK_SOURCE: &str = include_str!(env!("DAPLET_SDK_JS"));

/// Never dropped: the host throws the whole memory away instead.
struct Guest {
    _runtime: ManuallyDrop<Runtime>,
    context: ManuallyDrop<Context>,
    dispatch: ManuallyDrop<Dispatch>,
    random: Random,
    /// The developer's file name, for stack frames.
    file: String,
}

/// The dispatcher's functions; see dispatch.js.
#[derive(Clone)]
struct Dispatch {
    load: Persistent<Function<'static>>,
    handle: Persistent<Function<'static>>,
    resume: Persistent<Function<'static>>,
    observe: Persistent<Function<'static>>,
    status: Persistent<Function<'static>>,
    describe: Persistent<Function<'static>>,
    rejection: Persistent<Function<'static>>,
}

thread_local! {
    static GUEST: RefCell<Option<Guest>> = const { RefCell::new(None) };
}

/// Sets up engine, Web APIs and SDK. The memory after it is the base image.
pub fn init() -> Status {
    match start() {
        Ok(guest) => {
            GUEST.set(Some(guest));
            Status::Done
        }
        Err(message) => {
            host::log(LogLevel::Error, &message);
            fail(JsError { code: codes::INTERNAL_ERROR.to_owned(), message, ..JsError::default() })
        }
    }
}

fn start() -> Result<Guest, String> {
    let (runtime, context) = engine::new().map_err(|e| e.to_string())?;
    let random = Random::default();
    let dispatch = context.with(|ctx| {
        let dispatch = (|| {
            random.install(&ctx)?;
            let natives = natives::object(&ctx)?;
            let create: Function = named(&ctx, "daplet:dispatch", DISPATCH)?;
            let web = Object::new(ctx.clone())?;
            let declarations: Function = named(&ctx, "daplet:declarations", DECLARATIONS)?;
            let declarations: Object = declarations.call(())?;
            let dispatch: Object = create.call((natives.clone(), web.clone(), declarations))?;
            web::init(&ctx, &natives, &dispatch, &web)?;
            // One thread has nothing to share, and libraries take it for a sign that `Atomics` is there.
            ctx.globals().remove("SharedArrayBuffer")?;
            // The module that only the SDK can import takes its one export from a global that lives just that long.
            ctx.globals().set("__daplet_call", dispatch.get::<_, Function>("call")?)?;
            let host = rquickjs::Module::evaluate(ctx.clone(), HOST, "export const call = globalThis.__daplet_call;")?;
            host.finish::<()>()?;
            ctx.globals().remove("__daplet_call")?;
            // A copy of the SDK in a bundle finds the same primitive here: it reaches no more than an import of the SDK does, for
            // grants are checked in the host. A function cannot replace it.
            let keep: Function = ctx.eval(KEEP_HOST)?;
            keep.call::<_, ()>((dispatch.get::<_, Function>("call")?,))?;
            let save = |name: &str| dispatch.get::<_, Function>(name).map(|f| Persistent::save(&ctx, f));
            Ok(Dispatch {
                load: save("load")?,
                handle: save("handle")?,
                resume: save("resume")?,
                observe: save("observe")?,
                status: save("status")?,
                describe: save("describe")?,
                rejection: save("rejection")?,
            })
        })()
        .catch(&ctx)
        .map_err(|error: rquickjs::CaughtError| error.to_string())?;
        match engine::evaluate(&ctx, SDK, SDK_SOURCE.as_bytes()) {
            Evaluated::Done(_) => Ok(dispatch),
            Evaluated::Stuck => Err("the SDK awaits at its top level".to_owned()),
            Evaluated::Threw(error) => Err(format!("the SDK: {error}")),
        }
    })?;
    runtime.set_host_promise_rejection_tracker(Some(tracker(dispatch.rejection.clone())));
    runtime.run_gc();
    Ok(Guest {
        _runtime: ManuallyDrop::new(runtime),
        context: ManuallyDrop::new(context),
        dispatch: ManuallyDrop::new(dispatch),
        random,
        file: String::new(),
    })
}

/// Evaluates the runtime's own JavaScript under a name for stack traces.
fn named<'js>(ctx: &Ctx<'js>, name: &str, script: &str) -> rquickjs::Result<Function<'js>> {
    let mut options = EvalOptions::default();
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(script, options)
}

/// Tells the dispatcher of promises that were rejected without a handler, and of those that got one later.
fn tracker(rejection: Persistent<Function<'static>>) -> rquickjs::runtime::RejectionTracker {
    Box::new(move |ctx, promise, reason, handled| {
        if let Ok(rejection) = rejection.clone().restore(&ctx) {
            let _: rquickjs::Result<()> = rejection.call((promise, reason, handled));
        }
    })
}

/// Runs `body` with the engine; a phase before `init` is the host's mistake.
fn enter(body: impl for<'js> FnOnce(&mut Phase<'_, 'js>) -> Status) -> Status {
    host::clear_control();
    GUEST.with_borrow_mut(|guest| {
        let Some(guest) = guest else {
            return fail(JsError {
                code: codes::INTERNAL_ERROR.to_owned(),
                message: "the guest is not initialised".to_owned(),
                ..JsError::default()
            });
        };
        let context: &Context = &guest.context;
        context.with(|ctx| {
            let (dispatch, random) = (&*guest.dispatch, &guest.random);
            body(&mut Phase { ctx, dispatch, random, file: &mut guest.file })
        })
    })
}

struct Phase<'a, 'js> {
    ctx: Ctx<'js>,
    dispatch: &'a Dispatch,
    random: &'a Random,
    file: &'a mut String,
}

impl<'js> Phase<'_, 'js> {
    fn function(&self, function: &Persistent<Function<'static>>) -> rquickjs::Result<Function<'js>> {
        function.clone().restore(&self.ctx)
    }

    fn failure(&self, error: rquickjs::CaughtError<'js>) -> JsError {
        match self.function(&self.dispatch.describe) {
            Ok(describe) => error::caught(&self.ctx, &describe, error, self.file),
            Err(error) => {
                JsError { code: codes::EXCEPTION.to_owned(), message: error.to_string(), ..JsError::default() }
            }
        }
    }

    /// Runs the job queue dry and finds out where the invocation stands.
    ///
    /// `entered` is what the dispatcher said: a status that holds if there are no jobs, or the handler's own promise. That one
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
        let status = match said {
            (said, 0) if !said.is_undefined() => Ok(said),
            _ => self.function(&self.dispatch.status).and_then(|f| f.call::<_, Value>(())).catch(&self.ctx),
        };
        match status {
            // The dispatcher's words: a number, or the description of a failure.
            Ok(value) => match (value.as_int(), value.as_string().and_then(|s| s.to_string().ok())) {
                (Some(status), _) => Status::from_i32(status).unwrap_or(Status::JsError),
                (_, Some(text)) if text == codes::NEVER_SETTLED => fail(never_settled()),
                // A failure that leaves while `ctx.waitUntil` holds the invocation open.
                (_, Some(text)) if text.starts_with('+') => {
                    fail(error::from_described(&text[1..], self.file));
                    Status::Pending
                }
                (_, text) => fail(error::from_described(&text.unwrap_or_default(), self.file)),
            },
            Err(error) => fail(self.failure(error)),
        }
    }

    /// The dispatcher's word and the number of jobs that ran after it; an error has been written.
    fn drained(&self, said: rquickjs::Result<Value<'js>>) -> Result<(Value<'js>, usize), Status> {
        let said = said.catch(&self.ctx).map_err(|error| fail(self.failure(error)))?;
        match engine::drain(&self.ctx) {
            Drained::Empty { jobs } => Ok((said, jobs)),
            Drained::Interrupted => Err(fail(interrupted())),
        }
    }

    /// Tells the dispatcher how the handler's promise stands.
    fn observe(&self, promise: Value<'js>) -> rquickjs::Result<Value<'js>> {
        let promise = Promise::from_value(promise)?;
        let (state, value) = match (promise.state(), promise.result::<Value>()) {
            (PromiseState::Resolved, Some(Ok(value))) => (RESOLVED, value),
            (PromiseState::Rejected, Some(Err(_))) => (REJECTED, self.ctx.catch()),
            _ => (UNSETTLED, Value::new_undefined(self.ctx.clone())),
        };
        self.function(&self.dispatch.observe)?.call((promise, state, value))
    }
}

/// States of a promise in the dispatcher's words.
const UNSETTLED: i32 = 0;
const RESOLVED: i32 = 1;
const REJECTED: i32 = 2;

/// Evaluates the module in the inbox. The memory after it, less what belongs to the base image, is the function's snapshot.
pub fn load(len: usize) -> Status {
    let inbox = host::read(len);
    let parsed =
        Frame::decode(&inbox).and_then(|frame| Ok((frame.parse_head::<LoadRequest>()?, frame.body, frame.head)));
    let (request, source, head) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return fail(protocol(error.to_string())),
    };
    host::set_heap_limit(usize::try_from(request.memory_bytes).unwrap_or(usize::MAX));
    enter(|phase| {
        phase.random.reset();
        phase.file.clone_from(&request.file);
        let namespace = match engine::evaluate(&phase.ctx, &request.file, source) {
            _ if host::interrupted() => return fail(interrupted()),
            Evaluated::Done(namespace) => namespace,
            Evaluated::Threw(error) => return fail(phase.failure(error)),
            Evaluated::Stuck => {
                return fail(JsError {
                    code: codes::NEVER_SETTLED.to_owned(),
                    name: "Error".to_owned(),
                    message: "the module's top-level await never settles: timers, state, publish and invoke work only \
                              inside a handler; move the call there"
                        .to_owned(),
                    ..JsError::default()
                });
            }
        };
        let head = String::from_utf8_lossy(head);
        let report: rquickjs::Result<String> =
            phase.function(&phase.dispatch.load).and_then(|load| load.call((namespace, head.as_ref())));
        match report.catch(&phase.ctx) {
            Ok(report) => {
                phase.ctx.run_gc();
                let mut frame = (report.len() as u32).to_le_bytes().to_vec();
                frame.extend_from_slice(report.as_bytes());
                host::write(&frame);
                Status::Done
            }
            Err(error) => fail(phase.failure(error)),
        }
    })
}

/// Runs the handler on the event in the inbox.
pub fn handle(kind: i32, len: usize) -> Status {
    let inbox = host::read(len);
    enter(|phase| {
        phase.random.reset();
        let known = EventKind::from_i32(kind).is_some();
        match Frame::decode(&inbox) {
            Ok(frame) if known => {
                let entered = text_and_body(&phase.ctx, &frame).and_then(|(head, body)| {
                    phase.function(&phase.dispatch.handle)?.call((kind, head, body, host::now()))
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
    let inbox = host::read(len);
    enter(|phase| match Frame::decode(&inbox) {
        Ok(frame) => {
            let entered = text_and_body(&phase.ctx, &frame)
                .and_then(|(head, body)| phase.function(&phase.dispatch.resume)?.call((head, body)));
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

/// Writes an error frame.
fn fail(error: JsError) -> Status {
    if let Ok(frame) = encode(&Reply::Error(error), &[]) {
        host::write(&frame);
    }
    Status::JsError
}

fn interrupted() -> JsError {
    JsError {
        code: codes::EXCEEDED_CPU.to_owned(),
        name: "InternalError".to_owned(),
        message: "interrupted".to_owned(),
        ..JsError::default()
    }
}

fn never_settled() -> JsError {
    JsError {
        code: codes::NEVER_SETTLED.to_owned(),
        name: "Error".to_owned(),
        message: "the handler's promise can never settle: no operation and no timer is open that could settle it"
            .to_owned(),
        ..JsError::default()
    }
}

fn protocol(message: String) -> JsError {
    JsError { code: codes::INTERNAL_ERROR.to_owned(), name: "ProtocolError".to_owned(), message, ..JsError::default() }
}
