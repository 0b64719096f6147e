//! Fetches against real servers on the loopback address, with a resolver whose answers the test chooses.
#![allow(clippy::unwrap_used)]
use super::client::Fetcher;
use super::failure::Failure;
use super::resolve::Resolver;
use super::{Arguments, Mode};
use crate::allowance::Allowance;
use crate::blocks::call::CallContext;
use crate::blocks::grants::Grants;
use crate::blocks::secrets::embedded::Embedded as Secrets;
use crate::budget::Purse;
use crate::config::{Fetching, Outbound, Proxies};
use crate::origin::Origin;
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Gives each answer once, and the last one for ever.
struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

#[async_trait]
impl Resolver for Scripted {
    async fn addresses(&self, _: &str, _: &Purse) -> Result<Vec<IpAddr>, Failure> {
        let mut answers = self.0.lock().unwrap();
        Ok(if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() })
    }
}

fn fetcher(answers: &[&[&str]], ca_file: Option<PathBuf>, proxies: Option<Proxies>) -> Fetcher {
    let answers = answers.iter().map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect());
    let time = Duration::from_secs(20);
    let settings = Fetching {
        outbound: Outbound::Public,
        proxies,
        ca_file,
        connect: time,
        head: time,
        idle: time,
        connections: 64,
        open: 8,
    };
    Fetcher::new(settings, Arc::new(Scripted(Mutex::new(answers.collect()))), Arc::new(Secrets(Default::default())))
}

fn caller(hosts: &[&str]) -> CallContext {
    let hosts = Some(hosts.iter().map(|host| (*host).to_owned()).collect());
    CallContext {
        function: "f".into(),
        grants: Arc::new(Grants { hosts, ..Grants::default() }),
        origin: Origin::root(),
        turn: None,
        memory: Purse::default(),
        allowance: Allowance::default(),
    }
}

/// The body of what a URL answers, or the code of the failure.
async fn get(fetcher: &Fetcher, hosts: &[&str], url: &str) -> Result<String, String> {
    let arguments: Arguments = serde_json::from_value(serde_json::json!({ "url": url })).unwrap();
    let request = arguments.request(Bytes::new()).unwrap();
    assert_eq!(request.redirect, Mode::Follow);
    let code = |failure: Failure| format!("{}: {failure}", failure.code());
    let mut response = fetcher.send(&caller(hosts), request).await.map_err(code)?;
    let mut body = Vec::new();
    while let Some(part) = response.body.part().await.map_err(code)? {
        body.extend_from_slice(&part);
    }
    Ok(String::from_utf8(body).unwrap())
}

/// A certificate authority, and its file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let (mut params, key) = (CertificateParams::new(Vec::new()).unwrap(), KeyPair::generate().unwrap());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { issuer: Issuer::new(params, key), file }
    }

    /// Starts a server for `name` whose certificate holds between these years; it answers with the version of HTTP. → its port
    async fn server(&self, name: &str, years: (i32, i32), protocols: &[&[u8]]) -> u16 {
        let (mut params, key) = (CertificateParams::new(vec![name.to_owned()]).unwrap(), KeyPair::generate().unwrap());
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                    let body = format!("{:?}", request.version());
                    Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(body))))
                });
                let io = TokioIo::new(stream);
                tokio::spawn(async move {
                    if h2 {
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ended = server.serve_connection(io, service).await;
                    } else {
                        let _ended = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
                    }
                });
            }
        });
        port
    }
}

/// A server that says which requests it got, in lines, and ends each connection. → its port
async fn plain() -> (u16, Arc<Mutex<Vec<String>>>) {
    let (listener, seen) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(Mutex::new(Vec::new())));
    let (port, all) = (listener.local_addr().unwrap().port(), Arc::clone(&seen));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            all.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
            let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        }
    });
    (port, seen)
}

#[tokio::test]
async fn tls_is_spoken_with_whom_the_roots_believe() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (now, both): (_, &[&[u8]]) = ((2000, 2100), &[b"h2", b"http/1.1"]);
    let (plain, _) = plain().await;
    for (port, expected) in [
        (ours.server("tls.example", now, both).await, Ok("HTTP/2.0")),
        (ours.server("tls.example", now, &[b"http/1.1"]).await, Ok("HTTP/1.1")),
        (ours.server("tls.example", now, &[]).await, Ok("HTTP/1.1")),
        (ours.server("other.example", now, both).await, Err("CERT_NAME_MISMATCH")),
        (ours.server("tls.example", (2000, 2001), both).await, Err("CERT_HAS_EXPIRED")),
        (ours.server("tls.example", (2099, 2100), both).await, Err("CERT_NOT_YET_VALID")),
        (theirs.server("tls.example", now, both).await, Err("CERT_UNKNOWN_ISSUER")),
        (plain, Err("TLS_FAILED")),
    ] {
        let fetcher = fetcher(&[&["127.0.0.1"]], Some(ours.file.path().to_owned()), None);
        let seen = get(&fetcher, &["tls.example"], &format!("https://tls.example:{port}/")).await;
        match expected {
            Ok(version) => assert_eq!(seen.as_deref(), Ok(version)),
            Err(code) => {
                assert!(seen.as_ref().is_err_and(|e| e.starts_with(code) && e.contains("tls.example")), "{seen:?}")
            }
        }
    }
}

#[tokio::test]
async fn only_the_address_that_was_checked_is_connected_to() {
    let (port, seen) = plain().await;
    let url = format!("http://name.example:{port}/");
    let granted: &[&str] = &["name.example"];
    // A name at both: only the address that is allowed is tried.
    let mixed = fetcher(&[&["169.254.169.254", "127.0.0.1", "::"]], None, None);
    assert_eq!(get(&mixed, granted, &url).await.as_deref(), Ok("ok"));
    // The name leads elsewhere the next time.
    let changing = fetcher(&[&["127.0.0.1"], &["169.254.169.254"], &["127.0.0.1"]], None, None);
    assert_eq!(get(&changing, granted, &url).await.as_deref(), Ok("ok"));
    assert!(get(&changing, granted, &url).await.is_err_and(|e| e.starts_with("HOST_NOT_GRANTED")));
    assert_eq!(get(&changing, granted, &url).await.as_deref(), Ok("ok"));
    assert_eq!(seen.lock().unwrap().len(), 3);
    // A pattern opens no address inside: the domain's owner chooses its names.
    for (hosts, address) in
        [(["*.example"], "127.0.0.1"), (["*"], "10.0.0.1"), (["*"], "::ffff:127.0.0.1"), (["*"], "fd00::1")]
    {
        let inside = fetcher(&[&[address]], None, None);
        let refused = get(&inside, &hosts, &url).await;
        assert!(
            refused.as_ref().is_err_and(|e| e.starts_with("HOST_NOT_GRANTED") && !e.contains(address)),
            "{refused:?}"
        );
    }
    let nowhere = fetcher(&[&[]], None, None);
    assert!(get(&nowhere, granted, &url).await.is_err_and(|e| e.starts_with("ENOTFOUND")));
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn an_address_that_refuses_is_followed_by_the_next() {
    let (port, _) = plain().await;
    let fetcher = fetcher(&[&["::1", "127.0.0.2", "127.0.0.1"]], None, None);
    // Nothing listens at ::1 and 127.0.0.2 there.
    assert_eq!(get(&fetcher, &["name.example"], &format!("http://name.example:{port}/")).await.as_deref(), Ok("ok"));
}

#[tokio::test]
async fn proxies_are_used_as_the_operator_says() {
    let (port, seen) = plain().await;
    let proxy = format!("http://me:pw@127.0.0.1:{port}");
    let proxies = Proxies { http: proxy.clone(), https: proxy, except: "direct.example".to_owned() };
    let fetcher = fetcher(&[&["127.0.0.1"]], None, Some(proxies));
    let hosts = ["far.example", "direct.example"];
    assert_eq!(get(&fetcher, &hosts, "http://far.example/a").await.as_deref(), Ok("ok"));
    assert_eq!(get(&fetcher, &hosts, &format!("http://direct.example:{port}/b")).await.as_deref(), Ok("ok"));
    // What answers to CONNECT is no server of TLS.
    assert!(get(&fetcher, &hosts, "https://far.example/c").await.is_err());
    assert!(get(&fetcher, &hosts, "http://other.example/d").await.is_err_and(|e| e.starts_with("HOST_NOT_GRANTED")));
    let seen = seen.lock().unwrap().clone();
    let credentials = "proxy-authorization: Basic bWU6cHc=";
    assert!(seen[0].starts_with("GET http://far.example/a HTTP/1.1") && seen[0].contains(credentials), "{seen:?}");
    assert!(seen[1].starts_with("GET /b HTTP/1.1") && !seen[1].contains("proxy-"), "{seen:?}");
    assert!(
        seen[2].starts_with("CONNECT far.example:443 HTTP/1.1") && seen[2].to_lowercase().contains("basic bwu6chc="),
        "{seen:?}"
    );
    assert_eq!(seen.len(), 3);
}
