//! What Headers needs of Rust: normalising names and values, which regular expressions would make slow.
use rquickjs::function::Func;
use rquickjs::{Ctx, IntoJs, Null, Object, Result, Value};

pub fn natives(_: &Ctx<'_>, natives: &Object<'_>) -> Result<()> {
    natives.set("headerName", Func::from(name))?;
    natives.set("headerValue", Func::from(value))?;
    natives.set("isProxy", Func::from(|value: Value<'_>| value.is_proxy()))
}

/// The name in lower case; null when it is no token (RFC 9110 §5.6.2).
fn name<'js>(ctx: Ctx<'js>, text: rquickjs::String<'js>) -> Result<Value<'js>> {
    let bytes = text.clone().to_cstring()?;
    let bytes = bytes.as_str().as_bytes();
    let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    if bytes.is_empty() || !bytes.iter().all(token) {
        return Null.into_js(&ctx);
    }
    if !bytes.iter().any(u8::is_ascii_uppercase) {
        return Ok(text.into_value());
    }
    String::from_utf8_lossy(bytes).to_ascii_lowercase().into_js(&ctx)
}

/// The value without white space at its ends; null when it has a NUL, CR or LF inside, undefined when it has a character
/// above U+00FF.
fn value<'js>(ctx: Ctx<'js>, text: rquickjs::String<'js>) -> Result<Value<'js>> {
    let string = text.clone().to_cstring()?;
    let trimmed = string.as_str().trim_matches(['\t', '\n', '\r', ' ']);
    if trimmed.contains(['\0', '\n', '\r']) {
        return Null.into_js(&ctx);
    }
    if !string.as_str().is_ascii() && string.as_str().chars().any(|c| c > '\u{ff}') {
        return Ok(Value::new_undefined(ctx));
    }
    if trimmed.len() == string.as_str().len() {
        return Ok(text.into_value());
    }
    trimmed.into_js(&ctx)
}
