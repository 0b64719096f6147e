//! What the kernel still holds of what was written to connections: bytes that the peer has not acknowledged.
//!
//! An accepted write says little about a slow peer: the kernel takes megabytes, and then nothing until a third of them
//! is gone. So before a peer counts as too slow, `/proc/self/net/tcp` is read, for all connections and at most once a
//! second, however many are suspected. Must not know: what is slow.
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two reads.
const FRESH: Duration = Duration::from_secs(1);
const LISTS: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// Bytes by the two addresses of a connection.
type Table = HashMap<Box<str>, u64>;

/// The result of the last read.
#[derive(Default)]
pub struct Queues(Mutex<Option<(Instant, Table)>>);

impl Queues {
    /// Bytes that the connection's peer has not acknowledged; 0 where the kernel does not list the connection.
    pub fn unsent(&self, local: SocketAddr, peer: SocketAddr) -> Option<u64> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref().is_none_or(|(at, _)| at.elapsed() > FRESH) {
            let lists = LISTS.iter().filter_map(|list| std::fs::read_to_string(list).ok());
            let table = lists.flat_map(|list| list.lines().filter_map(row).collect::<Vec<_>>()).collect();
            *seen = Some((Instant::now(), table));
        }
        let (_, table) = seen.as_ref()?;
        table.get(format!("{} {}", written(local), written(peer)).as_str()).copied()
    }
}

/// A row of a connection with queued bytes: its two addresses, and how many.
fn row(line: &str) -> Option<(Box<str>, u64)> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (local, peer, _, queues) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let unsent = u64::from_str_radix(queues.split_once(':')?.0, 16).ok()?;
    (unsent > 0).then(|| (format!("{local} {peer}").into(), unsent))
}

/// An address as the kernel writes it: words of four bytes, each in this machine's byte order.
fn written(address: SocketAddr) -> String {
    let word = |bytes: &[u8]| format!("{:08X}", u32::from_ne_bytes(bytes.try_into().unwrap_or_default()));
    let ip: String = match address.ip() {
        IpAddr::V4(ip) => word(&ip.octets()),
        IpAddr::V6(ip) => ip.octets().chunks(4).map(word).collect(),
    };
    format!("{ip}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn what_a_peer_does_not_read_is_seen_on_both_kinds_of_addresses() {
        for place in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(place) else { continue };
            let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut writer, peer) = listener.accept().unwrap();
            let local = writer.local_addr().unwrap();
            assert_eq!(Queues::default().unsent(local, peer), None);
            writer.set_nonblocking(true).unwrap();
            let mut wrote = 0;
            while let Ok(bytes) = writer.write(&[0; 64 << 10]) {
                wrote += bytes as u64;
            }
            let unsent = Queues::default().unsent(local, peer).unwrap();
            assert!((1..=wrote).contains(&unsent), "{place}: {unsent} of {wrote}");
            drop(reader);
        }
    }
}
