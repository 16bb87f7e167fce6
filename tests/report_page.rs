//! The HTML report as a browser draws it: how many rows, which texts, no network, no script, light and dark.
//!
//! The journal is made through the journal itself, at times of the test's own; the page comes from the real
//! program, and headless Chromium opens it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

use std::collections::HashMap;
use std::path::PathBuf;

#[path = "support/past.rs"]
mod past;
mod support;

use past::Past;
use serde_json::Value;
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
        past.leave(minutes(62.0 + 0.61 * f64::from(place)), &format!("4471{place:04}"));
    }
    past
}

/// Where pages and pictures are kept for people to look at.
fn kept(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn page_of(past: &Past, more: &[&str]) -> String {
    let until = Past::moment(80 * 60_000);
    past.report(&[&["--format", "html", "--until", &until], more].concat())
}

/// A number in a measured box.
fn side(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_else(|| panic!("no {name} in {of}"))
}

#[test]
fn the_page_is_drawn_as_it_is_meant() {
    if !tools::require("chromium") {
        return;
    }
    let past = town_hall();
    let html = page_of(&past, &["--conference", "1122"]);
    std::fs::write(kept("report.html"), &html).unwrap();
    let Page(page) = Page::measure(&html, 1280);
    assert_eq!(page["title"], "Conference 1122, 22 November 2026");
    assert_eq!(page["heading"], "Conference 1122");
    assert_eq!(page["scripts"], 0, "no script");
    assert_eq!(page["resources"], serde_json::json!([]), "nothing is fetched");
    assert_eq!(page["width"], 1280, "nothing sticks out");
    for sound in ["heads", "captions", "titles"] {
        assert_eq!(page[sound], true, "{sound}");
    }
    let figures = serde_json::to_string(&page["figures"]).unwrap();
    for figure in
        ["[\"callers\",\"21\"]", "[\"most at once (14:24)\",\"21\"]", "[\"hands raised\",\"3\"]", "[\"asks, 1 not accepted\",\"35\"]"]
    {
        assert!(figures.contains(figure), "{figure} in {figures}");
    }

    let rows = page["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 21, "one row a caller");
    let row = |who: &str| rows.iter().find(|row| row["who"] == who).unwrap_or_else(|| panic!("no row of {who}"));
    let mut below = 0.0;
    for row in rows {
        let (label, track) = (&row["label"], &row["track"]);
        assert!(side(label, "y") >= below, "rows stand one below the other: {row}");
        below = side(track, "y") + side(track, "h");
        assert!(side(label, "x") + side(label, "w") < side(track, "x"), "the name is beside the bar: {row}");
        for bar in ["in", "muted", "hands"].iter().flat_map(|kind| row[kind].as_array().unwrap()) {
            assert!(side(bar, "w") > 0.0 && side(bar, "h") > 0.0, "it can be seen: {row}");
            assert!(side(bar, "x") >= side(track, "x") - 0.5, "{row}");
            assert!(side(bar, "x") + side(bar, "w") <= side(track, "x") + side(track, "w") + 0.5, "{row}");
        }
    }
    let count = |who: &str, kind: &str| row(who)[kind].as_array().unwrap().len();
    assert_eq!((count("Donald Knuth", "in"), count("Alan Turing", "in")), (2, 1), "who came again has two bars");
    assert_eq!((count("Ada Lovelace", "muted"), count("Sophie Wilson", "muted")), (1, 0));
    assert_eq!((count("Margaret Hamilton", "hands"), count("Ada Lovelace", "hands")), (1, 0));
    let marks = |who: &str| row(who)["marks"].clone();
    let kicked = serde_json::json!([["mark kick", "ada asked to kick at 14:52:00: accepted"]]);
    assert_eq!(marks("Ken Thompson"), kicked);
    assert_eq!(marks("Frances Allen")[2], serde_json::json!(["mark mute failed", "ada asked to mute at 14:50:00: refused"]));

    // Lecture mode from 20 to 44 of 80 minutes, and muted with it.
    let track = &row("Ada Lovelace")["track"];
    let at = |minute: f64| side(track, "x") + side(track, "w") * minute / 80.0;
    let (mode, muted) = (&page["modes"][0][1][0], &row("Ada Lovelace")["muted"][0]);
    assert_eq!(page["modes"][0][0], "lecture mode");
    for (bar, from, to) in [(mode, 20.0, 44.0), (muted, 20.05, 44.05), (&page["gaps"][0], 56.0, 58.5)] {
        assert!((side(bar, "x") - at(from)).abs() < 2.0, "{bar} begins at {}", at(from));
        assert!((side(bar, "x") + side(bar, "w") - at(to)).abs() < 2.0, "{bar} ends at {}", at(to));
    }

    assert_eq!(page["attendance"].as_array().unwrap().len(), 21);
    assert_eq!(page["audit"].as_array().unwrap().len(), 35);
    let knuth = page["attendance"].as_array().unwrap().iter().find(|line| line[0] == "Donald Knuth").unwrap();
    let wanted = ["Donald Knuth", "+44 207946006", "GB", "14:01:47", "", "1 h 06 min", "42 min 00 s", "83 %", "2", "5 min 57 s", "", "in"];
    assert_eq!(*knuth, serde_json::json!(wanted), "longest stay and share are told");
}

#[test]
fn light_and_dark_and_narrow() {
    if !tools::require("chromium") {
        return;
    }
    let html = page_of(&town_hall(), &[]);
    let mut papers = Vec::new();
    for (name, width, dark) in [("light", 1280, false), ("dark", 1280, true), ("narrow", 400, false), ("narrow-dark", 400, true)] {
        let picture = browser::screenshot(&html, width, 2600, dark);
        std::fs::write(kept(&format!("report-{name}.png")), &picture).unwrap();
        let drawn = Drawn::read(&picture);
        assert_eq!(drawn.width, width as usize);
        let paper = drawn.most_common();
        let luminance = paper.iter().map(|part| u32::from(*part)).sum::<u32>() / 3;
        assert!(if dark { luminance < 60 } else { luminance > 220 }, "{name}: the paper is {paper:?}");
        let colours = drawn.colours();
        assert!(colours > 50, "{name}: only {colours} colours, so no text was drawn");
        papers.push(paper);
    }
    assert_ne!(papers[0], papers[1]);
    let Page(narrow) = Page::measure(&html, 400);
    assert_eq!(narrow["width"], 400, "wide parts scroll by themselves, and the page does not");
    assert_eq!(narrow["rows"].as_array().unwrap().len(), 21);
}

#[test]
fn hostile_names_are_drawn_as_they_are() {
    if !tools::require("chromium") {
        return;
    }
    let mut past = Past::new("<b>1</b>");
    let name = "<img src=x onerror=alert(1)><script>1</script>";
    past.join(0, "\"><i>", name, "");
    past.leave(60_000, "\"><i>");
    let Page(page) = Page::measure(&page_of(&past, &[]), 1280);
    assert_eq!((&page["scripts"], &page["resources"]), (&serde_json::json!(0), &serde_json::json!([])));
    assert_eq!(page["heading"], "Conference <b>1</b>");
    assert_eq!(page["attendance"][0][0], name);
}

#[test]
fn five_thousand_callers_still_make_a_page() {
    if !tools::require("chromium") {
        return;
    }
    let mut past = Past::new("1122");
    for caller in 0..5_000 {
        past.join(caller, &format!("c{caller}"), &format!("Caller {caller}"), "");
    }
    for caller in 0..5_000 {
        past.leave(600_000 + 600 * caller, &format!("c{caller}"));
    }
    let Page(page) = Page::measure(&page_of(&past, &[]), 1280);
    assert_eq!(page["rows"].as_array().unwrap().len(), 100);
    assert_eq!(page["attendance"].as_array().unwrap().len(), 5_000);
    assert_eq!(page["rows"][0]["who"], "Caller 4900", "those who were in longest");
}

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

#[test]
fn two_conferences_of_two_days_stand_apart() {
    if !tools::require("chromium") {
        return;
    }
    let mut past = Past::new("1122");
    for (place, name) in ["Ada", "Ben", "Cleo", "Dora"].into_iter().enumerate() {
        let (place, key) = (place as i64, format!("k{place}"));
        past.conference(if place % 2 == 0 { "1122" } else { "2233" });
        for day in 0..2 {
            past.join(day * DAY + place * 60_000, &key, name, "");
            past.leave(day * DAY + (20 + place) * 60_000, &key);
        }
    }
    let html = past.report(&["--format", "html", "--until", &Past::moment(2 * DAY)]);
    std::fs::write(kept("report-days.png"), browser::screenshot(&html, 1280, 1300, false)).unwrap();
    let Page(page) = Page::measure(&html, 1280);
    assert_eq!(page["heading"], "2 conferences");
    let who: Vec<_> = page["rows"].as_array().unwrap().iter().map(|row| row["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["Ada", "Cleo", "Ben", "Dora"], "one conference after the other");
    assert_eq!(page["attendance"][1][1], "2233", "a column says which");
    let bars = &page["rows"][0]["in"];
    assert!(
        (side(&bars[0], "w") - side(&bars[1], "w")).abs() < 1.0 && side(&bars[0], "w") > 200.0,
        "the night between takes no room: {bars}"
    );
}

/// A picture, taken apart.
struct Drawn {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

impl Drawn {
    fn read(picture: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().expect("a picture");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("a frame");
        let samples = info.color_type.samples();
        let pixels = bytes[..info.buffer_size()].chunks(samples).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { width: info.width as usize, pixels }
    }

    fn counts(&self) -> HashMap<[u8; 3], usize> {
        let mut counts = HashMap::new();
        self.pixels.iter().for_each(|pixel| *counts.entry(*pixel).or_default() += 1);
        counts
    }

    fn most_common(&self) -> [u8; 3] {
        self.counts().into_iter().max_by_key(|(_, count)| *count).expect("a picture of something").0
    }

    fn colours(&self) -> usize {
        self.counts().len()
    }
}
