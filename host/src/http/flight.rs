//! Routes whose requests and answers take shares of the memory budget, whatever their handlers do: a request's body while
//! it is read and handled, an answer until it is written.
//!
//! For handlers that take a body whole by an extractor of axum's. Must not know: routes.
use super::body::{Unread, gather};
use crate::budget::held::hold;
use crate::budget::{BudgetError, Purse, SMALL, Share};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The form in which a body is refused.
pub type Refuse = fn(Unread) -> Response;

/// The routes that `router` has by now: bodies up to `limit` bytes are gathered before their handlers run, and answers are held.
pub fn counted<S>(router: Router<S>, memory: Purse, limit: usize, refuse: Refuse) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router.layer(from_fn(move |request: Request, next: Next| {
        let memory = memory.clone();
        async move {
            match taken(request, &memory, limit).await {
                Ok(request) => held(next.run(request).await, &memory).unwrap_or_else(|e| refuse(Unread::NoMemory(e))),
                Err(unread) => refuse(unread),
            }
        }
    }))
}

/// Only answers take shares.
pub fn held_answers(router: Router, memory: Purse, refuse: Refuse) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let memory = memory.clone();
        async move { held(next.run(request).await, &memory).unwrap_or_else(|e| refuse(Unread::NoMemory(e))) }
    }))
}

/// A request with its body in memory. A small body is left in the stream.
async fn taken(request: Request, memory: &Purse, limit: usize) -> Result<Request, Unread> {
    if request.body().size_hint().upper().is_some_and(|upper| upper <= SMALL as u64) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = gather(body, limit, memory).await?;
    Ok(Request::from_parts(parts, body.into()))
}

/// An answer that holds a share until its last byte is written. One of unknown length is sent piece by piece, as it is
/// made.
fn held(response: Response, memory: &Purse) -> Result<Response, BudgetError> {
    let Some(length) = response.body().size_hint().exact().filter(|length| *length > SMALL as u64) else {
        return Ok(response);
    };
    let share = memory.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(response.map(|inner| Body::new(Held { inner, share, left: length })))
}

/// A body whose parts hold their parts of a share.
struct Held {
    inner: Body,
    share: Share,
    left: u64,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|data| this.part(data)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Held {
    fn part(&mut self, data: Bytes) -> Bytes {
        self.left = self.left.saturating_sub(data.len() as u64);
        let part = self.share.split(data.len());
        hold(data, part)
    }
}
