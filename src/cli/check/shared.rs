//! Whether a shared journal can be worked on: its servers, the stream, and who carries out what is asked. Nothing is written.

use super::Finding::{self, Fails, Holds, Open};
use crate::config::{Config, Shared};
use crate::journal::nats::{Kept, Probe, Settings, probe};
use crate::text::{bytes, clean};

/// What the servers may say of themselves, in bytes.
const SAID: usize = 300;

/// A line for each precondition.
pub(super) fn check(config: &Config, shared: &Shared) -> Vec<(&'static str, Finding)> {
    match probe(Settings::from_config(shared, config.retention)) {
        Ok(probe) => told(&probe, shared),
        Err(error) => {
            let mut lines = vec![("servers", Fails(error.to_string()))];
            let unchecked = || Open("not checked, because no server was reached".to_owned());
            lines.extend(["JetStream", "stream", "replicas", "host", "rights"].map(|name| (name, unchecked())));
            lines
        }
    }
}

fn told(probe: &Probe, shared: &Shared) -> Vec<(&'static str, Finding)> {
    let server = clean(&probe.server, SAID);
    let how = if probe.encrypted { "over TLS" } else { "not encrypted" };
    let jetstream = match &probe.jetstream {
        Ok(()) => Holds("is there".to_owned()),
        Err(why) => Fails(format!("{}; start the server with JetStream, and allow it to this account", clean(why, SAID))),
    };
    let (stream, replicas) = match &probe.stream {
        Ok(kept) => (Holds(size(kept, shared)), replicas(kept)),
        Err(why) if why.contains(';') => (Fails(clean(why, SAID)), Open("not checked, because there is no stream to look at".to_owned())),
        Err(why) => (
            Fails(format!("{}; check the server, and what this account may do", clean(why, SAID))),
            Open("not checked, because there is no stream to look at".to_owned()),
        ),
    };
    let host = match &probe.host {
        Ok(true) => Holds("a confmod serve carries out what is asked".to_owned()),
        Ok(false) => Fails("nobody carries out what is asked; start confmod serve on a host".to_owned()),
        Err(_) if probe.stream.is_err() => Open("not checked, because there is no stream to look at".to_owned()),
        Err(why) => Open(format!("this account cannot see who carries out what is asked ({})", clean(why, SAID))),
    };
    // The server refuses when something is published, and says nothing before.
    let rights = "which asks this account may publish is told by the server only when one is; the console then says so";
    vec![
        ("servers", Holds(format!("{server} answers, {how}"))),
        ("JetStream", jetstream),
        ("stream", stream),
        ("replicas", replicas),
        ("host", host),
        ("rights", Open(rights.to_owned())),
    ]
}

fn size(kept: &Kept, shared: &Shared) -> String {
    let most = kept.most.map_or_else(String::new, |most| format!(" of {}", bytes(most)));
    format!("{} holds {} messages and takes {}{most}", shared.stream, kept.messages, bytes(kept.bytes))
}

fn replicas(kept: &Kept) -> Finding {
    match (kept.replicas, kept.behind.as_slice()) {
        _ if !kept.led => Fails("no server leads the stream, so nothing is written; start those that are down".to_owned()),
        (1, _) => Holds("kept on one server".to_owned()),
        (n, []) => Holds(format!("kept on {n} servers, all up to date")),
        (n, behind) => {
            let names = clean(&behind.join(", "), SAID);
            Fails(format!("kept on {n} servers, and {names} is gone or behind; start it, or wait until it is up to date"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Probe {
        let kept = Kept { messages: 7, bytes: 2_000, most: Some(4_000_000), replicas: 3, behind: vec![], led: true };
        Probe { server: "n0 (nats-server 2.9.10)".into(), encrypted: true, jetstream: Ok(()), stream: Ok(kept), host: Ok(true) }
    }

    fn line(probe: &Probe, name: &str) -> Finding {
        let shared = Shared {
            urls: vec!["nats://a".into()],
            stream: "confmod".into(),
            creds: None,
            nkey: None,
            ca: None,
            cert: None,
            key: None,
            replicas: 3,
            size: 1 << 30,
        };
        told(probe, &shared).into_iter().find(|(found, _)| *found == name).map(|(_, finding)| finding).expect("a line")
    }

    fn kept(probe: &mut Probe) -> &mut Kept {
        probe.stream.as_mut().expect("kept")
    }

    #[test]
    fn each_fault_fails_one_line_and_says_what_to_do() {
        let failed = |probe: &Probe| -> Vec<&str> {
            ["servers", "JetStream", "stream", "replicas", "host", "rights"]
                .into_iter()
                .filter(|name| matches!(line(probe, name), Fails(words) if words.contains(';')))
                .collect()
        };
        assert_eq!(failed(&healthy()), [""; 0]);
        let with = |change: fn(&mut Probe)| {
            let mut probe = healthy();
            change(&mut probe);
            probe
        };
        assert_eq!(failed(&with(|probe| probe.jetstream = Err("not enabled".into()))), ["JetStream"]);
        assert_eq!(failed(&with(|probe| probe.stream = Err("there is no stream".into()))), ["stream"]);
        assert_eq!(failed(&with(|probe| kept(probe).behind = vec!["n2".into()])), ["replicas"]);
        assert_eq!(failed(&with(|probe| kept(probe).led = false)), ["replicas"]);
        assert_eq!(failed(&with(|probe| probe.host = Ok(false))), ["host"]);
        assert!(matches!(line(&healthy(), "servers"), Holds(words) if words.ends_with("over TLS")));
        assert!(matches!(line(&with(|probe| probe.host = Err("no right".into())), "host"), Open(_)));
    }
}
