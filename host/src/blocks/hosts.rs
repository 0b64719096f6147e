//! Hosts that a function may fetch from, as the list `hosts` of its grants names them.
//!
//! Owns: the form of an entry, and which URL's host it matches. Must not know: addresses, connections.
//!
//! An entry is a host (`api.example.com`, `10.0.0.5`, `[fd00::1]`), every name below a domain (`*.example.com`) or every host
//! (`*`), and with `:8443` one port of it. Without a port it names every port, as in Deno's `--allow-net`. Entries and URLs are
//! both read by the URL Standard, so that case, IDN, numbers and a dot at the end are one thing in both.
use reqwest::Url;

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: Name,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Every,
    /// The domain, with a dot before it.
    Below(String),
    Exact(String),
}

/// How exactly a list names a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Not at all.
    Not,
    /// By a `*`: the owner of the domain chooses the names and their addresses.
    Pattern,
    /// By its own name.
    Exactly,
    /// By its address.
    Address,
}

impl HostPattern {
    /// Reads an entry; `None` where it could never match.
    pub fn parse(entry: &str) -> Option<HostPattern> {
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !entry.ends_with(']') => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
            _ => (entry, None),
        };
        let name = match host.strip_prefix("*.") {
            _ if host == "*" => Name::Every,
            Some(domain) if is_address(&canonical(domain)?) => return None,
            Some(domain) => Name::Below(format!(".{}", canonical(domain)?)),
            None => Name::Exact(canonical(host)?),
        };
        Some(HostPattern { name, port })
    }

    /// Whether the entry is for one port.
    pub fn has_port(&self) -> bool {
        self.port.is_some()
    }

    fn names(&self, host: &str, port: u16) -> Named {
        if self.port.is_some_and(|own| own != port) {
            return Named::Not;
        }
        match &self.name {
            Name::Exact(own) if own == host && is_address(host) => Named::Address,
            Name::Exact(own) if own == host => Named::Exactly,
            Name::Below(domain) if host.len() > domain.len() && host.ends_with(domain.as_str()) => Named::Pattern,
            Name::Every => Named::Pattern,
            _ => Named::Not,
        }
    }
}

/// How exactly the list names the host of a URL, as [`host_of`] gives it.
pub fn named(list: &[HostPattern], host: &str, port: u16) -> Named {
    list.iter().map(|entry| entry.names(host, port)).max().unwrap_or(Named::Not)
}

/// The host of a URL without a dot at its end.
pub fn host_of(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    Some(host.strip_suffix('.').unwrap_or(host)).filter(|host| !host.is_empty())
}

/// A host as a URL has it; `None` for what is more or less than a host.
fn canonical(host: &str) -> Option<String> {
    if host.is_empty() || host.contains(['/', '\\', '?', '#', '@', '*', '%']) || host.contains(char::is_whitespace) {
        return None;
    }
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    (url.port().is_none() && url.path() == "/").then(|| host_of(&url).map(str::to_owned)).flatten()
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn entries_match_what_a_url_says_however_it_is_written() {
        for (entry, url, expected) in [
            ("api.example.com", "https://API.example.com./x", Named::Exactly),
            ("API.Example.com", "http://api.example.com:81", Named::Exactly),
            ("api.example.com:443", "https://api.example.com", Named::Exactly),
            ("api.example.com:443", "http://api.example.com", Named::Not),
            ("example.com", "http://api.example.com", Named::Not),
            ("*.example.com", "http://a.b.example.com", Named::Pattern),
            ("*.example.com", "http://example.com", Named::Not),
            ("*.example.com", "http://evilexample.com", Named::Not),
            ("*.example.com:8443", "https://a.example.com:8443", Named::Pattern),
            ("*.example.com:8443", "https://a.example.com", Named::Not),
            ("*", "http://anything", Named::Pattern),
            ("*:443", "http://anything", Named::Not),
            ("b\u{fc}cher.example", "http://xn--bcher-kva.example", Named::Exactly),
            ("10.0.0.5:8080", "http://0x0a000005:8080", Named::Address),
            ("10.0.0.5", "http://167772165/", Named::Address),
            ("[FD00::1]", "http://[fd00:0::1]:9", Named::Address),
            ("[fd00::1]:9", "http://[fd00::1]:9", Named::Address),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]", Named::Not),
            ("good.example", "http://good.example@evil.example/", Named::Not),
        ] {
            let url: Url = url.parse().unwrap();
            let list = [HostPattern::parse(entry).unwrap()];
            let port = url.port_or_known_default().unwrap();
            assert_eq!(named(&list, host_of(&url).unwrap(), port), expected, "{entry} {url}");
        }
    }

    #[test]
    fn what_could_never_match_is_no_entry() {
        for entry in [
            "",
            ":80",
            "a:0",
            "a:65536",
            "a:b",
            "http://a",
            "a/b",
            "a b",
            "me@a",
            "a.*",
            "*a.example",
            "**",
            "*.*.example",
            "*.10.0.0.1",
            "::1",
            "[::1",
            "10.0.0.0/8",
            "256.1.1.1",
            "a%2eb",
        ] {
            assert_eq!(HostPattern::parse(entry), None, "{entry:?}");
        }
    }
}
