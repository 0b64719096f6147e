//! Headers that only the host sets on what it sends: those that frame a message, and those that belong to one
//! connection.
//!
//! Owns: their one list. Every place that sends headers chosen by a function or a client asks it: output bindings, and
//! service invocation in the process, through a sidecar and over gRPC. Must not know: who sends, and where to.

/// Headers that frame a message or name its host (RFC 9110, RFC 9112). A function that set one could make two servers
/// read one request as two.
const FRAMING: [&str; 5] = ["host", "content-length", "transfer-encoding", "trailer", "expect"];
/// Headers that belong to one connection (RFC 9110 §7.6.1).
const CONNECTION: [&str; 5] = ["connection", "keep-alive", "te", "upgrade", "http2-settings"];
/// The headers of proxies, credentials among them.
const PROXY: &str = "proxy-";

/// Returns whether only the host sets the header `name`. Case does not count, and `_` counts as `-`, as many servers
/// read it.
pub fn is_reserved(name: &str) -> bool {
    let same = |reserved: &str| name.len() == reserved.len() && starts_with(name, reserved);
    FRAMING.iter().chain(&CONNECTION).any(|reserved| same(reserved)) || starts_with(name, PROXY)
}

fn starts_with(name: &str, start: &str) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    name.len() >= start.len() && name.bytes().zip(start.bytes()).all(|(a, b)| plain(a) == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_servers_compare_them() {
        for name in [
            "host",
            "HOST",
            "Content-Length",
            "content_length",
            "Transfer-Encoding",
            "TRANSFER_ENCODING",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "HTTP2-Settings",
            "Expect",
            "Proxy-Authorization",
            "proxy-connection",
            "Proxy_Anything",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in
            ["", "hos", "hosts", "x-host", "content-type", "content-encoding", "te2", "accept", "proxy", "expected"]
        {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
