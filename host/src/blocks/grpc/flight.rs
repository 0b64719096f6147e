//! What calls take of the memory budget: messages as they arrive, until they are answered, and answers until they are written.
//!
//! Must not know: which call it is.
use crate::budget::{self, BudgetError, Purse, Share};
use crate::http::body::Unread;
use crate::http::timed::{Patience, Timed};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tonic::Status;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The share of one call.
pub type Held = Arc<Mutex<Share>>;

/// A request whose body takes a share, which lasts as long as the return value. A stream counts as its largest message,
/// `most` bytes; one message must arrive within `patience`.
pub fn counted(request: Request, memory: &Purse, most: usize, patience: Option<Patience>) -> (Request, Held) {
    let held = Arc::new(Mutex::new(memory.none()));
    let share = Arc::clone(&held);
    let request = request.map(|body| {
        let inner = match patience {
            Some(patience) => Timed::body(body, patience),
            None => body,
        };
        Body::new(Counted { inner, share, most: most as u64 })
    });
    (request, held)
}

/// An answer whose messages hold shares until they are written.
pub fn held<B>(response: axum::http::Response<B>, memory: &Purse) -> Response
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let memory = memory.clone();
    response.map(|inner| Body::new(Holding { inner, memory }))
}

fn refused(e: &BudgetError) -> BoxError {
    Status::unavailable(format!("{}: {e}", budget::CODE)).into()
}

struct Counted {
    inner: Body,
    share: Held,
    most: u64,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                return Poll::Ready(Some(Err(match Unread::from(error) {
                    Unread::Slow(slow) => Status::deadline_exceeded(slow.to_string()).into(),
                    other => Status::unknown(format!("{other:?}")).into(),
                })));
            }
            None => return Poll::Ready(None),
        };
        let mut share = this.share.lock().unwrap_or_else(PoisonError::into_inner);
        let came = frame.data_ref().map_or(0, |data| data.len() as u64);
        let more = came.min(this.most.saturating_sub(share.bytes()));
        let taken = share.grow(usize::try_from(more).unwrap_or(usize::MAX));
        Poll::Ready(Some(taken.map(|()| frame).map_err(|e| refused(&e))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

struct Holding<B> {
    inner: B,
    memory: Purse,
}

impl<B> HttpBody for Holding<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(match frame.map_err(Into::into)?.into_data() {
            Ok(data) => this.memory.hold(data).map(Frame::data).map_err(|e| refused(&e)),
            Err(trailers) => Ok(trailers),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
