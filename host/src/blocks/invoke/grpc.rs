//! Service invocation of the deprecated kind, which clients still use. Without a sidecar there is one application, this host.
use super::{AppReply, AppRequest, OwnApp};
use crate::blocks::api;
use crate::blocks::grpc::{self, Methods, proto};
use crate::headers::is_reserved;
use ::bytes::Bytes;
use ::dapr::dapr::proto::common::v1::{InvokeResponse, http_extension::Verb};
use tonic::metadata::KeyAndValueRef;
use tonic::{Code, Status};

type Call<Q> = grpc::Call<dyn OwnApp, Q>;

/// Its methods.
pub fn methods(context: api::Context<dyn OwnApp>) -> Methods<dyn OwnApp> {
    Methods::new(context).unary("InvokeService", service)
}

async fn service(mut call: Call<proto::InvokeServiceRequest>) -> Result<InvokeResponse, Status> {
    let proto::InvokeServiceRequest { id, message } = std::mem::take(&mut call.message);
    if id != *call.context.app_id {
        let known = &call.context.app_id;
        let reason =
            format!("failed to invoke, id: {id}, err: no such app; without a Dapr sidecar there is one, \"{known}\"");
        return Err(Status::internal(reason));
    }
    let message = message.unwrap_or_default();
    // The query has a field of its own.
    if let Some(character) = message.method.chars().find(|c| matches!(c, '?' | '#')) {
        let method = message.method;
        return Err(Status::internal(format!(
            "failed to invoke, id: {id}, err: the method {method:?} contains {character:?}"
        )));
    }
    let (verb, query) = message.http_extension.map(|http| (http.verb, http.querystring)).unwrap_or_default();
    let verb = Verb::try_from(verb).unwrap_or(Verb::None);
    let method = if verb == Verb::None { Verb::Post } else { verb };
    let separator = if query.is_empty() { "" } else { "?" };
    let path = format!("/{}{separator}{query}", message.method.trim_start_matches('/'));
    let origin = call.caller().origin;
    let mut headers = headers(&call);
    if !message.content_type.is_empty() {
        headers.push(("content-type".to_owned(), message.content_type));
    }
    headers.push(("dapr-callee-app-id".to_owned(), id));
    let body = Bytes::from(message.data.unwrap_or_default().value).into();
    let request = AppRequest { method: method.as_str_name().to_owned(), path, headers, body, origin };
    let AppReply { status, headers, body, .. } = call.context.block.call(request).await;
    let limit = call.context.max_answer_bytes;
    let body = body.gather(limit, "the answer", "setting max_answer_bytes").await;
    let body = body.map_err(|e| Status::resource_exhausted(e.message))?;
    if (200..300).contains(&status) { Ok(response(&headers, &body)) } else { Err(refused(status, &body)) }
}

/// What the caller sent along. A sidecar stamps `dapr-…` over whatever the caller claims.
fn headers<T>(call: &Call<T>) -> Vec<(String, String)> {
    let text = |pair: KeyAndValueRef<'_>| match pair {
        KeyAndValueRef::Ascii(name, value) => Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())),
        KeyAndValueRef::Binary(..) => None,
    };
    let own = |name: &str| {
        is_reserved(name)
            || name.starts_with("dapr-")
            || name.starts_with("grpc-")
            || name == "content-type"
            || name == "x-request-id"
    };
    call.metadata.iter().filter_map(text).filter(|(name, _)| !own(name)).collect()
}

fn response(headers: &[(String, String)], body: &Bytes) -> InvokeResponse {
    let find = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let content_type = find("content-type").unwrap_or_default();
    let data = prost_types::Any { type_url: String::new(), value: body.to_vec() };
    InvokeResponse { data: Some(data), content_type }
}

/// An answer that is no success, by Dapr's table from HTTP to gRPC; the body is the message.
fn refused(status: u16, body: &Bytes) -> Status {
    let code = match status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        408 | 504 => Code::DeadlineExceeded,
        409 => Code::AlreadyExists,
        429 => Code::ResourceExhausted,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        500 => Code::Internal,
        _ => Code::Unknown,
    };
    Status::new(code, String::from_utf8_lossy(body))
}
