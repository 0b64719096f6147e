#![allow(clippy::unwrap_used)]
use super::chunk::CHUNK;
use super::*;
use futures::StreamExt;
use futures::stream;

fn body(chunks: &[&'static str]) -> BodyStream {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
    BodyStream::new(stream::iter(chunks), None)
}

fn failed<T: std::fmt::Debug>(result: Result<T, OpError>) -> (Code, String) {
    let error = result.unwrap_err();
    (error.code, error.message)
}

#[tokio::test]
async fn a_body_is_read_to_its_end_and_then_closed() {
    let open = Resources::new(2);
    let id = open.insert(body(&["a", "", "b"])).unwrap();
    assert_eq!(open.read(id).await.unwrap().unwrap(), "ab");
    assert_eq!(open.read(id).await.unwrap(), None);
    assert_eq!(failed(open.read(id).await).0, Code::InvalidArgument);
    assert_eq!((open.carried(), open.carried()), (2, 0));
}

#[tokio::test]
async fn large_chunks_are_split_and_errors_come_after_what_was_before_them() {
    let open = Resources::new(2);
    let id = open.insert(BodyStream::new(stream::iter([Ok(Bytes::from(vec![7; 100_000]))]), None)).unwrap();
    let sizes = [open.read(id).await, open.read(id).await].map(|chunk| chunk.unwrap().unwrap().len());
    assert_eq!(sizes, [CHUNK, 100_000 - CHUNK]);
    assert_eq!(open.read(id).await.unwrap(), None);
    let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err(refused(Code::Unavailable, "gone".to_owned()))]);
    let id = open.insert(BodyStream::new(broken, None)).unwrap();
    assert_eq!(open.read(id).await.unwrap().unwrap(), "a");
    assert_eq!(failed(open.read(id).await).0, Code::Unavailable);
}

#[test]
fn no_more_are_open_than_may_be() {
    let open = Resources::new(2);
    open.insert_request(body(&["a"]));
    let second = open.insert(body(&["b"])).unwrap();
    let (code, message) = failed(open.insert(body(&["c"])));
    assert_eq!(code, Code::TooManyOpen);
    assert!(message.contains("2") && message.contains(SETTING), "{message}");
    assert_eq!(failed(open.outgoing(1)).0, Code::TooManyOpen);
    open.cancel(second, "");
    open.insert(body(&["c"])).unwrap();
    open.end();
    assert_eq!(failed(open.insert(body(&["d"]))).0, Code::TooManyOpen);
}

#[tokio::test]
async fn what_leaves_is_passed_on_or_written() {
    let open = Resources::new(9);
    open.insert_request(body(&["a"]));
    let mut passed = open.outgoing(REQUEST).unwrap();
    assert_eq!(passed.next().await.unwrap().unwrap(), "a");
    assert_eq!(failed(open.read(REQUEST).await).0, Code::InvalidArgument);
    let mut made = open.outgoing(1).unwrap();
    open.write(1, Bytes::from_static(b"b")).await.unwrap();
    open.close(1).unwrap();
    assert_eq!(made.next().await.unwrap().unwrap(), "b");
    assert_eq!(made.next().await, None);
    for refused in [open.write(1, Bytes::new()).await, open.close(1), open.gone(7).await] {
        assert_eq!(failed(refused).0, Code::InvalidArgument);
    }
    drop(open.outgoing(3).unwrap());
    open.gone(3).await.unwrap();
    assert_eq!(failed(open.write(3, Bytes::from_static(b"c")).await).0, Code::Canceled);
}

#[tokio::test]
async fn a_run_can_be_repeated_until_it_touched_the_request() {
    let open = Resources::new(9);
    open.insert_request(body(&["a"]));
    let other = open.insert(body(&["b"])).unwrap();
    assert!(open.rewinds());
    open.rewind();
    assert_eq!(failed(open.read(other).await).0, Code::InvalidArgument);
    open.read(REQUEST).await.unwrap();
    assert!(!open.rewinds());
    assert!(Resources::new(1).rewinds());
}
