//! What a connection of HTTP/1 holds between its requests, and its share of the memory budget.
//!
//! hyper keeps its buffers as long as the connection: one that it reads into, one for heads of answers, and the last answer's map of
//! headers. Each grows with what passed and never shrinks, so thousands of idle connections could hold what their shares do not cover.
//!
//! - **Reads** are short: hyper doubles the room of a read whenever one fills it, so a body of 200 KB left 177 KiB behind.
//! - **Heads of requests** that do not fit the usual buffer take a larger share, for the rest of the connection's life.
//! - **Heads of answers** that do not fit end the connection after the answer.
//!
//! Must not know: sockets, time.
use crate::budget::{BudgetError, Share};
use axum::http::HeaderMap;

/// The usual buffers of a connection, bytes: 8 KiB to read into, as much for heads of answers, and what serves it.
pub const CONNECTION: usize = 24 << 10;
/// Bytes of one read, at most: fewer than hyper's first buffer has, so that a read never fills it and hyper never doubles it. Longer
/// reads of large bodies gain nothing: fewer system calls, but more memory that is not in the processor's cache.
pub const READ: u64 = (8 << 10) - 1;
/// A head up to this size fits the usual buffers.
const USUAL_HEAD: usize = 8 << 10;
/// Headers of an answer that are kept without a larger share.
const USUAL_HEADERS: usize = 64;
/// What a share grows by, at least, so that a head that comes in small parts does not ask at each.
const STEP: usize = 16 << 10;

/// The share of one connection.
pub struct Buffers {
    share: Share,
    /// Bytes of it that are for large heads.
    heads: usize,
}

impl Buffers {
    /// `share` covers the usual buffers.
    pub fn new(share: Share) -> Buffers {
        Buffers { share, heads: 0 }
    }

    /// Takes a share for a request's head of which `bytes` have arrived. The buffer doubles, so it may have room for twice as many.
    pub fn head(&mut self, bytes: usize) -> Result<(), BudgetError> {
        let wanted = 2 * bytes;
        if bytes <= USUAL_HEAD || wanted <= self.heads {
            return Ok(());
        }
        let more = (wanted - self.heads).max(STEP);
        self.share.grow(more)?;
        self.heads += more;
        Ok(())
    }
}

/// Whether hyper would keep larger buffers after an answer with these headers than the usual share covers.
pub fn outgrown_by(answer: &HeaderMap) -> bool {
    size_of(answer) > USUAL_HEAD || answer.len() > USUAL_HEADERS
}

/// As HTTP/1 would write them.
pub fn size_of(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::budget::Budget;
    use axum::http::HeaderValue;

    #[test]
    fn a_large_head_takes_a_share_for_the_life_of_the_connection() {
        let budget = Budget::new(1 << 20);
        let mut buffers = Buffers::new(budget.purse().take(CONNECTION).unwrap());
        buffers.head(USUAL_HEAD).unwrap();
        assert_eq!(budget.used(), 24 << 10);
        for bytes in (8 << 10)..=(64 << 10) {
            buffers.head(bytes).unwrap();
            assert!(budget.used() as usize >= CONNECTION + if bytes > USUAL_HEAD { 2 * bytes } else { 0 });
        }
        let most = budget.used();
        assert!(most <= (24 + 128 + 16) << 10, "{most}");
        buffers.head(100).unwrap();
        buffers.head(60 << 10).unwrap();
        assert_eq!(budget.used(), most);
        assert!(buffers.head(1 << 20).is_err());
        drop(buffers);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn answers_with_large_heads_are_known() {
        let mut headers = HeaderMap::new();
        headers.insert("a", HeaderValue::from_bytes(&[b'x'; 8 << 10][..(8 << 10) - 5]).unwrap());
        assert!(!outgrown_by(&headers));
        headers.insert("b", HeaderValue::from_static(""));
        assert!(outgrown_by(&headers));
        let mut many = HeaderMap::new();
        for _ in 0..65 {
            many.append("a", HeaderValue::from_static("1"));
        }
        assert!(outgrown_by(&many));
    }
}
