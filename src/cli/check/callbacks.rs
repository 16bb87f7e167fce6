//! Whether callbacks can come in from outside as it is configured: URL, allow-list and proxies fit each other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Finding::{self, Fails, Holds, Open};
use crate::cli::urls::out_of_reach;
use crate::config::check::TOKEN_LENGTH_IN_PUBLIC;
use crate::config::{Config, ExposeSecret as _};

/// Looks for what lets everybody in, or nobody.
pub(super) fn check(config: &Config) -> Finding {
    if let Some(everybody) = config.proxies.iter().find(|net| net.prefix_len() == 0) {
        return Fails(format!(
            "proxies holds {everybody}, so that anybody can say where a callback comes from; name the addresses of your proxies alone"
        ));
    }
    if shuts_everybody_out(config) {
        return Fails(format!(
            "callbacks to {} come from this machine alone, through a proxy or a tunnel, and allow holds no address of it; \
             name the proxy, as in proxies = [\"127.0.0.1\"], and it is asked where they come from",
            config.listen
        ));
    }
    if is_easily_guessed(config) {
        return Fails(format!(
            "others reach the listener through a proxy (public_url, proxies), and a callback token has fewer than \
             {TOKEN_LENGTH_IN_PUBLIC} characters; choose a longer one, such as the output of: openssl rand -hex 32"
        ));
    }
    let Some(public) = &config.public_url else {
        return Open(format!(
            "public_url is not set, so confmod urls prints the address {}; set it to how the provider reaches the listener",
            config.listen
        ));
    };
    if let Some(trouble) = out_of_reach(public.as_str()) {
        return Fails(format!("the provider cannot reach public_url, {public}: {trouble}; set it to a public name"));
    }
    if public.scheme() == "http" {
        return Fails(format!("public_url, {public}, is plain http, which shows the secret to everybody on the way; use https://"));
    }
    Holds(format!("come in at {public}"))
}

/// Whether a token opens that is too short for a listener that others can reach.
fn is_easily_guessed(config: &Config) -> bool {
    // One that cannot be read is told elsewhere.
    let token = config.existing_token().ok().flatten();
    let short = token.iter().chain(&config.callback_token_previous).any(|token| token.expose_secret().len() < TOKEN_LENGTH_IN_PUBLIC);
    short && (config.public_url.is_some() || !config.proxies.is_empty())
}

/// Whether only this machine can reach the listener, and is neither allowed nor believed.
fn shuts_everybody_out(config: &Config) -> bool {
    let here = config.listen.ip().to_canonical().is_loopback();
    here && !config.allow.is_empty() && !config.allow.iter().chain(&config.proxies).any(holds_this_machine)
}

/// Whether one of the addresses by which this machine reaches itself is in a network.
fn holds_this_machine(net: &IpNet) -> bool {
    let mapped = net.addr().to_canonical();
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped())];
    mapped.is_loopback() || own.iter().any(|address| net.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, public: Option<&str>, allow: &[&str], proxies: &[&str]) -> Config {
        let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a network")).collect();
        Config {
            listen: listen.parse().expect("an address"),
            public_url: public.map(|url| url.parse().expect("a URL")),
            allow: nets(allow),
            proxies: nets(proxies),
            ..Config::default()
        }
    }

    #[test]
    fn a_listener_that_nobody_can_get_through_to_is_told() {
        let public = Some("https://calls.example.org");
        for (listen, allow, proxies, holds) in [
            ("127.0.0.1:1", &[][..], &[][..], true),
            ("127.0.0.1:1", &["203.0.113.0/24"], &[], false),
            ("[::1]:1", &["203.0.113.0/24"], &[], false),
            ("127.0.0.1:1", &["203.0.113.0/24"], &["10.0.0.1/32"], false),
            ("127.0.0.1:1", &["203.0.113.0/24"], &["127.0.0.1/32"], true),
            ("127.0.0.1:1", &["203.0.113.0/24"], &["127.0.0.0/8"], true),
            ("127.0.0.1:1", &["203.0.113.0/24"], &["127.0.0.9/32"], true),
            ("127.0.0.1:1", &["203.0.113.0/24", "127.0.0.1/32"], &[], true),
            ("127.0.0.1:1", &["::ffff:127.0.0.1/128"], &[], true),
            ("127.0.0.1:1", &["0.0.0.0/0"], &[], true),
            ("0.0.0.0:1", &["203.0.113.0/24"], &[], true),
        ] {
            let found = check(&config(listen, public, allow, proxies));
            assert_eq!(matches!(found, Holds(_)), holds, "{listen} {allow:?} {proxies:?}: {found:?}");
            assert!(holds || matches!(found, Fails(words) if words.contains("proxies = [")));
        }
    }

    #[test]
    fn a_token_that_can_be_guessed_is_told_where_there_is_a_way_in() {
        let (short, long) = (|| Some("0123456789012345678901234567890".into()), || Some("01234567890123456789012345678901".into()));
        for (public, proxies, current, previous, fails) in [
            (Some("https://calls.example.org"), &[][..], short(), None, true),
            (None, &["127.0.0.1/32"], short(), None, true),
            (None, &["127.0.0.1/32"], long(), short(), true),
            (None, &["127.0.0.1/32"], long(), long(), false),
            (None, &[], short(), short(), false),
        ] {
            let config =
                Config { callback_token: current, callback_token_previous: previous, ..config("127.0.0.1:1", public, &[], proxies) };
            let found = check(&config);
            assert_eq!(matches!(&found, Fails(words) if words.contains("openssl rand")), fails, "{found:?}");
        }
    }

    #[test]
    fn proxies_that_are_everybody_are_told() {
        for everybody in ["0.0.0.0/0", "::/0"] {
            let found = check(&config("127.0.0.1:1", None, &[], &["127.0.0.1/32", everybody]));
            assert!(matches!(found, Fails(words) if words.contains(everybody)));
        }
    }

    #[test]
    fn a_public_url_must_be_one() {
        assert!(matches!(check(&config("127.0.0.1:1", None, &[], &[])), Open(words) if words.contains("public_url")));
        for url in ["http://calls.example.org", "https://127.0.0.1", "https://localhost:1", "http://192.168.1.2", "https://0.0.0.0"] {
            assert!(matches!(check(&config("127.0.0.1:1", Some(url), &[], &[])), Fails(words) if words.contains("public_url")), "{url}");
        }
        assert!(matches!(check(&config("127.0.0.1:1", Some("https://calls.example.org/in"), &[], &[])), Holds(_)));
    }
}
