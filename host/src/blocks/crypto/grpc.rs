//! Cryptography: options in the first message of a stream, the data in numbered pieces, the result in pieces again.
use super::Encryption;
use super::http::unknown_provider;
use crate::blocks::grpc::proto;
use crate::blocks::http::Context;
use crate::code::OpError;
use ::dapr::dapr::proto::common::v1::StreamPayload;
use axum::http::HeaderMap;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tonic::{Status, Streaming};

/// Size of the pieces that are sent, bytes.
const PIECE: usize = 64 << 10;

type Pieces<A> = BoxStream<'static, Result<A, Status>>;

/// The options of the first message, and all the data.
async fn all<Q, O>(
    context: &Context,
    mut stream: Streaming<Q>,
    parts: impl Fn(Q) -> (Option<O>, Option<StreamPayload>),
) -> Result<(O, Bytes), Status> {
    let (mut options, mut data, mut next) = (None, Vec::new(), 0);
    while let Some(message) = stream.message().await? {
        let (given, payload) = parts(message);
        match (given, &options) {
            (Some(given), None) => options = Some(given),
            (Some(_), Some(_)) => {
                return Err(Status::invalid_argument("options found in non-leading message"));
            }
            (None, None) => {
                return Err(Status::invalid_argument("first message does not contain the required options"));
            }
            (None, Some(_)) => {}
        }
        let Some(payload) = payload else { continue };
        if payload.seq != next {
            return Err(Status::invalid_argument(format!(
                "invalid sequence number: {} (expected: {next})",
                payload.seq
            )));
        }
        next += 1;
        if data.len() + payload.data.len() > context.max_body_bytes {
            let most = context.max_body_bytes;
            let message = format!("the data is larger than the limit of {most} bytes (setting max_body_bytes)");
            return Err(Status::resource_exhausted(message));
        }
        data.extend_from_slice(&payload.data);
    }
    let options =
        options.ok_or_else(|| Status::invalid_argument("first message does not contain the required options"))?;
    Ok((options, data.into()))
}

fn pieces<A: Send + 'static>(data: &Bytes, message: impl Fn(StreamPayload) -> A) -> Pieces<A> {
    let count = data.len().div_ceil(PIECE).max(1);
    let piece = |n: usize| StreamPayload {
        data: data.slice(n * PIECE..data.len().min((n + 1) * PIECE)).to_vec(),
        seq: n as u64,
    };
    stream::iter((0..count).map(|n| Ok(message(piece(n)))).collect::<Vec<_>>()).boxed()
}

fn known(context: &Context, component: &str) -> Result<(), Status> {
    unknown_provider(context, component).map_or(Ok(()), |message| Err(Status::invalid_argument(message)))
}

fn failed(e: OpError) -> Status {
    Status::internal(e.message)
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

pub async fn encrypt(
    context: Context,
    stream: Streaming<proto::EncryptRequest>,
) -> Result<Pieces<proto::EncryptResponse>, Status> {
    let (options, data) =
        all(&context, stream, |message: proto::EncryptRequest| (message.options, message.payload)).await?;
    known(&context, &options.component_name)?;
    for (name, value) in [("key name", &options.key_name), ("key wrap algorithm", &options.key_wrap_algorithm)] {
        if value.is_empty() {
            return Err(Status::invalid_argument(format!("missing {name} in the options")));
        }
    }
    let how = Encryption {
        key: options.key_name,
        algorithm: options.key_wrap_algorithm,
        cipher: some(options.data_encryption_cipher),
        decryption_key: some(options.decryption_key_name),
        omit_key: options.omit_decryption_key_name,
    };
    let cx = context.caller(&HeaderMap::new());
    let document = context.crypto.encrypt(&cx, &options.component_name, how, data).await.map_err(failed)?;
    Ok(pieces(&document, |payload| proto::EncryptResponse { payload: Some(payload) }))
}

pub async fn decrypt(
    context: Context,
    stream: Streaming<proto::DecryptRequest>,
) -> Result<Pieces<proto::DecryptResponse>, Status> {
    let (options, document) =
        all(&context, stream, |message: proto::DecryptRequest| (message.options, message.payload)).await?;
    known(&context, &options.component_name)?;
    let cx = context.caller(&HeaderMap::new());
    let data = context.crypto.decrypt(&cx, &options.component_name, some(options.key_name), document).await;
    Ok(pieces(&data.map_err(failed)?, |payload| proto::DecryptResponse { payload: Some(payload) }))
}
