//! `init`: engine, Web APIs and SDK. The memory after it is the base image.
use super::failure::{fail, internal};
use super::{Exported, GUEST, Guest, RuntimeJs};
use crate::engine::{self, Evaluated};
use crate::imports;
use crate::modules::{BuiltIns, HOST, HOST_SOURCE, NATIVES, RUNTIME, RUNTIME_SOURCE, RuntimeModules, SDK, SDK_SOURCE};
use crate::natives::{self, Random};
use daplet_abi::{LogLevel, Status};
use rquickjs::{CatchResultExt, CaughtError, Ctx, Object};
use std::mem::ManuallyDrop;

/// Sets up engine, Web APIs and SDK.
pub fn init() -> Status {
    match start() {
        Ok(guest) => {
            GUEST.set(Some(guest));
            Status::Done
        }
        Err(message) => {
            imports::log(LogLevel::Error, &message);
            fail(internal(message))
        }
    }
}

fn start() -> Result<Guest, String> {
    let (runtime, context) = engine::new().map_err(|error| error.to_string())?;
    let random = Random::default();
    // Only the runtime's own modules can import what is in this crate: from then on the loader knows the SDK and Dapr's client.
    runtime.set_loader(RuntimeModules, RuntimeModules);
    let runtime_js = context.with(|ctx| {
        random.install(&ctx).catch(&ctx).map_err(said)?;
        runtime_js(&ctx)
    })?;
    runtime.set_loader(BuiltIns, BuiltIns);
    context.with(|ctx| evaluated(&ctx, SDK, SDK_SOURCE).map(drop))?;
    runtime.set_host_promise_rejection_tracker(Some(tracker(runtime_js.rejection.clone())));
    runtime.run_gc();
    Ok(Guest {
        _runtime: ManuallyDrop::new(runtime),
        context: ManuallyDrop::new(context),
        runtime_js: ManuallyDrop::new(runtime_js),
        random,
        file: String::new(),
    })
}

/// Evaluates the runtime's own modules.
fn runtime_js(ctx: &Ctx<'_>) -> Result<RuntimeJs, String> {
    provide_natives(ctx).catch(ctx).map_err(said)?;
    let exports = evaluated(ctx, RUNTIME, RUNTIME_SOURCE)?;
    let js = RuntimeJs::from_exports(ctx, &exports).catch(ctx).map_err(said)?;
    evaluated(ctx, HOST, HOST_SOURCE)?;
    Ok(js)
}

/// Makes the module of the native functions. It takes them from a global that lives just that long.
fn provide_natives(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    const HANDOVER: &str = "__daplet_natives";
    let natives = natives::object(ctx)?;
    let names = natives.keys::<String>().collect::<rquickjs::Result<Vec<_>>>()?.join(", ");
    ctx.globals().set(HANDOVER, natives)?;
    let source = format!("export const {{ {names} }} = globalThis.{HANDOVER};");
    rquickjs::Module::evaluate(ctx.clone(), NATIVES, source)?.finish::<()>()?;
    ctx.globals().remove(HANDOVER)
}

fn evaluated<'js>(ctx: &Ctx<'js>, name: &str, source: &str) -> Result<Object<'js>, String> {
    match engine::evaluate(ctx, name, source.as_bytes()) {
        Evaluated::Done(namespace) => Ok(namespace),
        Evaluated::Stuck => Err(format!("{name} awaits at its top level")),
        Evaluated::Threw(error) => Err(format!("{name}: {error}")),
    }
}

fn said(error: CaughtError<'_>) -> String {
    error.to_string()
}

/// Reports promises that were rejected without a handler, and those of them that are given one later.
fn tracker(rejection: Exported) -> rquickjs::runtime::RejectionTracker {
    Box::new(move |ctx, promise, reason, handled| {
        if let Ok(rejection) = rejection.clone().restore(&ctx) {
            let _: rquickjs::Result<()> = rejection.call((promise, reason, handled));
        }
    })
}
