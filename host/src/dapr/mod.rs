//! The Dapr sidecar, as a client sees it: the only module that knows the URLs and headers of its HTTP API.
//!
//! Must not know: functions, capabilities. Reference: Dapr 1.18, HTTP API.
//!
//! # Layout
//! - [`health`]: whether the sidecar is there; calls end as soon as it is not
//! - [`subscription`]: topics by gRPC streams, over one channel
//! - [`value`]: JSON in gRPC messages
pub mod health;
pub mod subscription;
pub mod value;

use bytes::Bytes;
use health::{Health, Pulse};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tonic::transport::Channel;

/// A sidecar that does not take the connection within this time is absent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The header, or gRPC metadata, that carries a token of either direction.
pub const TOKEN: &str = "dapr-api-token";

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DaprError {
    /// The sidecar does not answer.
    #[error("the Dapr sidecar at {url} does not answer: {reason}")]
    Unavailable {
        /// Its base URL.
        url: String,
        /// The client's words.
        reason: String,
    },
    /// The sidecar refused; its own code and message.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Dapr's `ERR_…` code; empty when it gave none.
        code: String,
        /// Dapr's message.
        message: String,
    },
}

impl DaprError {
    /// A write's condition did not hold. In a transaction Dapr tells it by the message only, and so does redis always.
    pub fn is_mismatch(&self) -> bool {
        let told = |message: &str| {
            ["etag", "failed to set key", "failed to delete"].iter().any(|words| message.contains(words))
        };
        matches!(self, DaprError::Refused { status, message, .. } if *status == 409 || told(message))
    }

    /// The body is larger than the sidecar takes. It says so with a status of its own or, when it finds out while it reads, in words.
    pub fn is_too_large(&self) -> bool {
        matches!(self, DaprError::Refused { status, message, .. } if *status == 413 || message.contains("stream too large"))
    }
}

/// An answer of the sidecar.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header pairs.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// W3C trace context that a call carries on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace<'a> {
    /// `traceparent`.
    pub parent: Option<&'a str>,
    /// `tracestate`.
    pub state: Option<&'a str>,
}

impl<'a> From<Option<&'a str>> for Trace<'a> {
    fn from(parent: Option<&'a str>) -> Trace<'a> {
        Trace { parent, state: None }
    }
}

/// The client. Cheap to clone; connections are kept.
#[derive(Clone)]
pub struct Sidecar {
    client: Client,
    base: String,
    token: Option<String>,
    pulse: Pulse,
    channel: Option<Channel>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ErrorBody {
    error_code: String,
    message: String,
}

impl Sidecar {
    /// A client of the sidecar at `base` (no slash at the end), and of its gRPC API where `grpc` tells its URL; `token` is sent
    /// with each call. Nothing is connected yet.
    pub fn new(base: &str, grpc: Option<&str>, token: Option<&str>) -> Result<Sidecar, DaprError> {
        let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|e| DaprError::Unavailable { url: base.to_owned(), reason: e.to_string() })?;
        let channel = grpc.map(subscription::channel).transpose()?;
        Ok(Sidecar { client, base: base.to_owned(), token: token.map(str::to_owned), pulse: Pulse::default(), channel })
    }

    /// Whether it was there when it was asked last.
    pub fn health(&self) -> Health {
        self.pulse.health()
    }

    /// Whether its gRPC API is known, and with it streaming subscriptions.
    pub fn streams(&self) -> bool {
        self.channel.is_some()
    }

    fn request<'a>(&self, method: Method, path: &str, trace: impl Into<Trace<'a>>) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header(TOKEN, token);
        }
        let Trace { parent, state } = trace.into();
        for (name, value) in [("traceparent", parent), ("tracestate", state)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request
    }

    fn unavailable(&self, reason: impl ToString) -> DaprError {
        DaprError::Unavailable { url: self.base.clone(), reason: reason.to_string() }
    }

    /// Waits for the sidecar as long as it is there: a slow store may take its time, a dead sidecar may not.
    async fn while_there<T>(&self, call: impl Future<Output = T>) -> Result<T, DaprError> {
        tokio::select! {
            biased;
            reason = self.pulse.absent() => Err(self.unavailable(reason)),
            answer = call => Ok(answer),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, DaprError> {
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let call = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let headers =
                response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
            Ok(Answer { status, headers, body: response.bytes().await? })
        };
        self.while_there(call).await?.map_err(|e: reqwest::Error| self.unavailable(reason(&e)))
    }

    async fn expect(&self, request: RequestBuilder) -> Result<Answer, DaprError> {
        let answer = self.send(request).await?;
        if answer.status < 400 {
            return Ok(answer);
        }
        let error: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message =
            if error.message.is_empty() { String::from_utf8_lossy(&answer.body).into_owned() } else { error.message };
        Err(DaprError::Refused { status: answer.status, code: error.error_code, message })
    }

    /// `GET /v1.0/state/{store}/{key}`: 204 when absent; the ETag in a header.
    pub async fn get_state(&self, store: &str, key: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::GET, &format!("/v1.0/state/{}/{}", segment(store), segment(key)), trace)).await
    }

    /// The same, never an older value than the latest that was acknowledged.
    pub async fn get_state_strong(&self, store: &str, key: &str) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/state/{}/{}?consistency=strong", segment(store), segment(key));
        self.expect(self.request(Method::GET, &path, None)).await
    }

    /// `POST /v1.0/state/{store}` with a JSON array of items.
    pub async fn save_state(&self, store: &str, items: Vec<u8>, trace: Trace<'_>) -> Result<(), DaprError> {
        self.post(&format!("/v1.0/state/{}", segment(store)), items, trace).await.map(drop)
    }

    /// `POST /v1.0/state/{store}/bulk`: values of several keys as JSON.
    pub async fn bulk_state(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0/state/{}/bulk", segment(store)), body, trace).await
    }

    /// `DELETE /v1.0/state/{store}/{key}`, guarded by an ETag if one is given.
    pub async fn delete_state(
        &self,
        store: &str,
        key: &str,
        etag: Option<&str>,
        first_write: bool,
        trace: Trace<'_>,
    ) -> Result<(), DaprError> {
        let concurrency = if first_write { "?concurrency=first-write" } else { "" };
        let path = format!("/v1.0/state/{}/{}{concurrency}", segment(store), segment(key));
        let mut request = self.request(Method::DELETE, &path, trace);
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        self.expect(request).await.map(drop)
    }

    /// `POST /v1.0/state/{store}/transaction`.
    pub async fn transact(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<(), DaprError> {
        self.post(&format!("/v1.0/state/{}/transaction", segment(store)), body, trace).await.map(drop)
    }

    /// `POST /v1.0-alpha1/state/{store}/query`: a page of results as JSON; 204 when there is none.
    pub async fn query_state(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/state/{}/query", segment(store)), body, trace).await
    }

    /// `POST /v1.0-alpha1/lock/{store}`.
    pub async fn try_lock(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/lock/{}", segment(store)), body, trace).await
    }

    /// `POST /v1.0-alpha1/unlock/{store}`.
    pub async fn unlock(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/unlock/{}", segment(store)), body, trace).await
    }

    /// `POST /v1.0-alpha1/jobs/{name}`.
    pub async fn schedule_job(&self, name: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/jobs/{}", segment(name)), body, trace).await
    }

    /// `GET /v1.0-alpha1/jobs/{name}`.
    pub async fn job(&self, name: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::GET, &format!("/v1.0-alpha1/jobs/{}", segment(name)), trace)).await
    }

    /// `DELETE /v1.0-alpha1/jobs/{name}`.
    pub async fn delete_job(&self, name: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::DELETE, &format!("/v1.0-alpha1/jobs/{}", segment(name)), trace)).await
    }

    /// `PUT /v1.0/actors/{type}/{id}/method/{method}`.
    pub async fn call_actor(
        &self,
        kind: &str,
        id: &str,
        method: &str,
        body: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/actors/{}/{}/method/{}", segment(kind), segment(id), segment(method));
        let request = self.request(Method::PUT, &path, trace).header("content-type", "application/json");
        self.expect(request.body(body)).await
    }

    /// `GET /v1.0/actors/{type}/{id}/state/{key}`: 204 when absent.
    pub async fn actor_state(&self, kind: &str, id: &str, key: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/actors/{}/{}/state/{}", segment(kind), segment(id), segment(key));
        self.expect(self.request(Method::GET, &path, trace)).await
    }

    /// `POST /v1.0/actors/{type}/{id}/state`: a transaction.
    pub async fn save_actor_state(
        &self,
        kind: &str,
        id: &str,
        operations: Vec<u8>,
        trace: Trace<'_>,
    ) -> Result<(), DaprError> {
        self.post(&format!("/v1.0/actors/{}/{}/state", segment(kind), segment(id)), operations, trace).await.map(drop)
    }

    /// `POST /v1.0/workflows/{component}/{name}/start`; an empty instance id lets the engine make one.
    pub async fn start_workflow(
        &self,
        component: &str,
        name: &str,
        instance: &str,
        input: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/workflows/{}/{}/start", segment(component), segment(name));
        let mut request = self.request(Method::POST, &path, trace);
        if !instance.is_empty() {
            request = request.query(&[("instanceID", instance)]);
        }
        self.expect(request.header("content-type", "application/json").body(input)).await
    }

    /// `GET /v1.0/workflows/{component}/{instance}`.
    pub async fn workflow(&self, component: &str, instance: &str, trace: Trace<'_>) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/workflows/{}/{}", segment(component), segment(instance));
        self.expect(self.request(Method::GET, &path, trace)).await
    }

    /// `POST /v1.0/workflows/{component}/{instance}/{verb}`, such as `pause` or `raiseEvent/{event}`.
    pub async fn steer_workflow(
        &self,
        component: &str,
        instance: &str,
        verb: &[&str],
        body: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let verb: Vec<String> = verb.iter().map(|part| segment(part).to_string()).collect();
        let path = format!("/v1.0/workflows/{}/{}/{}", segment(component), segment(instance), verb.join("/"));
        let request = self.request(Method::POST, &path, trace).header("content-type", "application/json");
        self.expect(request.body(body)).await
    }

    /// `POST /v1.0-alpha2/conversation/{component}/converse`.
    pub async fn converse(&self, component: &str, body: Bytes, trace: Trace<'_>) -> Result<Answer, DaprError> {
        let path = format!("/v1.0-alpha2/conversation/{}/converse", segment(component));
        let request = self.request(Method::POST, &path, trace).header("content-type", "application/json");
        self.expect(request.body(body)).await
    }

    /// `PUT /v1.0-alpha1/crypto/{component}/{verb}`; what is wanted goes into headers.
    pub async fn crypto(
        &self,
        component: &str,
        verb: &str,
        headers: &[(&str, String)],
        data: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0-alpha1/crypto/{}/{verb}", segment(component));
        let request = self.request(Method::PUT, &path, trace).header("content-type", "application/octet-stream");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        self.expect(request.body(data)).await
    }

    /// `POST /v1.0/bindings/{name}`.
    pub async fn invoke_binding(&self, name: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0/bindings/{}", segment(name)), body, trace).await
    }

    /// `POST /v1.0/publish/{pubsub}/{topic}`; metadata goes into the query.
    pub async fn publish(
        &self,
        pubsub: &str,
        topic: &str,
        content_type: &str,
        metadata: &[(String, String)],
        data: Bytes,
        trace: Trace<'_>,
    ) -> Result<(), DaprError> {
        let path = format!("/v1.0/publish/{}/{}", segment(pubsub), topic_path(topic));
        let query: Vec<(String, &str)> = metadata.iter().map(|(k, v)| (format!("metadata.{k}"), v.as_str())).collect();
        let request = self.request(Method::POST, &path, trace).query(&query).header("content-type", content_type);
        self.expect(request.body(data)).await.map(drop)
    }

    /// `POST /v1.0/publish/bulk/{pubsub}/{topic}`; the answer's body lists entries that failed.
    pub async fn publish_bulk(
        &self,
        pubsub: &str,
        topic: &str,
        body: Vec<u8>,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/publish/bulk/{}/{}", segment(pubsub), topic_path(topic));
        self.send(self.request(Method::POST, &path, trace).header("content-type", "application/json").body(body)).await
    }

    /// `ANY /v1.0/invoke/{app}/method/{path}`; whatever the app answers is the answer.
    pub async fn invoke(
        &self,
        app: &str,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        body: Bytes,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/invoke/{}/method/{}", segment(app), path.trim_start_matches('/'));
        let mut request = self.request(method, &path, trace);
        for (name, value) in headers.iter().filter(|(name, _)| name != "host" && name != "content-length") {
            request = request.header(name, value);
        }
        self.send(request.body(body)).await
    }

    /// `GET /v1.0/secrets/{store}/{key}`, or all of them where the key is `bulk`: names and values as JSON.
    pub async fn secret(
        &self,
        store: &str,
        key: &str,
        metadata: &BTreeMap<String, String>,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let path = format!("/v1.0/secrets/{}/{}", segment(store), segment(key));
        self.expect(self.request(Method::GET, &path, trace).query(&in_query(metadata))).await
    }

    /// `GET /v1.0/configuration/{store}`: items as JSON, 204 when there are none.
    pub async fn configuration(
        &self,
        store: &str,
        keys: &[String],
        metadata: &BTreeMap<String, String>,
        trace: Trace<'_>,
    ) -> Result<Answer, DaprError> {
        let keys: Vec<(&str, &String)> = keys.iter().map(|key| ("key", key)).collect();
        let request = self.request(Method::GET, &format!("/v1.0/configuration/{}", segment(store)), trace);
        self.expect(request.query(&keys).query(&in_query(metadata))).await
    }

    /// `GET /v1.0/configuration/{store}/subscribe`, to one key or to all; what the subscription is called.
    pub async fn subscribe_configuration(&self, store: &str, key: Option<&str>) -> Result<String, DaprError> {
        #[derive(Deserialize)]
        struct Subscribed {
            id: String,
        }
        let request = self.request(Method::GET, &format!("/v1.0/configuration/{}/subscribe", segment(store)), None);
        let keys: Vec<(&str, &str)> = key.iter().map(|key| ("key", *key)).collect();
        let answer = self.expect(request.query(&keys)).await?;
        let subscribed: Subscribed = serde_json::from_slice(&answer.body).map_err(|e| DaprError::Refused {
            status: answer.status,
            code: String::new(),
            message: format!("the sidecar's answer to a subscription: {e}"),
        })?;
        Ok(subscribed.id)
    }

    /// `GET /v1.0/configuration/{store}/{id}/unsubscribe`.
    pub async fn unsubscribe_configuration(&self, store: &str, id: &str) -> Result<(), DaprError> {
        let path = format!("/v1.0/configuration/{}/{}/unsubscribe", segment(store), segment(id));
        self.expect(self.request(Method::GET, &path, None)).await.map(drop)
    }

    async fn post(&self, path: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::POST, path, trace).header("content-type", "application/json").body(body)).await
    }
}

/// An error with its causes: the client's own words are "error sending request" alone.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Metadata as the query has it: `metadata.x=y`.
fn in_query<'a>(metadata: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<(String, &'a str)> {
    metadata.into_iter().map(|(name, value)| (format!("metadata.{name}"), value.as_str())).collect()
}

/// One path segment, percent-encoded.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A topic is the rest of the path and may have slashes.
pub fn topic_path(topic: &str) -> String {
    topic.split('/').map(segment).collect::<Vec<_>>().join("/")
}
