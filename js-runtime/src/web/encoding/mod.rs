//! TextEncoder and TextDecoder, on encoding_rs.
use crate::imports;
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding};
use rquickjs::function::Func;
use rquickjs::{Ctx, Object, Result, TypedArray, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Decoders in the middle of a stream, by the number that JavaScript holds. One that is never finished ends with the
/// invocation's memory.
type Streams = Rc<RefCell<HashMap<u32, Decoder>>>;

pub fn natives(natives: &Object<'_>) -> Result<()> {
    let streams = Streams::default();
    natives.set("encodingLabel", Func::from(label))?;
    natives.set(
        "decode",
        Func::from(move |stream: u32, label: String, flags: u32, bytes: Value<'_>| {
            decode(&streams, stream, &label, flags, &bytes)
        }),
    )?;
    natives.set("decodeUtf8", Func::from(decode_utf8))?;
    natives.set("encodeUtf8", Func::from(encode_utf8))
}

/// The name of the encoding with that label, in lower case; null for an unknown label.
fn label(label: String) -> Option<String> {
    let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
    Some(encoding.name().to_ascii_lowercase())
}

/// `fatal`: malformed input is an error.
const FATAL: u32 = 1;
/// `ignoreBOM`: the result contains a byte order mark.
const IGNORE_BOM: u32 = 2;
/// `stream`: more input follows.
const STREAM: u32 = 4;

/// Decodes bytes, continuing stream `stream`; null if `fatal` and they are malformed.
fn decode(streams: &Streams, stream: u32, label: &str, flags: u32, bytes: &Value<'_>) -> Option<String> {
    let mut decoder = match streams.borrow_mut().remove(&stream) {
        Some(decoder) => decoder,
        None => {
            let encoding = Encoding::for_label(label.as_bytes())?;
            if flags & IGNORE_BOM != 0 {
                encoding.new_decoder_without_bom_handling()
            } else {
                encoding.new_decoder_with_bom_removal()
            }
        }
    };
    let more = flags & STREAM != 0;
    let text = imports::with_bytes(bytes, |bytes| run(&mut decoder, bytes, flags & FATAL != 0, !more)).flatten()?;
    if more {
        streams.borrow_mut().insert(stream, decoder);
    }
    Some(text)
}

fn run(decoder: &mut Decoder, mut bytes: &[u8], fatal: bool, last: bool) -> Option<String> {
    let mut text = String::with_capacity(bytes.len() + 16);
    loop {
        let read = if fatal {
            let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, last);
            match result {
                DecoderResult::InputEmpty => return Some(text),
                DecoderResult::Malformed(..) => return None,
                DecoderResult::OutputFull => read,
            }
        } else {
            let (result, read, _) = decoder.decode_to_string(bytes, &mut text, last);
            match result {
                CoderResult::InputEmpty => return Some(text),
                CoderResult::OutputFull => read,
            }
        };
        bytes = &bytes[read..];
        text.reserve(bytes.len().max(16) * 3);
    }
}

/// The whole of `bytes` as UTF-8 without a byte order mark, replacing what is malformed; for bodies.
fn decode_utf8(bytes: Value<'_>) -> Option<String> {
    imports::with_bytes(&bytes, |bytes| {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        String::from_utf8_lossy(bytes).into_owned()
    })
}

/// The text (well-formed) as UTF-8.
fn encode_utf8<'js>(ctx: Ctx<'js>, text: rquickjs::String<'js>) -> Result<TypedArray<'js, u8>> {
    TypedArray::new_copy(ctx, text.to_cstring()?.as_str().as_bytes())
}
