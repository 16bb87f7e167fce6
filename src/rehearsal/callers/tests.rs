//! Flows on a paused clock, with a line that answers as it is told.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::time::Instant;
use url::Url;

use super::*;
use crate::rehearsal::floor::Presence;
use crate::rehearsal::scenario::Verb;

/// A line whose first tries fail, and which keeps what it carried with the time it left.
#[derive(Clone, Default)]
struct Told {
    carried: Arc<Mutex<Vec<(Duration, String)>>>,
    began: Arc<Mutex<Option<Instant>>>,
    /// How many tries fail, by a part of the URL.
    failing: Arc<Mutex<HashMap<&'static str, u32>>>,
    /// How often nobody listens at first.
    absent: Arc<Mutex<u32>>,
}

impl Line for Told {
    async fn reach(&self) -> Result<(), String> {
        let mut absent = self.absent.lock().expect("a lock");
        if *absent > 0 {
            *absent -= 1;
            return Err("connection refused".into());
        }
        *self.began.lock().expect("a lock") = Some(Instant::now());
        Ok(())
    }

    async fn get(&self, url: Url) -> Result<(), String> {
        let began = self.began.lock().expect("a lock").expect("somebody listens");
        let shown = format!("{}?{}", url.path().rsplit('/').next().unwrap_or_default(), url.query().unwrap_or_default());
        self.carried.lock().expect("a lock").push((began.elapsed(), shown.clone()));
        for (part, left) in self.failing.lock().expect("a lock").iter_mut() {
            if shown.contains(part) && *left > 0 {
                *left -= 1;
                return Err("status 503: the queue is full".into());
            }
        }
        Ok(())
    }
}

struct Play {
    line: Told,
    stage: Arc<Stage>,
    script: Script,
    lines: Arc<Mutex<Vec<String>>>,
}

fn play(toml: &str, speed: f64) -> Play {
    let scenario = Scenario::parse("test.toml", &format!("title = \"t\"\nconferences = [\"1122\"]\n{toml}")).expect("a scenario");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let notes = Arc::new(Notes::new(Some(Box::new(move |note| kept.lock().expect("a lock").push(note.line)))));
    let script = scenario.script(1);
    let progress = Arc::new(Progress::default());
    progress.unfinished.store(script.calls.len(), Ordering::Release);
    let stage = Arc::new(Stage::new(&scenario, Arc::default(), notes, speed, progress));
    Play { line: Told::default(), stage, script, lines }
}

impl Play {
    fn begin(&self) -> tokio::task::JoinHandle<()> {
        let callbacks = Callbacks::parse("http://127.0.0.1:9/callback/s3cret").expect("a URL");
        tokio::spawn(play_over(self.script.clone(), Arc::clone(&self.stage), callbacks, self.line.clone()))
    }

    /// What was carried: milliseconds since the beginning, and the last part of the URL.
    fn carried(&self) -> Vec<(u128, String)> {
        self.line.carried.lock().expect("a lock").iter().map(|(at, url)| (at.as_millis(), url.clone())).collect()
    }

    fn kinds(&self) -> Vec<(u128, String)> {
        self.carried().into_iter().map(|(at, url)| (at, url.split('?').next().unwrap_or_default().to_owned())).collect()
    }

    fn said(&self, part: &str) -> bool {
        self.lines.lock().expect("a lock").iter().any(|line| line.contains(part))
    }
}

fn at(kinds: &[(u128, &str)]) -> Vec<(u128, String)> {
    kinds.iter().map(|(at, kind)| (*at, (*kind).to_owned())).collect()
}

const ADA: &str = r#"
called = "+1 202 555 0100"
flow = { start = "1s", enter = "500ms" }
[[caller]]
name = "Ada & Zoë"
number = "+1 212 555 0123"
at = "3s"
hand = ["5s", "6s"]
leave = "9s"
fields = { company = "X Y" }
"#;

#[tokio::test(start_paused = true)]
async fn a_flow_calls_back_with_the_documented_variables() {
    let play = play(ADA, 1.0);
    play.begin().await.expect("the play ends");
    let key = &play.script.calls[0].key;
    let wanted = [
        (2000, format!("start?CALLFLOW.INSTANCE.KEY={key}&CALLED=%2B1+202+555+0100")),
        (
            3000,
            format!(
                "join?CALLFLOW.INSTANCE.KEY={key}&E164=12125550123&CONFERENCE.NUMBER=1122&CALLERNAME=Ada+%26+Zo%C3%AB\
                 &CALLED=%2B1+202+555+0100&company=X+Y"
            ),
        ),
        (5000, format!("hand?CALLFLOW.INSTANCE.KEY={key}&state=up")),
        (6000, format!("hand?CALLFLOW.INSTANCE.KEY={key}&state=down")),
        (9000, format!("leave?CALLFLOW.INSTANCE.KEY={key}&CONFERENCE.NUMBER=1122")),
    ];
    assert_eq!(play.carried(), wanted);
    assert_eq!(play.stage.progress.unfinished.load(Ordering::Acquire), 0);
    assert_eq!(play.stage.progress.delivered.load(Ordering::Relaxed), 5);
    assert!(!play.said("s3cret"));
}

#[tokio::test(start_paused = true)]
async fn speed_divides_every_time() {
    let play = play(ADA, 10.0);
    play.begin().await.expect("the play ends");
    assert_eq!(play.kinds(), at(&[(200, "start"), (300, "join"), (500, "hand"), (600, "hand"), (900, "leave")]));
}

#[tokio::test(start_paused = true)]
async fn who_joins_is_in_the_room_a_moment_after_the_answer() {
    let play = play(ADA, 1.0);
    let running = play.begin();
    let key = play.script.calls[0].key.clone();
    let presence = || play.stage.floor.find(&key).map(|p| p.presence);
    tokio::time::sleep(Duration::from_millis(3_400)).await;
    assert_eq!(presence(), Some(Presence::Calling), "the callback comes before the caller is in");
    assert!(play.stage.floor.act(Verb::Mute, &key, "1122", "12125550123").is_err());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(presence(), Some(Presence::In));
    running.await.expect("the play ends");
    assert_eq!(presence(), Some(Presence::Left));
}

#[tokio::test(start_paused = true)]
async fn a_callback_is_tried_four_times_with_growing_waits() {
    let play = play(ADA, 1.0);
    play.line.failing.lock().expect("a lock").insert("join", 2);
    play.line.failing.lock().expect("a lock").insert("state=up", 9);
    play.begin().await.expect("the play ends");
    let wanted = at(&[
        (2000, "start"),
        (3000, "join"),
        (4000, "join"),
        (6000, "join"),
        // Held up by its join, the flow is late: the hand goes up as soon as the caller is in.
        (6500, "hand"),
        (7500, "hand"),
        (9500, "hand"),
        (13500, "hand"),
        (13500, "hand"),
        (13500, "leave"),
    ]);
    assert_eq!(play.kinds(), wanted);
    assert!(play.said("will try the join callback again: status 503: the queue is full"));
    assert!(play.said("gave the hand callback up"));
    assert_eq!(play.stage.progress.given_up.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_kicked_goes_on_to_the_leave_callback() {
    let stays = ADA.replace("leave = \"9s\"", "");
    for (moment, rest) in [(4_000, vec!["leave"]), (5_500, vec!["hand", "leave"]), (60_000, vec!["hand", "hand", "leave"])] {
        let play = play(&stays, 1.0);
        let running = play.begin();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let call = &play.script.calls[0];
        assert_eq!(play.stage.progress.unfinished.load(Ordering::Acquire), usize::from(moment < 6_000), "at {moment}");
        play.stage.floor.act(Verb::Kick, &call.key, "1122", &call.number).expect("Ada is in");
        running.await.expect("the play ends");
        let kinds: Vec<String> = play.kinds().into_iter().skip(2).map(|(_, kind)| kind).collect();
        assert_eq!(kinds, rest, "kicked at {moment}");
        assert_eq!(play.carried().last().map(|(at, _)| *at), Some(u128::from(moment)), "at once");
        assert_eq!(play.stage.floor.find(&call.key).map(|p| p.presence), Some(Presence::Kicked));
    }
}

#[tokio::test(start_paused = true)]
async fn a_kick_does_not_wait_for_a_hand_that_cannot_be_reported() {
    let play = play(ADA, 1.0);
    play.line.failing.lock().expect("a lock").insert("state=up", 9);
    let running = play.begin();
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    let call = &play.script.calls[0];
    play.stage.floor.act(Verb::Kick, &call.key, "1122", &call.number).expect("Ada is in");
    running.await.expect("the play ends");
    assert_eq!(play.kinds()[2..], at(&[(5000, "hand"), (5500, "leave")]));
}

#[tokio::test(start_paused = true)]
async fn a_flow_without_a_control_after_the_conference_says_nothing_at_the_end() {
    let play = play(&ADA.replace("enter = \"500ms\"", "leave = false"), 1.0);
    play.begin().await.expect("the play ends");
    assert_eq!(play.kinds(), at(&[(2000, "start"), (3000, "join"), (5000, "hand"), (6000, "hand")]));
}

#[tokio::test(start_paused = true)]
async fn the_same_call_can_come_back() {
    let play = play(&ADA.replace("fields =", "back = \"12s\"\nmuted = true\nfields ="), 1.0);
    let running = play.begin();
    let key = play.script.calls[0].key.clone();
    tokio::time::sleep(Duration::from_secs(13)).await;
    let kinds = play.kinds();
    assert_eq!(kinds[4..], at(&[(9000, "leave"), (12000, "join")]));
    assert!(play.stage.floor.find(&key).is_some_and(|p| p.presence == Presence::In && p.muted));
    assert!(!running.is_finished(), "the caller stays");
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn the_script_begins_when_somebody_listens() {
    let play = play(ADA, 1.0);
    *play.line.absent.lock().expect("a lock") = 25;
    let before = Instant::now();
    play.begin().await.expect("the play ends");
    assert_eq!(before.elapsed(), Duration::from_secs(25 + 9));
    assert_eq!(play.kinds()[0], (2000, "start".to_owned()), "counted from when there is a listener");
    let complaints = play.lines.lock().expect("a lock").iter().filter(|line| line.contains("no listener at")).count();
    assert_eq!(complaints, 3, "said now and then, not every second");
    assert!(play.said("http://127.0.0.1:9/callback/***") && play.said("there is a listener"));
    assert!(!play.said("s3cret"));
}
