//! Operations as a hostile guest submits them, through every capability there is. Input: one frame.
use crate::backend;
use bytes::Bytes;
use daplet_abi::frame::{Frame, encode};
use daplet_abi::op::{Completion, Operation, Outcome};
use daplet_host::allowance::{Allowance, Taker};
use daplet_host::blocks::actors::{Actor, Turn};
use daplet_host::blocks::call::CallContext;
use daplet_host::blocks::grants::Grants;
use daplet_host::budget::Purse;
use daplet_host::origin::Origin;
use std::sync::Arc;
use std::time::Duration;

/// Every operation completes, with a result or a named error, and the completion is a frame.
pub fn operation(input: &[u8]) {
    let Ok(frame) = Frame::decode(input) else { return };
    let Ok(Operation { id, op, args }) = frame.parse_head() else { return };
    let body = Bytes::copy_from_slice(frame.body);
    let answer = backend::run(|backend| {
        let capabilities = backend.base.blocks.capabilities(&backend.functions);
        // As within a turn, so that what only an actor may ask is reached too.
        let actor = Actor::new("Counter", "a").unwrap();
        let turn = Some(Arc::new(Turn { actor, outer: None, held: Box::new(()) }));
        let context = CallContext {
            function: "f".into(),
            grants: Arc::new(Grants {
                spaces: vec!["shared".to_owned()],
                secrets: vec!["secretstore/*".to_owned()],
                keys: vec!["key".to_owned()],
                ..Grants::default()
            }),
            origin: Origin::root(),
            turn,
            memory: Purse::default(),
            allowance: Allowance::new(Taker::Function(64), Purse::default()),
            resources: Arc::default(),
        };
        async move {
            // Only a timer may take its time.
            let patience = Duration::from_millis(if op.starts_with("timer.") { 1 } else { 20_000 });
            let answer = tokio::time::timeout(patience, capabilities.call(&context, &op, args, body)).await;
            assert!(answer.is_ok() || op.starts_with("timer."), "{op} does not complete");
            answer.ok()
        }
    });
    let (outcome, body) = match answer {
        None => return,
        Some(Ok((head, body))) => (Outcome::Ok(head), body),
        Some(Err(error)) => {
            assert!(!error.code.word().is_empty() && !error.message.is_empty(), "{error:?}");
            (Outcome::Error(error.into()), Bytes::new())
        }
    };
    let bytes = encode(&Completion { id, outcome }, &body).unwrap();
    let completion: Completion = Frame::decode(&bytes).unwrap().parse_head().unwrap();
    assert_eq!(completion.id, id);
}
