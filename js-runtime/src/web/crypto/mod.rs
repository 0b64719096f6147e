//! The calls of Web Cryptography that run in the guest, on the crate `daplet-crypto`. Which run in the host instead, `run.ts` decides.
use crate::imports;
use daplet_crypto::{Random, Request, same};
use rquickjs::function::Func;
use rquickjs::{Array, Ctx, IntoJs, Object, Result, TypedArray, Value};

pub fn natives(natives: &Object<'_>) -> Result<()> {
    natives.set("crypto", Func::from(crypto))?;
    natives.set("sameBytes", Func::from(same_bytes))
}

/// Runs a call. A text is a failure: the name of the `DOMException`, a space, its message.
fn crypto<'js>(ctx: Ctx<'js>, request: String, body: Value<'js>) -> Result<Value<'js>> {
    let mut random = Random(|bytes| {
        imports::random(bytes);
        true
    });
    let run = |body: &[u8]| Request::from_json(&request)?.start(body, &mut random)?.finish(&mut random);
    match imports::with_bytes(&body, run).unwrap_or_else(|| Request::malformed("the body is no bytes")) {
        Ok(parts) => {
            let result = Array::new(ctx.clone())?;
            for (index, part) in parts.into_iter().enumerate() {
                result.set(index, TypedArray::<u8>::new(ctx.clone(), part)?)?;
            }
            Ok(result.into_value())
        }
        Err(failure) => {
            let (name, message) = failure.described();
            format!("{name} {message}").into_js(&ctx)
        }
    }
}

/// Whether the bytes are equal, in a time that does not depend on where they differ.
fn same_bytes(a: Value<'_>, b: Value<'_>) -> bool {
    imports::with_bytes(&a, |a| imports::with_bytes(&b, |b| same(a, b))).flatten().unwrap_or(false)
}
