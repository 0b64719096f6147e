//! `/v1.0/bindings/{name}`.
use super::{Answer, Bindings, Invoke};
use crate::blocks::api;
use crate::blocks::http::error::{DaprApiError, parsed};
use crate::blocks::http::{fields, served};
use crate::code::Code;
use crate::http::status;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

type Context = api::Context<dyn Bindings>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new().route("/v1.0/bindings/{name}", post(invoke).put(invoke));
    served(routes, context, |shared, name| !shared.components.targets.contains_key(name))
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    operation: String,
    data: Option<Box<RawValue>>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
}

/// 200 with the answer's data, 204 where it has none; its metadata in headers.
async fn invoke(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    let Body { operation, data, metadata } = parsed(&body)?;
    // As in Dapr, the data is what stands in the body, a string with its quotes; and no data is `null`.
    let data = data.map_or_else(|| Bytes::from_static(b"null"), |data| Bytes::copy_from_slice(data.get().as_bytes()));
    let invoke = Invoke { name, operation, metadata: metadata.unwrap_or_default(), data };
    let answer = context.block.invoke(&context.caller(fields(&headers)), invoke).await;
    let failed = |message| DaprApiError::new(Code::InvokeOutputBinding, message);
    answer.map(response).map_err(|e| failed(e.message))
}

fn response(Answer { metadata, data }: Answer) -> Response {
    let mut response = match data.is_empty() {
        true => status::NO_CONTENT.into_response(),
        false => ([(header::CONTENT_TYPE, "application/json")], data).into_response(),
    };
    for (name, value) in metadata {
        let name = HeaderName::from_bytes(format!("metadata.{name}").as_bytes());
        // What HTTP cannot say is left out.
        if let (Ok(name), Ok(value)) = (name, value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
