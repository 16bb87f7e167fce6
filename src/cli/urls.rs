//! `confmod urls`: what to paste into the call flow. The token is shown on purpose.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use url::Url;

use super::{UrlsArgs, WRONG, fail, print};
use crate::callback::{CallbackUrl, urls};
use crate::config::{Config, ExposeSecret};

/// Prints each control and the URL that goes there.
pub fn run(config: &Config, args: &UrlsArgs) -> ExitCode {
    let token = match config.token() {
        Ok(token) => token,
        Err(error) => return fail(&error.to_string(), WRONG),
    };
    let base = base(args.public_url.as_ref().or(config.public_url.as_ref()), config.listen);
    let urls = urls(base.as_str(), token.expose_secret(), config.conference.as_deref());
    print(&page(&base, &urls, config.conference.is_some(), config.listen))
}

/// How the listener is reached: as it is said to be, else at its own address.
fn base(public: Option<&Url>, listen: SocketAddr) -> String {
    let base = public.map_or_else(|| format!("http://{listen}"), Url::to_string);
    base.trim_end_matches('/').to_owned()
}

fn page(base: &str, urls: &[CallbackUrl], has_conference: bool, listen: SocketAddr) -> String {
    let mut out = String::new();
    for url in urls {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}\n  {}\n  {}\n", url.control, url.purpose, url.url);
    }
    out.push_str("These URLs hold the secret that proves where a callback comes from: paste them, and show them to nobody.\n");
    if !has_conference {
        out.push_str("No conference is set: add --conference N here to put its number into the join URL.\n");
    }
    if base.starts_with("http://") && out_of_reach(base).is_none() {
        out.push_str("\nPlain http shows the secret to everybody on the way, and the provider may refuse it: use https.\n");
    }
    if let Some(trouble) = out_of_reach(base) {
        let _ = write!(
            out,
            "\nThe provider cannot reach {base}: {trouble}.\n\
             Put a way in before it, and print the URLs again with --public-url https://NAME:\n  \
             a reverse proxy with TLS on a machine with a public name, passing /callback/ on to http://{listen};\n  \
             or a tunnel to such a machine: ssh -R 8787:{listen} NAME, with the reverse proxy there.\n"
        );
    }
    out
}

/// Why nobody outside can reach an address, where that is plain from the address alone.
pub(super) fn out_of_reach(base: &str) -> Option<&'static str> {
    let url = Url::parse(base).ok()?;
    let ip = match url.host()? {
        url::Host::Domain(name) => {
            let local = name == "localhost" || name.ends_with(".localhost");
            return local.then_some("that name means this machine only");
        }
        url::Host::Ipv4(ip) => std::net::IpAddr::from(ip),
        url::Host::Ipv6(ip) => std::net::IpAddr::from(ip).to_canonical(),
    };
    if ip.is_loopback() {
        return Some("that address means this machine only");
    }
    if ip.is_unspecified() {
        return Some("that address stands for every address of this machine, and is none to send to");
    }
    let private = match ip {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    private.then_some("that address exists in your own network only")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8787);

    #[test]
    fn the_public_url_comes_before_the_listener() {
        let public = Url::parse("https://calls.example.org/in/").expect("a URL");
        assert_eq!(base(Some(&public), LISTEN), "https://calls.example.org/in");
        assert_eq!(base(None, LISTEN), "http://127.0.0.1:8787");
        assert_eq!(base(None, "[::1]:9".parse().expect("an address")), "http://[::1]:9");
    }

    #[test]
    fn what_the_provider_cannot_reach_is_said_plainly() {
        for local in
            ["http://127.0.0.1:8787", "http://[::1]:1", "http://localhost:1", "http://0.0.0.0:1", "http://192.168.1.2", "http://10.0.0.1"]
        {
            let page = page(local, &[], true, LISTEN);
            assert!(page.contains("The provider cannot reach") && page.contains("--public-url") && page.contains("ssh -R"), "{page}");
        }
        for public in ["https://calls.example.org", "http://203.0.113.7:8787"] {
            assert!(!page(public, &[], true, LISTEN).contains("cannot reach"), "{public}");
        }
    }

    #[test]
    fn each_control_stands_with_its_url() {
        let urls = [CallbackUrl { control: "START", purpose: "Starts.", url: "https://x/callback/t/start".into() }];
        let shown = page("https://x", &urls, false, LISTEN);
        assert!(shown.starts_with("START\n  Starts.\n  https://x/callback/t/start\n"), "{shown}");
        assert!(shown.contains("--conference N"), "{shown}");
        assert!(!page("https://x", &urls, true, LISTEN).contains("--conference N"));
    }
}
