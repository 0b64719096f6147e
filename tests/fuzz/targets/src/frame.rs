//! Frames and their heads, and what the host makes of a reply that a guest wrote. Input: one frame.
use axum::http::HeaderValue;
use bytes::Bytes;
use daplet_abi::event::{HttpEvent, TopicEvent};
use daplet_abi::frame::{Frame, encode};
use daplet_abi::load::{LoadReport, LoadRequest};
use daplet_abi::op::{Completion, Operation};
use daplet_abi::reply::Reply;
use daplet_host::invoke::HttpReply;
use daplet_host::surfaces::requests::response;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A frame is refused or understood; what is understood survives being written and read again.
pub fn frame(input: &[u8]) {
    let Ok(frame) = Frame::decode(input) else { return };
    assert_eq!(4 + frame.head.len() + frame.body.len(), input.len(), "no byte is lost");
    again::<Operation>(&frame);
    again::<Completion>(&frame);
    again::<LoadRequest>(&frame);
    again::<LoadReport>(&frame);
    again::<HttpEvent>(&frame);
    again::<TopicEvent>(&frame);
    if let Some(Reply::Response { status, status_text, headers, .. }) = again(&frame) {
        let body = Bytes::copy_from_slice(frame.body);
        for head in [false, true] {
            let reply = HttpReply {
                status,
                status_text: status_text.clone(),
                headers: headers.clone(),
                body: body.clone().into(),
            };
            let answer = response(reply, head, Some(HeaderValue::from_static("id")));
            assert!(answer.headers().contains_key("x-request-id"));
            assert!(!answer.headers().contains_key("transfer-encoding"), "framing is the server's");
        }
    }
}

fn again<T: Serialize + DeserializeOwned>(frame: &Frame<'_>) -> Option<T> {
    let head: T = frame.parse_head().ok()?;
    let bytes = encode(&head, frame.body).unwrap();
    let second = Frame::decode(&bytes).unwrap();
    assert_eq!(second.body, frame.body);
    let parsed: T = second.parse_head().unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(second.head)));
    assert_eq!(encode(&parsed, frame.body).unwrap(), bytes, "a head that is written twice is written alike");
    Some(head)
}
