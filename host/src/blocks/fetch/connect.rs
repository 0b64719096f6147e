//! A connection to a host: its name is looked up once, and what is connected to is the address that was checked.
//!
//! Owns: the order of attempts, TLS, proxies. Must not know: requests, redirects.
use super::failure::{Failure, Wait};
use super::policy::{Policy, Reach, address_of};
use super::resolve::Resolver;
use crate::blocks::hosts::host_of;
use crate::budget::{Purse, Share};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io::{Error, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

/// Addresses of one host that are tried.
const ADDRESSES: usize = 8;
/// The head start of an address before the next one is tried too (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// How connections of one function are made.
pub struct Way {
    pub policy: Policy,
    pub resolver: Arc<dyn Resolver>,
    pub tls: Arc<ClientConfig>,
    /// Proxies of the operator; they look names up themselves.
    pub proxies: Option<Arc<Matcher>>,
    /// For one connection, TLS included.
    pub limit: Duration,
    /// How many connections it may have.
    pub connections: Purse,
    /// How many lookups it may have.
    pub lookups: Purse,
}

/// The same, for hyper's client.
#[derive(Clone)]
pub struct Connector(pub Arc<Way>);

impl Service<Uri> for Connector {
    type Response = Line;
    type Error = Failure;
    type Future = BoxFuture<'static, Result<Line, Failure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let way = Arc::clone(&self.0);
        async move { way.open(&to).await }.boxed()
    }
}

impl Way {
    async fn open(&self, to: &Uri) -> Result<Line, Failure> {
        let url = Url::parse(&to.to_string()).map_err(|e| Failure::Invalid(format!("the URL {to}: {e}")))?;
        let late = || {
            let host = host_of(&url).unwrap_or_default().to_owned();
            Failure::Late { wait: Wait::Connect, host, limit: self.limit }
        };
        tokio::time::timeout(self.limit, self.line(to, &url)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn line(&self, to: &Uri, url: &Url) -> Result<Line, Failure> {
        let reach = self.policy.reach(url)?;
        let busy = |_| Failure::Busy("too many connections are open (setting fetch_connections)".to_owned());
        let share = self.connections.take(1).map_err(busy)?;
        let host = host_of(url).unwrap_or_default();
        let proxy = self.proxies.as_ref().and_then(|proxies| proxies.intercept(to));
        let (secure, proxied) = (url.scheme() == "https", proxy.is_some());
        let stream = match proxy {
            Some(proxy) => self.by_proxy(&proxy, to, secure).await?,
            None => self.straight(host, url.port_or_known_default().unwrap_or_default(), reach).await?,
        };
        let _best_effort = stream.set_nodelay(true);
        if !secure {
            return Ok(Line { io: TokioIo::new(Box::new(stream)), h2: false, proxied, _share: share });
        }
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|e| Failure::Invalid(format!("the host {host:?}: {e}")))?;
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
        let stream = stream.map_err(|e| Failure::io(host, "TLS failed", &e))?;
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Line { io: TokioIo::new(Box::new(stream)), h2, proxied: false, _share: share })
    }

    /// Connects to one of the host's addresses that are allowed.
    async fn straight(&self, host: &str, port: u16, reach: Reach) -> Result<TcpStream, Failure> {
        let found = match address_of(host) {
            Some(address) => vec![address],
            None => self.resolver.addresses(host, &self.lookups).await?,
        };
        if found.is_empty() {
            return Err(Failure::NotFound { host: host.to_owned(), reason: "it has none".to_owned() });
        }
        let allowed: Vec<IpAddr> = found.into_iter().filter(|address| reach.allows(*address)).collect();
        if allowed.is_empty() {
            return Err(self.policy.not_public(host, port));
        }
        first(&allowed, port).await.map_err(|e| Failure::io(host, "no connection was made", &e))
    }

    /// Connects to a proxy; where TLS is to follow, through a tunnel to its target. The operator chose the proxy's address.
    async fn by_proxy(&self, proxy: &Intercept, to: &Uri, secure: bool) -> Result<TcpStream, Failure> {
        let at = proxy.uri().clone();
        let failed = |e: &(dyn std::error::Error + 'static)| Failure::Io {
            what: format!("the proxy {}", at.host().unwrap_or_default()),
            kind: std::io::ErrorKind::ConnectionReset,
            reason: e.to_string(),
        };
        let connect = |proxy: Uri| async move {
            let (host, port) = (proxy.host().unwrap_or_default().to_owned(), proxy.port_u16().unwrap_or(80));
            TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map(TokioIo::new)
        };
        if !secure {
            return connect(at.clone()).await.map(TokioIo::into_inner).map_err(|e| failed(&e));
        }
        let mut tunnel = Tunnel::new(at.clone(), tower::service_fn(connect));
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        tunnel.call(to.clone()).await.map(TokioIo::into_inner).map_err(|e| failed(&e))
    }
}

/// The first connection that is made; each address has a head start before the next.
async fn first(addresses: &[IpAddr], port: u16) -> std::io::Result<TcpStream> {
    let (mut running, mut left) = (FuturesUnordered::new(), addresses.iter().take(ADDRESSES));
    let mut failed = None;
    loop {
        match left.next() {
            Some(address) => running.push(TcpStream::connect(SocketAddr::new(*address, port))),
            None if running.is_empty() => return Err(failed.unwrap_or_else(|| Error::other("there is no address"))),
            None => {}
        }
        tokio::select! {
            Some(made) = running.next() => match made {
                Ok(stream) => return Ok(stream),
                Err(e) => failed = Some(e),
            },
            () = tokio::time::sleep(HEAD_START), if left.len() > 0 => {}
        }
    }
}

/// What a connection reads and writes.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// One connection, with its place among the connections.
pub struct Line {
    io: TokioIo<Box<dyn Io>>,
    h2: bool,
    /// Its requests are for a proxy to pass on.
    proxied: bool,
    _share: Share,
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.proxied);
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }
}
