//! The engine: one QuickJS runtime and context with its limits, module evaluation, the job queue.
//!
//! Must not know: events, replies, operations.
use crate::imports;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Module, Object, Result, Runtime, promise::PromiseState};

/// Of the 1 MiB shadow stack QuickJS may use this much; the rest is for native code that does not check.
const JS_STACK_BYTES: usize = 700 << 10;
/// Allocated bytes after which the cycle collector runs first: above what an ordinary request allocates, since a request's
/// garbage goes with its heap.
const GC_THRESHOLD_BYTES: usize = 4 << 20;

/// A new runtime and context that obey the host's interrupt flag.
pub fn new() -> Result<(Runtime, Context)> {
    let runtime = Runtime::new()?;
    runtime.set_max_stack_size(JS_STACK_BYTES);
    runtime.set_gc_threshold(GC_THRESHOLD_BYTES);
    runtime.set_interrupt_handler(Some(Box::new(imports::interrupted)));
    let context = Context::full(&runtime)?;
    Ok((runtime, context))
}

/// Why the job queue was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// It is empty after so many jobs.
    Empty {
        /// Jobs that ran.
        jobs: usize,
    },
    /// The host asked to stop.
    Interrupted,
}

/// Runs jobs until the queue is empty. An interrupt ends the running job, but each new job would start again: so the flag
/// is checked between jobs too, or a chain of short ones would never end.
pub fn drain(ctx: &Ctx<'_>) -> Drained {
    let mut jobs = 0;
    loop {
        if imports::interrupted() {
            return Drained::Interrupted;
        }
        if !ctx.execute_pending_job() {
            return Drained::Empty { jobs };
        }
        jobs += 1;
    }
}

/// How evaluating a module ended.
pub enum Evaluated<'js> {
    /// It ran to its end; its namespace.
    Done(Object<'js>),
    /// Its top-level `await` waits for something that cannot come.
    Stuck,
    /// It threw, or did not parse or link.
    Threw(CaughtError<'js>),
}

/// Evaluates source as an ES module named `name`.
pub fn evaluate<'js>(ctx: &Ctx<'js>, name: &str, source: &[u8]) -> Evaluated<'js> {
    let evaluated = Module::declare(ctx.clone(), name, source).and_then(Module::eval).catch(ctx);
    let (module, promise) = match evaluated {
        Ok(pair) => pair,
        Err(error) => return Evaluated::Threw(error),
    };
    drain(ctx);
    match promise.state() {
        PromiseState::Pending => Evaluated::Stuck,
        PromiseState::Rejected => match promise.result::<()>() {
            Some(Err(error)) => Evaluated::Threw(CaughtError::from_error(ctx, error)),
            _ => Evaluated::Stuck,
        },
        PromiseState::Resolved => match module.namespace().catch(ctx) {
            Ok(namespace) => Evaluated::Done(namespace),
            Err(error) => Evaluated::Threw(error),
        },
    }
}
