//! The name by which a client calls this server: `Host`, `:authority`, or the authority of an absolute target (RFC 9110 §7.2).
use crate::http::ApiError;
use axum::http::{HeaderMap, Uri, Version, header};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A checked authority; its parts are as the client wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// Host and port.
    pub text: &'a str,
    pub host: Host<'a>,
    /// The port, where one is named.
    pub port: Option<u16>,
}

/// The two kinds of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    /// An address. No one can make a name that leads elsewhere look like it.
    Address(IpAddr),
    /// A name, without the dot at its end.
    Name(&'a str),
}

/// Reads `host` or `host:port`; the error states the fault.
pub fn parse(text: &str) -> Result<Authority<'_>, &'static str> {
    let after_brackets = text.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match text[after_brackets..].find(':') {
        Some(at) => (&text[..after_brackets + at], &text[after_brackets + at + 1..]),
        None => (text, ""),
    };
    let port = match port {
        "" => None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| "its port is larger than 65535")?)
        }
        _ => return Err("its port is not a number"),
    };
    if let Some(inside) = host.strip_prefix('[') {
        let address = inside.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
        let address = address.ok_or("the part in brackets is not an IPv6 address")?;
        return Ok(Authority { text, host: Host::Address(address.into()), port });
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(Authority { text, host: Host::Address(address.into()), port });
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return Err("it is empty");
    }
    if !name.bytes().all(in_name) {
        return Err("it has a character that a host's name cannot have");
    }
    if !is_in_urls(name) {
        return Err("it looks like an address or an encoded name, and is neither");
    }
    Ok(Authority { text, host: Host::Name(name), port })
}

/// The characters of a `reg-name` (RFC 3986 §3.2.2), but for percent-encoding, which no name of a host has.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Whether a function can parse `request.url`: URLs (WHATWG) take a last label that begins with a digit for an address,
/// and decode labels with `--` as Unicode. Other names are unchanged.
fn is_in_urls(name: &str) -> bool {
    let numeric = name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    !(numeric || name.contains("--")) || reqwest::Url::parse(&format!("http://{name}/")).is_ok()
}

/// The authority of a request; nothing where HTTP/1.0 named none. RFC 9112 §3.2: a request of HTTP/1.1 has one `Host`, and an
/// absolute target wins over it. RFC 9113 §8.3.1: `:authority` and `Host` are the same.
pub fn of<'a>(uri: &'a Uri, headers: &'a HeaderMap, version: Version) -> Result<Option<Authority<'a>>, ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(ApiError::bad_request("the request has more than one Host"));
    }
    let invalid = |what: &str, text: &str, why: &str| {
        let shown: String = text.chars().take(120).collect();
        ApiError::bad_request(format!("the request's {what} is {shown:?}: {why}"))
    };
    let read = |what: &str, text: &'a str| parse(text).map_err(|why| invalid(what, text, why));
    let host =
        host.map(|value| value.to_str().map_err(|_| invalid("Host", "…", "it is not ASCII text"))).transpose()?;
    let host = host.map(|text| read("Host", text)).transpose()?;
    let target = uri.authority().map(|authority| read("target", authority.as_str())).transpose()?;
    match (target, host) {
        (None, None) if version <= Version::HTTP_10 => Ok(None),
        (None, None) => Err(ApiError::bad_request("the request has no Host")),
        (Some(_), None) if version == Version::HTTP_11 => Err(ApiError::bad_request("the request has no Host")),
        (Some(target), Some(host)) if version >= Version::HTTP_2 && !target.text.eq_ignore_ascii_case(host.text) => {
            Err(ApiError::bad_request(format!(
                "the request's :authority is {:?}, but its Host {:?}",
                target.text, host.text
            )))
        }
        (target, host) => Ok(target.or(host)),
    }
}

/// The part of a name before `.domain`.
pub fn below<'a>(name: &'a str, domain: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(domain.len())?;
    let (before, end) = name.is_char_boundary(at).then(|| name.split_at(at))?;
    let before = before.strip_suffix('.').filter(|before| !before.is_empty())?;
    end.eq_ignore_ascii_case(domain).then_some(before)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hosts_are_addresses_or_names() {
        for address in ["127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]:0", "0.0.0.0:"] {
            assert!(matches!(parse(address).unwrap().host, Host::Address(_)), "{address}");
        }
        for (text, name, port) in [
            ("localhost", "localhost", None),
            ("LocalHost.:65535", "LocalHost", Some(65535)),
            // Not in the form of RFC 3986, so these are names, which are not allowed by default.
            ("127.1", "127.1", None),
            ("2130706433", "2130706433", None),
            ("0177.0.0.1", "0177.0.0.1", None),
            ("0x7f.0.0.1", "0x7f.0.0.1", None),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
        ] {
            let read = parse(text).unwrap();
            assert_eq!((read.host, read.port), (Host::Name(name), port), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            ":80",
            ".",
            "a b",
            "a, b",
            "a/b",
            "a@b",
            "user:pass@host",
            "a:65536",
            "a:-1",
            "a:1:2",
            "a:b",
            "[::1",
            "::1",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[1.2.3.4]",
            "[::1]x",
            "a\\b",
            "a%2Eb",
            "127.0.0.256",
            "1.2.3.4.5",
            "xn--a",
            "é",
            "a\tb",
            "<a>",
            "a#b",
            "a?b",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    /// Every accepted host can be part of a URL. The generator is Marsaglia's xorshift.
    #[test]
    fn every_host_can_stand_in_a_url() {
        let (mut state, mut taken) = (1_u64, 0);
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        let alphabet = b"ab019x.-_~!%'$(*,;=ZnX:[]@";
        for _ in 0..200_000 {
            let length = 1 + next(9);
            let text: Vec<u8> = (0..length).map(|_| alphabet[next(alphabet.len())]).collect();
            let text = String::from_utf8(text).unwrap();
            if parse(&text).is_ok() {
                taken += 1;
                let url = reqwest::Url::parse(&format!("http://{text}/a?b"));
                assert!(url.is_ok_and(|url| url.path() == "/a" && url.query() == Some("b")), "{text}");
            }
        }
        assert!(taken > 10_000, "{taken}");
    }

    #[test]
    fn a_label_below_a_domain() {
        assert_eq!(below("Hello.LOCALHOST", "localhost"), Some("Hello"));
        assert_eq!(below("a.b.localhost", "localhost"), Some("a.b"));
        for other in ["localhost", ".localhost", "hellolocalhost", "hello.localhost.evil", "t"] {
            assert_eq!(below(other, "localhost"), None, "{other}");
        }
    }
}
