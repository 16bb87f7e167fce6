//! Times as people give them to a command: a local time, or how long ago.

use jiff::civil::DateTime;
use jiff::{Span, Timestamp, Zoned, tz::TimeZone};

use crate::conference::Moment;

/// Reads `2026-11-22T14:00`, in the time of `zone` where it names no offset, or an age such as `2h`, counted back
/// from `now`.
///
/// The error is a sentence. A local time that a change of the clocks leaves out is taken as the one after the change.
pub(super) fn moment(text: &str, now: Moment, zone: &TimeZone) -> Result<Moment, String> {
    let given = text.trim();
    let wrong = || {
        let given = crate::text::clean_field(given);
        format!("{given:?} is no time; give a local time such as 2026-11-22T14:00, or an age such as 2h")
    };
    if let Ok(instant) = given.parse::<Timestamp>() {
        return Ok(Moment(instant.as_millisecond()));
    }
    if let Ok(local) = given.parse::<DateTime>() {
        let at = local.to_zoned(zone.clone()).map_err(|_| wrong())?;
        return Ok(Moment(at.timestamp().as_millisecond()));
    }
    let age: Span = given.parse().map_err(|_| wrong())?;
    if age.is_negative() {
        return Err(wrong());
    }
    let now = Timestamp::from_millisecond(now.0).map_err(|_| wrong())?;
    let at = Zoned::new(now, zone.clone()).checked_sub(age).map_err(|_| wrong())?;
    Ok(Moment(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn local_times_and_ages_are_read_and_slips_are_named() {
        // 2026-11-22T12:00 in UTC.
        let now = Moment(1_795_348_800_000);
        let utc = |text: &str| moment(text, now, &TimeZone::UTC).map(|at| now.since(at).as_secs());
        for (text, ago) in [
            ("2026-11-22T11:00", 3_600),
            ("2026-11-22 11:59:30", 30),
            ("2026-11-22", 43_200),
            ("2h", 7_200),
            (" 1h 30m ", 5_400),
            ("45s", 45),
            ("2d", 172_800),
            ("1w", 604_800),
            ("2026-11-22T11:00:00Z", 3_600),
            ("2026-11-22T11:00:00-01:00", 0),
            ("0s", 0),
        ] {
            assert_eq!(utc(text), Ok(ago), "{text}");
        }
        for text in ["", "yesterday", "-2h", "14:00", "2", "2026-13-01", "2026-11-22T14:00Z!", "99999999999y"] {
            let said = utc(text).expect_err(text);
            assert!(said.contains("2026-11-22T14:00") && said.contains("2h"), "{said}");
        }
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        assert_eq!(moment("2026-11-22T12:00", now, &berlin), Ok(Moment(now.0 - 3_600_000)));
    }
    proptest! {
        #[test]
        fn any_text_is_a_time_or_a_sentence(text in "[-+0-9a-zTZ:.\\[\\]/ ]{0,40}|\\PC{0,20}|.{0,20}", now in any::<i64>()) {
            for zone in [TimeZone::UTC, TimeZone::fixed(jiff::tz::offset(25))] {
                if let Err(said) = moment(&text, Moment(now), &zone) {
                    prop_assert!(said.len() < 600 && said.chars().all(crate::text::is_showable), "{}", said);
                }
            }
        }
    }
}
