//! The settings of a journal that several hosts and desks share, and their rules.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::check::Checked;
use super::error::given;

/// How the shared journal is reached, and how it is kept where it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The servers: `nats://` or `tls://`, without credentials.
    pub urls: Vec<String>,
    /// The stream's name, and the first token of its subjects.
    pub stream: String,
    /// A file with a JWT and its seed.
    pub creds: Option<PathBuf>,
    /// A file with the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// An authority to trust beside the known ones, in PEM.
    pub ca: Option<PathBuf>,
    /// This end's certificate, in PEM.
    pub cert: Option<PathBuf>,
    /// The certificate's key, in PEM.
    pub key: Option<PathBuf>,
    /// On how many servers the stream is kept: 1 to 5.
    pub replicas: u32,
    /// The bytes that the stream may have.
    pub size: u64,
}

/// A mebibyte.
const MIB: u64 = 1 << 20;

/// What a stream may have where nobody says otherwise.
pub(super) const SIZE: u64 = 4 << 30;

/// Servers with commas between them; none is no shared journal.
pub fn validate_servers(value: &str) -> Checked<Vec<String>> {
    if value.contains('@') {
        // The value is not repeated: it holds a password.
        return Err("there is a user in the URL; put the credentials into a file and name it with nats_creds or nats_nkey".to_owned());
    }
    if value.trim().is_empty() {
        return Ok(Vec::new());
    }
    let urls = value.split(',').map(str::trim).filter(|url| !url.is_empty()).map(validate_server).collect::<Checked<Vec<_>>>()?;
    if urls.is_empty() {
        return Err("there is no server in it; give one such as nats://127.0.0.1:4222, several with commas between them".to_owned());
    }
    Ok(urls)
}

fn validate_server(value: &str) -> Checked<String> {
    let wrong = || format!("{} is no server; give one such as nats://127.0.0.1:4222 or tls://calls.example.org:4222", given(value));
    let url = url::Url::parse(value).map_err(|_| wrong())?;
    let is_bare = url.query().is_none() && url.fragment().is_none() && matches!(url.path(), "" | "/");
    if !matches!(url.scheme(), "nats" | "tls") || url.host_str().is_none_or(str::is_empty) || !is_bare {
        return Err(wrong());
    }
    Ok(value.trim_end_matches('/').to_owned())
}

/// A stream's name: letters, digits, `-` and `_`, at most 32 of them.
pub fn validate_stream(value: &str) -> Checked<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if value.is_empty() || value.len() > 32 || !value.chars().all(fits) {
        return Err(format!("{} is no name of a stream; give up to 32 letters, digits, - and _, such as confmod", given(value)));
    }
    Ok(value.to_owned())
}

/// How many servers keep the stream.
pub fn validate_replicas(value: i64) -> Checked<u32> {
    let wrong = || format!("{value} is no number of servers that keep a stream; give 1, or 3 or 5 in a cluster that large");
    u32::try_from(value).ok().filter(|replicas| (1..=5).contains(replicas)).ok_or_else(wrong)
}

/// A size of at least 16 MiB: `512MiB`, `4GiB`.
pub fn validate_size(value: &str) -> Checked<u64> {
    let wrong = || format!("{} is no size; give one such as 512MiB or 4GiB, at least 16MiB", given(value));
    let value = value.trim();
    let (number, unit) = match (value.strip_suffix("MiB"), value.strip_suffix("GiB")) {
        (Some(number), _) => (number, MIB),
        (_, Some(number)) => (number, MIB << 10),
        _ => return Err(wrong()),
    };
    let size = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    size.filter(|size| (16 * MIB..=i64::MAX as u64).contains(size)).ok_or_else(wrong)
}

/// A size as it would be set.
pub(super) fn size(size: u64) -> String {
    if size.is_multiple_of(MIB << 10) { format!("{}GiB", size / (MIB << 10)) } else { format!("{}MiB", size / MIB) }
}

/// Where a host tells how it is: only to its own machine.
pub fn validate_metrics(value: &str) -> Checked<SocketAddr> {
    let wrong = || format!("{} is no address of this machine's own and a port; give one such as 127.0.0.1:8789", given(value));
    value.trim().parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_urls_without_a_password() {
        let read = |value: &str| validate_servers(value);
        assert_eq!(read("nats://127.0.0.1:4222"), Ok(vec!["nats://127.0.0.1:4222".to_owned()]));
        assert_eq!(read("nats://a:1, tls://b/ ,"), Ok(vec!["nats://a:1".to_owned(), "tls://b".to_owned()]));
        assert_eq!((read(""), read(" ")), (Ok(vec![]), Ok(vec![])), "no shared journal");
        for wrong in [" , ", "a:4222", "http://a:4222", "nats://", "nats://a:99999", "nats://a?x=1", "nats://a/b", "nats://a#b"] {
            assert!(read(wrong).is_err_and(|said| said.contains("such as nats://")), "{wrong}");
        }
        for held in ["nats://ann:geheim@a:4222", "http://ann:geheim@a", "nats://ann:geheim@a:99999", "nats://ann:ge,heim@a", "geheim@a"] {
            let said = read(held).expect_err("credentials");
            assert!(said.contains("nats_creds") && !said.contains("heim"), "{said}");
        }
    }

    #[test]
    fn streams_replicas_sizes_and_metrics_have_bounds() {
        assert_eq!(validate_stream("town-hall_2"), Ok("town-hall_2".to_owned()));
        for wrong in ["", "a.b", "a b", "*", ">", "ü", &"x".repeat(33)] {
            assert!(validate_stream(wrong).is_err(), "{wrong}");
        }
        assert_eq!([0, 1, 5, 6, -1].map(|n| validate_replicas(n).is_ok()), [false, true, true, false, false]);
        for (value, bytes) in [("16MiB", 16 * MIB), ("4GiB", SIZE), ("1536 MiB", 1536 * MIB)] {
            assert_eq!(validate_size(value), Ok(bytes));
        }
        for wrong in ["", "15MiB", "4", "4GB", "-1GiB", "99999999999999GiB", "GiB"] {
            assert!(validate_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!([SIZE, 1536 * MIB].map(size), ["4GiB", "1536MiB"]);
        assert!(validate_metrics("127.0.0.1:0").is_ok() && validate_metrics("[::1]:9").is_ok());
        for wrong in ["", "0.0.0.0:8788", "10.0.0.1:8788", "127.0.0.1", "localhost:1"] {
            assert!(validate_metrics(wrong).is_err(), "{wrong}");
        }
    }
}
