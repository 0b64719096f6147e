//! What forms need of Rust: media types (crate `data-url`, the MIME Sniffing Standard) and parsing `multipart/form-data`.
use crate::imports;
use data_url::mime::Mime;
use rquickjs::function::Func;
use rquickjs::{Array, Ctx, IntoJs, Object, Result, Value};

mod multipart;

pub fn natives(natives: &Object<'_>) -> Result<()> {
    natives.set("parseMime", Func::from(parse_mime))?;
    natives.set("parseMultipart", Func::from(parse_multipart))
}

/// The media type in its normal form, its essence and its boundary, if it has one; `None` for what is no media type.
fn parse_mime(text: String) -> Option<Vec<String>> {
    let mime: Mime = text.parse().ok()?;
    let essence = format!("{}/{}", mime.type_, mime.subtype);
    let mut parts = vec![mime.to_string(), essence];
    parts.extend(mime.get_parameter("boundary").map(str::to_owned));
    Some(parts)
}

/// An array for each part, as natives.d.ts has it; or what is wrong, as a text.
fn parse_multipart<'js>(ctx: Ctx<'js>, bytes: Value<'js>, boundary: String) -> Result<Value<'js>> {
    let parsed = imports::with_bytes(&bytes, |bytes| multipart::parse(bytes, &boundary));
    let parts = match parsed.unwrap_or(Err("it has no bytes")) {
        Ok(parts) => parts,
        Err(problem) => return problem.into_js(&ctx),
    };
    let list = Array::new(ctx.clone())?;
    for (index, part) in parts.into_iter().enumerate() {
        let entry = Array::new(ctx.clone())?;
        entry.set(0, part.name)?;
        match part.filename {
            Some(filename) => entry.set(1, filename)?,
            None => entry.set(1, rquickjs::Null)?,
        }
        entry.set(2, part.content_type)?;
        entry.set(3, part.content.start)?;
        entry.set(4, part.content.end)?;
        list.set(index, entry)?;
    }
    Ok(list.into_value())
}
