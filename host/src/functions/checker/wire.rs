//! The messages between the server and a checker: a length, then the bytes.
//!
//! A request is a head in JSON followed by the source; an answer is JSON. The server reads an answer as hostile input,
//! because a source may have taken over the checker that writes it.
use super::Answer;
use crate::functions::source::Language;
use serde::{Deserialize, Serialize};
use std::io::{Error, ErrorKind, Read, Result, Write};

/// Bytes of a length.
pub const PREFIX: usize = 4;
/// Largest answer to a source of `length` bytes. Code, its source map and JSON's escapes are each a multiple of the source.
pub fn largest_answer(length: usize) -> usize {
    (1 << 20) + length.saturating_mul(32)
}

/// A request without the source.
#[derive(Debug, Serialize, Deserialize)]
pub struct Head {
    /// The language that the developer states.
    pub language: Option<Language>,
    /// The file name for messages and source maps.
    pub file: String,
}

/// A checker's message when it is ready: which confinements the kernel applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Whether system calls are filtered.
    pub seccomp: bool,
    /// Whether files and ports are out of reach.
    pub landlock: bool,
}

/// The bytes of a request.
pub fn request(head: &Head, source: &str) -> Result<Vec<u8>> {
    let head = serde_json::to_vec(head)?;
    let mut bytes = Vec::with_capacity(2 * PREFIX + head.len() + source.len());
    bytes.extend(prefix(PREFIX + head.len() + source.len())?);
    bytes.extend(prefix(head.len())?);
    bytes.extend(head);
    bytes.extend(source.as_bytes());
    Ok(bytes)
}

/// Head and source of a request without its length.
pub fn split(request: &[u8]) -> Result<(Head, &str)> {
    let broken = || Error::new(ErrorKind::InvalidData, "a request is cut off");
    let (length, rest) = request.split_first_chunk::<PREFIX>().ok_or_else(broken)?;
    let (head, source) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(broken)?;
    let source = std::str::from_utf8(source).map_err(|e| Error::new(ErrorKind::InvalidData, e))?;
    Ok((serde_json::from_slice(head)?, source))
}

/// The answer in a message's bytes.
pub fn answer(bytes: &[u8]) -> Result<Answer> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Reads a message; `None` at the end of the input.
pub fn read(input: &mut impl Read) -> Result<Option<Vec<u8>>> {
    let mut length = [0; PREFIX];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut message = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut message)?;
    Ok(Some(message))
}

/// Writes a value as a message.
pub fn write(output: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value)?;
    output.write_all(&prefix(bytes.len())?)?;
    output.write_all(&bytes)?;
    output.flush()
}

fn prefix(length: usize) -> Result<[u8; PREFIX]> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(|e| Error::new(ErrorKind::InvalidInput, e))
}
