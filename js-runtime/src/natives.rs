//! The native functions that the runtime's own JavaScript calls: frames out, console, clock, random numbers.
//!
//! They are the module `daplet:natives`, which a developer's code cannot import; `js/natives.d.ts` has their types.
use crate::{imports, web};
use daplet_abi::LogLevel;
use rquickjs::function::Func;
use rquickjs::{Ctx, Exception, Object, Result, TypedArray, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

/// The natives as a JavaScript object.
pub fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object
        .set("write", Func::from(|head: rquickjs::String<'js>, body: Value<'js>| emit(head, body, imports::write)))?;
    object.set("submit", Func::from(submit))?;
    object.set("log", Func::from(log))?;
    object.set("now", Func::from(imports::now))?;
    object.set("random", Func::from(fill))?;
    object.set("version", env!("CARGO_PKG_VERSION"))?;
    web::natives(&object)?;
    Ok(object)
}

fn log(level: i32, text: rquickjs::String<'_>) -> Result<()> {
    let text = text.to_cstring()?;
    imports::log(LogLevel::from_i32(level), &String::from_utf8_lossy(&well_formed(imports::bytes_of(&text))));
    Ok(())
}

/// Starts an operation. A key or topic with a lone surrogate is refused: replaced, two of them would become one.
fn submit<'js>(ctx: Ctx<'js>, head: rquickjs::String<'js>, body: Value<'js>) -> Result<()> {
    if lone_surrogate(imports::bytes_of(&head.clone().to_cstring()?)) {
        return Err(Exception::throw_type(&ctx, "an argument has a lone surrogate, which UTF-8 cannot express"));
    }
    emit(head, body, imports::submit)
}

/// Whether JSON text of the engine, which writes surrogate pairs unescaped, has an escaped surrogate.
fn lone_surrogate(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if let [_, b'u', b'd', b'8' | b'9' | b'a'..=b'f', ..] = &rest[at..] {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// Sends `head | body` as one frame. The body is null, a string (UTF-8 on the wire), an ArrayBuffer or a Uint8Array.
fn emit<'js>(head: rquickjs::String<'js>, body: Value<'js>, send: fn(&[u8])) -> Result<()> {
    let head = head.to_cstring()?;
    let head = well_formed(imports::bytes_of(&head));
    let frame = |body: &[u8]| {
        let mut frame = Vec::with_capacity(4 + head.len() + body.len());
        frame.extend_from_slice(&(head.len() as u32).to_le_bytes());
        frame.extend_from_slice(&head);
        frame.extend_from_slice(body);
        send(&frame);
    };
    if body.is_null() || body.is_undefined() {
        frame(&[]);
    } else if let Some(text) = body.as_string() {
        frame(&well_formed(imports::bytes_of(&text.clone().to_cstring()?)));
    } else if imports::with_bytes(&body, frame).is_some() {
    } else {
        return Err(Exception::throw_type(body.ctx(), "a frame body must be a string or bytes"));
    }
    Ok(())
}

/// Text from the engine, in which a lone surrogate is three bytes of invalid UTF-8, with U+FFFD in its place: as the
/// Encoding Standard requires, and with as many characters as the text had.
fn well_formed(text: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(text).is_ok() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.to_vec();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(2).position(|pair| pair[0] == 0xed && pair[1] >= 0xa0) {
        at += found;
        let end = (at + 3).min(bytes.len());
        bytes.splice(at..end, "\u{fffd}".bytes());
        at += 3;
    }
    Cow::Owned(bytes)
}

/// Random bytes for a Uint8Array of the given length.
fn fill<'js>(ctx: Ctx<'js>, length: usize) -> Result<TypedArray<'js, u8>> {
    let mut bytes = vec![0; length];
    imports::random(&mut bytes);
    TypedArray::new(ctx, bytes)
}

/// The state of `Math.random`: xoshiro256++, seeded from the host at the first use of each invocation, because a state
/// that was snapshotted would give every request the same numbers.
#[derive(Clone, Default)]
pub struct Random(Rc<Cell<Option<[u64; 4]>>>);

impl Random {
    /// Replaces `Math.random`.
    pub fn install(&self, ctx: &Ctx<'_>) -> Result<()> {
        let math: Object = ctx.globals().get("Math")?;
        let state = self.clone();
        let random = rquickjs::Function::new(ctx.clone(), move || state.next())?.with_name("random")?;
        math.prop("random", rquickjs::object::Property::from(random).writable().configurable())
    }

    /// Forgets the state: the next number seeds it again.
    pub fn reset(&self) {
        self.0.set(None);
    }

    /// A number in [0, 1) with 53 random bits. Source: Blackman and Vigna, xoshiro256++ 1.0.
    fn next(&self) -> f64 {
        let mut s = self.0.get().unwrap_or_else(|| {
            let mut bytes = [0; 32];
            imports::random(&mut bytes);
            let mut words = bytes.chunks_exact(8).map(|w| u64::from_le_bytes(w.try_into().unwrap_or([1; 8])));
            std::array::from_fn(|_| words.next().unwrap_or(1))
        });
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        self.0.set(Some(s));
        (result >> 11) as f64 / (1u64 << 53) as f64
    }
}
