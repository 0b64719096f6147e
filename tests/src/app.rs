//! Another application: a real HTTP server that is nothing of this project, and answers with what it was sent.
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running application; ended when dropped.
pub struct App {
    /// Its port on the loopback address.
    pub port: u16,
    task: JoinHandle<()>,
}

impl App {
    /// Starts one that answers every path below `/echo`, and no other.
    pub async fn start() -> App {
        App::serve(Router::new().route("/echo/{*rest}", axum::routing::any(echo))).await
    }

    /// Starts one that answers as `router` does.
    pub async fn serve(router: Router) -> App {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        App { port, task: tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }) }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |value: &axum::http::HeaderValue| json!(String::from_utf8_lossy(value.as_bytes()));
    let headers: Map<String, Value> =
        parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let seen = json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path_and_query().unwrap().as_str(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    ([("content-type", "application/json"), ("x-from", "app")], seen.to_string()).into_response()
}
