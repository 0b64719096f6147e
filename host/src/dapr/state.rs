//! State: single keys, several, transactions, queries.
use super::{Answer, DaprError, Sidecar, Trace, segment};
use hyper::Method;

impl Sidecar {
    /// `GET /v1.0/state/{store}/{key}`: 204 when absent; the ETag in a header. With `strong` never an older value than the latest
    /// that was acknowledged.
    pub async fn get_state<'a>(
        &self,
        store: &str,
        key: &str,
        strong: bool,
        trace: impl Into<Trace<'a>>,
    ) -> Result<Answer, DaprError> {
        let consistency = if strong { "?consistency=strong" } else { "" };
        let path = format!("/v1.0/state/{}/{}{consistency}", segment(store), segment(key));
        self.expect(self.request(Method::GET, &path, trace)).await
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
}
