//! Fetches of all functions: each function's connections, and one exchange after the other until the last redirect.
//!
//! Owns: who shares a connection, the time for a response's head, what the host adds to a request. Must not know: the guest.
//!
//! Connections are a function's own, for functions may hold different grants; with other grants it gets new ones. Each thread has
//! its own too: the runtime that opened a connection serves it.
use super::body::Body;
use super::connect::{Connector, Way};
use super::credentials::Credentials;
use super::failure::{Failure, Wait};
use super::policy::Policy;
use super::redirect::{self, follow, is_redirect};
use super::resolve::{self, Resolver};
use super::{Mode, Request};
use crate::allowance::Refused;
use crate::blocks::call::CallContext;
use crate::blocks::hosts::host_of;
use crate::blocks::secrets::SecretStore;
use crate::budget::Budget;
use crate::config::Fetching;
use crate::headers::is_reserved;
use crate::origin::{TRACEPARENT, TRACESTATE};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use hyper::http::response::Parts;
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thread_local::ThreadLocal;
use tokio::sync::OnceCell;

/// Functions that keep open connections; beyond that number, idle connections are closed and new ones opened.
const MOST: usize = 256;
/// An idle connection is closed after this time.
const IDLE: Duration = Duration::from_secs(15);
/// Idle connections to one host.
const IDLE_PER_HOST: usize = 8;
/// The time that idle connections get to close before one that found no room is tried again.
const ROOM: Duration = Duration::from_millis(50);
/// Largest head of a response, and what HTTP/1.1 reads ahead, bytes.
const HEAD_BYTES: usize = 64 << 10;
/// What one stream of HTTP/2 may send ahead, and all of a connection, bytes.
const WINDOWS: (u32, u32) = (256 << 10, 1 << 20);
/// What a fetch holds while it runs, bytes.
const BUFFERS: usize = HEAD_BYTES + (32 << 10);

/// A function with the list of hosts that its grants had.
type Key = (Arc<str>, Option<Vec<String>>);

/// The fetches of a host.
pub struct Fetcher {
    settings: Fetching,
    resolver: Arc<dyn Resolver>,
    secrets: Arc<dyn SecretStore>,
    proxies: Option<Arc<Matcher>>,
    /// Made for the first fetch: the system's roots take milliseconds to read.
    tls: OnceCell<ClientConfig>,
    connections: Budget,
    lookups: Budget,
    functions: Mutex<HashMap<Key, Arc<Own>>>,
}

/// What one function has.
struct Own {
    way: Arc<Way>,
    clients: ThreadLocal<Client<Connector, Full<Bytes>>>,
}

/// A response whose body has not been read.
pub struct Response {
    pub url: String,
    pub redirected: bool,
    pub status: u16,
    /// Its reason phrase, one character a byte; empty if it is the usual one.
    pub reason: String,
    /// Header pairs, values one character a byte.
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// What must not come back in the body.
    pub credentials: Credentials,
}

impl Fetcher {
    /// Fetches by these settings.
    pub fn new(settings: Fetching, resolver: Arc<dyn Resolver>, secrets: Arc<dyn SecretStore>) -> Fetcher {
        let connections = Budget::new(settings.connections as u64);
        let proxies = settings.proxies.as_ref().map(|proxies| {
            let matcher = Matcher::builder().http(&*proxies.http).https(&*proxies.https).no(&*proxies.except);
            Arc::new(matcher.build())
        });
        let (tls, lookups, functions) = (OnceCell::new(), resolve::places(), Mutex::default());
        Fetcher { settings, resolver, secrets, proxies, tls, connections, lookups, functions }
    }

    /// Fetches that one invocation runs at once.
    pub fn most_open(&self) -> usize {
        self.settings.open
    }

    /// Sends a request and follows redirects as it says. The whole of it counts as one fetch.
    pub async fn send(&self, cx: &CallContext, mut request: Request) -> Result<Response, Failure> {
        let _buffers = cx.memory.take(BUFFERS).map_err(Refused::from)?;
        let credentials = Credentials::of(cx, &self.secrets, self.settings.open, &request).await?;
        let mut redirects = 0;
        loop {
            let (head, body) = {
                let sent = credentials.put_into(cx, &request)?;
                self.attempt(cx, &sent).await?
            };
            let status = head.status.as_u16();
            if request.redirect == Mode::Manual || !is_redirect(status, &head.headers) {
                let response = self.response(cx, &request, head, body, redirects > 0).await?;
                return Ok(hide(response, credentials));
            }
            if request.redirect == Mode::Error {
                let host = host_of(&request.url).unwrap_or_default();
                let message = format!("{host} answers with a redirect ({status}), and `redirect` is \"error\"");
                return Err(Failure::Redirect(message));
            }
            if redirects == redirect::MOST {
                return Err(Failure::TooManyRedirects(redirect::MOST));
            }
            redirects += 1;
            let before = request.url.origin();
            request = follow(request, status, &head.headers)?;
            if request.url.origin() != before {
                credentials.leave_out(&mut request)?;
            }
        }
    }

    /// One request and the head of its response; once more where the function's idle connections are in the way.
    async fn attempt(&self, cx: &CallContext, request: &Request) -> Result<(Parts, Incoming), Failure> {
        match self.exchange(cx, request).await {
            Err(Failure::Busy(_)) => {
                self.forget(cx);
                tokio::time::sleep(ROOM).await;
                self.exchange(cx, request).await
            }
            done => done,
        }
    }

    /// One request and the head of its response.
    async fn exchange(&self, cx: &CallContext, request: &Request) -> Result<(Parts, Incoming), Failure> {
        let own = self.own(cx).await?;
        let policy = &own.way.policy;
        // Also for a connection that is open already.
        policy.reach(&request.url)?;
        let origin = request.url.origin().ascii_serialization();
        if request.own.as_deref() == Some(&*origin) && !policy.names(&request.url) {
            return Err(Failure::OwnApp(origin));
        }
        let sent = self.on_the_wire(cx, request)?;
        let client = own.clients.get_or(|| client(&own.way)).clone();
        let host = host_of(&request.url).unwrap_or_default();
        match tokio::time::timeout(self.settings.head, client.request(sent)).await {
            Ok(Ok(response)) if response.status().as_u16() == 101 => Err(Failure::Protocol {
                host: host.to_owned(),
                reason: "it switches protocols (status 101), which it was not asked to".to_owned(),
            }),
            Ok(Ok(response)) => Ok(response.into_parts()),
            Ok(Err(error)) => Err(Failure::of_exchange(&error, host)),
            Err(_) => Err(Failure::Late { wait: Wait::Head, host: host.to_owned(), limit: self.settings.head }),
        }
    }

    /// The request as it is sent: with the trace, unless the function set one.
    fn on_the_wire(&self, cx: &CallContext, request: &Request) -> Result<hyper::Request<Full<Bytes>>, Failure> {
        let mut url = request.url.clone();
        url.set_fragment(None);
        let uri: Uri = url.as_str().parse().map_err(|e| Failure::Invalid(format!("the URL: {e}")))?;
        let mut headers = request.headers.clone();
        if !headers.contains_key(TRACEPARENT) {
            let trace = [(TRACEPARENT, Some(&cx.origin.traceparent)), (TRACESTATE, cx.origin.tracestate.as_ref())];
            for (name, value) in trace {
                let value = value.and_then(|value| HeaderValue::from_str(value).ok());
                headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
            }
        }
        let proxy =
            self.proxies.as_ref().filter(|_| url.scheme() == "http").and_then(|proxies| proxies.intercept(&uri));
        if let Some(credentials) = proxy.as_ref().and_then(|proxy| proxy.basic_auth()) {
            headers.insert(PROXY_AUTHORIZATION, credentials.clone());
        }
        let mut sent = hyper::Request::new(Full::new(request.body.clone()));
        (*sent.method_mut(), *sent.uri_mut(), *sent.headers_mut()) = (request.method.clone(), uri, headers);
        Ok(sent)
    }

    async fn response(
        &self,
        cx: &CallContext,
        request: &Request,
        head: Parts,
        body: Incoming,
        redirected: bool,
    ) -> Result<Response, Failure> {
        let (host, idle) = (host_of(&request.url).unwrap_or_default().to_owned(), self.settings.idle);
        let status = head.status.as_u16();
        let body = match request.method == Method::HEAD || matches!(status, 204 | 205 | 304) {
            true => Body::empty(host, idle),
            false => Body::new(body, &head.headers, host, idle, &cx.memory).await?,
        };
        let reason = head.extensions.get::<hyper::ext::ReasonPhrase>();
        let reason = reason.map_or_else(String::new, |reason| latin1(reason.as_bytes()));
        let mut url = request.url.clone();
        url.set_fragment(None);
        let headers = pairs(&head.headers, body.is_decoded());
        let credentials = Credentials::default();
        Ok(Response { url: url.into(), redirected, status, reason, headers, body, credentials })
    }

    async fn own(&self, cx: &CallContext) -> Result<Arc<Own>, Failure> {
        let key = (Arc::clone(&cx.function), cx.grants.hosts.clone());
        if let Some(own) = self.functions.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(own));
        }
        let tls = self.tls.get_or_try_init(|| super::tls::roots(&self.settings)).await?;
        let own = Arc::new(self.equipped(cx, tls));
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if functions.len() >= MOST {
            functions.clear();
        }
        Ok(Arc::clone(functions.entry(key).or_insert(own)))
    }

    fn equipped(&self, cx: &CallContext, tls: &ClientConfig) -> Own {
        let way = Way {
            policy: Policy::new(&cx.function, self.settings.outbound, cx.grants.hosts.as_ref()),
            resolver: Arc::clone(&self.resolver),
            tls: Arc::new(super::tls::with_own_sessions(tls)),
            proxies: self.proxies.clone(),
            limit: self.settings.connect,
            connections: self.connections.purse(),
            lookups: self.lookups.purse(),
        };
        Own { way: Arc::new(way), clients: ThreadLocal::new() }
    }

    /// Closes a function's idle connections.
    fn forget(&self, cx: &CallContext) {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        functions.retain(|(function, _), _| *function != cx.function);
    }
}

/// A response without secrets in its URL and headers; its body is read with [`Credentials::hidden_in`].
fn hide(mut response: Response, credentials: Credentials) -> Response {
    if !credentials.is_empty() {
        response.url = credentials.hidden(response.url);
        response.reason = credentials.hidden(response.reason);
        response.headers.iter_mut().for_each(|(_, value)| *value = credentials.hidden(std::mem::take(value)));
    }
    Response { credentials, ..response }
}

fn client(way: &Arc<Way>) -> Client<Connector, Full<Bytes>> {
    let mut client = Client::builder(TokioExecutor::new());
    client
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http1_max_buf_size(HEAD_BYTES)
        .http2_max_header_list_size(HEAD_BYTES as u32)
        .http2_initial_stream_window_size(WINDOWS.0)
        .http2_initial_connection_window_size(WINDOWS.1)
        .build(Connector(Arc::clone(way)))
}

/// Header pairs without those of the connection. A decoded body has neither the coding nor the length that were sent.
fn pairs(headers: &HeaderMap, decoded: bool) -> Vec<(String, String)> {
    let kept = |name: &HeaderName| match name {
        name if name == CONTENT_LENGTH || name == CONTENT_ENCODING => !decoded,
        name => !is_reserved(name.as_str()),
    };
    let pair = |(name, value): (&HeaderName, &HeaderValue)| (name.as_str().to_owned(), latin1(value.as_bytes()));
    headers.iter().filter(|(name, _)| kept(name)).map(pair).collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
