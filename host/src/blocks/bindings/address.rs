//! Addresses below a binding: the path of a function's request, and the target of a redirect.
//!
//! Owns: what is below the binding's URL. No message names that URL: it may carry credentials.
use reqwest::Url;

/// How many layers of encoding are checked: a path with more is refused.
const DECODINGS: usize = 4;

/// Refuses a path that may lead out of the binding's folder, wherever that is.
pub fn check_path(path: &str) -> Result<(), String> {
    check(path.split('?').next().unwrap_or_default())
}

/// The binding's URL with a path, and its query, below it.
pub fn extended(base: &Url, path: &str) -> Result<Url, String> {
    let (own, query) = path.split_once('?').map_or((path, None), |(own, query)| (own, Some(query)));
    check(own)?;
    if query.is_some_and(|query| query.contains('#')) {
        return Err(format!("the path {path:?} has a fragment (#), which no request can carry"));
    }
    let mut url = base.clone();
    url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), own.trim_start_matches('/')));
    match (base.query(), query) {
        (_, None) => {}
        (None | Some(""), Some(query)) => url.set_query(Some(query)),
        (Some(first), Some(query)) => url.set_query(Some(&format!("{first}&{query}"))),
    }
    if is_below(base, &url) { Ok(url) } else { Err(format!("the path {path:?} leads out of the binding's folder")) }
}

/// The target of a redirect, without credentials; `None` if it is outside the binding's folder.
pub fn redirected(base: &Url, from: &Url, location: &str) -> Option<Url> {
    let mut url = from.join(location).ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_fragment(None);
    // As it was written, and as it was understood: both have to be harmless.
    let written = location.split(['?', '#']).next().unwrap_or_default();
    let written = written.split_once("://").map_or(written, |(_, rest)| rest);
    (check(written).is_ok() && check(url.path()).is_ok() && is_below(base, &url)).then_some(url)
}

/// Whether the address is the binding's own or one below it, of the same origin.
fn is_below(base: &Url, url: &Url) -> bool {
    let folder = base.path().trim_end_matches('/');
    let below = url.path().strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    url.origin() == base.origin() && below
}

/// Refuses paths that servers may read differently: dots that lead upwards, backslashes, encoded slashes and backslashes,
/// control characters, and several layers of encoding of these.
fn check(path: &str) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("the path {path:?} has {what}: such a path leads out of a binding's folder"));
    let mut bytes = path.as_bytes().to_vec();
    for layer in 0..DECODINGS {
        if layer > 0 && bytes.iter().filter(|byte| **byte == b'/').count() != path.matches('/').count() {
            return refuse("an encoded slash");
        }
        if bytes.contains(&b'\\') {
            return refuse("a backslash");
        }
        if bytes.iter().any(|byte| byte.is_ascii_control()) {
            return refuse("a control character");
        }
        // Never a part of UTF-8: a slash in two bytes, as some decoders take it.
        if layer > 0 && bytes.iter().any(|byte| matches!(byte, 0xc0 | 0xc1)) {
            return refuse("an overlong encoding");
        }
        let upwards = |segment: &[u8]| {
            let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
            matches!(name, b"." | b"..")
        };
        if bytes.split(|byte| *byte == b'/').any(upwards) {
            return refuse("a segment of dots");
        }
        let decoded: Vec<u8> = percent_encoding::percent_decode(&bytes).collect();
        if decoded == bytes {
            return Ok(());
        }
        bytes = decoded;
    }
    refuse("too many layers of encoding")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn base(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_stays_below_the_binding() {
        let send = base("http://me:pw@host:81/send?key=k");
        for (path, expected) in [
            ("a/b", "http://me:pw@host:81/send/a/b?key=k"),
            ("/a?x=1", "http://me:pw@host:81/send/a?key=k&x=1"),
            ("//other/x", "http://me:pw@host:81/send/other/x?key=k"),
            ("a:b@c", "http://me:pw@host:81/send/a:b@c?key=k"),
            ("100%25", "http://me:pw@host:81/send/100%25?key=k"),
            ("%C3%A9 x", "http://me:pw@host:81/send/%C3%A9%20x?key=k"),
            ("...", "http://me:pw@host:81/send/...?key=k"),
        ] {
            assert_eq!(extended(&send, path).map(|url| url.to_string()), Ok(expected.to_owned()), "{path}");
        }
        assert_eq!(extended(&base("http://h"), "x").unwrap().as_str(), "http://h/x");
    }

    #[test]
    fn what_may_lead_elsewhere_is_refused_without_the_address() {
        let send = base("http://me:pw@host:81/send?key=k");
        for path in [
            "../x",
            "a/../../x",
            "..",
            ".",
            "a/./b",
            "%2e%2e/x",
            ".%2E/x",
            "%2E./x",
            "a%2fb",
            "a%2Fb",
            "a%5cb",
            "a\\b",
            "..\\x",
            "%252e%252e/x",
            "%252f",
            "%25252f",
            "%2525252f",
            "%c0%af",
            "..;/x",
            "..;a=b/x",
            "%2e%2e;/x",
            "a%00b",
            "a%0d%0ab",
            "a\tb",
            "a\r\nb",
            "a?b#c",
        ] {
            let refused = extended(&send, path).unwrap_err();
            assert!(!refused.contains("pw") && !refused.contains("host") && !refused.contains("key=k"), "{refused}");
        }
    }

    #[test]
    fn redirects_are_followed_within_the_folder() {
        let (send, from) = (base("http://me:pw@host:81/send"), base("http://me:pw@host:81/send/a"));
        let to = |location: &str| redirected(&send, &from, location).map(|url| url.to_string());
        for (location, expected) in [
            ("b", "http://host:81/send/b"),
            ("/send/b?x=1#y", "http://host:81/send/b?x=1"),
            ("http://host:81/send", "http://host:81/send"),
            ("//host:81/send/", "http://host:81/send/"),
        ] {
            assert_eq!(to(location).as_deref(), Some(expected), "{location}");
        }
        for location in [
            "/",
            "/sendmail",
            "../x",
            "/send/../x",
            "/send/%2e%2e/x",
            "/send/a%2fb",
            "http://host/send",
            "https://host:81/send",
            "http://host:82/send/b",
            "//other/send/b",
            "http://other:81/send",
            "/send\\..\\x",
            "http://",
            "ftp://host:81/send",
        ] {
            assert_eq!(to(location), None, "{location}");
        }
    }
}
