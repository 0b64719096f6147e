//! Components, and other applications: publishing, invocation, secrets, configuration, locks, cryptography, bindings.
use super::{Answer, DaprError, Sidecar, Trace, in_query, own_path, segment, topic_path};
use crate::headers::is_reserved;
use bytes::Bytes;
use hyper::Method;
use serde::Deserialize;
use std::collections::BTreeMap;

impl Sidecar {
    /// `POST /v1.0-alpha1/lock/{store}`.
    pub async fn try_lock(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/lock/{}", segment(store)), body, trace).await
    }

    /// `POST /v1.0-alpha1/unlock/{store}`.
    pub async fn unlock(&self, store: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.post(&format!("/v1.0-alpha1/unlock/{}", segment(store)), body, trace).await
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
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
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
        let path = format!("/v1.0/invoke/{}/method/{}", segment(app), own_path(path));
        let mut request = self.request(method, &path, trace);
        for (name, value) in headers.iter().filter(|(name, _)| !is_reserved(name)) {
            request = request.header(name, super::request::bytes(value));
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
}
