//! Marks belong to callers, and whom they leave out is never asked for.

use super::*;

#[test]
fn marked_callers_are_asked_for_and_not_the_cursor() {
    let mut stage = Stage::with(4);
    stage.keys("Space Down Down Space Up");
    assert_eq!((stage.cursor(), stage.marked()), ("b".into(), vec!["a".to_owned(), "c".to_owned()]));
    assert_eq!(stage.asks("m"), [(Action::Mute, "a".into()), (Action::Mute, "c".into())]);
    let mut stage = Stage::with(2);
    stage.keys("Space Space");
    assert_eq!(stage.asks("u"), [(Action::Unmute, "a".into())], "a second press takes the mark away");
}

#[test]
fn star_marks_all_that_the_filter_lets_through_in_sight_or_not() {
    let mut stage = Stage::with(26);
    stage.event(leave("b"));
    stage.keys("*");
    assert_eq!(stage.marked().len(), 25, "also out of sight, but nobody who left");
    stage.keys("*");
    assert_eq!(stage.marked().len(), 0, "again takes the marks away");
    stage.keys("/ q Enter *");
    assert_eq!(stage.marked(), ["q"]);
    stage.keys("Esc");
    assert_eq!((stage.marked(), stage.listed().len()), (vec!["q".to_owned()], 26), "marks outlive the filter");
}

#[test]
fn marks_survive_sorting_filters_newcomers_and_leavers() {
    let mut stage = Stage::with(4);
    stage.keys("Down Space Down Space");
    stage.keys("s s S");
    stage.event(join("new", "1122", "999"));
    stage.event(leave("a"));
    stage.wait(40);
    assert_eq!(stage.marked(), ["b", "c"]);
    stage.keys("/ z z z");
    assert_eq!(stage.marked(), ["b", "c"]);
    stage.keys("Esc Home");
    stage.event(leave("c"));
    stage.wait(40);
    assert!(stage.listed().contains(&"c".into()), "a marked row stays as long as it is marked");
    let asked = stage.asks("m");
    assert_eq!(asked, [(Action::Mute, "b".into())]);
    assert!(stage.notice().contains("1 left"), "who left is skipped and counted: {}", stage.notice());
    stage.wait(1);
    assert!(!stage.listed().contains(&"c".into()), "and goes with its mark");
}

#[test]
fn marks_that_are_all_hidden_disable_asks_with_the_reason() {
    let mut stage = Stage::with(3);
    stage.event(named_arrival("z", "9", "4930901820", "Zoe"));
    stage.keys("Space / Z o e Enter");
    assert_eq!(stage.cursor(), "z");
    for key in ["m", "u", "k"] {
        assert_eq!(stage.asks(key), [], "{key} never falls back to the cursor");
        assert!(stage.app.dialog.is_none() && stage.notice().contains("none in the list"), "{}", stage.notice());
    }
    stage.keys("Esc 3");
    assert_eq!(stage.asks("m"), [], "nor on another tab");
    stage.keys("1");
    assert_eq!(stage.asks("m"), [(Action::Mute, "a".into())]);
}

#[test]
fn of_marked_callers_only_those_that_are_listed_are_asked_for() {
    let mut stage = Stage::with(3);
    stage.keys("* / C a l l e r Space b Enter");
    assert_eq!(stage.asks("m"), [(Action::Mute, "b".into())]);
    assert!(stage.notice().contains("2 hidden"), "{}", stage.notice());
}

#[test]
fn shift_and_movement_marks_a_range_that_can_shrink() {
    let mut stage = Stage::with(6);
    stage.keys("Down Shift-Down Shift-Down");
    assert_eq!((stage.marked(), stage.cursor()), (vec!["b".into(), "c".into(), "d".into()], "d".to_owned()));
    stage.keys("Shift-Up");
    assert_eq!(stage.marked(), ["b", "c"]);
    stage.keys("Shift-Home");
    assert_eq!(stage.marked(), ["a", "b"], "to the other side of where it began");
    stage.keys("End Shift-Up");
    assert_eq!(stage.marked(), ["a", "b", "e", "f"], "another key ends a range, and its marks stay");
    stage.keys("Esc Space Shift-End");
    assert_eq!(stage.marked(), ["e", "f"]);
}

#[test]
fn esc_leaves_the_filter_before_the_marks() {
    let mut stage = Stage::with(3);
    stage.keys("* / C Enter Esc");
    assert_eq!((stage.app.view.filter().is_empty(), stage.marked().len()), (true, 3));
    stage.keys("Esc");
    assert_eq!(stage.marked().len(), 0);
}

#[test]
fn the_mouse_marks_in_the_first_columns_and_by_dragging() {
    let mut stage = Stage::with(5);
    let mut mouse = |mouse| {
        let now = stage.now;
        stage.app.update(now, Message::Mouse(mouse));
        stage.marked()
    };
    assert!(mouse(Mouse::Press(10, 4)).is_empty(), "elsewhere a click moves the cursor");
    assert_eq!(mouse(Mouse::Press(1, 5)), ["c"]);
    assert!(mouse(Mouse::Press(1, 5)).is_empty());
    mouse(Mouse::Press(10, 4));
    assert_eq!(mouse(Mouse::Drag(10, 6)), ["b", "c", "d"]);
    assert_eq!(mouse(Mouse::Drag(10, 5)), ["b", "c"]);
}

#[test]
fn who_cannot_be_asked_for_is_passed_over_and_counted() {
    let mut stage = Stage::with(2);
    stage.event(join("withheld", "1122", ""));
    stage.event(start("calling"));
    stage.keys("*");
    assert_eq!(stage.asks("m").len(), 2);
    assert!(stage.notice().contains("1 still calling, 1 without a number"), "{}", stage.notice());
    let mut stage = Stage::new(|_| {});
    stage.event(join("withheld", "1122", ""));
    stage.keys("*");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("the marked caller cannot be asked for"), "{}", stage.notice());
}

#[test]
fn commands_for_one_caller_keep_to_the_cursor() {
    let mut stage = Stage::with(3);
    stage.keys("Space End");
    let effects = stage.keys("n X Enter");
    assert!(matches!(&effects[..], [Effect::Append(What::Named(named))] if named.call.as_str() == "c"), "{effects:?}");
    assert!(matches!(&stage.keys("c")[..], [Effect::Copy(number)] if number == "+12157010682"));
    for (key, wanted) in [("h", "hand"), ("x", "exempted")] {
        let appended = whats(stage.keys(key));
        let told: Vec<_> = appended.iter().map(|what| (what.kind(), what.call().map(CallKey::as_str))).collect();
        assert_eq!(told, [(wanted, Some("c"))], "{key}");
    }
    let banned = whats(stage.keys("B Enter"));
    assert!(matches!(&banned[..], [What::Banned(banned)] if banned.number.digits() == "12157010682"), "{banned:?}");
    assert_eq!(stage.marked(), ["a"]);
}

#[test]
fn what_is_drawn_as_disabled_is_what_cannot_be_run() {
    use crate::console::command::{Command, TABLE};
    let mut stage = Stage::with(3);
    stage.event(join("nobody", "1122", ""));
    let agree = |stage: &Stage| {
        for entry in TABLE {
            assert_eq!(stage.app.is_disabled(entry.command), stage.app.why_disabled(entry.command).is_some(), "{}", entry.id);
        }
    };
    agree(&Stage::new(|_| {}));
    agree(&Stage::new(|settings| settings.read_only = true));
    for keys in ["", "End", "Space", "Home *", "/ a Enter", "/ x x Enter", "Esc Esc"] {
        stage.keys(keys);
        agree(&stage);
    }
    assert!(stage.app.is_disabled(Command::Again) && !stage.app.is_disabled(Command::Mute));
    let asks = stage.play("Home m");
    stage.answer(&asks[0], Outcome::Refused);
    agree(&stage);
    assert!(!stage.app.is_disabled(Command::Again));
    stage.keys("Down Space");
    agree(&stage);
    assert!(stage.app.is_disabled(Command::Again), "nothing failed for whom the mark is on");
    stage.keys("q");
    agree(&stage);
}

#[test]
fn marks_that_a_filter_hides_outlive_a_press_for_the_others() {
    let mut stage = Stage::with(4);
    stage.keys("* / n a m e : \" C a l l e r Space b \" Enter");
    assert_eq!(stage.listed(), ["b"]);
    assert_eq!(stage.asks("m"), [(Action::Mute, "b".into())]);
    assert_eq!(stage.marked(), ["a", "c", "d"], "they were not asked for");
}

#[test]
fn a_marked_caller_who_is_taken_off_the_list_leaves_no_mark() {
    let mut stage = Stage::with(2);
    stage.keys("Space");
    stage.event(remove("a"));
    assert_eq!(stage.app.marks.len(), 0);
    assert_eq!(stage.asks("m"), [(Action::Mute, "b".into())]);
}

#[test]
fn star_leaves_out_a_row_that_only_the_cursor_holds() {
    let mut stage = Stage::with(3);
    stage.keys("/ s t a t e : o p e n Enter");
    let asks = stage.play("m");
    stage.answer(&asks[0], Outcome::Accepted);
    assert_eq!((stage.cursor(), stage.listed().len()), ("a".into(), 3), "muted by now, and still under the cursor");
    stage.keys("*");
    assert_eq!(stage.marked(), ["b", "c"]);
}

#[test]
fn the_cursor_comes_back_to_its_caller_after_a_filter() {
    let mut stage = Stage::with(4);
    stage.keys("Down Down / z z z Esc");
    assert_eq!(stage.cursor(), "c", "nobody matched");
    stage.keys("/ n a m e : \" C a l l e r Space b \"");
    assert_eq!(stage.cursor(), "b");
    stage.keys("Enter Esc");
    assert_eq!(stage.cursor(), "c", "a filter that is left gives the cursor back");
    stage.keys("/ n a m e : \" C a l l e r Space b \" Enter Up Esc");
    assert_eq!(stage.cursor(), "c");
    stage.keys("/ n a m e : C a l l e r Enter Home Esc");
    assert_eq!(stage.cursor(), "a", "whom the moderator went to stays");
}
