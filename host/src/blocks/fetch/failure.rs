//! Why a fetch failed, in words for the developer, and the code of each.
//!
//! Owns: which fault of the network, TLS or HTTP is which code. No text names the addresses of a host: what is inside the operator's
//! network is not the function's to know.
use crate::allowance::Refused;
use crate::blocks::call::error;
use crate::code::{Code, OpError};
use rustls::CertificateError;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

/// What a fetch waited for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The connection, TLS included.
    Connect,
    /// The head of the response.
    Head,
    /// The next part of the body.
    Body,
}

/// Why a fetch failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The setting.
    #[error("this server allows no fetch at all (setting outbound = none)")]
    Off,
    /// The grants.
    #[error("{function} holds no grant to fetch from {host}; add \"{host}\" to `grants.hosts` in the upload")]
    NotGranted { function: Arc<str>, host: String },
    /// The address.
    #[error(
        "{host} is not at a public address (but at a loopback, private, link-local or reserved one), and {function} holds no grant \
         that names it; add \"{host}\" to `grants.hosts` in the upload, or set `--outbound any`"
    )]
    NotPublic { function: Arc<str>, host: String },
    /// The function's own address.
    #[error(
        "{0} is an address of this app itself; call another function with `invoke` of @daplet/sdk, which stays in the process"
    )]
    OwnApp(String),
    /// The port.
    #[error("the port {0} is blocked: the Fetch standard keeps requests away from ports of other protocols")]
    BlockedPort(u16),
    /// The URL, or a header, cannot be sent.
    #[error("fetch.send: {0}")]
    Invalid(String),
    /// The URL has no host.
    #[error("fetch.send: the URL {0} has no host")]
    InvalidUrl(String),
    /// DNS.
    #[error("no address was found for the host {host}: {reason}")]
    NotFound { host: String, reason: String },
    /// The connection was not made, or broke.
    #[error("{what}: {reason}")]
    Io { what: String, kind: ErrorKind, reason: String },
    /// TLS.
    #[error("TLS with {host} failed: {error}")]
    Tls { host: String, error: rustls::Error },
    /// Time.
    #[error("{}", late(.wait, .host, .limit))]
    Late { wait: Wait, host: String, limit: Duration },
    /// Too many connections or lookups.
    #[error("{0}")]
    Busy(String),
    /// A redirect.
    #[error("{0}")]
    Redirect(String),
    /// Redirects without end.
    #[error("there were more than {0} redirects")]
    TooManyRedirects(usize),
    /// What answers is not HTTP, or breaks its rules.
    #[error("{host} does not answer by the rules of HTTP: {reason}")]
    Protocol { host: String, reason: String },
    /// The body ended before its end.
    #[error("the connection to {host} ended before the whole response had come: {reason}")]
    CutShort { host: String, reason: String },
    /// The content coding.
    #[error("the body cannot be decoded as its content-encoding {coding} says: {reason}")]
    Coding { coding: String, reason: String },
    /// The function's memory, or the server's.
    #[error(transparent)]
    Memory(#[from] Refused),
    /// A secret cannot be put in.
    #[error("{0}")]
    Secret(String),
    /// The grants do not name the secret together with the host.
    #[error("{function} holds no grant to send that secret there; add \"{entry}\" to `grants.secrets` in the upload")]
    SecretNotGranted { function: Arc<str>, entry: String },
    /// The function gave it up.
    #[error("the fetch was given up")]
    Aborted,
    /// Something of this server.
    #[error("{0}")]
    Own(String),
}

fn late(wait: &Wait, host: &str, limit: &Duration) -> String {
    let ms = limit.as_millis();
    match wait {
        Wait::Connect => format!("no connection to {host} was made within {ms} ms (setting fetch_connect_ms)"),
        Wait::Head => format!("{host} sent no response within {ms} ms (setting fetch_head_ms)"),
        Wait::Body => format!("{host} sent nothing more of the body for {ms} ms (setting fetch_idle_ms)"),
    }
}

impl Failure {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Failure::Off | Failure::NotGranted { .. } | Failure::NotPublic { .. } | Failure::OwnApp(_) => {
                Code::HostNotGranted
            }
            Failure::BlockedPort(_) => Code::BadPort,
            Failure::Invalid(_) | Failure::InvalidUrl(_) => Code::InvalidArgument,
            Failure::NotFound { .. } => Code::HostNotFound,
            Failure::Io { kind, .. } => of_io(*kind),
            Failure::Tls { error, .. } => of_tls(error),
            Failure::Late { .. } => Code::TimedOut,
            Failure::Busy(_) => Code::TooManyConnections,
            Failure::Redirect(_) => Code::BadRedirect,
            Failure::TooManyRedirects(_) => Code::TooManyRedirects,
            Failure::Protocol { .. } => Code::BadHttp,
            Failure::CutShort { .. } => Code::ConnectionReset,
            Failure::Coding { .. } => Code::BadContentEncoding,
            Failure::Memory(Refused::TooLarge(_)) => Code::ResultTooLarge,
            Failure::Memory(Refused::NoMemory(_)) => Code::MemoryBudget,
            Failure::Secret(_) => Code::SecretGet,
            Failure::SecretNotGranted { .. } => Code::PermissionDenied,
            Failure::Aborted => Code::Canceled,
            Failure::Own(_) => Code::OperationFailed,
        }
    }

    /// What the client's error means: a failure of the connector as it was, or what became of an exchange.
    pub fn of_exchange(error: &(dyn std::error::Error + 'static), host: &str) -> Failure {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        let broken = causes.find_map(|cause| {
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                return Some(failure.clone());
            }
            if let Some(error) = cause.downcast_ref::<std::io::Error>() {
                return Some(Failure::io(host, "the connection broke", error));
            }
            let error = cause.downcast_ref::<hyper::Error>()?;
            let reason = || error.to_string();
            if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
                return Some(Failure::CutShort { host: host.to_owned(), reason: reason() });
            }
            (error.is_parse() || error.is_parse_too_large())
                .then(|| Failure::Protocol { host: host.to_owned(), reason: reason() })
        });
        broken.unwrap_or_else(|| Failure::Protocol { host: host.to_owned(), reason: reason(error) })
    }

    /// A failure of the system, which may be TLS inside.
    pub fn io(host: &str, what: &str, error: &std::io::Error) -> Failure {
        let inner = error.get_ref();
        if let Some(failure) = inner.and_then(|inner| inner.downcast_ref::<Failure>()) {
            return failure.clone();
        }
        match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Failure::Tls { host: host.to_owned(), error: tls.clone() },
            None => Failure::Io { what: format!("{host}: {what}"), kind: error.kind(), reason: reason(error) },
        }
    }
}

/// An error with its causes: a client's own text is only "client error".
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn of_io(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::ConnectionRefused => Code::ConnectionRefused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => Code::HostUnreachable,
        ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied => Code::HostUnreachable,
        ErrorKind::TimedOut => Code::TimedOut,
        _ => Code::ConnectionReset,
    }
}

fn of_tls(error: &rustls::Error) -> Code {
    use CertificateError as Fault;
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            Fault::Expired | Fault::ExpiredContext { .. } => Code::CertificateExpired,
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => Code::CertificateNotYetValid,
            Fault::UnknownIssuer => Code::CertificateUntrusted,
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => Code::CertificateOfAnother,
            _ => Code::CertificateInvalid,
        },
        _ => Code::TlsFailed,
    }
}

impl From<Failure> for OpError {
    fn from(failure: Failure) -> OpError {
        error(failure.code(), failure.to_string())
    }
}
