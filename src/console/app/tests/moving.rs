//! Cursor, list, filter, tabs, and what keys and mouse do to them.

use super::*;

#[test]
fn the_cursor_is_on_the_first_row_as_soon_as_there_is_one() {
    let mut stage = Stage::new(|_| {});
    assert_eq!(stage.cursor(), "");
    stage.event(join("a", "1122", "100"));
    assert_eq!(stage.cursor(), "a");
    stage.event(join("b", "1122", "200"));
    assert_eq!(stage.cursor(), "a", "and stays on its caller");
}

#[test]
fn the_row_under_the_cursor_keeps_its_line_whatever_comes_and_goes() {
    let mut stage = Stage::with(6);
    stage.keys("Down Down Down");
    assert_eq!((stage.cursor().as_str(), stage.line()), ("d", 3));
    stage.event(leave("a"));
    stage.event(leave("b"));
    stage.event(join("x", "1122", "900"));
    assert_eq!((stage.listed().join(""), stage.line()), ("abcdefx".into(), 3));
    stage.wait(31);
    assert_eq!(
        (stage.listed().join(""), stage.cursor().as_str(), stage.line()),
        ("cdefx".into(), "d", 3),
        "rows above went, the line stayed"
    );
    stage.keys("Down");
    assert_eq!((stage.cursor().as_str(), stage.line(), stage.app.top), ("e", 3, -1), "a step down closes the gap by a line");
    stage.keys("Down");
    assert_eq!((stage.line(), stage.app.top), (3, 0));
    stage.keys("Down");
    assert_eq!((stage.cursor().as_str(), stage.line(), stage.app.top), ("x", 4, 0));
}

#[test]
fn a_row_that_is_gone_stays_under_the_cursor_and_goes_when_it_moves() {
    let mut stage = Stage::with(3);
    stage.keys("Down");
    stage.event(leave("b"));
    stage.wait(10);
    stage.event(leave("a"));
    assert_eq!(stage.app.view.next_expiry(stage.now), Some(Moment(stage.now.0 + 20_000)));
    stage.wait(20);
    let due = stage.app.next_change().map(|at| at.0 - stage.now.0);
    assert!(due.is_some_and(|due| due <= 10_000), "a row that is held hides no other's end: {due:?}");
    stage.event(join("a", "1122", "12157010680"));
    stage.wait(60);
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("abc".into(), "b"));
    stage.keys("Down");
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("ac".into(), "c"));
    stage.keys("k");
    stage.event(leave("c"));
    stage.wait(700);
    assert_eq!(stage.listed().join(""), "ac", "not while a dialog names it");
}

#[test]
fn delete_takes_the_row_off_and_the_cursor_to_the_one_that_took_its_place() {
    let mut stage = Stage::with(3);
    let effects = stage.keys("Down Delete");
    let [Effect::Append(what @ What::Removed(only))] = &effects[..] else { panic!("one removal, not {effects:?}") };
    assert_eq!(only.call.as_str(), "b");
    stage.event(what.clone());
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("ac".into(), "c"));
    stage.event(remove("c"));
    assert_eq!(stage.cursor(), "a");
    stage.event(remove("a"));
    assert_eq!(stage.cursor(), "");
}

#[test]
fn sorting_is_deliberate_and_newcomers_are_added_below() {
    let mut stage = Stage::with(0);
    for (key, caller) in [("a", "Zoe"), ("b", "Ada"), ("c", "Mia")] {
        stage.event(named_arrival(key, "1122", "100", caller));
    }
    stage.keys("s");
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("bca".into(), "a"), "the cursor stays on its caller");
    assert!(stage.notice().contains("caller"));
    stage.event(named_arrival("d", "1122", "200", "Aaron"));
    assert_eq!(stage.listed().join(""), "bcad");
    stage.keys("S");
    assert_eq!(stage.listed().join(""), "acbd", "Zoe, Mia, Ada, Aaron");
    stage.keys("s");
    assert!(stage.notice().contains("number"));
}

#[test]
fn a_filter_filters_while_it_is_typed_enter_keeps_it_and_esc_clears_it() {
    let mut stage = Stage::with(3);
    stage.keys("/ c a l l e r Space b");
    assert_eq!(stage.listed(), ["b"]);
    assert_eq!(stage.asks("m"), [], "letters are typed, not obeyed");
    stage.keys("Backspace Enter");
    assert_eq!(stage.asks("m"), [(Action::Mute, "b".into())]);
    stage.keys("Esc");
    assert_eq!(stage.listed().len(), 3);
    stage.keys("/ z z Esc");
    assert_eq!(stage.listed().len(), 3);
}

#[test]
fn tabs_show_conferences_by_key_and_by_mouse() {
    let mut stage = Stage::with(2);
    stage.event(join("x", "3344", "900"));
    stage.event(start("y"));
    assert_eq!(stage.listed().len(), 4, "all shows every call");
    stage.keys("Tab");
    assert_eq!(stage.listed().join(""), "ab");
    stage.keys("3");
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("x".into(), "x"));
    stage.keys("Tab");
    assert_eq!(stage.listed().len(), 4, "round and round");
    stage.keys("Shift-Tab");
    assert_eq!(stage.listed().join(""), "x");
    stage.keys("7");
    assert!(stage.notice().contains("no conference 7"));
    let tab = stage.app.tab_strip()[1].clone();
    stage.app.update(stage.now, Message::Mouse(Mouse::Press(tab.x + 2, 0)));
    assert_eq!(stage.listed().join(""), "ab");
}

#[test]
fn a_configured_conference_is_the_tab_to_open_on_and_never_a_filter() {
    let mut stage = Stage::new(|settings| settings.conference = Some("1122".into()));
    assert_eq!(stage.app.tabs().count(), 2);
    stage.event(join("a", "1122", "100"));
    stage.event(join("b", "3344", "200"));
    assert_eq!(stage.listed().join(""), "a");
    stage.keys("1");
    assert_eq!(stage.listed().join(""), "ab");
}

#[test]
fn the_mouse_selects_and_scrolls_and_cancels_a_kick() {
    let mut stage = Stage::with(9);
    let first = stage.app.layout().rows.y;
    stage.app.update(stage.now, Message::Mouse(Mouse::Press(20, first + 4)));
    assert_eq!(stage.cursor(), "e");
    stage.app.update(stage.now, Message::Mouse(Mouse::Press(20, first + 12)));
    assert_eq!(stage.cursor(), "e", "below the last row there is nobody");
    stage.app.update(stage.now, Message::Mouse(Mouse::WheelDown));
    assert_eq!(stage.cursor(), "h");
    stage.keys("k");
    stage.app.update(stage.now, Message::Mouse(Mouse::Press(20, first)));
    assert_eq!((stage.app.dialog.is_none(), stage.cursor().as_str()), (true, "h"));
}

#[test]
fn pasted_text_never_acts() {
    let mut stage = Stage::with(1);
    let effects = stage.app.update(stage.now, Message::Paste("ky\nm\u{1b}".into()));
    assert!(effects.is_empty() && stage.app.dialog.is_none());
    stage.keys("k");
    assert!(stage.app.update(stage.now, Message::Paste("y".into())).is_empty());
    stage.keys("Esc /");
    stage.app.update(stage.now, Message::Paste("caller\u{1b}[2J a".into()));
    assert_eq!(stage.app.view.filter().text(), "caller[2J a");
}

#[test]
fn esc_and_a_key_typed_right_after_it_are_not_lost() {
    let mut stage = Stage::with(1);
    assert_eq!(stage.asks("Alt-m"), [(Action::Mute, "a".into())]);
    stage.keys("k");
    assert_eq!(stage.asks("Alt-y"), [], "Esc comes first and cancels");
}

#[test]
fn quitting_asks_when_callers_are_in_and_a_second_ctrl_c_goes_at_once() {
    let mut stage = Stage::with(0);
    assert_eq!(stage.keys("q"), [Effect::Quit]);
    let mut stage = Stage::with(1);
    assert!(stage.keys("q").is_empty());
    assert!(stage.keys("Enter").is_empty() && stage.app.dialog.is_none());
    assert_eq!(stage.keys("q y"), [Effect::Quit]);
    assert!(stage.app.leaving);
    assert_eq!(stage.keys("Ctrl-c"), [Effect::QuitNow]);
    let mut stage = Stage::with(1);
    assert_eq!(stage.keys("Ctrl-c Ctrl-c"), [Effect::QuitNow]);
    let mut stage = Stage::with(1);
    assert!(stage.keys("/ Ctrl-c").is_empty());
    assert_eq!(stage.keys("y"), [Effect::Quit], "Ctrl-C works while a filter is typed");
    assert!(stage.keys("m").is_empty(), "nothing is asked for any more");
}

#[test]
fn nothing_is_drawn_between_the_steps_of_ages() {
    let mut stage = Stage::new(|_| {});
    assert_eq!(stage.app.next_change(), None, "an empty console waits for ever");
    stage.event(join("a", "1122", "100"));
    let next = stage.app.next_change().expect("ages").0 - stage.now.0;
    assert_eq!(next, 5_000, "five seconds under a minute");
    stage.wait(61);
    let next = stage.app.next_change().expect("ages").0 - stage.now.0;
    assert!((55_000..=60_000).contains(&next), "then a minute: {next}");
    stage.event(leave("a"));
    stage.wait(30);
    assert_eq!(stage.listed(), ["a"], "held by the cursor");
}

#[test]
fn many_rows_scroll_and_the_cursor_stays_in_the_window() {
    let mut stage = Stage::new(|_| {});
    for place in 0..100 {
        stage.event(join(&format!("c{place}"), "1122", &format!("{}", 10_000 + place)));
    }
    let height = usize::from(stage.app.layout().rows.height) as isize;
    for (keys, cursor) in [("PgDn", height - 1), ("PgDn", 2 * height - 2), ("End", 99), ("Up", 98), ("PgUp", 99 - height), ("Home", 0)] {
        stage.keys(keys);
        assert_eq!(stage.cursor(), format!("c{cursor}"));
        assert!((0..height).contains(&stage.line()), "{keys}: line {}", stage.line());
    }
    stage.keys("End");
    stage.app.update(stage.now, Message::Resized(80, 12));
    assert!((0..isize::try_from(stage.app.layout().rows.height).expect("small")).contains(&stage.line()));
    stage.keys("e d");
    assert!((0..isize::try_from(stage.app.layout().rows.height).expect("small")).contains(&stage.line()));
}

#[test]
fn a_gap_never_takes_the_place_of_callers_after_a_move() {
    let mut stage = Stage::with(24);
    let height = usize::from(stage.app.layout().rows.height);
    for _ in 1..height {
        stage.keys("Down");
    }
    ('a'..).take(height - 1).for_each(|key| _ = stage.event(leave(&key.to_string())));
    stage.wait(31);
    assert_eq!((stage.line(), stage.app.hidden()), (height as isize - 1, (0, 24 - height)), "the line is kept, and the rest is counted");
    stage.keys("Up");
    assert_eq!((stage.app.top, stage.app.hidden()), (0, (0, 0)), "the next key shows everybody");
}

#[test]
fn a_call_that_nothing_is_heard_of_for_half_a_day_goes_unless_it_is_held() {
    let mut stage = Stage::with(2);
    stage.wait(12 * 3_600);
    assert_eq!(stage.listed(), ["a"], "the one under the cursor stays");
    stage.event(join("c", "1122", "300"));
    stage.keys("Down");
    stage.wait(61);
    assert_eq!(stage.listed(), ["c"]);
}

#[test]
fn what_comes_back_at_the_start_is_who_was_heard_of_in_time() {
    let mut stage = Stage::with(2);
    stage.wait(11 * 3_600);
    stage.event(hand("b", true));
    stage.now = Moment(stage.now.0 + 2 * 3_600_000);
    stage.app.update(stage.now, Message::Restored);
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("b".into(), "b"), "joined long ago, but heard of since");
}

#[test]
fn a_filter_that_cannot_be_read_hides_nobody_and_is_mended_before_it_is_kept() {
    let mut stage = Stage::with(3);
    stage.keys("/ s t a t e : f l");
    assert_eq!(stage.listed().len(), 3, "nobody goes for a slip");
    stage.keys("Enter");
    assert!(matches!(stage.app.dialog, Some(Dialog::Filter(_))), "it is not kept");
    assert_eq!(stage.asks("m"), [], "and no key acts on rows that it seems to choose");
    assert_eq!(stage.app.view.filter().text(), "state:flm", "what was typed stays");
    stage.keys("Backspace Backspace Backspace o p Enter");
    assert_eq!((stage.app.dialog.is_none(), stage.listed().len()), (true, 3));
    assert_eq!(stage.asks("m"), [(Action::Mute, "a".into())]);
}

#[test]
fn time_brings_rows_into_a_filter_below_the_cursor_without_ticking_for_nothing() {
    let mut stage = Stage::with(1);
    stage.wait(30);
    stage.event(named_arrival("b", "1122", "12157010689", "Ben"));
    stage.keys("s / > 1 m Enter");
    assert!(stage.listed().is_empty());
    stage.wait(30);
    assert_eq!((stage.listed().join(""), stage.cursor().as_str()), ("a".into(), "a"));
    stage.wait(30);
    assert_eq!(
        (stage.listed().join(""), stage.cursor().as_str(), stage.line()),
        ("ab".into(), "a", 0),
        "below, though Ben is before Caller"
    );
    stage.wait(1);
    assert_eq!(stage.app.view.next_turn(), None);
    stage.keys("Esc / > 1 0 0 s Enter");
    stage.wait(1);
    let due = stage.app.next_change().expect("a row comes in").0 - stage.now.0;
    assert_eq!(due, 8_000, "the first of them, though no age on the screen steps for a minute");
    stage.keys("Esc End / < 2 m Enter");
    stage.wait(70);
    assert_eq!(stage.listed().join(""), "a", "the row under the cursor is held, the other has gone");
    stage.keys("Esc");
}

#[test]
fn sorting_says_who_is_first_and_how_to_see_the_unnamed_first() {
    let mut stage = Stage::with(2);
    stage.event(join("x", "1122", "300"));
    stage.keys("s");
    assert!(stage.notice().contains("A to Z; S puts those without a name first"), "{}", stage.notice());
    assert_eq!(stage.listed().join(""), "abx");
    stage.keys("S");
    assert!(stage.notice().contains("reversed: those without a name"), "{}", stage.notice());
    assert_eq!(stage.listed().join(""), "xba");
}
