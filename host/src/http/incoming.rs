//! Bodies of requests to functions: one that is short comes with its head, a longer one is read as the function asks for it.
//!
//! A body that is read slowly holds up its sender, by the connection's flow control: nothing gathers it here.
use super::ApiError;
use super::body::{Unread, gather};
use super::whole::refuse;
use crate::body::{Body as Taken, BodyStream};
use crate::budget::{Purse, SMALL};
use crate::code::OpError;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, Stream};
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;

/// Bodies up to this size come with the event, bytes.
const AT_ONCE: usize = 64 << 10;
/// How often a body of unknown length is looked at before it counts as one that comes later: each look lets the connection read.
const LOOKS: usize = 3;

/// What a body may be, and what it is called in errors.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Its largest size, bytes.
    pub limit: usize,
    /// What it is.
    pub what: &'static str,
    /// The setting of the limit.
    pub setting: &'static str,
}

impl Terms {
    /// The answer to a request whose body was not read.
    pub fn refuse(&self, unread: Unread) -> ApiError {
        refuse(unread, self.what, self.limit, self.setting)
    }
}

/// Why a body that streams could not be read to its end; empty as long as nothing is wrong.
#[derive(Clone, Debug, Default)]
pub struct Refusal(Option<Arc<OnceLock<ApiError>>>);

impl Refusal {
    /// The answer to a request whose body failed.
    pub fn into_error(self) -> Option<ApiError> {
        self.0?.get().cloned()
    }

    fn note(&self, error: ApiError) {
        if let Some(noted) = &self.0 {
            let _first_counts = noted.set(error);
        }
    }
}

/// Takes a request's body: whole if it is short, else as a stream, with what a failure of it means.
pub async fn take(mut body: Body, terms: Terms, memory: &Purse) -> Result<(Taken, Refusal), Unread> {
    let hint = body.size_hint();
    if hint.lower() > terms.limit as u64 {
        return Err(Unread::TooLarge);
    }
    if body.is_end_stream() || hint.exact().is_some_and(|length| length <= AT_ONCE as u64) {
        return gather(body, terms.limit, memory).await.map(|bytes| (Taken::Whole(bytes), Refusal::default()));
    }
    let mut ahead = BytesMut::new();
    if hint.exact().is_none() {
        'looking: for _ in 0..LOOKS {
            tokio::task::yield_now().await;
            while let Some(frame) = body.frame().now_or_never() {
                let Some(frame) = frame else {
                    return whole(ahead.freeze(), memory).map(|body| (body, Refusal::default()));
                };
                let frame = frame?;
                ahead.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                if ahead.len() > terms.limit {
                    return Err(Unread::TooLarge);
                }
                if ahead.len() > AT_ONCE {
                    break 'looking;
                }
            }
        }
    }
    let refusal = Refusal(Some(Arc::default()));
    let (seen, length) = (ahead.len(), hint.exact());
    let rest = Rest { body: Some(body), seen, terms, refusal: refusal.clone() };
    let mut stream = BodyStream::new(rest, length);
    if seen > 0 {
        stream.put_back(Ok(ahead.freeze()));
    }
    Ok((Taken::Stream(stream), refusal))
}

fn whole(bytes: Bytes, memory: &Purse) -> Result<Taken, Unread> {
    if bytes.len() <= SMALL {
        return Ok(Taken::Whole(bytes));
    }
    memory.hold(bytes).map(Taken::Whole).map_err(Unread::NoMemory)
}

/// What is still to come of a body. One that is not read to its end is read on and thrown away: the connection can serve another
/// request only after it.
struct Rest {
    /// Absent after the end.
    body: Option<Body>,
    /// Bytes that came.
    seen: usize,
    terms: Terms,
    refusal: Refusal,
}

impl Stream for Rest {
    type Item = Result<Bytes, OpError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, OpError>>> {
        let this = self.get_mut();
        loop {
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            let unread = match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers are dropped.
                    let Ok(data) = frame.into_data() else { continue };
                    this.seen += data.len();
                    if this.seen <= this.terms.limit {
                        return Poll::Ready(Some(Ok(data)));
                    }
                    Unread::TooLarge
                }
                Some(Err(error)) => Unread::from(error),
                None => {
                    this.body = None;
                    return Poll::Ready(None);
                }
            };
            this.body = None;
            return Poll::Ready(Some(Err(this.fail(unread))));
        }
    }
}

impl Rest {
    fn fail(&self, unread: Unread) -> OpError {
        let error = self.terms.refuse(unread);
        let (code, message, details) = (error.code().clone(), error.detail().to_owned(), error.members().into());
        self.refusal.note(error);
        OpError { code, message, details }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let (Some(mut body), Ok(runtime)) = (self.body.take(), Handle::try_current()) else { return };
        let mut left = self.terms.limit.saturating_sub(self.seen);
        runtime.spawn(async move {
            while let Some(Ok(frame)) = body.frame().await {
                match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                    Some(less) => left = less,
                    None => return,
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::code::Code;
    use futures::{StreamExt, stream};

    const TERMS: Terms = Terms { limit: 100_000, what: "the request body", setting: "max_body_bytes" };

    fn chunks(count: usize, size: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(move |n| Ok::<_, std::io::Error>(vec![n as u8; size]))))
    }

    async fn taken(body: Body) -> Result<(Taken, Refusal), Unread> {
        take(body, TERMS, &Purse::default()).await
    }

    #[tokio::test]
    async fn what_is_short_and_there_is_whole() {
        for (body, length) in [(Body::empty(), 0), (Body::from(vec![1; 60_000]), 60_000), (chunks(6, 10_000), 60_000)] {
            match taken(body).await.unwrap().0 {
                Taken::Whole(bytes) => assert_eq!(bytes.len(), length),
                Taken::Stream(_) => panic!("{length} bytes stream"),
            }
        }
    }

    #[tokio::test]
    async fn what_is_long_or_comes_later_streams() {
        let later = stream::once(std::future::ready(Ok::<_, std::io::Error>(vec![1; 3]))).chain(stream::pending());
        for (body, length, first) in [
            (Body::from(vec![1; 80_000]), Some(80_000), 80_000),
            (chunks(8, 10_000), None, 70_000),
            (Body::from_stream(later), None, 3),
        ] {
            let Taken::Stream(mut stream) = taken(body).await.unwrap().0 else { panic!("{length:?} is whole") };
            assert_eq!(stream.length(), length);
            assert_eq!(stream.next().await.unwrap().unwrap().len(), first);
        }
    }

    #[tokio::test]
    async fn what_is_too_long_is_refused_at_once_or_on_the_way() {
        let refused = taken(Body::from(vec![1; 100_001])).await.unwrap_err();
        assert!(matches!(refused, Unread::TooLarge), "{refused:?}");
        let (body, refusal) = taken(chunks(11, 10_000)).await.unwrap();
        let Taken::Stream(mut stream) = body else { panic!("whole") };
        let mut last = None;
        while let Some(chunk) = stream.next().await {
            last = Some(chunk);
        }
        assert_eq!(last.unwrap().unwrap_err().code, Code::PayloadTooLarge);
        assert_eq!(refusal.into_error().unwrap().code(), &Code::PayloadTooLarge);
    }
}
