//! Whether the clock is right: the journal and every report go by it.

use std::time::SystemTime;

use jiff::Timestamp;

use super::Finding::{self, Fails, Holds};

/// How far the clock may be from the provider's, in seconds.
const TOLERANCE: i64 = 60;

/// No clock that is right shows a time before this version was written: 2026-01-01 in UTC.
const WRITTEN: i64 = 1_767_225_600;

/// Compares with the provider's `Date` (RFC 9110), else with what cannot be.
pub(super) fn check(now: Timestamp, date: Option<&str>) -> Finding {
    let remedy = "set the clock, best by switching NTP on";
    let theirs = date.and_then(|date| httpdate::parse_http_date(date).ok());
    if let Some(theirs) = theirs.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()) {
        let ahead = now.as_second() - theirs.as_secs() as i64;
        return match ahead {
            ahead if ahead > TOLERANCE => Fails(format!("is {ahead} s ahead of the provider's; {remedy}")),
            ahead if ahead < -TOLERANCE => Fails(format!("is {} s behind the provider's; {remedy}", -ahead)),
            _ => Holds("agrees with the provider's".to_owned()),
        };
    }
    if now.as_second() < WRITTEN {
        return Fails(format!("says {now:.0}, which is in the past; {remedy}"));
    }
    Holds("is not in the past; the provider told no time to compare it with".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        // Sun, 06 Nov 2033 08:49:37 GMT
        let date = "Sun, 06 Nov 2033 08:49:37 GMT";
        let theirs = 2_014_879_777;
        for ahead in [-60, 0, 60] {
            assert!(matches!(check(at(theirs + ahead), Some(date)), Holds(_)), "{ahead}");
        }
        for (ahead, wanted) in [(61, "61 s ahead"), (-61, "61 s behind")] {
            assert!(matches!(check(at(theirs + ahead), Some(date)), Fails(words) if words.contains(wanted) && words.contains("NTP")));
        }
    }

    #[test]
    fn without_the_providers_time_only_the_past_is_wrong() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        for date in [None, Some("yesterday")] {
            assert!(matches!(check(at(0), date), Fails(words) if words.contains("1970")));
            assert!(matches!(check(at(WRITTEN), date), Holds(_)));
        }
    }
}
