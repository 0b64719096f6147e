//! Bytes with their share of the budget: as [`Bytes`] they keep it until the last clone or slice is dropped. For an
//! answer that is when its last byte is written.
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

/// Bytes that hold `share` as long as a clone or a slice of them exists.
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
        let budget = Budget::new(100_000);
        let bytes = budget.purse().hold(Bytes::from(vec![7; 10_000])).unwrap();
        let slice = bytes.slice(3..5);
        drop(bytes);
        assert_eq!((&*slice, budget.used()), (&[7, 7][..], 10_000));
        drop(slice);
        assert_eq!(budget.used(), 0);
        let small = budget.purse().hold(Bytes::from_static(b"small")).unwrap();
        assert_eq!((&*small, budget.used()), (&b"small"[..], 0));
        assert!(budget.purse().hold(Bytes::from(vec![0; 60_000])).is_err());
    }
}
