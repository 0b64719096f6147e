//! Where a function may fetch from: the operator's setting and the function's grants, for a host and for each of its addresses.
//!
//! Owns: what the two mean together, and which ports are blocked. Must not know: how a connection is made.
use super::address::{Class, class};
use super::failure::Failure;
use crate::blocks::hosts::{HostPattern, Named, host_of, named};
use crate::config::Outbound;
use reqwest::Url;
use std::net::IpAddr;
use std::sync::Arc;

/// Ports that no fetch goes to (Fetch Standard §2.9, port blocking): services that could take a request for their own protocol.
const BLOCKED: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// What one function may fetch.
#[derive(Clone, Debug)]
pub struct Policy {
    function: Arc<str>,
    outbound: Outbound,
    /// The list of its grants; `None` where its upload leaves it out.
    hosts: Option<Arc<[HostPattern]>>,
}

/// Which addresses of a host are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public ones.
    Public,
    /// The operator's own too: the grants name the host itself.
    Private,
    /// Every one.
    Any,
}

impl Reach {
    /// Whether a connection to the address is allowed.
    pub fn allows(self, address: IpAddr) -> bool {
        match class(address) {
            Class::Public => true,
            Class::Private => self != Reach::Public,
            Class::Special => self == Reach::Any,
        }
    }
}

impl Policy {
    /// The rules of a function with the list `hosts` of its grants.
    pub fn new(function: &Arc<str>, outbound: Outbound, hosts: Option<&Vec<String>>) -> Policy {
        let read = |list: &Vec<String>| list.iter().filter_map(|entry| HostPattern::parse(entry)).collect();
        Policy { function: Arc::clone(function), outbound, hosts: hosts.map(read) }
    }

    /// Which addresses of a URL's host are allowed; the failure says why none is.
    pub fn reach(&self, url: &Url) -> Result<Reach, Failure> {
        let refused = || Failure::InvalidUrl(url.to_string());
        let (host, port) = (host_of(url).ok_or_else(refused)?, url.port_or_known_default().ok_or_else(refused)?);
        if self.outbound == Outbound::None {
            return Err(Failure::Off);
        }
        if BLOCKED.contains(&port) {
            return Err(Failure::BlockedPort(port));
        }
        let named = match &self.hosts {
            None if self.outbound == Outbound::Any => return Ok(Reach::Any),
            None => Named::Pattern,
            Some(list) => named(list, host, port),
        };
        let reach = match named {
            Named::Not => return Err(self.not_granted(host, port)),
            _ if self.outbound == Outbound::Any => Reach::Any,
            // The owner of the domain could let a name of it lead inside.
            Named::Pattern => Reach::Public,
            Named::Exactly => Reach::Private,
            Named::Address => Reach::Any,
        };
        match address_of(host) {
            Some(address) if !reach.allows(address) => Err(self.not_public(host, port)),
            _ => Ok(reach),
        }
    }

    /// Whether the grants name the URL's host itself.
    pub fn names(&self, url: &Url) -> bool {
        let (Some(list), Some(host), Some(port)) = (&self.hosts, host_of(url), url.port_or_known_default()) else {
            return false;
        };
        named(list, host, port) >= Named::Exactly
    }

    fn not_granted(&self, host: &str, port: u16) -> Failure {
        Failure::NotGranted { function: Arc::clone(&self.function), host: format!("{host}:{port}") }
    }

    /// The failure for a host none of whose addresses is allowed.
    pub fn not_public(&self, host: &str, port: u16) -> Failure {
        Failure::NotPublic { function: Arc::clone(&self.function), host: format!("{host}:{port}") }
    }
}

/// The address that a URL's host is, where it is one.
pub fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reach(outbound: Outbound, hosts: Option<&[&str]>, url: &str) -> Result<Reach, String> {
        let hosts = hosts.map(|list| list.iter().map(|entry| (*entry).to_owned()).collect());
        Policy::new(&"f".into(), outbound, hosts.as_ref())
            .reach(&url.parse().unwrap())
            .map_err(|e| e.code().word().to_owned())
    }

    #[test]
    fn the_setting_and_the_grants_hold_together() {
        let refused = || Err("HOST_NOT_GRANTED".to_owned());
        let list: &[&str] = &["api.example.com", "*.cdn.example:443", "10.0.0.5:8080", "169.254.169.254"];
        for (outbound, hosts, url, expected) in [
            (Outbound::Public, None, "http://example.com", Ok(Reach::Public)),
            (Outbound::Public, None, "http://127.0.0.1", refused()),
            (Outbound::Public, Some(list), "http://api.example.com", Ok(Reach::Private)),
            (Outbound::Public, Some(list), "https://a.cdn.example", Ok(Reach::Public)),
            (Outbound::Public, Some(list), "http://a.cdn.example", refused()),
            (Outbound::Public, Some(list), "http://10.0.0.5:8080", Ok(Reach::Any)),
            (Outbound::Public, Some(list), "http://10.0.0.5", refused()),
            (Outbound::Public, Some(list), "http://169.254.169.254", Ok(Reach::Any)),
            (Outbound::Public, Some(&["*"]), "http://192.168.0.1", refused()),
            (Outbound::Public, Some(&[]), "http://example.com", refused()),
            (Outbound::None, None, "http://example.com", refused()),
            (Outbound::None, Some(list), "http://api.example.com", refused()),
            (Outbound::Any, None, "http://127.0.0.1", Ok(Reach::Any)),
            (Outbound::Any, Some(list), "http://127.0.0.1", refused()),
            (Outbound::Any, Some(list), "https://a.cdn.example", Ok(Reach::Any)),
            (Outbound::Any, None, "http://example.com:25", Err("BAD_PORT".to_owned())),
        ] {
            assert_eq!(reach(outbound, hosts, url), expected, "{outbound:?} {hosts:?} {url}");
        }
        assert!(BLOCKED.is_sorted());
    }

    #[test]
    fn addresses_are_judged_as_the_url_standard_reads_them() {
        for url in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[2002:a00:1::]/",
            "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
            "http://127\u{3002}0\u{3002}0\u{3002}1/",
            "http://%31%32%37.0.0.1/",
            "http://example.com@127.0.0.1/",
            "http://127.0.0.1\\@example.com/",
            "http:127.0.0.1",
            "http://169.254.169.254/latest/meta-data",
            "http://0xa9.0xfe.0xa9.0xfe/",
        ] {
            assert_eq!(reach(Outbound::Public, None, url), Err("HOST_NOT_GRANTED".to_owned()), "{url}");
        }
    }
}
