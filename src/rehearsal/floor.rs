//! The floor: which calls the provider has, and whether each is in its conference. No clock, no I/O.
//!
//! Both sides of the rehearsal share it: the callers' flows enter and leave, the API mutes and kicks.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::scenario::{Call, Verb};

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Its flow runs, but it is in no conference yet, or no more.
    Calling,
    /// In the conference: it can be muted, unmuted and kicked.
    In,
    /// It left by itself.
    Left,
    /// It was kicked.
    Kicked,
}

/// What the provider knows of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The call flow instance key.
    pub key: String,
    /// The caller's name, where the scenario gives one.
    pub name: Option<String>,
    /// What the provider has as `E164`.
    pub number: String,
    /// The conference.
    pub conference: String,
    /// Where the call is.
    pub presence: Presence,
    /// Whether the participant is muted.
    pub muted: bool,
    /// Which of the scenario's callers it is; none for one of the crowd.
    pub caller: Option<usize>,
}

struct Place {
    participant: Participant,
    kicked: Arc<Notify>,
}

/// All calls, by key.
#[derive(Default)]
pub(super) struct Floor {
    places: Mutex<HashMap<String, Place>>,
    changed: Condvar,
}

impl Floor {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Participant)) {
        if let Some(place) = self.lock().get_mut(key) {
            change(&mut place.participant);
        }
        self.changed.notify_all();
    }

    /// A call flow instance begins. What is returned is notified when the participant is kicked.
    pub(super) fn begin(&self, call: &Call) -> Arc<Notify> {
        let kicked = Arc::new(Notify::new());
        let participant = Participant {
            key: call.key.clone(),
            name: call.name.clone(),
            number: call.number.clone(),
            conference: call.conference.clone(),
            presence: Presence::Calling,
            muted: false,
            caller: call.caller,
        };
        self.lock().insert(call.key.clone(), Place { participant, kicked: Arc::clone(&kicked) });
        self.changed.notify_all();
        kicked
    }

    /// The call is in its conference.
    pub(super) fn enter(&self, key: &str, muted: bool) {
        self.change(key, |participant| {
            participant.presence = Presence::In;
            participant.muted = muted;
        });
    }

    /// The call leaves by itself. One that was kicked stays kicked.
    pub(super) fn leave(&self, key: &str) {
        self.change(key, |participant| {
            if participant.presence == Presence::In {
                participant.presence = Presence::Left;
            }
        });
    }

    /// What is known of a call.
    pub(super) fn find(&self, key: &str) -> Option<Participant> {
        self.lock().get(key).map(|place| place.participant.clone())
    }

    /// All calls, by key.
    pub(super) fn all(&self) -> Vec<Participant> {
        list(&self.lock())
    }

    /// Has everybody who waits look again, because something beside the floor changed.
    pub(super) fn look_again(&self) {
        // Taken so that nobody is between looking and falling asleep.
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Blocks until the calls fulfil a condition; false when they do not within the limit.
    pub(super) fn wait_for(&self, limit: Duration, mut condition: impl FnMut(&[Participant]) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), limit, |places| !condition(&list(places)));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Carries an ask out, or says in words why there is nobody to do it to.
    pub(super) fn act(&self, verb: Verb, key: &str, conference: &str, number: &str) -> Result<(), String> {
        let mut floor = self.lock();
        let Some(place) = floor.get_mut(key) else {
            return Err("participant not found: there is no call flow instance with this key".into());
        };
        let participant = &mut place.participant;
        if participant.conference != conference {
            return Err("participant not found: this call flow instance is not in this conference".into());
        }
        if participant.number != number {
            return Err("participant not found: this call flow instance has another E164".into());
        }
        match participant.presence {
            Presence::Calling => return Err("participant not found: the caller is not in the conference yet".into()),
            Presence::Left | Presence::Kicked => return Err("participant not found: the caller is no longer in the conference".into()),
            Presence::In => {}
        }
        match verb {
            Verb::Mute => participant.muted = true,
            Verb::Unmute => participant.muted = false,
            Verb::Kick => {
                participant.presence = Presence::Kicked;
                place.kicked.notify_one();
            }
        }
        self.changed.notify_all();
        Ok(())
    }
}

fn list(places: &HashMap<String, Place>) -> Vec<Participant> {
    let mut all: Vec<_> = places.values().map(|place| place.participant.clone()).collect();
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::scenario::Scenario;

    #[test]
    fn only_who_is_in_can_be_acted_on() {
        let scenario = Scenario::load("quiet").expect("built in");
        let call = scenario.script(1).calls.remove(0);
        let floor = Floor::default();
        let ask = |verb, key: &str, conference: &str, number: &str| {
            floor.act(verb, key, conference, number).map_err(|e| e.contains("participant not found"))
        };
        let mute = || ask(Verb::Mute, &call.key, "1122", &call.number);
        assert_eq!(mute(), Err(true), "nobody has called");
        let _kicked = floor.begin(&call);
        assert_eq!(mute(), Err(true), "not in yet");
        floor.enter(&call.key, false);
        assert_eq!(ask(Verb::Mute, &call.key, "3344", &call.number), Err(true), "another conference");
        assert_eq!(ask(Verb::Mute, &call.key, "1122", "12125550199"), Err(true), "another number");
        assert_eq!(mute(), Ok(()));
        assert!(floor.find(&call.key).is_some_and(|p| p.muted && p.presence == Presence::In));
        assert_eq!(ask(Verb::Unmute, &call.key, "1122", &call.number), Ok(()));
        assert!(floor.find(&call.key).is_some_and(|p| !p.muted));
        assert_eq!(ask(Verb::Kick, &call.key, "1122", &call.number), Ok(()));
        floor.leave(&call.key);
        assert!(floor.find(&call.key).is_some_and(|p| p.presence == Presence::Kicked));
        assert_eq!(mute(), Err(true), "gone");
    }

    #[test]
    fn who_left_can_come_back() {
        let call = Scenario::load("quiet").expect("built in").script(1).calls.remove(0);
        let floor = Floor::default();
        let _kicked = floor.begin(&call);
        floor.enter(&call.key, true);
        assert!(floor.find(&call.key).is_some_and(|p| p.muted));
        floor.leave(&call.key);
        assert!(floor.act(Verb::Mute, &call.key, "1122", &call.number).is_err());
        floor.enter(&call.key, false);
        assert!(floor.act(Verb::Mute, &call.key, "1122", &call.number).is_ok());
        assert_eq!(floor.all().len(), 1);
    }
}
