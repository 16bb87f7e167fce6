//! Who may come in, and how much of anything is taken: token, allow-list, forwarded-for, limits.
//!
//! Pure: everything that decides comes in as an argument. What a refusal looks like is elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::http::{HeaderMap, Request};
use ipnet::{IpNet, Ipv4Net};

use crate::config::{ExposeSecret as _, Secret};

pub(super) mod strangers;
mod tokens;

use strangers::Stranger;
use tokens::Tokens;

/// The most header lines. hyper takes as many where it is told nothing; told a number, it makes room anew for each request.
pub(super) const HEADERS: usize = 100;

/// How much is taken, and for how long it is waited. The defaults are the product's promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; one more closes the one that has been longest without a complete request.
    pub connections: usize,
    /// How long a request's head may take, and a kept connection may idle.
    pub head_time: Duration,
    /// How long a request's body may take.
    pub body_time: Duration,
    /// How long an answer may take to be taken by the client; the next request waits for it.
    pub answer_time: Duration,
    /// Bytes of the request line.
    pub request_line: usize,
    /// Bytes of all header lines.
    pub header_block: usize,
    /// Bytes of a body.
    pub body: usize,
    /// Bytes that are read on and thrown away, so that a client that is still sending sees the answer.
    pub linger: usize,
    /// How long that may take.
    pub linger_time: Duration,
    /// How long to wait after the system refused to accept a connection.
    pub accept_pause: Duration,
    /// How long an address that sends one wrong token after the other waits for each answer.
    pub stranger_delay: Duration,
    /// Answers that wait so at once; the rest go out at once.
    pub strangers_delayed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(10),
            request_line: 8 << 10,
            header_block: 16 << 10,
            body: 64 << 10,
            linger: 1 << 20,
            linger_time: Duration::from_secs(2),
            accept_pause: Duration::from_millis(100),
            stranger_delay: Duration::from_millis(250),
            strangers_delayed: 256,
        }
    }
}

/// Descriptors that the rest of the program needs: terminal, journal, log, asks, reports.
const RESERVED: usize = 64;

/// Connections that there are however few descriptors the system allows.
pub(super) const FEWEST: usize = 8;

impl Limits {
    /// How many connections may be closing while others have taken their place already.
    pub(super) fn closing(&self) -> usize {
        self.connections / 16
    }

    /// The same limits, with no more connections than there is room for among so many file descriptors.
    #[must_use]
    pub fn within(self, descriptors: u64) -> Self {
        let left = usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(RESERVED);
        // Those that are closing have descriptors too.
        Self { connections: self.connections.min(left - left / 17).max(FEWEST), ..self }
    }
}

/// Keeps the door. It has no `Debug`, and holds the tokens as digests only.
pub struct Guard {
    tokens: Tokens,
    allow: Vec<IpNet>,
    proxies: Vec<IpNet>,
    limits: Limits,
}

impl Guard {
    /// A guard that knows the current token and, while tokens are rotated, the previous one.
    ///
    /// An empty `allow` means any address. Only the `proxies` are believed when they say for whom they
    /// forward. An empty token admits nobody.
    #[must_use]
    pub fn new(token: &Secret, previous: Option<&Secret>, allow: &[IpNet], proxies: &[IpNet]) -> Self {
        Self {
            tokens: Tokens::new([Some(token), previous].into_iter().flatten().map(Secret::expose_secret)),
            allow: allow.iter().copied().map(plain).collect(),
            proxies: proxies.iter().copied().map(plain).collect(),
            limits: Limits::default(),
        }
    }

    /// The same guard with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Says whether a request may come in, and who it is from when it may not. The same is done for every
    /// request, so that the time it takes tells nothing of the token; only the length of what was sent counts.
    pub(super) fn admits(&self, token: &str, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<(), Stranger> {
        let client = self.client(peer, headers);
        let right = self.tokens.have(token);
        let allowed = self.allow.is_empty() || client.is_some_and(|client| within(&self.allow, client));
        let right = bool::from(right);
        if right && allowed { Ok(()) } else { Err(Stranger { address: client.or(peer), has_token: right }) }
    }

    /// The address that a request comes from: the peer's, or what configured proxies say, read from the
    /// right up to the first address that is not one of them. None when it cannot be told.
    fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        // One entry at a time: a stranger's header may hold tens of thousands, and none of them counts.
        let entries = headers.get_all("x-forwarded-for").iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries {
            if !within(&self.proxies, client) {
                break;
            }
            client = address(entry)?;
        }
        Some(client)
    }
}

fn within(nets: &[IpNet], address: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&address))
}

/// Reads one entry of a forwarded-for header: an address, perhaps with a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// Writes a range of IPv4-mapped IPv6 addresses as the IPv4 range it means; addresses are compared that way.
fn plain(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(net, IpNet::V4)
}

/// The bytes of a request line, put together again from its parts.
pub(super) fn request_line<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let host = uri.authority().map_or(0, |authority| authority.as_str().len() + uri.scheme_str().map_or(0, |scheme| scheme.len() + 3));
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    request.method().as_str().len() + 1 + host + path + " HTTP/1.1".len()
}

/// The bytes of all header lines, with colon, space and line end.
pub(super) fn header_block(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect("a range")).collect()
    }

    fn guard(allow: &[&str], proxies: &[&str]) -> Guard {
        Guard::new(&Secret::from("right"), Some(&Secret::from("older")), &nets(allow), &nets(proxies))
    }

    fn forwarded(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (axum::http::HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn two_tokens_open_and_nothing_else_does() {
        let guard = guard(&[], &[]);
        for (token, opens) in [("right", true), ("older", true), ("", false), ("righ", false), ("right ", false), ("RIGHT", false)] {
            assert_eq!(guard.admits(token, None, &HeaderMap::new()).is_ok(), opens, "{token:?}");
        }
        let open = Guard::new(&Secret::from(""), Some(&Secret::from("")), &[], &[]);
        assert!(open.admits("", None, &HeaderMap::new()).is_err(), "an empty token is no token");
        let odd = Guard::new(&Secret::from("a b/c"), None, &[], &[]);
        assert!(odd.admits("a%20b%2Fc", None, &HeaderMap::new()).is_ok(), "as the URLs write it");
    }

    #[test]
    fn the_allow_list_holds_whoever_is_asking() {
        let cases = [
            (&["192.0.2.0/24"][..], &[][..], "192.0.2.7", &[][..], true),
            (&["192.0.2.0/24"], &[], "198.51.100.1", &[], false),
            (&["192.0.2.0/24"], &[], "::ffff:192.0.2.7", &[], true),
            (&["::ffff:192.0.2.0/120"], &[], "192.0.2.7", &[], true),
            (&["2001:db8::/32"], &[], "2001:db8::1", &[], true),
            // Anybody can write a header; only a proxy's counts.
            (&["192.0.2.0/24"], &[], "198.51.100.1", &["192.0.2.7"], false),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &["192.0.2.7"], true),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "::ffff:127.0.0.1", &["::ffff:192.0.2.7"], true),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &["192.0.2.7, 198.51.100.1"], false),
            (&["192.0.2.0/24"], &["127.0.0.1/32", "10.0.0.0/8"], "127.0.0.1", &["6.6.6.6, 192.0.2.7, 10.1.1.1"], true),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &["6.6.6.6", "192.0.2.7"], true),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &["192.0.2.7", "6.6.6.6"], false),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &["192.0.2.7:4711"], true),
            (&["2001:db8::/32"], &["127.0.0.1/32"], "127.0.0.1", &["[2001:db8::1]:80"], true),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &["192.0.2.7, unknown"], false),
            (&["192.0.2.0/24"], &["127.0.0.1/32"], "127.0.0.1", &[], false),
            (&["127.0.0.1/32"], &["127.0.0.1/32"], "127.0.0.1", &[], true),
        ];
        for (allow, proxies, peer, headers, opens) in cases {
            let admitted = guard(allow, proxies).admits("right", Some(peer.parse().expect("an address")), &forwarded(headers));
            assert_eq!(admitted.is_ok(), opens, "allow {allow:?}, proxies {proxies:?}, peer {peer}, {headers:?}");
        }
        assert!(
            guard(&["0.0.0.0/0"], &[]).admits("right", None, &HeaderMap::new()).is_err(),
            "an address that is not known is not allowed"
        );
        assert!(guard(&["192.0.2.0/24"], &[]).admits("wrong", Some([192, 0, 2, 7].into()), &HeaderMap::new()).is_err());
    }

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        for (descriptors, connections) in [(0, 8), (64, 8), (128, 61), (256, 181), (1_024, 904), (1_152, 1_024), (u64::MAX, 1_024)] {
            let limits = Limits::default().within(descriptors);
            assert_eq!(limits.connections, connections, "{descriptors} descriptors");
            let needed = limits.connections + limits.closing() + RESERVED;
            assert!(connections == FEWEST || needed as u64 <= descriptors, "{needed} of {descriptors}");
        }
    }

    #[test]
    fn the_limits_are_the_promised_ones() {
        let limits = Limits::default();
        assert_eq!((limits.connections, limits.body, limits.linger), (1_024, 65_536, 1_048_576));
        assert_eq!((limits.head_time, limits.linger_time), (Duration::from_secs(10), Duration::from_secs(2)));
        assert_eq!((limits.request_line, limits.header_block, HEADERS), (8_192, 16_384, 100));
    }
}
