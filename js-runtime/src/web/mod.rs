//! The Web APIs: one folder each, with the TypeScript and, where a library does the work, native functions for it.
//!
//! A module of TypeScript installs its globals when it is evaluated, once, during `init`: classes and their bytecode are part of the
//! base image and cost a request nothing. `js/main.ts` imports all of them in their order.
use rquickjs::{Object, Result};

mod base64;
mod compression;
mod crypto;
mod encoding;
mod headers;
mod url;

/// Adds the native functions of every API.
pub fn natives(natives: &Object<'_>) -> Result<()> {
    encoding::natives(natives)?;
    base64::natives(natives)?;
    compression::natives(natives)?;
    crypto::natives(natives)?;
    url::natives(natives)?;
    headers::natives(natives)
}
