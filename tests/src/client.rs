//! HTTP to a host under test, whether it runs in a process of its own or in this one.
use serde_json::{Value, json};
use std::time::Duration;

/// The addresses of a host, and a client with a pool of its own; answers are never followed as redirects.
pub struct Client {
    /// Base URL of `--listen`, no slash at the end.
    pub base: String,
    /// Base URL of `--dapr-listen`, no slash at the end.
    pub dapr: String,
    /// Base URL of `--dapr-grpc-listen`, no slash at the end.
    pub grpc: String,
    /// The client.
    pub http: reqwest::Client,
}

impl Client {
    /// Of a host at these addresses.
    pub fn new([listen, dapr, grpc]: [String; 3]) -> Client {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .unwrap();
        let [base, dapr, grpc] = [listen, dapr, grpc].map(|address| format!("http://{address}"));
        Client { base, dapr, grpc, http }
    }

    /// The port of `--listen`.
    pub fn port(&self) -> u16 {
        self.base.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// A full URL on `--listen`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// GET of a path on `--listen`.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    /// POST of a body to a path on `--listen`.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.http.post(self.url(path)).body(body).send().await.unwrap()).await
    }

    /// Uploads source as a function and expects success.
    pub async fn deploy(&self, name: &str, source: &str) -> Value {
        self.deploy_with(json!({"name": name, "source": source})).await
    }

    /// Uploads with the whole JSON form and expects success.
    pub async fn deploy_with(&self, upload: Value) -> Value {
        let answer = self.upload(&upload).await;
        assert!(answer.status < 300, "upload of {}: {} {}", upload["name"], answer.status, answer.text());
        answer.json()
    }

    /// Uploads a source alone.
    pub async fn upload_as(&self, media_type: &str, name: &str, source: String) -> Answer {
        let request = self.http.post(self.url(&format!("/functions?name={name}")));
        Answer::of(request.header("content-type", media_type).body(source).send().await.unwrap()).await
    }

    /// Uploads with the whole JSON form.
    pub async fn upload(&self, upload: &Value) -> Answer {
        Answer::of(self.http.post(self.url("/functions")).json(upload).send().await.unwrap()).await
    }
}

/// A whole answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header pairs in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn of(response: reqwest::Response) -> Answer {
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect();
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; panics with the body otherwise.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {} {}", self.status, self.text()))
    }

    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The `code` of a problem+json answer; empty when there is none.
    pub fn code(&self) -> String {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}
