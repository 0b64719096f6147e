//! What stands between a server and its sidecar, passes requests on, and kills the server in the middle of one.
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Which request is the server's last one.
#[derive(Clone)]
pub struct Last {
    /// The server.
    pub pid: u32,
    /// What the request's body has in it.
    pub body: String,
    /// The sidecar gets it, and its answer is lost; otherwise the sidecar never hears of it.
    pub passed_on: bool,
}

/// A listening address in front of a sidecar's HTTP API; ends when dropped.
pub struct Between {
    /// Its port on the loopback address.
    pub port: u16,
    last: Arc<Mutex<Option<Last>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Context {
    to: u16,
    http: reqwest::Client,
    last: Arc<Mutex<Option<Last>>>,
}

impl Between {
    /// In front of the API at this port.
    pub async fn start(to: u16) -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, last) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(None)));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let router = Router::new().fallback(pass).with_state(Context { to, http, last: Arc::clone(&last) });
        Between { port, last, task: tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }) }
    }

    /// From now on the next such request is the last one.
    pub fn kill_at(&self, last: Last) {
        *self.last.lock().unwrap() = Some(last);
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(context): State<Context>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    let last = context.last.lock().unwrap().take_if(|last| text.contains(&last.body));
    let kill = |last: &Last| Command::new("kill").args(["-KILL", &last.pid.to_string()]).status().unwrap();
    if let Some(last) = last.as_ref().filter(|last| !last.passed_on) {
        kill(last);
        return Response::default();
    }
    let url = format!("http://127.0.0.1:{}{}", context.to, parts.uri);
    let mut headers = parts.headers;
    headers.remove("host");
    let answer = context.http.request(parts.method, url).headers(headers).body(body).send().await;
    let Ok(answer) = answer else { return axum::http::StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap_or_default();
    if let Some(last) = last {
        kill(&last);
    }
    let mut response = (status, Body::from(body)).into_response();
    *response.headers_mut() = headers;
    response
}
