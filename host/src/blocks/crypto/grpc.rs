//! Cryptography: options in the first message of a stream, the data in numbered pieces, the result in pieces again.
use super::{CryptoProvider, Decrypt, Encrypt, unknown_provider};
use crate::blocks::api;
use crate::blocks::grpc::{self, Messages as Pieces, Methods, proto};
use crate::code::OpError;
use crate::components::Block;
use ::dapr::dapr::proto::common::v1::StreamPayload;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tonic::{Status, Streaming};

type Context = api::Context<dyn CryptoProvider>;
type Call<Q> = grpc::Call<dyn CryptoProvider, Streaming<Q>>;

/// Its methods.
pub fn methods(context: Context) -> Methods<dyn CryptoProvider> {
    Methods::new(context).bidirectional("EncryptAlpha1", encrypt).bidirectional("DecryptAlpha1", decrypt)
}

/// Size of the pieces that are sent, bytes.
const PIECE: usize = 64 << 10;

/// The options of the first message, and all the data.
async fn all<Q, O>(
    context: &Context,
    stream: &mut Streaming<Q>,
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
        if data.len() + payload.data.len() > context.max_api_body_bytes {
            let most = context.max_api_body_bytes;
            let message = format!("the data is larger than the limit of {most} bytes (setting max_api_body_bytes)");
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
    if context.has(Block::Crypto, component) {
        return Ok(());
    }
    Err(Status::invalid_argument(unknown_provider(component)))
}

fn failed(e: OpError) -> Status {
    Status::internal(e.message)
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

async fn encrypt(mut call: Call<proto::EncryptRequest>) -> Result<Pieces<proto::EncryptResponse>, Status> {
    let parts = |message: proto::EncryptRequest| (message.options, message.payload);
    let (options, data) = all(&call.context, &mut call.message, parts).await?;
    known(&call.context, &options.component_name)?;
    for (name, value) in [("key name", &options.key_name), ("key wrap algorithm", &options.key_wrap_algorithm)] {
        if value.is_empty() {
            return Err(Status::invalid_argument(format!("missing {name} in the options")));
        }
    }
    let encrypt = Encrypt {
        component: options.component_name,
        key: options.key_name,
        algorithm: options.key_wrap_algorithm,
        cipher: some(options.data_encryption_cipher),
        decryption_key: some(options.decryption_key_name),
        omit_key: options.omit_decryption_key_name,
        data,
    };
    let document = call.context.block.encrypt(&call.caller(), encrypt).await.map_err(failed)?;
    Ok(pieces(&document, |payload| proto::EncryptResponse { payload: Some(payload) }))
}

async fn decrypt(mut call: Call<proto::DecryptRequest>) -> Result<Pieces<proto::DecryptResponse>, Status> {
    let parts = |message: proto::DecryptRequest| (message.options, message.payload);
    let (options, document) = all(&call.context, &mut call.message, parts).await?;
    known(&call.context, &options.component_name)?;
    let decrypt = Decrypt { component: options.component_name, key: some(options.key_name), document };
    let data = call.context.block.decrypt(&call.caller(), decrypt).await.map_err(failed)?;
    Ok(pieces(&data, |payload| proto::DecryptResponse { payload: Some(payload) }))
}
