//! `Expect: 100-continue`: a client that asks first is not told to send what will be refused (RFC 9110 §10.1.1).
//!
//! It is told to go on when its body is asked for. So a call of something that is not there gets an empty one: its handler says so.
use super::Context;
use crate::components::Block;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

/// Takes the body from what cannot succeed.
pub async fn spare_body(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::EXPECT) && is_absent(&context, request.uri().path()) {
        *request.body_mut() = Body::empty();
    }
    next.run(request).await
}

fn is_absent(context: &Context, path: &str) -> bool {
    let mut parts = path.split('/').skip(2).map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy());
    let (block, mut name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if block == "publish" && name == "bulk" && path.split('/').count() > 5 {
        name = parts.next().unwrap_or_default();
    }
    let block = match &*block {
        "state" => Block::State,
        "publish" => Block::Pubsub,
        "bindings" => return !context.components.targets.contains_key(&*name),
        "crypto" => Block::Crypto,
        "lock" | "unlock" => Block::Lock,
        "actors" => return context.registry.actor(&name).is_none(),
        _ => return false,
    };
    !context.components.has(block, &name)
}
