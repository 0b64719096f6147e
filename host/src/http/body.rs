//! Request bodies that are gathered whole, up to a size, and with a share of the memory budget.
use super::timed::Slow;
use crate::budget::held::hold;
use crate::budget::{BudgetError, Purse, SMALL, Share};
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;

/// What is added to a buffer that is full, at most, bytes.
const STEP: usize = 1 << 20;

/// Why a body was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is larger than it may be.
    TooLarge,
    /// The budget has no room now.
    NoMemory(BudgetError),
    /// The peer took too long.
    Slow(Slow),
    /// The connection's words.
    Broken(String),
}

impl From<axum::Error> for Unread {
    fn from(error: axum::Error) -> Unread {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            match error.downcast_ref() {
                Some(Slow::Late(within)) => return Unread::Slow(Slow::Late(*within)),
                Some(Slow::Pace(rate)) => return Unread::Slow(Slow::Pace(*rate)),
                None => cause = error.source(),
            }
        }
        Unread::Broken(error.to_string())
    }
}

/// Reads a body to its end. A body that is not small takes a share of `memory` as it arrives, and holds it as long as the
/// bytes exist.
pub async fn gather(mut body: Body, limit: usize, memory: &Purse) -> Result<Bytes, Unread> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = body.size_hint();
    // A length that is too large already need not arrive.
    if announced.lower() > limit as u64 {
        return Err(Unread::TooLarge);
    }
    let whole = announced.exact().and_then(|length| usize::try_from(length).ok());
    let mut gathered = Gathered { bytes: Vec::new(), share: memory.none(), most: whole.unwrap_or(limit) };
    while let Some(frame) = body.frame().await {
        // Trailers are dropped.
        let Ok(data) = frame?.into_data() else { continue };
        if data.len() <= SMALL && whole == Some(data.len()) {
            return Ok(data);
        }
        if gathered.bytes.len() + data.len() > limit {
            return Err(Unread::TooLarge);
        }
        gathered.add(&data).map_err(Unread::NoMemory)?;
    }
    let Gathered { bytes, share, .. } = gathered;
    Ok(if share.bytes() == 0 { bytes.into() } else { hold(bytes, share) })
}

/// What has arrived of a body.
struct Gathered {
    bytes: Vec<u8>,
    share: Share,
    /// It becomes no larger.
    most: usize,
}

impl Gathered {
    fn add(&mut self, data: &[u8]) -> Result<(), BudgetError> {
        let (length, room) = (self.bytes.len() + data.len(), self.bytes.capacity());
        if length > room {
            let room = (room + room.min(STEP)).min(self.most).max(length);
            if room > SMALL {
                self.share.resize(room)?;
            }
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::budget::Budget;
    use futures::stream;

    fn chunks(count: usize, size: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(move |n| Ok::<_, std::io::Error>(vec![n as u8; size]))))
    }

    #[tokio::test]
    async fn a_body_holds_its_share_until_it_is_dropped() {
        let budget = Budget::new(1 << 20);
        let body = gather(chunks(10, 10_000), 200_000, &budget.purse()).await.unwrap();
        assert_eq!((body.len(), body[99_999]), (100_000, 9));
        assert!((100_000..=200_000).contains(&budget.used()), "{}", budget.used());
        drop(body);
        assert_eq!(budget.used(), 0);
        let small = gather(Body::from("small"), 10, &budget.purse()).await.unwrap();
        assert_eq!((&*small, budget.used()), (&b"small"[..], 0));
    }

    #[tokio::test]
    async fn what_is_too_large_or_has_no_share_is_refused_and_leaves_nothing() {
        let budget = Budget::new(100_000);
        let purse = budget.purse();
        assert!(matches!(gather(chunks(10, 10_000), 50_000, &purse).await, Err(Unread::TooLarge)));
        assert!(matches!(gather(Body::from(vec![0; 50_001]), 50_000, &purse).await, Err(Unread::TooLarge)));
        assert!(matches!(gather(chunks(10, 10_000), 200_000, &purse).await, Err(Unread::NoMemory(_))));
        assert_eq!((budget.used(), purse.held()), (0, 0));
    }
}
