//! The promise: the reverse-proxy examples pass callbacks on and nothing else, say truly who calls, and keep the
//! secret in the URL to themselves. The real nginx and Caddy, with the files from `assets`.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

#[path = "proxy/front.rs"]
mod front;
#[path = "support/sought.rs"]
mod sought;
mod support;

use front::{Front, Kind};
use sought::Sought;
use support::keys::Key;
use support::screen::Reading as _;
use support::stage::Stage;
use support::tools;

/// A token of which no eight characters stand anywhere by chance.
const TOKEN: &str = "q7ZxV3mK9tRw2LpY8sNd4HfB6gJc1XvE5uTa0Mio";
/// What somebody sends who does not know it.
const WRONG: &str = "Fj6Tq1zWb8XnYk3RsVd9MhPc5LgKv2Qe7ZxAu4No";

#[test]
fn behind_nginx_callbacks_get_through_and_nothing_else() {
    if tools::require("nginx") && tools::require("curl") {
        through(Kind::Nginx);
    }
}

#[test]
fn behind_caddy_callbacks_get_through_and_nothing_else() {
    if tools::require("caddy") && tools::require("curl") {
        through(Kind::Caddy);
    }
}

fn through(kind: Kind) {
    let stage = Stage::new();
    // Callers come from .16 to .31; the proxy itself is at .1 and may not call.
    stage.home.configure("allow = [\"127.0.0.16/28\"]\nproxies = [\"127.0.0.1\"]\n");
    let (mut console, listener) =
        stage.open_as(&stage.setup().env("CONFMOD_CALLBACK_TOKEN", TOKEN).env("CONFMOD_LOG", "trace").size(160, 40));
    let mut front = Front::start(kind, listener.address);
    let callback = |key: &str| format!("/callback/{TOKEN}/join?key={key}&conference=1122&name={key}");
    let wrong = format!("/callback/{WRONG}/join?key=1");

    // Callbacks, as a query, as a form, and with a name that has everything in it.
    assert_eq!(front.ask("127.0.0.17", &callback("Ada"), &[]), (200, "ok".into()));
    console.wait_for_text("Ada");
    let posted = front.ask("127.0.0.17", &format!("/callback/{TOKEN}/join"), &["--data", "key=Ben&conference=1122&name=Ben"]);
    assert_eq!(posted, (200, "ok".into()));
    console.wait_for_text("Ben");
    let odd = format!("/callback/{TOKEN}/join?key=%2fodd%20%3f&conference=1122&name=Zo%C3%AB%2f..%2f%3f%26");
    assert_eq!(front.ask("127.0.0.31", &odd, &[]).0, 200);
    console.wait_for_text("Zoë/../?&");

    // Who calls is who connects, whatever is said.
    let forged =
        ["X-Forwarded-For: 127.0.0.17", "Forwarded: for=127.0.0.17", "X-Real-IP: 127.0.0.17", "X-Forwarded-For: 127.0.0.17, 127.0.0.1"];
    for header in forged {
        assert_eq!(front.ask("127.0.0.5", &callback("Eve"), &["--header", header]).0, 403, "{header}");
        assert_eq!(front.ask("127.0.0.17", &callback("Ada"), &["--header", &header.replace("127.0.0.17", "127.0.0.5")]).0, 200, "{header}");
    }
    // Also where confmod would believe it of who connects.
    for header in ["X-Nothing: x", forged[0]] {
        assert_eq!(front.ask("127.0.0.1", &callback("Eve"), &["--header", header]).0, 403, "the proxy's own address, {header}");
    }
    assert_eq!(front.ask("127.0.0.17", &wrong, &[]).0, 403);

    // Nothing else is there.
    for path in [
        "/",
        "/healthz",
        "/callback",
        "/callbacks",
        "/CALLBACK",
        "/callback/../healthz",
        "/callback/%2e%2e/healthz",
        "/callback/..%2fhealthz",
        "/callback//../healthz",
        "/callback/x/../../healthz",
        "//healthz",
        "/./healthz",
        "/%68ealthz",
        "/healthz/../callback/../healthz",
    ] {
        let (status, body) = front.ask("127.0.0.17", path, &[]);
        assert!([301, 403, 404].contains(&status) && body != "ok", "{path}: {status} {body}");
    }
    assert_eq!(
        front.ask("127.0.0.17", &format!("/healthz/../callback/{TOKEN}/join?key=Mal&conference=1122"), &[]).1.trim(),
        "there is nothing here"
    );

    // Too much is refused by the proxy, or by confmod; with what is no secret.
    let long = front.write("long", "x".repeat(100_000).as_bytes());
    let refused = front.ask("127.0.0.17", &format!("/callback/{TOKEN}/join"), &["--data-binary", &format!("@{}", long.display())]);
    assert!([413, 400].contains(&refused.0), "{refused:?}");
    let refused = front.ask("127.0.0.17", &format!("{}&x={}", callback("Long"), "x".repeat(20_000)), &[]);
    assert!([414, 431, 400].contains(&refused.0), "{refused:?}");
    let refused = front.ask("127.0.0.17", &callback("Long"), &["--header", &format!("x: {}", "y".repeat(90_000))]);
    assert!([400, 431, 494].contains(&refused.0), "{refused:?}");
    let referer = format!("Referer: https://calls.example.org{}", callback("Ref"));
    assert_eq!(front.ask("127.0.0.17", &callback("Ref"), &["--header", &referer, "--header", &format!("Cookie: t={TOKEN}")]).0, 200);
    console.wait_for_text("not have 127.0.0.5");

    // And when confmod is gone.
    console.press(Key::Ctrl('c'));
    console.send_keys("y");
    console.terminal_is_clean();
    let (status, _) = front.ask("127.0.0.17", &callback("Late"), &["--header", &referer]);
    assert!([502, 504].contains(&status), "{status}");
    for name in ["Eve", "Mal", "Long", "Late"] {
        assert_eq!(console.screen().count(name), 0, "{name} got in");
    }

    // What the proxy said and wrote meanwhile.
    let sought = Sought::new(&[("the token", TOKEN), ("a wrong token", WRONG)]);
    front.stop();
    let left = front.left();
    for (path, bytes) in left.iter().filter(|(path, _)| !path.ends_with("long")) {
        assert_eq!(sought.found_in(bytes), Vec::<String>::new(), "in {}:\n{}", path.display(), String::from_utf8_lossy(bytes));
    }
    assert!(left.iter().any(|(path, bytes)| path.ends_with("said") && !bytes.is_empty()), "it logs something: {left:?}");
    for (path, bytes) in stage.home.files() {
        assert_eq!(sought.found_in(&bytes), Vec::<String>::new(), "in {}", path.display());
    }
}
