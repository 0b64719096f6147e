//! A response's body: part by part, decoded by its `content-encoding`, within a time for each part.
//!
//! Owns: the content codings, and what decoding one may take. Must not know: who reads, and how much of it.
use super::failure::{Failure, Wait};
use crate::allowance::Refused;
use crate::budget::{Purse, Share};
use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures::TryStreamExt;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};
use tokio_util::io::StreamReader;

/// Codings over each other that are decoded. Each has buffers of its own, and a few could make terabytes of a few bytes.
const LAYERS: usize = 3;
/// Largest decoded part, bytes.
const PART: usize = 32 << 10;
/// Largest window of zstd in HTTP, 8 MiB (RFC 9659), as its logarithm.
const ZSTD_WINDOW: u32 = 23;

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

/// A body.
pub struct Body {
    source: Source,
    /// For messages.
    host: String,
    idle: Duration,
}

enum Source {
    Empty,
    Plain(Incoming),
    Decoded { reader: Reader, coding: String, _buffers: Share },
}

impl Body {
    /// No bytes, as in answers to HEAD.
    pub fn empty(host: String, idle: Duration) -> Body {
        Body { source: Source::Empty, host, idle }
    }

    /// What arrives, decoded where all of its codings are known; else as it is.
    pub async fn new(
        incoming: Incoming,
        headers: &HeaderMap,
        host: String,
        idle: Duration,
        memory: &Purse,
    ) -> Result<Body, Failure> {
        let Some(codings) = codings(headers) else { return Ok(Body { source: Source::Plain(incoming), host, idle }) };
        let coding = codings.iter().map(|coding| coding.name()).collect::<Vec<_>>().join(", ");
        if codings.len() > LAYERS {
            let reason = format!("there are {} codings, of at most {LAYERS}", codings.len());
            return Err(Failure::Coding { coding, reason });
        }
        let buffers = memory.take(codings.iter().map(|coding| coding.buffers()).sum()).map_err(Refused::from)?;
        let stream = incoming.into_data_stream().map_err(std::io::Error::other);
        let mut reader: Reader = Box::pin(StreamReader::new(stream));
        for layer in codings.iter().rev() {
            // Some servers name a coding and send nothing.
            let start = tokio::time::timeout(idle, reader.fill_buf()).await;
            let start = start.map_err(|_| late(&host, idle))?.map_err(|e| read_failure(&e, &host, &coding))?;
            let Some(first) = start.first().copied() else { return Ok(Body::empty(host, idle)) };
            reader = layer.decoder(reader, first);
        }
        Ok(Body { source: Source::Decoded { reader, coding, _buffers: buffers }, host, idle })
    }

    /// Whether it is decoded on the way.
    pub fn is_decoded(&self) -> bool {
        matches!(self.source, Source::Decoded { .. })
    }

    /// The next part, or nothing at the end.
    pub async fn part(&mut self) -> Result<Option<Bytes>, Failure> {
        let Body { source, host, idle } = self;
        let next = async {
            match source {
                Source::Empty => Ok(None),
                Source::Plain(incoming) => next_frame(incoming).await.map_err(|e| Failure::of_exchange(&e, host)),
                Source::Decoded { reader, coding, .. } => {
                    let part = reader.fill_buf().await.map_err(|e| read_failure(&e, host, coding))?;
                    let part = Bytes::copy_from_slice(part);
                    reader.consume(part.len());
                    Ok((!part.is_empty()).then_some(part))
                }
            }
        };
        tokio::time::timeout(*idle, next).await.unwrap_or_else(|_| Err(late(host, *idle)))
    }
}

fn late(host: &str, limit: Duration) -> Failure {
    Failure::Late { wait: Wait::Body, host: host.to_owned(), limit }
}

/// The next bytes; trailers are left out.
async fn next_frame(incoming: &mut Incoming) -> Result<Option<Bytes>, hyper::Error> {
    loop {
        match incoming.frame().await.transpose()?.map(Frame::into_data) {
            None => return Ok(None),
            Some(Ok(data)) if !data.is_empty() => return Ok(Some(data)),
            Some(_) => {}
        }
    }
}

/// An error below the decoder is the connection's, any other the coding's.
fn read_failure(error: &std::io::Error, host: &str, coding: &str) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<hyper::Error>()) {
        Some(broken) => Failure::of_exchange(broken, host),
        None => Failure::Coding { coding: coding.to_owned(), reason: error.to_string() },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// What its window and tables take at most, bytes.
    fn buffers(self) -> usize {
        PART + match self {
            Coding::Gzip | Coding::Deflate => 64 << 10,
            Coding::Brotli => 17 << 20,
            Coding::Zstd => 9 << 20,
        }
    }

    /// Its decoder; `first` is the first byte of what it decodes.
    fn decoder(self, reader: Reader, first: u8) -> Reader {
        match self {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(reader);
                decoder.multiple_members(true);
                buffered(decoder)
            }
            // Servers send both forms under this name; a zlib header has the method 8 in its low bits (RFC 1950 §2.2).
            Coding::Deflate if first & 0x0f == 8 => buffered(ZlibDecoder::new(reader)),
            Coding::Deflate => buffered(DeflateDecoder::new(reader)),
            Coding::Brotli => buffered(BrotliDecoder::new(reader)),
            Coding::Zstd => buffered(ZstdDecoder::with_params(reader, &[DParameter::window_log_max(ZSTD_WINDOW)])),
        }
    }
}

fn buffered(decoder: impl AsyncRead + Send + 'static) -> Reader {
    Box::pin(BufReader::with_capacity(PART, decoder))
}

/// The codings of a body in the order of their application; `None` where there are none, or one that is not known.
fn codings(headers: &HeaderMap) -> Option<Vec<Coding>> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().ok()?.split(',').map(|name| name.trim().to_ascii_lowercase()) {
            codings.push(match name.as_str() {
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                "identity" | "" => continue,
                _ => return None,
            });
        }
    }
    (!codings.is_empty()).then_some(codings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn known_codings_are_read_and_unknown_ones_left_alone() {
        use Coding::{Brotli, Gzip, Zstd};
        for (values, expected) in [
            (&["gzip"][..], Some(vec![Gzip])),
            (&["X-GZIP , br"], Some(vec![Gzip, Brotli])),
            (&["gzip", "zstd"], Some(vec![Gzip, Zstd])),
            (&["identity"], None),
            (&["gzip, secret"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(codings(&headers), expected, "{values:?}");
        }
    }
}
