//! The HTML report as a browser draws it: how many rows, which texts, no network, no script, light and dark.
//!
//! The journal is made through the journal itself, at times of the test's own; the page comes from the real
//! program, and headless Chromium opens it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

use std::path::PathBuf;

#[path = "support/past.rs"]
mod past;
mod support;

use past::Past;
use support::browser::{self, Page};
use support::tools;

/// A town hall of 74 minutes: latecomers, leavers, one who comes again, lecture mode, hands, a kick.
fn town_hall() -> Past {
    let mut past = Past::new("1122");
    let names = [
        "Ada Lovelace",
        "Grace Hopper",
        "Alan Turing",
        "Katherine Johnson",
        "Edsger Dijkstra",
        "Barbara Liskov",
        "Donald Knuth",
        "Frances Allen",
        "",
        "Radia Perlman",
        "Niklaus Wirth",
        "Margaret Hamilton",
        "Dennis Ritchie",
        "名前 José",
        "Adele Goldberg",
        "Ken Thompson",
        "Sophie Wilson",
        "",
        "Tony Hoare",
        "Shafi Goldwasser",
    ];
    let minutes = |minutes: f64| (minutes * 60_000.0) as i64;
    for (place, name) in names.into_iter().enumerate() {
        let key = format!("4471{place:04}");
        let number = ["1215701068", "4930901820", "4420794600", "3314027860"][place % 4].to_owned() + &(place % 10).to_string();
        let at = if place < 14 { 0.3 * place as f64 } else { 6.0 + 3.1 * place as f64 - 40.0 };
        past.join(minutes(at), &key, name, &number);
        if place % 5 == 4 {
            past.ask(minutes(at + 7.0), &key, "mute", "key", None, "accepted", "");
        }
    }
    past.join(minutes(9.0), "44710099", "", "");
    past.hand(minutes(12.0), "44710003", true);
    past.hand(minutes(15.5), "44710003", false);
    past.hand(minutes(31.0), "44710011", true);
    past.hand(minutes(34.0), "44710011", false);
    past.hand(minutes(41.0), "44710001", true);
    past.mode(minutes(20.0), "lecture", true);
    for place in 0..14 {
        past.ask(minutes(20.05), &format!("4471{place:04}"), "mute", "bulk", Some("lecture"), "accepted", "");
    }
    past.ask(minutes(33.0), "44710011", "unmute", "floor", None, "accepted", "");
    past.mode(minutes(44.0), "lecture", false);
    for place in 0..14 {
        past.ask(minutes(44.05), &format!("4471{place:04}"), "unmute", "bulk", Some("lecture_ended"), "accepted", "");
    }
    past.ask(minutes(50.0), "44710007", "mute", "key", None, "refused", "participant not found");
    past.ask(minutes(52.0), "44710015", "kick", "key", None, "accepted", "");
    past.leave(minutes(26.0), "44710006");
    past.join(minutes(38.0), "44710006", "Donald Knuth", "44207946006");
    past.gap(minutes(56.0), minutes(58.5));
    for place in (0..20).filter(|place| place % 7 != 6 && *place != 15) {
        past.leave(minutes(62.0 + 0.61 * place as f64), &format!("4471{place:04}"));
    }
    past
}

fn kept(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn the_page_is_drawn_as_it_is_meant() {
    if !tools::require("chromium") {
        return;
    }
    let past = town_hall();
    let html = past.report(&["--format", "html", "--conference", "1122", "--until", &past.moment(80 * 60_000)]);
    std::fs::write(kept("report.html"), &html).unwrap();
    for (name, width, dark) in [("light", 1280, false), ("dark", 1280, true), ("narrow", 400, false), ("narrow-dark", 400, true)] {
        std::fs::write(kept(&format!("report-{name}.png")), browser::screenshot(&html, width, 2600, dark)).unwrap();
    }
    let page = Page::measure(&html, 1280);
    println!("{page:?}");
}
