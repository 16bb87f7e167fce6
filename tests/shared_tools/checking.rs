//! `confmod check` of a shared journal: with no stream, with a host, without one, with a server less, and with none.

use std::time::{Duration, Instant};

use confmod::journal::nats::{Nats, Part, Settings, Standing};

use super::support::home::Home;
use super::support::nats::{PROGRAM, Server, Servers};
use super::support::tools;
use super::{command, settings};

#[test]
fn a_check_of_a_shared_journal_has_a_line_for_each_of_its_preconditions() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (mut servers, home) = (Servers::three(), Home::new());
    let lines = |servers: &Servers, wanted: [(&str, &str); 5]| {
        let mut command = command(&home, servers, &["check"]);
        // Nothing of a provider is to be reached from here.
        let output = command.env("CONFMOD_API_URL", "http://127.0.0.1:9/").output().expect("confmod runs");
        let out = String::from_utf8(output.stdout).unwrap();
        for (line, words) in wanted {
            let found = out.lines().find(|found| found.contains(&format!("  {line}  "))).unwrap_or_default();
            assert!(found.contains(words), "{line}: {words:?} is not in {found:?}\n{out}");
        }
        assert!(out.lines().all(|line| !line.contains("  journal  ")), "{out}");
        out
    };
    let nothing = ("servers", "answers, not encrypted");
    lines(
        &servers,
        [nothing, ("JetStream", "is there"), ("stream", "there is no stream confmod"), ("replicas", "not checked"), ("host", "")],
    );
    {
        let host = Nats::open(Settings { replicas: 3, ..settings(&servers) }, Part::Host).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut standing = host.standing();
        runtime
            .block_on(async {
                let holds = standing.wait_for(|standing| matches!(standing, Standing::Holds(_)));
                tokio::time::timeout(Duration::from_secs(30), holds).await.map(drop)
            })
            .expect("it holds the lease");
        let told = [nothing, ("stream", "confmod holds"), ("replicas", "3 servers, all up to date"), ("host", "confmod serve carries out")];
        lines(&servers, [told[0], told[1], told[2], told[3], ("user key", "a desk needs none")]);
    }
    lines(&servers, [nothing, ("stream", "confmod holds"), ("replicas", "3 servers"), ("host", "nobody carries out"), ("rights", "")]);
    servers.all[2].kill();
    let until = Instant::now() + Duration::from_secs(30);
    while !lines(&servers, [("servers", "answers"); 5]).contains("is gone or behind") {
        assert!(Instant::now() < until, "nobody missed it");
    }
    servers.all.iter_mut().for_each(Server::kill);
    lines(
        &servers,
        [("servers", "opening the shared journal on"), ("JetStream", "not checked"), ("stream", ""), ("replicas", ""), ("host", "")],
    );
}
