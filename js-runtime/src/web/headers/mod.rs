//! What Headers needs of Rust: normalising names and values, which regular expressions would make slow.
use crate::imports;
use rquickjs::function::Func;
use rquickjs::{Array, Ctx, IntoJs, Null, Object, Result, Value};

pub fn natives(natives: &Object<'_>) -> Result<()> {
    natives.set("headerName", Func::from(name))?;
    natives.set("headerPair", Func::from(pair))?;
    natives.set("headersJson", Func::from(json))?;
    natives.set("isProxy", Func::from(|value: Value<'_>| value.is_proxy()))
}

/// The name in lower case; null if it is not a token (RFC 9110 §5.6.2).
fn name<'js>(ctx: Ctx<'js>, text: rquickjs::String<'js>) -> Result<Value<'js>> {
    let string = text.clone().to_cstring()?;
    let bytes = imports::bytes_of(&string);
    let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    if bytes.is_empty() || !bytes.iter().all(token) {
        return Null.into_js(&ctx);
    }
    if !bytes.iter().any(u8::is_ascii_uppercase) {
        return Ok(text.into_value());
    }
    String::from_utf8_lossy(bytes).to_ascii_lowercase().into_js(&ctx)
}

/// Name and value in normal form, as a pair; or a text that states what is wrong with them.
fn pair<'js>(ctx: Ctx<'js>, given: rquickjs::String<'js>, text: rquickjs::String<'js>) -> Result<Value<'js>> {
    let normal = name(ctx.clone(), given.clone())?;
    if normal.is_null() {
        let given = given.to_cstring()?;
        let shown = String::from_utf8_lossy(imports::bytes_of(&given));
        return format!("\"{shown}\" is not a valid header name").into_js(&ctx);
    }
    let string = text.clone().to_cstring()?;
    let bytes = imports::bytes_of(&string);
    let value = trim(bytes);
    // In UTF-8 the characters up to U+00FF begin with at most 0xc3.
    if value.iter().any(|byte| *byte > 0xc3) {
        return "a header value cannot have a character above U+00FF".into_js(&ctx);
    }
    if value.iter().any(|byte| b"\0\n\r".contains(byte)) {
        return "a header value cannot contain NUL, CR or LF".into_js(&ctx);
    }
    let pair = Array::new(ctx.clone())?;
    pair.set(0, normal)?;
    if value.len() == bytes.len() {
        pair.set(1, text)?;
    } else {
        pair.set(1, &*String::from_utf8_lossy(value))?;
    }
    Ok(pair.into_value())
}

/// Without white space at its ends (Fetch Standard, "normalize").
fn trim(bytes: &[u8]) -> &[u8] {
    let inside = |byte: &u8| !b"\t\n\r ".contains(byte);
    match (bytes.iter().position(inside), bytes.iter().rposition(inside)) {
        (Some(first), Some(last)) => &bytes[first..=last],
        _ => &[],
    }
}

/// A list of pairs as JSON text: many times faster than the engine's `JSON.stringify`, which asks each value for `toJSON`.
fn json(list: Array<'_>) -> Result<String> {
    let mut text = String::from("[");
    for index in 0..list.len() {
        let pair: Array = list.get(index)?;
        text.push_str(if index == 0 { "[" } else { ",[" });
        for part in 0..2 {
            let string = pair.get::<rquickjs::String>(part)?.to_cstring()?;
            let string = String::from_utf8_lossy(imports::bytes_of(&string));
            text.push_str(if part == 0 { "" } else { "," });
            text.push_str(&serde_json::Value::from(string).to_string());
        }
        text.push(']');
    }
    text.push(']');
    Ok(text)
}
