//! The codecs behind CompressionStream and DecompressionStream, on `flate2` with `miniz_oxide`.
//!
//! A codec in the middle of a stream is known by the number that JavaScript holds. What a chunk becomes is taken out after each, and counts
//! as heap while it grows: a small chunk that becomes a large one meets `memoryMb` like everything else.
use crate::imports;
use flate2::write::{DeflateEncoder, GzDecoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};
use rquickjs::function::Func;
use rquickjs::{Ctx, IntoJs, Object, Result, TypedArray, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::rc::Rc;

type Codecs = Rc<RefCell<HashMap<u32, Codec>>>;

pub fn natives<'js>(natives: &Object<'js>) -> Result<()> {
    let codecs = Codecs::default();
    natives.set(
        "codec",
        Func::from(move |ctx: Ctx<'js>, id: u32, kind: String, chunk: Value<'js>| {
            step(ctx, &codecs, id, &kind, &chunk)
        }),
    )
}

/// One direction of one format.
enum Codec {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    DeflateRaw(DeflateEncoder<Vec<u8>>),
    Gunzip(GzDecoder<Vec<u8>>),
    Inflate(Inflate),
}

/// Evaluates the expression with the library's codec, or the other one with ours.
macro_rules! each {
    ($codec:expr, $c:ident => $body:expr, $inflate:ident => $other:expr) => {
        match $codec {
            Codec::Gzip($c) => $body,
            Codec::Deflate($c) => $body,
            Codec::DeflateRaw($c) => $body,
            Codec::Gunzip($c) => $body,
            Codec::Inflate($inflate) => $other,
        }
    };
}

impl Codec {
    fn new(kind: &str) -> Option<Codec> {
        let level = Compression::default();
        Some(match kind {
            "compress gzip" => Codec::Gzip(GzEncoder::new(Vec::new(), level)),
            "compress deflate" => Codec::Deflate(ZlibEncoder::new(Vec::new(), level)),
            "compress deflate-raw" => Codec::DeflateRaw(DeflateEncoder::new(Vec::new(), level)),
            "decompress gzip" => Codec::Gunzip(GzDecoder::new(Vec::new())),
            "decompress deflate" => Codec::Inflate(Inflate::new(true)),
            "decompress deflate-raw" => Codec::Inflate(Inflate::new(false)),
            _ => return None,
        })
    }

    /// What the chunk becomes. Bytes after the end of compressed data are an error, as the standard has it.
    fn write(&mut self, chunk: &[u8]) -> std::io::Result<Vec<u8>> {
        if let Codec::Gunzip(codec) = self {
            // What a decoder has in its buffer is data already; flushing an encoder would cost compression.
            codec.write_all(chunk)?;
            codec.flush()?;
            return Ok(std::mem::take(codec.get_mut()));
        }
        each!(self, codec => {
            codec.write_all(chunk)?;
            Ok(std::mem::take(codec.get_mut()))
        }, inflate => inflate.write(chunk))
    }

    /// What remains; an error where compressed data is not complete.
    fn finish(self) -> std::io::Result<Vec<u8>> {
        each!(self, codec => codec.finish(), inflate => inflate.finish())
    }
}

/// The decoder of `deflate` and `deflate-raw`: the library's writers of these do not tell data that ends too early.
struct Inflate {
    decoder: Decompress,
    ended: bool,
}

impl Inflate {
    fn new(header: bool) -> Inflate {
        Inflate { decoder: Decompress::new(header), ended: false }
    }

    fn write(&mut self, chunk: &[u8]) -> std::io::Result<Vec<u8>> {
        let (mut rest, mut result) = (chunk, Vec::new());
        loop {
            if self.ended {
                return if rest.is_empty() { Ok(result) } else { Err(ErrorKind::InvalidData.into()) };
            }
            result.reserve(chunk.len().max(4096));
            let (read, written) = (self.decoder.total_in(), result.len());
            let status = self.decoder.decompress_vec(rest, &mut result, FlushDecompress::None)?;
            let taken = usize::try_from(self.decoder.total_in() - read).unwrap_or(rest.len());
            rest = &rest[taken..];
            self.ended = status == Status::StreamEnd;
            if taken == 0 && result.len() == written && !self.ended {
                return if rest.is_empty() { Ok(result) } else { Err(ErrorKind::InvalidData.into()) };
            }
        }
    }

    fn finish(self) -> std::io::Result<Vec<u8>> {
        if self.ended { Ok(Vec::new()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

/// Gives codec `id`, made as `kind` says when it is new, one more chunk; null ends it. A text says what is wrong with the data.
fn step<'js>(ctx: Ctx<'js>, codecs: &Codecs, id: u32, kind: &str, chunk: &Value<'js>) -> Result<Value<'js>> {
    let Some(mut codec) = codecs.borrow_mut().remove(&id).or_else(|| Codec::new(kind)) else {
        return "the format is not known".into_js(&ctx);
    };
    let written = match imports::with_bytes(chunk, |chunk| codec.write(chunk)) {
        Some(written) => {
            if written.is_ok() {
                codecs.borrow_mut().insert(id, codec);
            }
            written
        }
        None => codec.finish(),
    };
    match written {
        Ok(bytes) => Ok(TypedArray::<u8>::new(ctx, bytes)?.into_value()),
        Err(_) => "the compressed data is not valid".into_js(&ctx),
    }
}
