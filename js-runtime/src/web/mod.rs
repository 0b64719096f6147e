//! The Web APIs: one folder each, one line in [`APIS`].
//!
//! An API is a JavaScript expression `(natives, internals) => { … }` that installs its globals, with native functions where
//! a library does the work. Evaluated once, during `init`: classes and their bytecode are part of the base image and cost a
//! request nothing. `internals` is how APIs and the dispatcher reach each other; a developer's code never sees it.
use rquickjs::{Ctx, Function, Object, Result};

mod base64;
mod encoding;
mod headers;
mod url;

/// One Web API: its name in stack traces, its JavaScript, and what it needs of Rust.
struct Api {
    name: &'static str,
    script: &'static str,
    natives: fn(&Ctx<'_>, &Object<'_>) -> Result<()>,
}

const fn script(name: &'static str, script: &'static str) -> Api {
    Api { name, script, natives: |_, _| Ok(()) }
}

/// In the order of their dependencies.
const APIS: &[Api] = &[
    script("webidl", include_str!("webidl/webidl.js")),
    script("exception", include_str!("exception/exception.js")),
    Api { name: "encoding", script: include_str!("encoding/encoding.js"), natives: encoding::natives },
    Api { name: "base64", script: include_str!("base64/base64.js"), natives: base64::natives },
    script("events", include_str!("events/events.js")),
    script("timers", include_str!("timers/timers.js")),
    script("abort", include_str!("abort/abort.js")),
    Api { name: "url", script: include_str!("url/url.js"), natives: url::natives },
    Api { name: "headers", script: include_str!("headers/headers.js"), natives: headers::natives },
    script("body", include_str!("body/body.js")),
    script("fetch", include_str!("fetch/fetch.js")),
    script("clone", include_str!("clone/clone.js")),
    script("console", include_str!("console/console.js")),
    script("crypto", include_str!("crypto/crypto.js")),
    script("performance", include_str!("performance/performance.js")),
];

/// Installs every Web API. `dispatch` is the dispatcher (`call` and `startedAt` are used), `internals` starts empty.
pub fn init<'js>(ctx: &Ctx<'js>, natives: &Object<'js>, dispatch: &Object<'js>, internals: &Object<'js>) -> Result<()> {
    internals.set("call", dispatch.get::<_, Function>("call")?)?;
    internals.set("startedAt", dispatch.get::<_, Function>("startedAt")?)?;
    for api in APIS {
        (api.natives)(ctx, natives)?;
        let mut options = rquickjs::context::EvalOptions::default();
        options.filename = Some(format!("daplet:{}", api.name));
        let install: Function = ctx.eval_with_options(api.script, options)?;
        install.call::<_, ()>((natives.clone(), internals.clone()))?;
    }
    Ok(())
}
