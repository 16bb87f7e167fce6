//! The page as text: what is escaped, what is bounded, what it leaves out. How it is drawn is seen in a browser.

use proptest::prelude::*;

use super::*;

#[test]
fn hostile_names_stay_text() {
    let name = "<script>alert(1)</script>\" onload='x' & {{style}}";
    let mut asked = ask("<b>", Action::Mute);
    if let What::Asked(ask) = &mut asked {
        (ask.by, ask.conference) = ("<i>".into(), "<u>".into());
    }
    let mut refused = answer("<b>", 2, Outcome::Refused);
    if let What::Answered(answer) = &mut refused {
        answer.detail = "</table><img src=x>".into();
    }
    let page = page(&told(&options(100), [(0, named_arrival("<b>", "<u>", "", name)), (1, asked), (2, refused)]));
    for tag in ["<script", "<b>", "<i>", "<u>", "<img", "\" onload"] {
        assert!(!page.contains(tag), "{tag}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp; {{style}}"), "nothing is lost");
    assert!(page.contains("Conference &lt;u&gt;") && page.contains("&lt;/table&gt;&lt;img src=x&gt;"));
}

#[test]
fn what_a_foreign_journal_holds_is_cleaned() {
    let report = told(&options(100), [(0, named_arrival("a\u{1b}[2J", "1\u{202e}2", "", "Eve\u{7}\u{200b}\n=x"))]);
    assert_eq!(written(&report, false), ["12,a[2J,,Eve =x,,1970-01-01T00:00:00Z,,100,1,0,0,0,in"]);
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = page(&told(&options(100), [(0, join("a", "1", ADA))]));
    for word in ["http://", "https://", "src=", "@import", "<script", "javascript:", "onclick", "<a ", "<form"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"), "and the page forbids itself both");
    assert!(page.contains("<meta name=\"referrer\" content=\"no-referrer\">"), "and tells nobody where it was");
    assert!(!page.contains("{{"), "every part is filled in");
}

#[test]
fn a_large_conference_gives_a_page_that_says_what_it_leaves_out() {
    let mut story: Vec<_> = (0..5_000).map(|place| (place / 10, join(&format!("c{place}"), "1", ""))).collect();
    story.extend((0..4_900).map(|place| (600, leave(&format!("c{place}")))));
    let page = page(&told(&options(700), story));
    assert_eq!(page.matches("<g class=\"row\">").count(), 100);
    assert!(page.contains("The 100 callers who were in longest; 4900 more are in the table below."));
    assert_eq!(page.matches("<tr>").count(), 5_001, "attendance is complete");
    assert!(page.contains("5,000"), "the figure");
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
}

#[test]
fn a_week_without_callers_takes_no_room() {
    let day = 86_400;
    let story = [(0, join("a", "1", "")), (600, leave("a")), (7 * day, join("b", "1", "")), (7 * day + 600, leave("b"))];
    let page = page(&told(&options(8 * day), story));
    assert!(page.contains("167 h 50 min with nobody in"), "the break is said");
    let widths: Vec<f64> = page
        .split("<rect class=\"in\" x=")
        .skip(1)
        .filter_map(|rest| rest.split("width=\"").nth(1)?.split('"').next()?.parse().ok())
        .filter(|width| *width > 25.0)
        .collect();
    assert_eq!(widths.len(), 2, "both calls are drawn wide: {widths:?}");
    assert!((widths[0] - widths[1]).abs() < 1.0 && widths[0] > 300.0, "{widths:?}");
}

#[test]
fn an_empty_report_is_a_page_too() {
    let page = page(&told(&options(100), []));
    assert!(page.contains("Nobody was in a conference in this time.") && !page.contains("<table") && !page.contains("NaN"), "{page}");
}

proptest! {
    #[test]
    fn any_order_of_events_makes_a_report(choices in proptest::collection::vec((0..9u8, 0..4u8, -20..100i64), 0..60), since in proptest::option::of(0..800i64)) {
        let mut at = 0;
        let mut asks: Vec<(u64, String)> = Vec::new();
        let mut story: Vec<(i64, What)> = Vec::new();
        for (choice, who, step) in choices {
            // Clocks are set back, too.
            at = (at + step).max(0);
            let key = format!("k{who}");
            let what = match choice {
                0 | 1 => join(&key, if who % 2 == 0 { "1" } else { "2" }, ""),
                2 => leave(&key),
                3 => hand(&key, step > 0),
                4 => remove(&key),
                5 => ask(&key, Action::Mute),
                6 => ask(&key, Action::Kick),
                7 => match asks.pop() {
                    Some((seq, key)) => accepted(&key, seq),
                    None => start(&key),
                },
                _ => What::Listening(Listening { down_since: Some(Moment(at * 500)) }),
            };
            if let What::Asked(_) = what {
                asks.push((story.len() as u64 + 1, key));
            }
            story.push((at, what));
        }
        let wanted = Options { since: since.map(|second| Moment(second * 1_000)), ..options(1_000) };
        let report = told(&wanted, story);
        let from = wanted.since.unwrap_or(Moment(i64::MIN));
        for caller in &report.attendance {
            prop_assert!(caller.longest <= caller.millis && caller.muted_millis <= caller.millis, "{caller:?}");
            prop_assert!((0.0..=1.000_001).contains(&caller.share), "{caller:?}");
            prop_assert!(caller.stays > 0 && caller.left.is_none_or(|left| left >= caller.joined), "{caller:?}");
            for span in caller.spans.iter().chain(&caller.muted).chain(&caller.raised) {
                prop_assert!(span.from <= span.to && span.from >= from && span.to <= wanted.until, "{caller:?}");
            }
        }
        let page = page(&report);
        prop_assert!(!page.contains("NaN") && !page.contains("inf\""), "a place that is none");
    }
}
