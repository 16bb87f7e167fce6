//! Where callbacks go: the listener's URLs through the token, and what may be shown of them.

use std::fmt;

use url::{Host, Url};

/// The kinds of callback a call flow makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The START control's On Start URL.
    Start,
    /// The HTTP control right before the conference.
    Join,
    /// The HTTP control after the conference.
    Leave,
    /// A raised or lowered hand.
    Hand,
}

impl Kind {
    /// The last part of the URL's path.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Hand => "hand",
        }
    }
}

/// The listener's callback URLs, without their last part. Shown with the token masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Callbacks {
    /// Ends in the token, without a slash.
    base: Url,
}

impl Callbacks {
    /// Takes any of the URLs that are pasted into a call flow: with or without a trailing slash, a kind, a query.
    ///
    /// Refused, as a sentence without the URL: what is no `http` or `https` URL, one without `/callback/<token>`, one with
    /// a user name or password (the provider refuses them), and plain `http` to another machine.
    pub fn parse(given: &str) -> Result<Self, String> {
        let remedy = "take one of the URLs that `confmod urls` prints";
        let mut base = Url::parse(given.trim()).map_err(|error| format!("the callback URL is no URL ({error}); {remedy}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(format!("the callback URL has to begin with http:// or https://; {remedy}"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err("the callback URL has a user name or a password, which the provider refuses; take it out".into());
        }
        let loopback = match base.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            None => false,
        };
        if base.scheme() == "http" && !loopback {
            return Err("callbacks to another machine would show the token to everybody on the way; use an https:// URL".into());
        }
        let parts: Vec<String> = base.path().split('/').skip(1).map(str::to_owned).collect();
        let end = parts.iter().rposition(|part| part == "callback").filter(|at| parts.get(at + 1).is_some_and(|token| !token.is_empty()));
        let Some(end) = end else {
            return Err(format!("the callback URL has no /callback/<token> in it; {remedy}"));
        };
        base.set_path(&parts[..end + 2].join("/"));
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { base })
    }

    /// The URL of one callback.
    pub(super) fn url(&self, kind: Kind, fields: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{}", self.base.path(), kind.word()));
        url.query_pairs_mut().extend_pairs(fields);
        url
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Host and port, to see whether anybody listens.
    pub(super) fn authority(&self) -> (String, u16) {
        let host = match self.base.host() {
            Some(Host::Ipv6(ip)) => ip.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        };
        (host, self.base.port_or_known_default().unwrap_or(80))
    }
}

impl fmt::Display for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.base.path().rsplit_once('/').map_or("", |(front, _)| front);
        let origin = self.base.origin().ascii_serialization();
        write!(f, "{origin}{path}/***")
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callbacks({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_pasted_url_leads_to_the_same_callbacks() {
        for given in [
            "http://127.0.0.1:8787/callback/s3cret",
            "http://127.0.0.1:8787/callback/s3cret/",
            "http://127.0.0.1:8787/callback/s3cret/join",
            " http://127.0.0.1:8787/callback/s3cret/join?CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$&E164=$[E164]$ ",
            "http://127.0.0.1:8787/callback/s3cret/start#top",
        ] {
            let callbacks = Callbacks::parse(given).expect(given);
            let url = callbacks.url(Kind::Leave, &[("CALLFLOW.INSTANCE.KEY", "12345678"), ("name", "Zoë & Co")]);
            let wanted = "http://127.0.0.1:8787/callback/s3cret/leave?CALLFLOW.INSTANCE.KEY=12345678&name=Zo%C3%AB+%26+Co";
            assert_eq!(url.as_str(), wanted, "{given}");
            assert_eq!(callbacks.authority(), ("127.0.0.1".into(), 8787));
        }
        let behind_a_proxy = Callbacks::parse("https://example.org/phone/callback/s3cret/join").expect("a URL");
        assert_eq!(behind_a_proxy.url(Kind::Hand, &[]).path(), "/phone/callback/s3cret/hand");
        assert!(behind_a_proxy.is_encrypted());
        assert_eq!(Callbacks::parse("http://[::1]:9/callback/t").expect("a URL").authority(), ("::1".into(), 9));
    }

    #[test]
    fn the_token_is_never_shown() {
        for given in ["http://localhost:8787/callback/s3cret/join", "https://example.org/x/callback/s3cret"] {
            let callbacks = Callbacks::parse(given).expect(given);
            let shown = format!("{callbacks} {callbacks:?}");
            assert!(!shown.contains("s3cret") && shown.contains("/callback/***"), "{shown}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_called_is_refused_with_a_remedy() {
        for (given, part) in [
            ("s3cret", "confmod urls"),
            ("ftp://127.0.0.1/callback/s3cret", "http://"),
            ("http://127.0.0.1:8787/", "/callback/<token>"),
            ("http://127.0.0.1:8787/callback/", "/callback/<token>"),
            ("http://127.0.0.1:8787/callback", "/callback/<token>"),
            ("http://me:s3cret@127.0.0.1/callback/s3cret", "password"),
            ("http://192.0.2.7:8787/callback/s3cret", "https://"),
            ("http://localhost.example.org/callback/s3cret", "https://"),
        ] {
            let error = Callbacks::parse(given).expect_err(given);
            assert!(error.contains(part), "{given}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
