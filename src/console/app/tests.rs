//! What the console does with keys, news and time: each sentence with a case that breaks when it does.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::conference::event::{Cause, Event, What};
use crate::conference::story::{answer, arrival, ask, hand, join, leave, name, named_arrival, remove, start};
use crate::conference::{Action, CallKey, Outcome};
use crate::console::keys::Chord;

/// A console with a clock of its own.
pub(crate) struct Stage {
    pub(crate) app: App,
    seq: u64,
    now: Moment,
}

pub(crate) fn settings() -> Settings {
    Settings {
        moderator: "ada".into(),
        conference: None,
        stale_after: Duration::from_secs(4 * 3_600),
        withheld: Withheld::Refuse,
        kick: Kick::Dialog,
        read_only: false,
        mask: false,
        listener: "127.0.0.1:8787".into(),
        urls: vec![("START, On Start URL".into(), "http://127.0.0.1:8787/callback/****/start".into())],
        fragile_session: false,
        title: "",
        news_after: Seq(0),
    }
}

impl Stage {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let keys = KeyMap::new(&BTreeMap::new()).expect("sound");
        let now = Moment(1_700_000_000_000);
        Self { app: App::new(settings, keys, (80, 24), now), seq: 0, now }
    }

    /// Callers a, b, c and so on, in conference 1122.
    pub(crate) fn with(callers: usize) -> Self {
        let mut stage = Self::new(|_| {});
        for (key, place) in ('a'..).take(callers).zip(0..) {
            stage.event(named_arrival(&key.to_string(), "1122", &format!("1215701068{place}"), &format!("Caller {key}")));
        }
        stage
    }

    pub(crate) fn event(&mut self, what: What) -> Vec<Effect> {
        self.seq += 1;
        let event = Event { seq: Seq(self.seq), at: self.now, what };
        self.app.update(self.now, Message::Events([event].into()))
    }

    pub(crate) fn keys(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys.split_whitespace() {
            effects.extend(self.app.update(self.now, Message::Key(Chord::parse(key).expect("a key"))));
        }
        effects
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> Vec<Effect> {
        self.now = Moment(self.now.0 + seconds * 1_000);
        self.app.update(self.now, Message::Tick)
    }

    /// What was asked by these keys: action and call.
    fn asks(&mut self, keys: &str) -> Vec<(Action, String)> {
        asked(self.keys(keys))
    }

    fn listed(&self) -> Vec<String> {
        self.app.view.rows().iter().filter_map(|id| self.app.roster.get(*id)).map(|call| call.key.to_string()).collect()
    }

    fn cursor(&self) -> String {
        self.app.selected().map(|call| call.key.to_string()).unwrap_or_default()
    }

    /// The line on the screen that the cursor's row stands on.
    fn line(&self) -> isize {
        let place = self.app.view.rows().iter().position(|id| Some(*id) == self.app.cursor).expect("listed");
        place as isize - self.app.top
    }

    fn notice(&self) -> &str {
        self.app.notice.as_ref().map_or("", |notice| &notice.text)
    }

    fn log_says(&self, words: &str) -> bool {
        self.app.lines.iter().any(|line| line.text.contains(words))
    }

    /// The place in the journal of the last event.
    fn last(&self) -> u64 {
        self.seq
    }
}

fn asked(effects: Vec<Effect>) -> Vec<(Action, String)> {
    let ask = |effect| match effect {
        Effect::Append(What::Asked(ask)) => Some((ask.action, ask.call.to_string())),
        _ => None,
    };
    effects.into_iter().filter_map(ask).collect()
}

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
fn m_and_u_ask_for_the_caller_under_the_cursor_with_everything_the_request_needs() {
    let mut stage = Stage::with(3);
    let joined = stage.now;
    stage.wait(7);
    let effects = stage.keys("Down m");
    let [Effect::Append(What::Asked(ask))] = &effects[..] else { panic!("one ask, not {effects:?}") };
    assert_eq!((ask.action, ask.call.as_str(), ask.conference.as_str(), &*ask.number), (Action::Mute, "b", "1122", "12157010681"));
    assert_eq!((&*ask.by, ask.cause, ask.joined), ("ada", Cause::Key, joined));
    assert_eq!(stage.asks("u"), [(Action::Unmute, "b".into())]);
}

#[test]
fn a_kick_is_sent_by_y_and_by_nothing_else() {
    for key in ["Enter", "Esc", "Space", "k", "Y", "n", "m", "q", "Tab", "Ctrl-c", "x", "Down"] {
        let mut stage = Stage::with(2);
        assert_eq!(stage.asks(&format!("k {key}")), [], "{key} sends nothing");
        assert!(stage.app.dialog.is_none(), "{key} closes the dialog");
        assert_eq!(stage.asks("y"), [], "and a y after it is no answer to it");
    }
    assert_eq!(Stage::with(2).asks("Down k y"), [(Action::Kick, "b".into())]);
}

#[test]
fn a_kick_that_was_confirmed_goes_to_the_caller_that_was_named_or_to_nobody() {
    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(leave("a"));
    stage.event(join("d", "1122", "400"));
    stage.wait(31);
    assert_eq!(stage.asks("y"), [(Action::Kick, "b".into())], "whoever comes and goes meanwhile");

    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(leave("b"));
    assert_eq!(stage.asks("y"), []);
    assert!(stage.notice().contains("has left") && stage.notice().contains("nothing was sent"), "{}", stage.notice());

    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(leave("b"));
    stage.event(join("b", "1122", "12157010681"));
    assert_eq!(stage.asks("y"), [], "another stay is another decision");

    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(remove("b"));
    assert_eq!(stage.asks("y"), []);
}

#[test]
fn a_countdown_kicks_after_three_seconds_and_esc_stops_it() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Countdown;
    assert_eq!(stage.asks("k"), []);
    assert_eq!(asked(stage.wait(2)), []);
    assert_eq!(asked(stage.wait(1)), [(Action::Kick, "a".into())]);
    assert_eq!(asked(stage.wait(9)), [], "once");
    stage.event(join("b", "1122", "200"));
    stage.keys("Down k Esc");
    assert_eq!(asked(stage.wait(5)), []);
}

#[test]
fn who_cannot_be_asked_for_is_refused_on_the_spot_with_the_reason() {
    let mut stage = Stage::new(|_| {});
    stage.event(start("calling"));
    for key in ["m", "u", "k"] {
        assert_eq!(stage.asks(key), []);
        assert!(stage.notice().contains("still calling"), "{}", stage.notice());
        assert!(stage.app.dialog.is_none());
    }
    stage.event(join("anonymous", "1122", ""));
    stage.keys("End");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("the provider needs E164"), "{}", stage.notice());
    let slip = crate::conference::event::Arrival { instead: Some("$[E64]".into()), ..arrival("slip", "1122", "") };
    stage.event(What::Joined(slip));
    stage.keys("End");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("$[E64]"), "{}", stage.notice());
    assert!(stage.log_says("write $[E164]$ there"), "the events pane names the slip");
    assert_eq!(stage.app.roster.all().unreachable, 2, "who is only calling may still get one");
    stage.event(join("gone", "1122", "300"));
    stage.event(leave("gone"));
    stage.keys("End");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("has left"));
}

#[test]
fn a_withheld_number_can_be_set_to_be_sent_as_received() {
    let mut stage = Stage::new(|settings| settings.withheld = Withheld::Send);
    stage.event(What::Joined(crate::conference::event::Arrival { instead: Some("anonymous".into()), ..arrival("a", "1122", "") }));
    let effects = stage.keys("m");
    let [Effect::Append(What::Asked(ask))] = &effects[..] else { panic!("one ask, not {effects:?}") };
    assert_eq!(&*ask.number, "anonymous");
    stage.event(join("b", "1122", ""));
    stage.keys("End");
    assert_eq!(stage.asks("m"), [], "but nothing cannot be sent");
}

#[test]
fn m_u_k_stay_allowed_on_every_row_that_is_in_whatever_it_says() {
    for outcome in [Outcome::Accepted, Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent] {
        let mut stage = Stage::with(1);
        stage.event(ask("a", Action::Mute));
        assert_eq!(stage.asks("m").len(), 1, "also while one is on its way");
        stage.event(answer("a", 2, outcome));
        assert_eq!(stage.asks("m u k y").len(), 3, "{outcome:?}");
    }
    let mut stage = Stage::with(1);
    stage.wait(5 * 3_600);
    assert_eq!(stage.asks("m").len(), 1, "stale");
}

#[test]
fn r_asks_again_where_the_last_ask_failed_or_is_unknown() {
    for (outcome, again) in
        [(Outcome::Refused, 1), (Outcome::NotDelivered, 1), (Outcome::Unknown, 1), (Outcome::Accepted, 0), (Outcome::NotSent, 0)]
    {
        let mut stage = Stage::with(1);
        stage.event(ask("a", Action::Unmute));
        stage.event(answer("a", 2, outcome));
        assert_eq!(stage.asks("r"), vec![(Action::Unmute, "a".to_owned()); again], "{outcome:?}");
    }
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Kick));
    stage.event(answer("a", 2, Outcome::Unknown));
    assert_eq!(stage.asks("r"), [], "a kick is asked about again first");
    assert_eq!(stage.asks("y"), [(Action::Kick, "a".into())]);
}

#[test]
fn a_kicked_caller_who_called_back_can_be_kicked_again_and_nothing_else() {
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Kick));
    stage.event(answer("a", stage.last(), Outcome::Accepted));
    assert_eq!(stage.asks("k y"), [], "who is out is out");
    stage.event(join("a", "1122", "12157010680"));
    assert!(stage.log_says("was kicked and called back"));
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("k kicks again"), "{}", stage.notice());
    assert_eq!(stage.asks("k y"), [(Action::Kick, "a".into())]);
}

#[test]
fn a_read_only_console_has_no_dangerous_command() {
    let mut stage = Stage::with(1);
    stage.app.settings.read_only = true;
    assert!(stage.keys("m u k y r n Enter Delete").is_empty());
    assert!(stage.notice().contains("read-only"));
    stage.keys("d");
    assert!(stage.app.detail, "looking is allowed");
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
    assert_eq!((stage.cursor().as_str(), stage.app.top), ("e", 0), "the moderator's own key closes the gap");
}

#[test]
fn a_row_that_is_gone_stays_under_the_cursor_and_goes_when_it_moves() {
    let mut stage = Stage::with(3);
    stage.keys("Down");
    stage.event(leave("b"));
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
fn a_name_holds_for_the_number_or_the_call() {
    let mut stage = Stage::with(1);
    let effects = stage.keys("n Ctrl-u Z o e Enter");
    let [Effect::Append(what @ What::Named(named))] = &effects[..] else { panic!("one name, not {effects:?}") };
    assert_eq!((&*named.name, named.number.map(Number::digits).as_deref(), &*named.by), ("Zoe", Some("12157010680"), "ada"));
    stage.event(what.clone());
    assert_eq!(stage.app.label(stage.app.selected().expect("one")), "Zoe");
    assert!(stage.keys("n Enter").is_empty(), "unchanged is nothing");
    assert!(stage.keys("n x Esc").is_empty());
}

#[test]
fn masking_hides_digits_in_rows_notices_and_copies() {
    let mut stage = Stage::new(|_| {});
    stage.event(join("a", "1122", "12157010680"));
    assert_eq!(stage.keys("c"), [Effect::Copy("+12157010680".into())]);
    stage.keys("p");
    assert_eq!(stage.keys("c"), [Effect::Copy("+*********80".into())]);
    assert_eq!(mask_digits("+1 215-701-0680 said 1122 at 12:04:31"), "+* ***-***-**80 said 1122 at 12:04:31");
    assert_eq!(mask_digits("Ada 0049151234567"), "Ada ***********67");
    assert_eq!(stage.app.label(stage.app.selected().expect("one")), "+*********80");
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
fn the_palette_runs_what_it_finds_and_says_why_not() {
    let mut stage = Stage::with(1);
    assert_eq!(stage.asks(": u n m u t e Enter"), [(Action::Unmute, "a".into())]);
    stage.keys(": a g a i n Enter");
    assert!(stage.notice().contains("nothing failed"), "{}", stage.notice());
    stage.keys(": k i c k Enter");
    assert!(matches!(stage.app.dialog, Some(Dialog::Kick(_))), "a kick from the palette asks too");
}

#[test]
fn what_the_provider_said_is_told() {
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Mute));
    assert_eq!(stage.notice(), "moderator asked: mute Caller a");
    stage.event(answer("a", 2, Outcome::Refused));
    assert_eq!(stage.notice(), "Caller a: mute refused: participant not found");
    assert!(stage.log_says("mute refused: participant not found"));
}

#[test]
fn a_long_name_does_not_push_what_happened_off_the_line() {
    let mut stage = Stage::new(|_| {});
    stage.event(named_arrival("a", "1122", "12157010680", &"N".repeat(200)));
    stage.event(ask("a", Action::Mute));
    stage.event(answer("a", 2, Outcome::Accepted));
    assert!(stage.notice().len() < 60 && stage.notice().contains("muted in 80 ms"), "{}", stage.notice());
}

#[test]
fn the_voice_columns_own_words_stand_nowhere_else() {
    let mut stage = Stage::with(2);
    for action in [Action::Mute, Action::Unmute, Action::Kick] {
        for outcome in [Outcome::Accepted, Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent] {
            stage.event(ask("a", action));
            stage.event(answer("a", stage.last(), outcome));
        }
    }
    stage.keys("k Esc");
    let told = stage.app.lines.iter().map(|line| line.text.clone()).chain([stage.notice().to_owned()]);
    let table = crate::console::command::TABLE.iter().map(|entry| format!("{} {}", entry.label, entry.help));
    for text in told.chain(table) {
        assert!(!["muting", "kicking"].iter().any(|word| text.contains(word)), "{text}");
    }
}

#[test]
fn one_number_on_two_calls_is_explained_once() {
    let mut stage = Stage::new(|_| {});
    stage.event(join("a", "1122", "12157010680"));
    stage.event(join("b", "1122", "12157010680"));
    stage.event(join("b", "1122", "12157010680"));
    let told = stage.app.lines.iter().filter(|line| line.text.contains("dialled number")).count();
    assert_eq!((told, stage.app.duplicates), (1, 1));
}

#[test]
fn the_gap_while_nobody_listened_is_told() {
    let mut stage = Stage::new(|_| {});
    let since = Moment(stage.now.0 - 300_000);
    stage.event(What::Listening(crate::conference::event::Listening { down_since: Some(since) }));
    assert!(stage.log_says("not running for 5m"));
}

#[test]
fn a_failed_journal_is_told_across_the_screen_and_asks_are_marked() {
    let mut stage = Stage::with(1);
    stage.app.update(stage.now, Message::Journal(Health::Failed("disk I/O error".into())));
    assert!(stage.app.banner().expect("a banner").1.contains("disk I/O error"));
    let event = Event { seq: Seq::UNRECORDED.next(), at: stage.now, what: ask("a", Action::Mute) };
    stage.app.update(stage.now, Message::Events([event].into()));
    assert!(stage.notice().contains("not recorded"), "{}", stage.notice());
    assert!(stage.app.banner().expect("a banner").1.contains("(1)"));
    stage.app.update(stage.now, Message::Journal(Health::Good));
    assert!(stage.app.banner().is_none() && stage.log_says("written again"));
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
fn hands_and_names_are_told_and_raw_fields_are_asked_for_once() {
    let mut stage = Stage::with(1);
    stage.event(hand("a", true));
    assert!(stage.log_says("Caller a raised a hand"));
    stage.event(name("a", "12157010680", "Zoe"));
    assert!(stage.log_says("named a caller Zoe"));
    assert_eq!(stage.keys("d"), [Effect::ReadFields(Seq(1))]);
    assert!(stage.keys("Up").is_empty(), "once");
    stage.app.update(stage.now, Message::Fields(Seq(1), vec![("LANGUAGE".into(), "fr".into())]));
    assert_eq!(stage.app.fields().expect("read")[0].1, "fr");
}

#[derive(Clone, Debug)]
enum Step {
    Event(What),
    Keys(&'static str),
    Wait(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let key = || prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    prop_oneof![
        4 => (key(), prop::sample::select(vec!["1", "2"])).prop_map(|(k, c)| Step::Event(join(k, c, "12345"))),
        2 => key().prop_map(|k| Step::Event(leave(k))),
        1 => key().prop_map(|k| Step::Event(remove(k))),
        1 => (key(), 0u64..40).prop_map(|(k, seq)| Step::Event(answer(k, seq, Outcome::Accepted))),
        6 => prop::sample::select(vec!["Up", "Down", "Home", "End", "PgDn", "s", "S", "Tab", "/ a Enter", "Esc", "d", "e", "1"]).prop_map(Step::Keys),
        4 => prop::sample::select(vec!["m", "u", "k", "y", "k y", "r", "Delete"]).prop_map(Step::Keys),
        1 => (1i64..50).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever comes in between, an ask is for the caller who was under the cursor when `m` or `u` was
    /// pressed, or who was named in the dialog when `k` was; and nothing moves that caller's line but keys.
    #[test]
    fn every_ask_is_for_whom_the_moderator_saw(steps in prop::collection::vec(any_step(), 0..80)) {
        let mut stage = Stage::with(2);
        for step in steps {
            let effects = match step {
                Step::Event(what) => {
                    let before = stage.app.cursor.filter(|id| stage.app.view.lists(*id)).map(|id| (id, stage.line()));
                    let effects = stage.event(what);
                    if let Some((id, line)) = before
                        && stage.app.view.lists(id)
                    {
                        prop_assert_eq!(stage.app.cursor, Some(id));
                        prop_assert_eq!(stage.line(), line);
                    }
                    prop_assert!(asked(effects).is_empty(), "news never ask");
                    continue;
                }
                Step::Wait(seconds) => stage.wait(seconds),
                Step::Keys(keys) => {
                    let mut effects = Vec::new();
                    for key in keys.split_whitespace() {
                        let named = match &stage.app.dialog {
                            Some(Dialog::Kick(target)) => stage.app.roster.get(target.id).map(|call| call.key.to_string()),
                            _ => Some(stage.cursor()),
                        };
                        for (action, call) in asked(stage.keys(key)) {
                            prop_assert_eq!(Some(&call), named.as_ref());
                            prop_assert_eq!(action == Action::Kick, key == "y");
                            let id = stage.app.roster.find(&CallKey::new(&call));
                            effects.push(Effect::Append(ask(&call, action)));
                            prop_assert!(id.is_some());
                        }
                    }
                    effects
                }
            };
            for effect in effects {
                if let Effect::Append(what) = effect {
                    stage.event(what);
                }
            }
            prop_assert!(stage.app.cursor.is_none_or(|id| stage.app.view.lists(id)));
            prop_assert_eq!(stage.app.cursor.is_none(), stage.app.view.rows().is_empty());
            if let Some(next) = stage.app.next_change() {
                prop_assert!(next > stage.app.now, "a change in the past would make the loop spin");
            }
        }
    }
}
