//! The shared journal against real servers: what is acknowledged is there, once and in order, for everybody.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing step is a failing test")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use confmod::conference::event::{Answer, Arrival, Ask, Banned, CallOnly, Cause, Event, Lifted, Sent, Seq, What};
use confmod::conference::{Action, CallKey, Moment, Outcome};
use confmod::journal::nats::{Nats, Part, Settings, Standing};
use confmod::journal::{AppendError, Draft, Feed, Health, Journal};
use support::cluster;
use support::nats::{PROGRAM, Servers};
use support::tools;

const PATIENCE: Duration = Duration::from_secs(30);

fn settings(servers: &Servers, replicas: usize) -> Settings {
    Settings {
        urls: servers.urls().split(',').map(str::to_owned).collect(),
        stream: "confmod".to_owned(),
        creds: None,
        nkey: None,
        ca: None,
        cert: None,
        replicas,
        size: 1 << 30,
        keep: None,
    }
}

fn open(servers: &Servers, replicas: usize, part: Part) -> Nats {
    Nats::open(settings(servers, replicas), part).unwrap()
}

fn join(call: &str) -> What {
    What::Joined(Arrival {
        call: CallKey::new(call),
        conference: Some("200".into()),
        number: None,
        instead: None,
        name: None,
        called: None,
        others: None,
        hand: false,
    })
}

fn leave(call: &str) -> What {
    What::Left(CallOnly { call: CallKey::new(call) })
}

fn answer(ask: u64, outcome: Outcome) -> What {
    What::Answered(Answer { ask: Seq(ask), call: CallKey::new("k"), outcome, detail: "".into(), millis: 1, reached: true })
}

fn ask(call: &str) -> What {
    let (call, conference) = (CallKey::new(call), "200".into());
    let (number, by, joined) = ("12157010680".into(), "ann".into(), Moment(1_700_000_000_000));
    What::Asked(Ask { action: Action::Mute, call, conference, number, by, cause: Cause::Key, rule: None, joined })
}

fn draft(what: What) -> Draft {
    Draft::new(Moment(1_700_000_000_000), what)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn append(journal: &Nats, what: What) -> Result<Seq, AppendError> {
    journal.append(draft(what)).durable().await
}

/// The next events until there are so many.
async fn hear(feed: &mut Feed, count: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while events.len() < count {
        let next = tokio::time::timeout(PATIENCE, feed.next()).await.expect("events come");
        match next.expect("the journal is open") {
            Ok(next) => events.extend(next.iter().cloned()),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    events
}

async fn stands(journal: &Nats, wanted: impl Fn(Standing) -> bool) -> Standing {
    let mut standing = journal.standing();
    let found = tokio::time::timeout(PATIENCE, standing.wait_for(|standing| wanted(*standing))).await;
    *found.expect("it comes to that").unwrap()
}

fn holds(standing: Standing) -> bool {
    matches!(standing, Standing::Holds(_))
}

#[test]
fn what_is_acknowledged_is_there_for_everybody_in_order() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let host = open(&servers, 1, Part::Host);
    let desk = open(&servers, 1, Part::Desk);
    runtime().block_on(async {
        let mut feeds = [host.subscribe(Seq(0)), desk.subscribe(Seq(0))];
        stands(&host, holds).await;
        let receipts: Vec<_> = (0..500)
            .flat_map(|call| [join(&format!("k{call}")), leave(&format!("k{call}"))])
            .map(|what| host.append(draft(what)))
            .collect();
        let mut places = Vec::new();
        for receipt in receipts {
            places.push(receipt.durable().await.unwrap());
        }
        let late = append(&desk, join("desk")).await.unwrap();
        let heard = hear(&mut feeds[0], 1_002).await;
        assert_eq!(heard, hear(&mut feeds[1], 1_002).await);
        assert!(heard.is_sorted_by(|a, b| a.seq < b.seq));
        assert_eq!(heard.last().unwrap().seq, late);
        let of_calls: Vec<_> = heard.iter().filter(|event| event.what.call().is_some_and(|call| call.as_str().starts_with('k'))).collect();
        assert_eq!(of_calls.len(), 1_000, "the other two are the fence of whoever carries asks out, and the desk's");
        for call in 0..500 {
            let kinds: Vec<_> = of_calls
                .iter()
                .filter(|event| event.what.call().unwrap().as_str() == format!("k{call}"))
                .map(|event| event.what.kind())
                .collect();
            assert_eq!(kinds, ["joined", "left"], "k{call}");
        }
        // What comes back later is the same, in chunks of any size.
        for chunk in [1, 7, 500, 5_000] {
            let (history, mut after, mut read) = (desk.history(), Seq(0), Vec::new());
            loop {
                let next = history.read(after, chunk).unwrap();
                let Some(last) = next.last() else { break };
                after = last.seq;
                read.extend(next);
                if chunk == 1 && read.len() > 20 {
                    break;
                }
            }
            assert_eq!(read, heard[..read.len()], "in chunks of {chunk}");
            assert!(chunk == 1 || read.len() == heard.len());
        }
        assert_eq!(desk.history().last(), Ok(late));
    });
}

#[test]
fn facts_raw_fields_and_moments_are_found_again() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let host = open(&servers, 1, Part::Host);
    runtime().block_on(async {
        let banned = Banned {
            number: confmod::phone::Number::from_digits("12157010680").unwrap(),
            by: "ann".into(),
            reason: "".into(),
            until: None,
        };
        let raw = Some(r#"{"COLOUR":"blue"}"#.to_owned());
        let now = confmod::journal::now();
        let first = host.append(Draft { raw: raw.clone(), ..Draft::new(now, join("a")) }).durable().await.unwrap();
        let ban = host.append(Draft::new(now, What::Banned(banned))).durable().await.unwrap();
        append(&host, leave("a")).await.unwrap();
        let history = host.history();
        assert_eq!((history.raw(first), history.raw(ban)), (Ok(raw), Ok(None)));
        let standing = |until| history.standing(until).unwrap().iter().map(|event| event.seq).collect::<Vec<_>>();
        assert_eq!((standing(Seq(ban.0 - 1)), standing(Seq(99))), (vec![], vec![ban]));
        assert!(history.before(now).unwrap() < first, "what differs between clocks is read in vain rather than not at all");
        assert!(history.before(now.plus(Duration::from_mins(5))).unwrap() > ban);
    });
}

#[test]
fn a_desk_alone_finds_no_stream_and_says_what_to_do() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let error = Nats::open(settings(&servers, 1), Part::Desk).unwrap_err().to_string();
    assert!(error.contains("confmod serve"), "{error}");
}

#[test]
fn a_stream_of_somebody_elses_is_left_alone() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    runtime().block_on(async {
        let client = async_nats::connect(servers.urls()).await.unwrap();
        let stream =
            async_nats::jetstream::stream::Config { name: "confmod".into(), subjects: vec!["orders.>".into()], ..Default::default() };
        async_nats::jetstream::new(client).create_stream(stream).await.unwrap();
    });
    let began = Instant::now();
    let error = Nats::open(settings(&servers, 1), Part::Host).unwrap_err().to_string();
    assert!(error.contains("nats_stream"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "it is not tried again");
}

#[test]
fn one_host_of_two_carries_out_and_a_deposed_one_marks_nothing() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let first = open(&servers, 1, Part::Host);
    runtime().block_on(async {
        stands(&first, holds).await;
        let second = open(&servers, 1, Part::Host);
        let asked = append(&first, ask("k")).await.unwrap();
        let mark = || What::Sent(Sent { asks: vec![asked] });
        for _ in 0..3 {
            append(&first, mark()).await.unwrap();
        }
        assert_eq!(append(&second, mark()).await, Err(AppendError::Superseded));
        assert!(!holds(*second.standing().borrow()));
        let given_back = Instant::now();
        first.close();
        stands(&second, holds).await;
        assert!(given_back.elapsed() < Duration::from_secs(5), "what was given back is taken at the next look: {:?}", given_back.elapsed());
        append(&second, mark()).await.unwrap();
    });
}

#[test]
fn what_is_no_ask_is_not_marked_and_its_host_lets_go() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let host = open(&servers, 1, Part::Host);
    runtime().block_on(async {
        stands(&host, holds).await;
        for of_an_ask in [true, false] {
            let joined = append(&host, join("k")).await.unwrap();
            let asked = append(&host, ask("k")).await.unwrap();
            let asks = if of_an_ask { vec![asked] } else { vec![asked, joined] };
            let marked = append(&host, What::Sent(Sent { asks })).await;
            assert_eq!(marked.is_ok(), of_an_ask, "{marked:?}");
            assert!(of_an_ask || marked == Err(AppendError::Superseded), "{marked:?}");
        }
    });
}

#[test]
fn of_two_hosts_answers_the_first_stands() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let (first, second) = (open(&servers, 1, Part::Host), open(&servers, 1, Part::Host));
    runtime().block_on(async {
        let asked = append(&first, join("k")).await.unwrap();
        let one = append(&first, answer(asked.0, Outcome::Accepted)).await.unwrap();
        assert_eq!(append(&second, answer(asked.0, Outcome::Unknown)).await, Ok(one));
        let end = append(&second, leave("k")).await.unwrap();
        let answers = |event: &Event| matches!(&event.what, What::Answered(answer) if answer.outcome == Outcome::Accepted);
        let heard: Vec<_> =
            first.history().read(asked, 99).unwrap().into_iter().filter(|event| !matches!(event.what, What::Sent(_))).collect();
        assert!(heard.len() == 2 && answers(&heard[0]) && heard[1].seq == end, "{heard:?}");
    });
}

#[test]
fn a_server_that_is_away_is_told_within_seconds_and_nothing_leaves_late() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut servers = Servers::one("");
    let host = open(&servers, 1, Part::Host);
    runtime().block_on(async {
        let mut feed = host.subscribe(Seq(0));
        append(&host, join("before")).await.unwrap();
        let mut health = host.health();
        servers.all[0].kill();
        let killed = Instant::now();
        let is_lost = |health: &Health| *health != Health::Good;
        tokio::time::timeout(PATIENCE, health.wait_for(is_lost)).await.expect("it is told").unwrap();
        assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
        let asked = Instant::now();
        assert!(matches!(append(&host, join("meanwhile")).await, Err(AppendError::Lost(_))));
        assert!((Duration::from_secs(2)..Duration::from_secs(5)).contains(&asked.elapsed()), "{:?}", asked.elapsed());
        assert!(host.history().last().is_err());
        servers.all[0].start();
        tokio::time::timeout(PATIENCE, health.wait_for(|health| !is_lost(health))).await.expect("it comes back").unwrap();
        append(&host, join("after")).await.unwrap();
        let calls: Vec<_> = loop {
            let heard: Vec<_> =
                host.history().read(Seq(0), 99).unwrap().iter().filter_map(|event| Some(event.what.call()?.as_str().to_owned())).collect();
            if heard.iter().any(|call| call == "after") {
                break heard;
            }
        };
        assert_eq!(calls, ["before", "after"], "what was given up never came");
        let mut live = Vec::new();
        while live.len() < 2 {
            live.extend(hear(&mut feed, 1).await.iter().filter_map(|event| Some(event.what.call()?.as_str().to_owned())));
        }
        assert_eq!(live, calls, "who follows goes on where it was");
    });
}

#[test]
fn a_cluster_without_its_leader_takes_events_again_within_seconds() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut servers = Servers::three();
    let host = open(&servers, 3, Part::Host);
    runtime().block_on(async {
        stands(&host, holds).await;
        let mut feed = host.subscribe(Seq(0));
        let (mut taken, mut slowest) = (Vec::new(), Duration::ZERO);
        for round in 0..3 {
            let urls = servers.urls();
            let leader = tokio::task::spawn_blocking(move || cluster::leader(&urls, Duration::ZERO)).await.unwrap();
            append(&host, join(&format!("up{round}"))).await.unwrap();
            taken.push(format!("up{round}"));
            servers.all[leader].kill();
            let killed = Instant::now();
            for number in 0.. {
                assert!(killed.elapsed() < PATIENCE, "nothing is taken without server {leader}");
                let name = format!("d{round}-{number}");
                if append(&host, join(&name)).await.is_ok() {
                    taken.push(name);
                    break;
                }
            }
            slowest = slowest.max(killed.elapsed());
            servers.all[leader].start();
        }
        let mut heard: Vec<String> = Vec::new();
        while heard.last() != taken.last() {
            heard.extend(hear(&mut feed, 1).await.iter().filter_map(|event| Some(event.what.call()?.as_str().to_owned())));
        }
        heard.retain(|name| taken.contains(name));
        assert_eq!(heard, taken, "each once, in order; without a server it took {slowest:?} at most");
    });
}

#[test]
fn a_server_that_is_frozen_is_told_too() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let desk = Arc::new(open(&servers, 1, Part::Host));
    runtime().block_on(async {
        append(&desk, join("before")).await.unwrap();
        let mut health = desk.health();
        servers.all[0].freeze();
        let frozen = Instant::now();
        tokio::time::timeout(PATIENCE, health.wait_for(|health| matches!(health, Health::Lost(_)))).await.expect("it is told").unwrap();
        let told = frozen.elapsed();
        servers.all[0].thaw();
        assert!(told < Duration::from_secs(6), "{told:?}");
        tokio::time::timeout(PATIENCE, health.wait_for(|health| *health == Health::Good)).await.expect("it comes back").unwrap();
        append(&desk, join("after")).await.unwrap();
    });
}

#[test]
fn what_holds_outlives_the_bounds_of_the_stream() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let small = Settings { size: 4 << 20, ..settings(&servers, 1) };
    let host = Nats::open(small, Part::Host).unwrap();
    runtime().block_on(async {
        stands(&host, holds).await;
        let number = |digits: &str| confmod::phone::Number::from_digits(digits).unwrap();
        let ban = |digits: &str| What::Banned(Banned { number: number(digits), by: "ann".into(), reason: "".into(), until: None });
        let held = append(&host, ban("12157010680")).await.unwrap();
        append(&host, ban("12157010681")).await.unwrap();
        append(&host, What::Lifted(Lifted { number: number("12157010681"), by: "bob".into() })).await.unwrap();
        let long = "x".repeat(200);
        for round in 0..36 {
            let receipts: Vec<_> = (0..1_000).map(|call| host.append(draft(join(&format!("{long}{round}-{call}"))))).collect();
            for receipt in receipts {
                receipt.durable().await.unwrap();
            }
        }
        let history = host.history();
        assert!(history.raw(held).is_err(), "its message is gone");
        let facts = history.standing(history.last().unwrap()).unwrap();
        assert_eq!(facts.iter().map(|fact| (fact.seq, fact.what.kind())).collect::<Vec<_>>(), [(held, "banned")]);
    });
}

/// An authority and what it signs for this machine, as PEM files in a folder: `ca`, `cert`, `key`.
fn authority(folder: &std::path::Path) -> [std::path::PathBuf; 3] {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let files = ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.join(name));
    for (file, text) in files.iter().zip([authority.pem(), cert.pem(), key.serialize_pem()]) {
        std::fs::write(file, text).unwrap();
    }
    files
}

#[test]
fn tls_is_with_the_authority_that_is_named_and_with_a_certificate_where_one_is_asked_for() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (ours, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [ca, cert, key] = authority(ours.path());
    let [other, other_cert, other_key] = authority(others.path());
    let shown = |path: &std::path::Path| path.display().to_string();
    let tls =
        format!("tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}", shown(&cert), shown(&key), shown(&ca));
    let servers = Servers::one(&tls);
    let wanted = |ca: Option<std::path::PathBuf>, own: Option<(std::path::PathBuf, std::path::PathBuf)>| Settings {
        urls: servers.urls().split(',').map(|url| url.replace("nats://", "tls://")).collect(),
        ca,
        cert: own,
        ..settings(&servers, 1)
    };
    let own = Some((cert.clone(), key.clone()));
    let host = Nats::open(wanted(Some(ca.clone()), own.clone()), Part::Host).unwrap();
    runtime().block_on(async { append(&host, join("k")).await.unwrap() });
    let wrong = [
        (None, own.clone(), "nobody vouches for the server"),
        (Some(other), own, "somebody else does"),
        (Some(ca.clone()), None, "this end has no certificate"),
        (Some(ca), Some((other_cert, other_key)), "it has one of somebody else's"),
    ];
    // A server that cannot be reached is waited for, so all at once.
    let wrong = wrong.map(|(ca, own, why)| {
        (
            std::thread::spawn({
                let settings = wanted(ca, own);
                move || Nats::open(settings, Part::Host).is_err()
            }),
            why,
        )
    });
    for (refused, why) in wrong {
        assert!(refused.join().unwrap(), "{why}");
    }
}
