//! Request bodies: read whole, up to a size, within a time.
//!
//! The clock runs only while the peer is waited for; a body that is there already needs no timer.
use super::ApiError;
use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// A body took too long.
#[derive(Debug, thiserror::Error)]
#[error("the request body did not arrive within {} ms", .0.as_millis())]
pub struct Slow(Duration);

/// A body that fails as [`Slow`] when it is not there in time.
pub struct Timed {
    inner: Incoming,
    within: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    /// The clock starts with the first wait for the peer.
    pub fn body(inner: Incoming, within: Duration) -> Body {
        if inner.is_end_stream() { Body::empty() } else { Body::new(Timed { inner, within, alarm: None }) }
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let within = this.within;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
        alarm.as_mut().poll(cx).map(|()| Some(Err(Slow(within).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Reads a body to its end; `what` and `setting` name it where it is larger than `limit`.
pub async fn read(body: Body, limit: usize, what: &str, setting: &'static str) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // A length that is too large already need not arrive.
    if body.size_hint().lower() > limit as u64 {
        return Err(ApiError::too_large(what, limit, setting));
    }
    let error = match Limited::new(body, limit).collect().await {
        Ok(collected) => return Ok(collected.to_bytes()),
        Err(error) => error,
    };
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Err(ApiError::too_large(what, limit, setting));
        }
        if let Some(Slow(within)) = error.downcast_ref() {
            return Err(ApiError::too_slow(what, *within, "body_ms"));
        }
        cause = error.source();
    }
    Err(ApiError::bad_request(format!("{what} could not be read: {error}")))
}
