//! Bytes with their share: as [`Bytes`] they keep it until the last clone or slice is dropped, which for an answer is when its last
//! byte is written.
use super::Share;
use bytes::Bytes;

struct Held {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes that hold `share` as long as anybody has them.
pub fn hold(bytes: impl Into<Bytes>, share: Share) -> Bytes {
    Bytes::from_owner(Held { bytes: bytes.into(), _share: share })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::budget::Budget;
    use bytes::Bytes;

    #[test]
    fn bytes_keep_their_share_until_the_last_slice_is_gone() {
        let budget = Budget::new(100);
        let bytes = budget.purse().hold(Bytes::from_static(b"0123456789")).unwrap();
        let slice = bytes.slice(3..5);
        drop(bytes);
        assert_eq!((&*slice, budget.used()), (&b"34"[..], 10));
        drop(slice);
        assert_eq!(budget.used(), 0);
        assert!(budget.purse().hold(Bytes::from(vec![0; 60])).is_err());
    }
}
