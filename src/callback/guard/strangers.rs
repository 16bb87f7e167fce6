//! Accounts of those who were not let in, by address: who asks too often, and what the moderator is told.
//!
//! Pure and without a clock. Whatever stands here, a request that may come in is let in at once: callers
//! share addresses with whoever attacks.

use std::fmt;
use std::hash::RandomState;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hashlink::LruCache;

use crate::conference::Moment;

/// Addresses that are remembered; the one not heard of for longest is forgotten for a new one.
const MOST: usize = 4_096;

/// How long nothing must come before it is told anew, instead of as more of the same.
const QUIET: Duration = Duration::from_secs(600);

/// At least so long is between two sentences about the same.
const CALM: Duration = Duration::from_secs(60);

/// One request that may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::callback) struct Stranger {
    /// Where it came from; none where that is not known.
    pub(in crate::callback) address: Option<IpAddr>,
    /// It has the token, and comes from where nothing may come from. To be told, and in no way answered.
    pub(in crate::callback) has_token: bool,
}

/// What follows from a request that may not come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::callback) struct Noted {
    /// There have been so many that this one shall cost little.
    pub(in crate::callback) too_many: bool,
    /// What the moderator is to know now, as a sentence.
    pub(in crate::callback) tell: Option<String>,
}

/// What counts as one place: an IPv4 address, or the /64 that one subscriber of IPv6 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place(IpAddr);

impl Place {
    fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// How many may come at once, and how fast more are allowed again.
struct Rate {
    burst: u32,
    every: Duration,
}

const OF_ONE: Rate = Rate { burst: 20, every: Duration::from_secs(1) };
/// Of all together, so that an attacker with many addresses gains nothing.
const OF_ALL: Rate = Rate { burst: 200, every: Duration::from_millis(50) };

/// A budget, as the moment at which it is whole again.
#[derive(Clone, Copy, Default)]
struct Budget(Moment);

impl Budget {
    /// Spends one; false when nothing was left. After `burst` times `every` all is as new, and at once where the
    /// clock was set back.
    fn spend(&mut self, rate: &Rate, now: Moment) -> bool {
        let limit = now.plus(rate.every * rate.burst);
        let debt = if self.0 > limit { now } else { self.0.max(now) };
        let spent = debt.plus(rate.every);
        self.0 = spent.min(limit);
        spent <= limit
    }
}

/// What is known of one place.
struct Account {
    budget: Budget,
    count: u64,
    last: Moment,
}

/// All accounts.
pub(in crate::callback) struct Strangers {
    accounts: LruCache<Place, Account, RandomState>,
    all: Budget,
    wrong: Telling,
    off_list: Telling,
    /// The place that most came from since `wrong` began, and how many.
    worst: (Place, u64),
}

impl Strangers {
    pub(in crate::callback) fn new() -> Self {
        let nowhere = (Place(Ipv4Addr::UNSPECIFIED.into()), 0);
        // Attackers choose their addresses, so where they are kept must not be foreseeable.
        let accounts = LruCache::with_hasher(MOST, RandomState::new());
        Self { accounts, all: Budget::default(), wrong: Telling::default(), off_list: Telling::default(), worst: nowhere }
    }

    /// Takes one more into account. Whether it has the token makes no difference to `too_many`: the answer
    /// must not tell.
    pub(in crate::callback) fn note(&mut self, stranger: Stranger, now: Moment) -> Noted {
        let Some(place) = stranger.address.map(Place::of) else { return Noted::default() };
        // Put back at the end below, so that the first is the one not heard of for longest.
        let mut account = self.accounts.remove(&place).unwrap_or(Account { budget: Budget(now), count: 0, last: now });
        // One place alone does not use up what all have together.
        let too_many = !(account.budget.spend(&OF_ONE, now) && self.all.spend(&OF_ALL, now));
        account.count = if now.since(account.last) >= QUIET { 1 } else { account.count + 1 };
        account.last = now;
        let count = account.count;
        self.accounts.insert(place, account);
        let tell = if stranger.has_token {
            self.off_list.more(now).map(|told| off_list(place, &told))
        } else {
            if self.wrong.is_over(now) || count >= self.worst.1 {
                self.worst = (place, count);
            }
            self.wrong.more(now).map(|told| wrong(self.worst, &told))
        };
        Noted { too_many, tell }
    }
}

/// So many in so long.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    count: u64,
    within: Duration,
}

/// When something that comes again and again is worth a sentence: at once, and then whenever it has doubled.
#[derive(Default)]
struct Telling {
    began: Moment,
    last: Moment,
    count: u64,
    told: u64,
    told_at: Moment,
}

impl Telling {
    /// Whether the next one is the first of its kind again.
    fn is_over(&self, now: Moment) -> bool {
        self.count == 0 || now.since(self.last) >= QUIET
    }

    fn more(&mut self, now: Moment) -> Option<Told> {
        if self.is_over(now) {
            *self = Self { began: now, ..Self::default() };
        }
        self.last = now;
        self.count += 1;
        if self.told > 0 && (self.count < 2 * self.told || now.since(self.told_at) < CALM) {
            return None;
        }
        (self.told, self.told_at) = (self.count, now);
        Some(Told { count: self.count, within: now.since(self.began) })
    }
}

impl Told {
    fn minutes(&self) -> u64 {
        self.within.as_secs().div_ceil(60).max(1)
    }
}

fn wrong((place, most): (Place, u64), told: &Told) -> String {
    match told.count {
        1 => format!("refused a request without the right token, from {place}"),
        count if most >= count => format!("refused {count} requests without the right token, from {place}, within {} min", told.minutes()),
        count => {
            format!("refused {count} requests without the right token, {most} of them from {place}, within {} min", told.minutes())
        }
    }
}

fn off_list(place: Place, told: &Told) -> String {
    match told.count {
        1 => format!("refused a callback with the right token, because the setting allow does not have {place}"),
        count => format!(
            "refused {count} callbacks with the right token within {} min, because the setting allow does not have {place}",
            told.minutes()
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn from(address: &str) -> Stranger {
        Stranger { address: Some(address.parse().expect("an address")), has_token: false }
    }

    fn numbered(number: u32) -> Stranger {
        Stranger { address: Some(Ipv4Addr::from_bits(number).into()), has_token: false }
    }

    fn at(seconds: i64) -> Moment {
        Moment(1_700_000_000_000 + seconds * 1_000)
    }

    #[test]
    fn a_burst_is_free_and_the_budget_comes_back() {
        let mut strangers = Strangers::new();
        let too_many = |strangers: &mut Strangers, now| strangers.note(from("192.0.2.1"), now).too_many;
        assert!((0..20).all(|_| !too_many(&mut strangers, at(0))));
        assert!((0..1_000).all(|_| too_many(&mut strangers, at(0))));
        assert!(!too_many(&mut strangers, at(1)) && too_many(&mut strangers, at(1)), "one a second");
        assert!((0..20).all(|_| !too_many(&mut strangers, at(21))), "and after a while all of it");
    }

    #[test]
    fn one_place_is_no_other() {
        let mut strangers = Strangers::new();
        for _ in 0..10_000 {
            strangers.note(from("2001:db8:1:2:a::1"), at(0));
        }
        let cases = [
            ("2001:db8:1:2::7", true),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:3::7", false),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.2", false),
        ];
        for (address, too_many) in cases {
            assert_eq!(strangers.note(from(address), at(0)).too_many, too_many, "{address}");
        }
        for _ in 0..19 {
            strangers.note(from("::ffff:192.0.2.1"), at(0));
        }
        assert!(strangers.note(from("192.0.2.1"), at(0)).too_many, "an address is the same in both ways to write it");
        assert_eq!(strangers.note(Stranger { address: None, has_token: false }, at(0)), Noted::default());
    }

    #[test]
    fn many_places_together_have_a_budget_too() {
        let mut strangers = Strangers::new();
        let free = (0..100_000).filter(|number| !strangers.note(numbered(*number), at(0)).too_many).count();
        assert_eq!((free, strangers.accounts.len()), (200, MOST));
    }

    #[test]
    fn who_floods_is_not_forgotten_for_those_who_do_not() {
        let mut strangers = Strangers::new();
        for other in 0..100_000 {
            let flooding = strangers.note(from("203.0.113.7"), at(0)).too_many;
            assert_eq!(flooding, other >= 20, "{other}");
            strangers.note(numbered(other), at(0));
        }
        for other in 0..MOST as u32 {
            strangers.note(numbered(other), at(1_000));
        }
        let place = Place::of([203, 0, 113, 7].into());
        assert!(!strangers.accounts.contains_key(&place), "the oldest goes");
    }

    #[test]
    fn whether_it_has_the_token_makes_no_difference_to_the_answer() {
        let (mut one, mut other) = (Strangers::new(), Strangers::new());
        for second in [0, 0, 0, 1, 5, 5, 60] {
            for _ in 0..15 {
                let wrong = from("192.0.2.1");
                let right = Stranger { has_token: true, ..wrong };
                assert_eq!(one.note(wrong, at(second)).too_many, other.note(right, at(second)).too_many);
            }
        }
    }

    #[test]
    fn a_flood_is_told_in_few_words() {
        let mut strangers = Strangers::new();
        let mut told = Vec::new();
        for second in 0..3_600 {
            for _ in 0..10 {
                told.extend(strangers.note(from("203.0.113.7"), at(second)).tell);
            }
        }
        let wanted = [
            "refused a request without the right token, from 203.0.113.7",
            "refused 601 requests without the right token, from 203.0.113.7, within 1 min",
            "refused 1202 requests without the right token, from 203.0.113.7, within 2 min",
            "refused 2404 requests without the right token, from 203.0.113.7, within 4 min",
            "refused 4808 requests without the right token, from 203.0.113.7, within 8 min",
            "refused 9616 requests without the right token, from 203.0.113.7, within 17 min",
            "refused 19232 requests without the right token, from 203.0.113.7, within 33 min",
        ];
        assert_eq!(told, wanted);
        let after = strangers.note(from("203.0.113.8"), at(3_599 + 599)).tell;
        assert_eq!(after, None, "more of the same");
        let anew = strangers.note(from("203.0.113.8"), at(4_198 + 600)).tell;
        assert_eq!(anew.as_deref(), Some("refused a request without the right token, from 203.0.113.8"));
    }

    #[test]
    fn the_place_that_most_came_from_is_named() {
        let mut strangers = Strangers::new();
        for address in ["2001:db8::1", "203.0.113.7", "203.0.113.7", "2001:db8::2", "2001:db8::3", "203.0.113.9"] {
            strangers.note(from(address), at(1));
        }
        let said = strangers.note(from("203.0.113.9"), at(62)).tell;
        let wanted = "refused 7 requests without the right token, 3 of them from 2001:db8::/64, within 2 min";
        assert_eq!(said.as_deref(), Some(wanted));
        let mut known = Stranger { has_token: true, ..from("198.51.100.7") };
        let said = strangers.note(known, at(62)).tell;
        assert_eq!(said.as_deref(), Some("refused a callback with the right token, because the setting allow does not have 198.51.100.7"));
        known.address = Some(Ipv4Addr::new(198, 51, 100, 8).into());
        assert_eq!(strangers.note(known, at(63)).tell, None);
        let said = strangers.note(known, at(122)).tell.expect("told");
        assert!(said.starts_with("refused 3 callbacks") && said.ends_with("198.51.100.8"), "{said}");
    }

    proptest! {
        #[test]
        fn whatever_comes_nothing_grows_and_no_one_is_charged_for_another(
            requests in prop::collection::vec((0u32..40, 0i64..4_000, any::<bool>()), 1..2_000)
        ) {
            let mut strangers = Strangers::new();
            let mut alone: Vec<_> = (0..40).map(|_| Budget::default()).collect();
            let (mut now, mut told) = (0, Vec::new());
            for (number, pause, has_token) in requests {
                now += pause;
                let stranger = Stranger { has_token, ..numbered(number) };
                let noted = strangers.note(stranger, Moment(now));
                let alone = !alone[number as usize].spend(&OF_ONE, Moment(now));
                prop_assert!(noted.too_many >= alone, "who is over the own budget is over");
                if noted.too_many && !alone {
                    // Only when all together sent more than one may.
                    prop_assert!(strangers.all.0 > Moment(now), "nobody pays for another");
                }
                told.extend(noted.tell.map(|_| (now, has_token)));
            }
            prop_assert!(strangers.accounts.len() <= 40);
            for kind in [true, false] {
                let times: Vec<_> = told.iter().filter(|(_, which)| *which == kind).map(|(now, _)| *now).collect();
                prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 60_000), "{times:?}");
            }
        }

        #[test]
        fn a_flood_is_free_no_more_often_than_its_rate(pauses in prop::collection::vec(0i64..500, 1..2_000)) {
            let mut strangers = Strangers::new();
            let (mut now, mut free) = (0, 0);
            for pause in pauses {
                now += pause;
                free += i64::from(!strangers.note(numbered(1), Moment(now)).too_many);
            }
            prop_assert!(free <= 20 + now / 1_000, "{free} in {now} ms");
        }

        #[test]
        fn a_clock_that_jumps_locks_nobody_in(jumps in prop::collection::vec(any::<i64>(), 1..50)) {
            let mut strangers = Strangers::new();
            for jump in jumps {
                for _ in 0..30 {
                    strangers.note(numbered(1), Moment(jump));
                }
                // Not at the end of time itself.
                let later = Moment(jump.min(i64::MAX - 60_000)).plus(Duration::from_secs(21));
                prop_assert!(jump > later.0 || !strangers.note(numbered(1), later).too_many);
            }
        }
    }
}
