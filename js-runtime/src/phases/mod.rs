//! The phases of a guest: `init` (engine, Web APIs, SDK), `load` (one function's module), `handle`, `resume`.
//!
//! Owns the one engine of the instance. Every phase ends with a status and never with a panic: what JavaScript did wrong is
//! written as an error frame.
//!
//! - [`init`]: what becomes the base image
//! - [`load`]: what becomes a function's snapshot
//! - [`handle`]: an event, and the completions after it
//! - [`failure`]: failures that the phases find themselves
use crate::natives::Random;
use crate::{error, imports};
use daplet_abi::Status;
use daplet_abi::reply::{JsError, codes};
use rquickjs::{CaughtError, Context, Ctx, Function, Object, Persistent, Runtime};
use std::cell::RefCell;
use std::mem::ManuallyDrop;

mod failure;
mod handle;
mod init;
mod load;

use failure::{fail, internal};
pub use handle::{handle, resume};
pub use init::init;
pub use load::load;

/// Never dropped: the host throws the whole memory away instead.
struct Guest {
    _runtime: ManuallyDrop<Runtime>,
    context: ManuallyDrop<Context>,
    runtime_js: ManuallyDrop<RuntimeJs>,
    random: Random,
    /// The developer's file name, for stack frames.
    file: String,
}

/// A function of the runtime's own JavaScript.
type Exported = Persistent<Function<'static>>;

/// What `js/main.ts` exports.
struct RuntimeJs {
    load: Exported,
    handle: Exported,
    resume: Exported,
    observe: Exported,
    status: Exported,
    describe: Exported,
    rejection: Exported,
}

impl RuntimeJs {
    fn from_exports<'js>(ctx: &Ctx<'js>, exports: &Object<'js>) -> rquickjs::Result<RuntimeJs> {
        let save = |name: &str| exports.get::<_, Function>(name).map(|f| Persistent::save(ctx, f));
        Ok(RuntimeJs {
            load: save("load")?,
            handle: save("handle")?,
            resume: save("resume")?,
            observe: save("observe")?,
            status: save("status")?,
            describe: save("describe")?,
            rejection: save("rejection")?,
        })
    }
}

thread_local! {
    static GUEST: RefCell<Option<Guest>> = const { RefCell::new(None) };
}

/// Runs `body` with the engine; a phase before `init` is the host's mistake.
fn enter(body: impl for<'js> FnOnce(&mut Phase<'_, 'js>) -> Status) -> Status {
    imports::clear_control();
    GUEST.with_borrow_mut(|guest| {
        let Some(guest) = guest else { return fail(internal("the guest is not initialised".to_owned())) };
        let context: &Context = &guest.context;
        context.with(|ctx| {
            let (js, random) = (&*guest.runtime_js, &guest.random);
            body(&mut Phase { ctx, js, random, file: &mut guest.file })
        })
    })
}

/// One entry into the guest.
struct Phase<'a, 'js> {
    ctx: Ctx<'js>,
    js: &'a RuntimeJs,
    random: &'a Random,
    file: &'a mut String,
}

impl<'js> Phase<'_, 'js> {
    fn function(&self, function: &Exported) -> rquickjs::Result<Function<'js>> {
        function.clone().restore(&self.ctx)
    }

    fn failure(&self, error: CaughtError<'js>) -> JsError {
        match self.function(&self.js.describe) {
            Ok(describe) => error::caught(&self.ctx, &describe, error, self.file),
            Err(error) => {
                JsError { code: codes::EXCEPTION.to_owned(), message: error.to_string(), ..JsError::default() }
            }
        }
    }
}
