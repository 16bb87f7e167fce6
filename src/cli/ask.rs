//! `confmod mute`, `unmute` and `kick`: one ask from a script. No journal; the exit code is the record.

use std::future::pending;
use std::process::ExitCode;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{AskArgs, WRONG, fail, print};
use crate::bridge::Order;
use crate::bridge::anveo::{Anveo, Settings};
use crate::conference::{Action, CallKey, ConferenceId, Outcome};
use crate::config::{Config, Withheld};
use crate::dispatch::attempt::{Ended, Limits, attempt};
use crate::phone::{self, Received};
use crate::text;

/// The exit code for each outcome.
#[must_use]
pub fn exit_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Accepted => 0,
        Outcome::Refused => 3,
        Outcome::Unknown => 4,
        Outcome::NotDelivered | Outcome::NotSent => 5,
    }
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Record<'a> {
    action: &'static str,
    conference: &'a str,
    key: &'a str,
    number: &'a str,
    outcome: &'static str,
    answer_ms: u32,
    detail: &'a str,
}

/// Sends one ask, with the repeats that its action bears, and says how it ended.
///
/// SIGINT, SIGTERM and SIGHUP end it at once with 128 and the signal's number.
pub fn run(config: &Config, action: Action, args: &AskArgs) -> ExitCode {
    if config.userkey.is_none() {
        return fail(&super::run::missing_userkey(), WRONG);
    }
    let order = match order(config, action, &args.key, &args.e164) {
        Ok(order) => order,
        Err(wrong) => return fail(&wrong, WRONG),
    };
    let bridge = match Settings::from_config(config).and_then(Anveo::new) {
        Ok(bridge) => bridge,
        Err(error) => return fail(&error.to_string(), WRONG),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("starting failed ({error}); free some memory or files and try again"), 5),
    };
    let ended = runtime.block_on(async {
        tokio::select! {
            // The handlers must stand before anything is sent.
            biased;
            number = stopped() => Err(number),
            // When the caller joined is not known here, so a refusal is taken at its word.
            ended = attempt(&bridge, &order, None, crate::journal::now, Limits::USUAL, pending()) => Ok(ended),
        }
    });
    // A name look-up may still be running; it is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(ended) => report(&order, &ended, args.json),
        Err(number) => {
            let sentence = "stopped before the provider answered, so whether it acted is unknown; ask again, or listen in";
            fail(sentence, 128 + number)
        }
    }
}

/// The order, or what is wrong with the command line.
fn order(config: &Config, action: Action, key: &str, e164: &str) -> Result<Order, String> {
    let conference = config
        .conference
        .as_deref()
        .ok_or("no conference is given, and none is configured; give its number as in the call flow: --conference 1122")?;
    let call = text::clean(key, usize::MAX / 2);
    if call.is_empty() || call.len() > text::FIELD_BYTES || phone::is_placeholder(&call) {
        return Err(
            "--key: this is no call flow instance key; give the one that the callbacks of the call carry, such as 12312345".to_owned()
        );
    }
    let number = match phone::read(e164) {
        Received::Number(number) => number.digits(),
        _ if config.withheld == Withheld::Send => text::clean_field(e164),
        _ => {
            return Err("--e164: this is no number of 3 to 15 digits; give it with its country code, such as 12157010680 \
                        (withheld = \"send\" in the configuration sends anything)"
                .to_owned());
        }
    };
    Ok(Order { action, call: CallKey::new(&call), conference: ConferenceId::new(conference), number: number.into() })
}

fn report(order: &Order, ended: &Ended, json: bool) -> ExitCode {
    let (outcome, detail) = (ended.outcome, ended.detail.as_str());
    let code = exit_code(outcome);
    let (action, number, conference) = (order.action, &order.number, &order.conference);
    let mut printed = ExitCode::SUCCESS;
    if json {
        let record = Record {
            action: action.word(),
            conference: conference.as_str(),
            key: order.call.as_str(),
            number,
            outcome: outcome.words(),
            answer_ms: ended.millis,
            detail,
        };
        printed = match serde_json::to_string(&record) {
            Ok(line) => print(&(line + "\n")),
            Err(error) => fail(&format!("writing JSON failed ({error}); leave --json out"), 1),
        };
    } else if outcome == Outcome::Accepted {
        printed = print(&format!("The provider accepted to {} {number} in conference {conference}.\n", action.word()));
    }
    let what = format!("{} {number} in conference {conference}", action.word());
    match outcome {
        Outcome::Accepted => printed,
        Outcome::Refused => fail(&format!("the provider refused to {what}: {detail}; check key, number and conference"), code),
        Outcome::Unknown => fail(&format!("it is unknown whether the provider did {what}: {detail}; listen in, or ask again"), code),
        Outcome::NotDelivered | Outcome::NotSent => {
            fail(&format!("the provider did not get to {what}: {detail}; see what confmod check says"), code)
        }
    }
}

/// Waits for a signal that asks the process to end, and gives its number.
async fn stopped() -> u8 {
    let wait = async |kind: SignalKind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
            kind.as_raw_value() as u8
        }
        // Without a handler the signal ends the process by itself.
        Err(_) => pending().await,
    };
    tokio::select! {
        number = wait(SignalKind::interrupt()) => number,
        number = wait(SignalKind::terminate()) => number,
        number = wait(SignalKind::hangup()) => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(withheld: Withheld) -> Config {
        Config { conference: Some("1122".into()), withheld, ..Config::default() }
    }

    #[test]
    fn each_outcome_has_its_exit_code() {
        use Outcome::{Accepted, NotDelivered, NotSent, Refused, Unknown};
        assert_eq!([Accepted, Refused, Unknown, NotDelivered, NotSent].map(exit_code), [0, 3, 4, 5, 5]);
    }

    #[test]
    fn the_order_is_what_the_command_line_says() {
        let made = order(&with(Withheld::Refuse), Action::Kick, " 123\u{200b}12345", "+1 (215) 701-0680").expect("an order");
        assert_eq!((made.action, made.call.as_str(), &*made.number), (Action::Kick, "12312345", "12157010680"));
        assert_eq!(made.conference.as_str(), "1122");
    }

    #[test]
    fn what_is_no_number_is_refused_unless_it_is_sent() {
        for wrong in ["", "anonymous", "$[E164]$", "12", "sip:ada"] {
            let said = order(&with(Withheld::Refuse), Action::Mute, "1", wrong).expect_err(wrong);
            assert!(said.starts_with("--e164: "), "{said}");
            assert_eq!(&*order(&with(Withheld::Send), Action::Mute, "1", wrong).expect("sent").number, wrong);
        }
    }

    #[test]
    fn keys_and_conferences_must_be_there() {
        let long = "x".repeat(257);
        for wrong in ["", " ", "\u{1b}", "$[CALLFLOW.INSTANCE.KEY]$", long.as_str()] {
            assert!(order(&with(Withheld::Refuse), Action::Mute, wrong, "112").expect_err(wrong).starts_with("--key: "));
        }
        let said = order(&Config::default(), Action::Mute, "1", "112").expect_err("no conference");
        assert!(said.contains("--conference 1122"), "{said}");
    }
}
