//! HTTP bindings as the configuration or a component names them: Dapr's `bindings.http` in what it sends and in what it answers.
use super::{Answer, Bindings, Outgoing, failed};
use crate::capabilities::{CallContext, error, truthy};
use bytes::BytesMut;
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use std::collections::BTreeMap;
use std::time::Duration;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// What a binding can be asked; `create` is Dapr's old word for `post`.
const OPERATIONS: [&str; 9] = ["create", "get", "head", "post", "put", "patch", "delete", "options", "trace"];

/// One binding.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where its requests go; `path` of the metadata is put after it.
    pub url: Url,
    /// For the whole answer.
    pub timeout: Duration,
    /// Largest answer, bytes.
    pub max_response_bytes: usize,
    /// Sent with each request, such as a token.
    pub header: Option<(HeaderName, HeaderValue)>,
    /// An answer that is not 2xx is an error, if a request does not say otherwise.
    pub error_if_not_2xx: bool,
}

/// The backend.
pub struct Embedded {
    targets: BTreeMap<String, Target>,
    client: Client,
}

impl Embedded {
    /// Bindings by their names.
    pub fn new(targets: BTreeMap<String, Target>) -> Result<Embedded, reqwest::Error> {
        let client = Client::builder().connect_timeout(Duration::from_secs(15)).no_proxy().build()?;
        Ok(Embedded { targets, client })
    }

    async fn send(&self, target: &Target, cx: &CallContext, outgoing: Outgoing) -> Result<Answer, OpError> {
        let Outgoing { name, operation, metadata, data } = outgoing;
        let failed = |reason: String| failed(&name, &reason);
        if !OPERATIONS.contains(&operation.as_str()) {
            let supported = OPERATIONS.join(" ");
            return Err(failed(format!(
                "binding {name} does not support operation {operation}. supported operations:{supported}"
            )));
        }
        let method = if operation == "create" { "POST".to_owned() } else { operation.to_ascii_uppercase() };
        let method = Method::from_bytes(method.as_bytes()).map_err(|e| failed(e.to_string()))?;
        let sends = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let url = match metadata.get("path").filter(|path| !path.is_empty()) {
            Some(path) => extended(&target.url, path).map_err(failed)?,
            None => target.url.clone(),
        };
        let mut headers = headers(&metadata).map_err(failed)?;
        if let Some((name, value)) = &target.header {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if let Some(trace) = cx.traceparent.as_deref().and_then(|trace| trace.parse().ok()) {
            headers.insert("traceparent", trace);
        }
        if sends && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, JSON);
        }
        headers.entry(ACCEPT).or_insert(JSON);
        let request = self.client.request(method, url).headers(headers).timeout(target.timeout);
        let request = if sends { request.body(data) } else { request };
        let response = request.send().await.map_err(|e| failed(reason(&e)))?;
        let status = response.status();
        let mut answered = told(&response);
        let said = metadata.get("errorIfNot2XX").filter(|value| !value.is_empty());
        let strict = said.map_or(target.error_if_not_2xx, |value| truthy(value));
        if strict && !status.is_success() {
            let message = format!("received status code {}", status.as_u16());
            answered.retain(|name, _| name == "statusCode" || name == "status");
            return Err(OpError { details: serde_json::json!({ "metadata": answered }), ..failed(message) });
        }
        let data = body(response, target.max_response_bytes).await.map_err(failed)?;
        Ok(Answer { metadata: answered, data })
    }
}

/// The binding's URL with a path below it. It may not lead to another host, for that is the configuration's to say.
fn extended(base: &Url, path: &str) -> Result<Url, String> {
    let text = format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_start_matches('/'));
    let url: Url = text.parse().map_err(|e| format!("{text:?} is no URL: {e}"))?;
    let folder = format!("{}/", base.path().trim_end_matches('/'));
    let below = url.path().starts_with(&folder);
    if url.origin() == base.origin() && below { Ok(url) } else { Err(format!("the path {path:?} leads out of {base}")) }
}

/// Metadata that begins with a capital letter is a header.
fn headers(metadata: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in metadata.iter().filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_uppercase())) {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|e| format!("the header {name:?}: {e}"))?;
        headers.insert(key, value.parse().map_err(|e| format!("the header {name:?}: {e}"))?);
    }
    Ok(headers)
}

/// Status and headers, as the binding tells them.
fn told(response: &Response) -> BTreeMap<String, String> {
    let status = response.status();
    let mut told = BTreeMap::new();
    for name in response.headers().keys() {
        let values = response.headers().get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        told.insert(canonical(name.as_str()), values.collect::<Vec<_>>().join(", "));
    }
    told.insert("statusCode".to_owned(), status.as_str().to_owned());
    told.insert("status".to_owned(), status.to_string());
    told
}

/// A header's name as Go writes it: `Content-Type`.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

async fn body(mut response: Response, most: usize) -> Result<bytes::Bytes, String> {
    let mut body = BytesMut::new();
    while let Some(part) = response.chunk().await.map_err(|e| reason(&e))? {
        if body.len() + part.len() > most {
            return Err(format!("the answer has more than {most} bytes (max_response_bytes of the binding)"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

fn reason(e: &reqwest::Error) -> String {
    let mut words = e.to_string();
    let mut source = std::error::Error::source(e);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

impl Bindings for Embedded {
    fn invoke<'a>(&'a self, cx: &'a CallContext, outgoing: Outgoing) -> BoxFuture<'a, Result<Answer, OpError>> {
        Box::pin(async move {
            match self.targets.get(&outgoing.name) {
                Some(_) if outgoing.operation.is_empty() => {
                    Err(failed(&outgoing.name, "operation field is missing from request"))
                }
                Some(target) => self.send(target, cx, outgoing).await,
                None => {
                    let name = &outgoing.name;
                    let message = format!(
                        "error invoking output binding {name}: couldn't find output binding {name}; without a Dapr sidecar \
                         there are those of the configuration file ([bindings.{name}] url = \"http://…\") and of the folder \
                         --resources-path"
                    );
                    Err(error(codes::NOT_FOUND, message))
                }
            }
        })
    }
}
