//! HTTP bindings as the configuration or a component names them: Dapr's `bindings.http` in what it sends and in what it answers.
use super::address::{extended, redirected};
use super::clients::Clients;
use super::{Answer, Bindings, Invoke, failed};
use crate::allowance::{Allowance, Refused};
use crate::blocks::call::{CallContext, error, truthy};
use crate::code::{Code, OpError};
use crate::headers::is_reserved;
use crate::origin::TRACEPARENT;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, Response, Url};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// What a binding can be asked; `create` is Dapr's old word for `post`.
const OPERATIONS: [&str; 9] = ["create", "get", "head", "post", "put", "patch", "delete", "options", "trace"];
/// Redirects of one operation, as many as Go's client follows.
const MAX_REDIRECTS: usize = 10;

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
    clients: Clients,
}

/// What is sent, once more for each redirect.
struct Sent {
    method: Method,
    url: Url,
    headers: HeaderMap,
    data: Bytes,
}

impl Embedded {
    /// Bindings by their names.
    pub fn new(targets: BTreeMap<String, Target>) -> Result<Embedded, reqwest::Error> {
        Ok(Embedded { targets, clients: Clients::new()? })
    }

    async fn send(&self, target: &Target, cx: &CallContext, outgoing: Invoke) -> Result<Answer, OpError> {
        let Invoke { name, operation, metadata, data } = outgoing;
        let failed = |reason: String| failed(&name, &reason);
        if !OPERATIONS.contains(&operation.as_str()) {
            let supported = OPERATIONS.join(" ");
            return Err(failed(format!(
                "binding {name} does not support operation {operation}. supported operations:{supported}"
            )));
        }
        let sent = sent(target, cx, &operation, &metadata, data).map_err(failed)?;
        let client = self.clients.of(&cx.function).map_err(|e| failed(reason(e)))?;
        let response = exchange(&client, target, sent).await.map_err(failed)?;
        let status = response.status();
        let mut answered = told(&response);
        let said = metadata.get("errorIfNot2XX").filter(|value| !value.is_empty());
        let strict = said.map_or(target.error_if_not_2xx, |value| truthy(value));
        if strict && !status.is_success() {
            let message = format!("received status code {}", status.as_u16());
            answered.retain(|name, _| name == "statusCode" || name == "status");
            return Err(OpError { details: serde_json::json!({ "metadata": answered }), ..failed(message) });
        }
        let data = body(response, target.max_response_bytes, &cx.allowance).await?.map_err(failed)?;
        Ok(Answer { metadata: answered, data })
    }
}

/// The request that an operation is.
fn sent(
    target: &Target,
    cx: &CallContext,
    operation: &str,
    metadata: &BTreeMap<String, String>,
    data: Bytes,
) -> Result<Sent, String> {
    let method = if operation == "create" { "POST".to_owned() } else { operation.to_ascii_uppercase() };
    let method = Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
    let url = match metadata.get("path").filter(|path| !path.is_empty()) {
        Some(path) => extended(&target.url, path)?,
        None => target.url.clone(),
    };
    let mut headers = headers(metadata)?;
    // The answer to a TRACE repeats what was sent (RFC 9110 §9.3.8).
    if let Some((name, value)) = target.header.as_ref().filter(|_| method != Method::TRACE) {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if let Ok(trace) = cx.origin.traceparent.parse() {
        headers.insert(TRACEPARENT, trace);
    }
    // A body where the target expects none would be read as the next request.
    let sends = matches!(method, Method::POST | Method::PUT | Method::PATCH);
    if sends && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, JSON);
    }
    headers.entry(ACCEPT).or_insert(JSON);
    Ok(Sent { method, url, headers, data: if sends { data } else { Bytes::new() } })
}

/// Sends it, and again where a redirect leads within the binding's folder. Any other redirect is the answer.
async fn exchange(client: &Client, target: &Target, mut sent: Sent) -> Result<Response, String> {
    let end = Instant::now() + target.timeout;
    for _ in 0..=MAX_REDIRECTS {
        let left = end.saturating_duration_since(Instant::now());
        let mut request =
            client.request(sent.method.clone(), sent.url.clone()).headers(sent.headers.clone()).timeout(left);
        if matches!(sent.method, Method::POST | Method::PUT | Method::PATCH) {
            request = request.body(sent.data.clone());
        }
        let response = request.send().await.map_err(reason)?;
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let keeps = match response.status().as_u16() {
            301..=303 => false,
            307 | 308 => true,
            _ => return Ok(response),
        };
        let Some(next) = location.and_then(|location| redirected(&target.url, &sent.url, location)) else {
            return Ok(response);
        };
        if !keeps && sent.method != Method::HEAD {
            sent.method = Method::GET;
            sent.headers.remove(CONTENT_TYPE);
        }
        sent.url = next;
        if let Some((name, _)) = &target.header {
            sent.headers.remove(name);
        }
        [AUTHORIZATION, COOKIE].iter().for_each(|name| drop(sent.headers.remove(name)));
    }
    Err(format!("there were more than {MAX_REDIRECTS} redirects"))
}

/// Metadata that begins with a capital letter is a header, but for those that only the host sets: Go's client leaves them out too.
fn headers(metadata: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let said = metadata.iter().filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_uppercase()));
    for (name, value) in said.filter(|(name, _)| !is_reserved(name)) {
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

/// Reads an answer, as far as the binding and its caller may take it.
async fn body(mut response: Response, most: usize, allowance: &Allowance) -> Result<Result<Bytes, String>, Refused> {
    let mut body = BytesMut::new();
    loop {
        let part = match response.chunk().await {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(Ok(body.freeze())),
            Err(e) => return Ok(Err(reason(e))),
        };
        if body.len() + part.len() > most {
            let message = format!("the answer has more than {most} bytes (max_response_bytes of the binding)");
            return Ok(Err(message));
        }
        allowance.take(part.len())?;
        body.extend_from_slice(&part);
    }
}

/// An error with its causes, but without the URL: that may carry credentials, and is not the function's to know.
fn reason(e: reqwest::Error) -> String {
    let e = e.without_url();
    let causes = std::iter::successors(Some(&e as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[async_trait]
impl Bindings for Embedded {
    async fn invoke(&self, cx: &CallContext, outgoing: Invoke) -> Result<Answer, OpError> {
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
                Err(error(Code::ComponentNotFound, message))
            }
        }
    }
}
