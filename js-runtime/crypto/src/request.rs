//! A call as it crosses a boundary: one JSON text, and its byte strings one after the other.
use crate::{Call, Failure, Parts, Random, Started};
use serde::Deserialize;

/// A call with the lengths of its byte strings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    call: Call,
    lengths: Vec<usize>,
}

impl Request {
    /// Reads it.
    pub fn from_json(text: &str) -> Result<Request, Failure> {
        serde_json::from_str(text).map_err(|_| Failure::Operation("the call is malformed"))
    }

    /// The failure for a request that is none.
    pub fn malformed(reason: &'static str) -> Result<Parts, Failure> {
        Err(Failure::Operation(reason))
    }

    /// Starts it with its byte strings.
    pub fn start(&self, body: &[u8], random: &mut Random) -> Result<Started, Failure> {
        const LENGTHS: Failure = Failure::Operation("the lengths of the byte strings do not add up");
        let (mut rest, mut parts) = (body, Vec::with_capacity(self.lengths.len()));
        for length in &self.lengths {
            let (part, after) = rest.split_at_checked(*length).ok_or(LENGTHS)?;
            parts.push(part);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(LENGTHS);
        }
        self.call.start(&parts, random)
    }
}
