//! Secrets that a fetch carries and a function never holds: the function puts a text in their place (`secrets.ref`), and the host
//! puts the secret there on the way out.
//!
//! Owns: for which host a secret may leave, where in a request a text is replaced, and that no answer brings the secret back in.
//! Must not know: connections. A text is random and holds for one invocation, so that no caller can make one up.
use super::Request;
use super::failure::Failure;
use crate::blocks::call::CallContext;
use crate::blocks::secrets::{Get, SecretStore};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use hyper::header::{AUTHORIZATION, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use std::borrow::Cow;
use std::sync::Arc;

/// Secrets shorter than this are not looked for in answers: they would be found by chance.
const SHORTEST: usize = 6;

/// The texts of a request with the secrets that they stand for.
#[derive(Default)]
pub struct Credentials {
    found: Vec<Credential>,
    /// In which forms secrets leave, with what stands for each in answers.
    forms: Vec<(String, String)>,
}

struct Credential {
    text: String,
    value: String,
    /// `store/key`, for messages.
    name: String,
    store: String,
    key: String,
}

impl Credentials {
    /// The secrets that a request asks for.
    pub async fn of(
        cx: &CallContext,
        store: &Arc<dyn SecretStore>,
        most: usize,
        request: &Request,
    ) -> Result<Credentials, Failure> {
        let mut found = Vec::new();
        for (text, (store_name, key)) in cx.allowance.outside(most).texts() {
            if !asks(request, &text) {
                continue;
            }
            let get = Get { store: store_name.clone(), key: key.clone(), metadata: Default::default() };
            let name = format!("{store_name}/{key}");
            let values = store.get(cx, &get).await.map_err(|e| Failure::Secret(e.message))?;
            let values = values.ok_or_else(|| Failure::Secret(format!("there is no secret {name}")))?;
            let value = values.get(&key).or_else(|| values.values().next().filter(|_| values.len() == 1));
            let value = value.ok_or_else(|| Failure::Secret(format!("the secret {name} has several values")))?.clone();
            found.push(Credential { text, value, name, store: store_name, key });
        }
        let forms = forms(request, &found);
        Ok(Credentials { found, forms })
    }

    /// Whether the request carries no secret.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The request as it is sent. Fails where the grants do not name its host together with each secret.
    pub fn put_into<'a>(&self, cx: &CallContext, request: &'a Request) -> Result<Cow<'a, Request>, Failure> {
        if self.found.is_empty() {
            return Ok(Cow::Borrowed(request));
        }
        let mut request = request.clone();
        for credential in self.found.iter().filter(|credential| asks(&request, &credential.text)) {
            if !cx.grants.has_secret_for(&credential.store, &credential.key, &request.url) {
                let host = request.url.host_str().unwrap_or_default();
                let port = request.url.port_or_known_default().unwrap_or_default();
                return Err(Failure::SecretNotGranted {
                    function: Arc::clone(&cx.function),
                    entry: format!("{}@{host}:{port}", credential.name),
                });
            }
        }
        for Credential { text, value, name, .. } in &self.found {
            request.url = in_url(&request.url, text, value);
            for (header, sent) in request.headers.iter_mut() {
                let Ok(said) = sent.to_str() else { continue };
                let basic = (header == AUTHORIZATION).then(|| basic(said, text, value)).flatten();
                let made = match basic {
                    Some(made) => made,
                    None if said.contains(text.as_str()) => said.replace(text.as_str(), value),
                    None => continue,
                };
                let made = HeaderValue::from_str(&made);
                *sent = made.map_err(|_| Failure::Secret(format!("the secret {name} cannot stand in a header")))?;
                sent.set_sensitive(true);
            }
            request.body = replaced(request.body, text.as_bytes(), value.as_bytes());
        }
        Ok(Cow::Owned(request))
    }

    /// Leaves out the headers that carry a secret: a redirect leads to another origin. A body that carries one cannot go there.
    pub fn leave_out(&self, request: &mut Request) -> Result<(), Failure> {
        let texts = || self.found.iter().map(|credential| credential.text.as_str());
        let carries = |value: &HeaderValue| texts().any(|text| in_header(value, text));
        let names: Vec<_> =
            request.headers.iter().filter(|(_, value)| carries(value)).map(|(n, _)| n.clone()).collect();
        names.iter().for_each(|name| drop(request.headers.remove(name)));
        match self.found.iter().find(|credential| asks(request, &credential.text)) {
            Some(Credential { name, .. }) => {
                Err(Failure::Redirect(format!("the secret {name} does not follow a redirect to another origin")))
            }
            None => Ok(()),
        }
    }

    /// An answer's text with the texts in place of the secrets.
    pub fn hidden(&self, answer: String) -> String {
        let replace = |answer: String, (form, text): &(String, String)| match answer.contains(form.as_str()) {
            true => answer.replace(form.as_str(), text),
            false => answer,
        };
        self.forms.iter().fold(answer, replace)
    }

    /// The same for a body.
    pub fn hidden_in(&self, body: Bytes) -> Bytes {
        self.forms.iter().fold(body, |body, (form, text)| replaced(body, form.as_bytes(), text.as_bytes()))
    }
}

/// The forms in which the secrets leave: as they are, percent-encoded, and in a header of Basic authentication.
fn forms(request: &Request, found: &[Credential]) -> Vec<(String, String)> {
    let mut forms = Vec::new();
    for Credential { text, value, .. } in found.iter().filter(|credential| credential.value.len() >= SHORTEST) {
        forms.push((value.clone(), text.clone()));
        forms.push((utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(), text.clone()));
        for said in request.headers.get_all(AUTHORIZATION).iter().filter_map(|said| said.to_str().ok()) {
            let credentials = |header: &str| header.split_once(' ').map(|(_, credentials)| credentials.to_owned());
            forms.extend(basic(said, text, value).and_then(|sent| credentials(&sent)).zip(credentials(said)));
        }
    }
    forms
}

/// Whether the text stands in a part of the request in which it is replaced.
fn asks(request: &Request, text: &str) -> bool {
    let Request { url, headers, body, .. } = request;
    let in_url = url.path().contains(text) || url.query().is_some_and(|query| query.contains(text));
    in_url || headers.values().any(|value| in_header(value, text)) || find(body, text.as_bytes()).is_some()
}

fn in_header(value: &HeaderValue, text: &str) -> bool {
    let Ok(said) = value.to_str() else { return false };
    said.contains(text) || basic(said, text, "").is_some()
}

/// The header of Basic authentication with the text replaced, where it has it.
fn basic(said: &str, text: &str, value: &str) -> Option<String> {
    let (scheme, credentials) = said.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = String::from_utf8(decoded).ok().filter(|decoded| decoded.contains(text))?;
    Some(format!("{scheme} {}", BASE64_STANDARD.encode(decoded.replace(text, value))))
}

fn in_url(url: &Url, text: &str, value: &str) -> Url {
    let mut url = url.clone();
    let value = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    if url.path().contains(text) {
        url.set_path(&url.path().replace(text, &value));
    }
    if let Some(query) = url.query().filter(|query| query.contains(text)).map(|query| query.replace(text, &value)) {
        url.set_query(Some(&query));
    }
    url
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

fn replaced(bytes: Bytes, from: &[u8], to: &[u8]) -> Bytes {
    if find(&bytes, from).is_none() {
        return bytes;
    }
    let (mut made, mut rest) = (BytesMut::with_capacity(bytes.len()), &bytes[..]);
    while let Some(at) = find(rest, from) {
        made.extend_from_slice(&rest[..at]);
        made.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    made.extend_from_slice(rest);
    made.freeze()
}
