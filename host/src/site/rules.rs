//! The rules of an address, applied to a request's head.
use super::authority::{self, Authority, Host};
use super::{Admission, Surface, function_label, pages};
use crate::blocks::http::error::DaprApiError;
use crate::code::Code;
use crate::config::{LocalNames, Origins};
use crate::functions::Registry;
use crate::http::status;
use crate::http::token::{self, Token};
use crate::http::{ApiError, trust};
use axum::http::{HeaderMap, HeaderValue, Method, Request, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use std::net::SocketAddr;
use std::sync::Arc;

/// What holds at one address.
#[derive(Clone)]
pub struct Rules {
    /// What it is for.
    pub surface: Surface,
    /// Where it is; nothing for a socket in the file system, which no name leads to.
    pub at: Option<SocketAddr>,
    /// Names that it answers to, and the domain of functions.
    pub names: LocalNames,
    /// Pages that may use what is guarded.
    pub origins: Origins,
    /// The operator's token, where management asks for one.
    pub admin: Option<Token>,
    /// The token of Dapr's API.
    pub dapr: Option<Token>,
    /// Largest body of Dapr's API, bytes.
    pub max_api_body_bytes: usize,
    /// `/configuration` is management's; beside a sidecar it is what that calls.
    pub configuration: bool,
    /// Whose names are origins.
    pub functions: Arc<Registry>,
}

/// What a request's path is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Function,
    Health,
    Management,
    /// What only a sidecar calls.
    Sidecar,
    Dapr,
}

/// `/actors` and `/actors/{type}/owner`.
fn is_ownership(path: &str) -> bool {
    let mut parts = path.split('/').skip(2);
    matches!((parts.next(), parts.next(), parts.next()), (None, ..) | (Some(_), Some("owner"), None))
}

impl Rules {
    /// Lets a request in, or answers it.
    pub(super) fn admit<B>(
        &self,
        request: &mut Request<B>,
        peer: Option<SocketAddr>,
    ) -> Result<Admission, Box<Response>> {
        let (uri, headers) = (request.uri(), request.headers());
        let authority = authority::of(uri, headers, request.version()).map_err(answer)?;
        let path = uri.path();
        if !path.starts_with('/') || request.method() == Method::CONNECT {
            return Err(without_path(request.method(), path));
        }
        let part = self.part(path, request.method());
        if self.is_functions_own(authority.as_ref(), part, headers) {
            self.operator(part, request)?;
            return Ok(Admission { own: true, page: None });
        }
        self.known(authority.as_ref(), part).map_err(answer)?;
        let mut admission = Admission::default();
        if !matches!(part, Part::Function | Part::Health) {
            admission.page = pages::check(&self.origins, headers, authority.as_ref()).map_err(answer)?;
            if let Some(origin) = &admission.page
                && let Some(mut response) = pages::preflight(request.method(), headers)
            {
                pages::allow(origin.clone(), response.headers_mut());
                return Err(Box::new(response));
            }
            self.readable(part, path, headers)?;
        }
        if part == Part::Dapr {
            self.dapr(path, headers).map_err(|refusal| in_page(refusal, admission.page.as_ref()))?;
        }
        let page = admission.page.clone();
        self.operator(part, request).map_err(|refusal| in_page(refusal, page.as_ref()))?;
        if let (Part::Management, Some(peer)) = (part, peer) {
            request.extensions_mut().insert(trust::Peer(peer));
        }
        Ok(admission)
    }

    fn part(&self, path: &str, method: &Method) -> Part {
        let first = path[1..].split('/').next().unwrap_or_default();
        match (self.surface, first) {
            (Surface::Dapr | Surface::Grpc, _) => Part::Dapr,
            (_, "livez" | "readyz" | "healthz") => Part::Health,
            // What an operator asks of actors; a sidecar ends one of that id by DELETE, and calls methods below.
            (Surface::Both, "actors") if is_ownership(path) && *method != Method::DELETE => Part::Management,
            (Surface::Management, "actors") => Part::Management,
            (_, "dapr" | "job" | "actors") => Part::Sidecar,
            (_, "configuration") if !self.configuration => Part::Sidecar,
            (Surface::Management, _) | (Surface::Both, "functions" | "configuration" | "metrics") => Part::Management,
            _ => Part::Function,
        }
    }

    /// Whether the name that was called is a function's own, so that nothing else is there. A name that no function has yet leads
    /// to the server's own paths too, but not for browsers: a page may outlive the function that it came from.
    fn is_functions_own(&self, authority: Option<&Authority<'_>>, part: Part, headers: &HeaderMap) -> bool {
        if !matches!(self.surface, Surface::Functions | Surface::Both) {
            return false;
        }
        let Some(label) = authority.and_then(|authority| function_label(authority, &self.names)) else { return false };
        part == Part::Function
            || pages::is_browser(headers)
            || self.functions.get(&label.to_ascii_lowercase()).is_some()
    }

    /// Refuses unknown names. Any name server can make a name lead to this address, so that web pages of that name reach
    /// it (DNS rebinding).
    fn known(&self, authority: Option<&Authority<'_>>, part: Part) -> Result<(), ApiError> {
        let Some(at) = self.at else { return Ok(()) };
        let guarded = matches!(part, Part::Management | Part::Dapr) || at.ip().to_canonical().is_loopback();
        let name = match authority.map(|authority| authority.host) {
            Some(Host::Name(name)) if guarded => name,
            _ => return Ok(()),
        };
        if name.eq_ignore_ascii_case("localhost")
            || authority::below(name, "localhost").is_some()
            || self.names.allows(name)
        {
            return Ok(());
        }
        let detail = format!(
            "this server is not known as {name:?} here: call it by its address or as localhost, or add the name to --allowed-hosts"
        );
        Err(ApiError::new(Code::UnknownHost, detail).with_setting("--allowed-hosts"))
    }

    /// A path whose parts are to be read as text has to be text.
    fn readable(&self, part: Part, path: &str, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let invoked =
            path.starts_with("/v1.0/invoke/") || (!path.starts_with("/v1.0") && headers.contains_key("dapr-app-id"));
        if !path.contains('%') || (part == Part::Dapr && invoked) || percent_decode_str(path).decode_utf8().is_ok() {
            return Ok(());
        }
        let detail = format!("the path {path:?} has percent-encoded bytes that are not UTF-8");
        Err(match part {
            Part::Dapr => Box::new(DaprApiError::malformed(detail).into_response()),
            _ => answer(ApiError::bad_request(detail)),
        })
    }

    /// Dapr's own token, as a sidecar asks for it, and a body whose announced length is too large already.
    fn dapr(&self, path: &str, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let probe = self.surface == Surface::Dapr && path.starts_with("/v1.0/healthz");
        if let Some(token) = &self.dapr
            && !probe
            && !headers.get(crate::dapr::TOKEN).is_some_and(|said| token.is(said.as_bytes()))
        {
            let detail =
                "the header dapr-api-token is missing or wrong; this server was given a token (DAPR_API_TOKEN)";
            return Err(answer(ApiError::new(Code::Unauthorized, detail)));
        }
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let calls = path.starts_with("/v1.0/invoke/") || headers.contains_key("dapr-app-id");
        if self.surface == Surface::Dapr
            && !calls
            && length.is_some_and(|length| length > self.max_api_body_bytes as u64)
        {
            let limit = self.max_api_body_bytes;
            let message = format!("the request body is larger than {limit} bytes (max_api_body_bytes)");
            let error = DaprApiError::new(Code::DaprRequestTooLarge, message);
            return Err(Box::new(error.into_response()));
        }
        Ok(())
    }

    /// Management is for who shows the token, where there is one. No function ever sees it.
    fn operator<B>(&self, part: Part, request: &mut Request<B>) -> Result<(), Box<Response>> {
        let Some(token) = &self.admin else { return Ok(()) };
        let said = request.headers().get(header::AUTHORIZATION);
        if said.and_then(token::bearer).is_some_and(|said| token.is(said)) {
            request.headers_mut().remove(header::AUTHORIZATION);
            request.extensions_mut().insert(trust::Operator);
            return Ok(());
        }
        if part != Part::Management {
            return Ok(());
        }
        let detail =
            "management needs the header `Authorization: Bearer TOKEN`; the token is in the file of --admin-token-file";
        let error = ApiError::new(Code::Unauthorized, detail).with_setting("--admin-token-file");
        Err(answer(error.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))))
    }
}

fn answer(error: ApiError) -> Box<Response> {
    Box::new(error.into_response())
}

/// A page that may use the server may also read why it was refused.
fn in_page(mut refusal: Box<Response>, page: Option<&HeaderValue>) -> Box<Response> {
    if let Some(origin) = page {
        pages::allow(origin.clone(), refusal.headers_mut());
    }
    refusal
}

/// `OPTIONS *` asks whether the server is there (RFC 9110 §9.3.7); nothing else can do without a path.
fn without_path(method: &Method, path: &str) -> Box<Response> {
    match (method, path) {
        (&Method::OPTIONS, "*") => Box::new(status::NO_CONTENT.into_response()),
        (&Method::CONNECT, _) => {
            let detail = "this server is no proxy: CONNECT is not supported";
            answer(ApiError::new(Code::MethodNotAllowed, detail))
        }
        _ => answer(ApiError::bad_request(format!("the request's target is {path:?}, but must be a path"))),
    }
}
