//! Who uploads, as far as fairness between uploads needs it. A proxy in front of the server makes its callers look like one address.
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The other end of a connection; the default stands for a socket in the file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address and port.
    pub peer: Option<SocketAddr>,
}

impl Client {
    /// The address that one client has at a time. Of an IPv6 address it is the network (RFC 6177: a site gets a /64 or more), since a
    /// client can use every address in it.
    pub fn address(self) -> Option<IpAddr> {
        self.peer.map(|peer| match peer.ip().to_canonical() {
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !(u128::MAX >> 64)).into(),
            ip => ip,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_of_version_6_counts_by_its_network() {
        for (peer, address) in [
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::ffff:10.0.0.1]:80", "10.0.0.1"),
            ("[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::"),
        ] {
            let client = Client { peer: Some(peer.parse().unwrap()) };
            assert_eq!(client.address(), Some(address.parse().unwrap()), "{peer}");
        }
        assert_eq!(Client::default().address(), None);
    }
}
