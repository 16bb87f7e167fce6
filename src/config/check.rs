//! One check per rule. Each takes a value as it was given and answers with what it means, or with what is
//! wrong and what to give instead. Secrets are never repeated in an answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::{Host, Url};

use super::error::given;
use super::{Kick, Secret, ThemeChoice, Way, Withheld};
use crate::text;

pub(super) type Checked<T> = Result<T, String>;

/// How long a token must be where others than this machine can reach the listener.
pub const TOKEN_LENGTH_IN_PUBLIC: usize = 32;

/// One word or line that is kept secret: not empty, nothing in it that cannot be shown.
fn validate_secret(value: &str, what: &str, spaces: bool) -> Checked<Secret> {
    if value.is_empty() {
        return Err(format!("there is no {what} in it; put the {what} there"));
    }
    if value.chars().any(|c| !text::is_showable(c) || (!spaces && c.is_whitespace())) || value.len() > 1024 {
        return Err(format!("this does not look like a {what}; put the {what} there alone, on one line"));
    }
    Ok(Secret::from(value))
}

/// The provider's user key: one word.
pub fn validate_userkey(value: &str) -> Checked<Secret> {
    validate_secret(value, "user key", false)
}

/// The account's Secure Phrase: one line.
pub fn validate_secure_phrase(value: &str) -> Checked<Secret> {
    validate_secret(value, "Secure Phrase", true)
}

/// The account's e-mail: one word with an `@` in it.
pub fn validate_email(value: &str) -> Checked<Secret> {
    let secret = validate_secret(value, "e-mail address", false)?;
    let at = value.find('@');
    if at.is_none_or(|at| at == 0 || at + 1 == value.len()) {
        return Err("this is no e-mail address; give the one of the provider's account, with its @".to_owned());
    }
    Ok(secret)
}

/// The one name that means this machine.
pub const LOCALHOST: &str = "localhost";

/// Whether a URL leads to this machine alone: an address of loopback, or its name.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case(LOCALHOST),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A web address without credentials. The value is not repeated: there may be a password in it.
fn validate_url(value: &str, example: &str) -> Checked<Url> {
    let url = Url::parse(value.trim()).map_err(|e| format!("this is no URL ({e}); give one such as {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("this URL does not begin with https:// or http://; give one such as {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("there is a name or password in this URL; leave the part before the @ out, as in {example}"));
    }
    if url.fragment().is_some() {
        return Err(format!("there is a # in this URL; leave it and what follows out, as in {example}"));
    }
    Ok(url)
}

/// Where requests go: https, or http to this machine alone.
pub fn validate_api_url(value: &str) -> Checked<Url> {
    let url = validate_url(value, super::API_URL)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("plain http:// would send the user key in clear text; use https:// (http:// is for this machine only)".to_owned());
    }
    Ok(url)
}

/// How the listener is reached from outside.
pub fn validate_public_url(value: &str) -> Checked<Url> {
    let example = "https://calls.example.org";
    let url = validate_url(value, example)?;
    if url.query().is_some() {
        return Err(format!("there is a ? in this URL; leave it and what follows out, as in {example}"));
    }
    Ok(url)
}

/// The name of the provider's action: what the provider's names are made of.
pub fn validate_action_name(value: &str) -> Checked<String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if value.is_empty() || value.len() > 128 || !value.chars().all(known) {
        return Err(format!("{} is no action name; give letters, digits and dots, such as {}", given(value), super::ACTION_NAME));
    }
    Ok(value.to_owned())
}

fn validate_range(value: i64, least: u32, most: u32) -> Checked<u32> {
    let inside = u32::try_from(value).ok().filter(|v| (least..=most).contains(v));
    inside.ok_or_else(|| format!("{value} is out of range; give a number from {least} to {most}"))
}

/// Bulk and automatic asks a second: 1 to 1000.
pub fn validate_pace(value: i64) -> Checked<u32> {
    validate_range(value, 1, 1000)
}

/// Bulk and automatic asks at once: 1 to 64.
pub fn validate_parallel(value: i64) -> Checked<u32> {
    validate_range(value, 1, 64)
}

fn validate_word<T: Copy>(value: &str, words: &[(&str, T)]) -> Checked<T> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value.trim()));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("{} is not known; give one of: {}", given(value), known.join(", "))
    })
}

/// What to do with an ask for a caller without a number.
pub fn validate_withheld(value: &str) -> Checked<Withheld> {
    validate_word(value, &[("refuse", Withheld::Refuse), ("send", Withheld::Send)])
}

/// What `k` does.
pub fn validate_kick(value: &str) -> Checked<Kick> {
    validate_word(value, &[("dialog", Kick::Dialog), ("countdown", Kick::Countdown), ("never", Kick::Never)])
}

/// A way to alert.
pub fn validate_way(value: &str) -> Checked<Way> {
    validate_word(value, &Way::WORDS)
}

/// Which colours are used.
pub fn validate_theme(value: &str) -> Checked<ThemeChoice> {
    use ThemeChoice::{Ansi, Auto, None, Truecolor};
    validate_word(value, &[("auto", Auto), ("ansi", Ansi), ("truecolor", Truecolor), ("none", None)])
}

/// What is logged.
pub fn validate_log_level(value: &str) -> Checked<tracing::Level> {
    use tracing::Level;
    let levels = [("error", Level::ERROR), ("warn", Level::WARN), ("info", Level::INFO), ("debug", Level::DEBUG), ("trace", Level::TRACE)];
    validate_word(value, &levels)
}

/// Where the listener listens: an address, not a name, and a port.
pub fn validate_listen(value: &str) -> Checked<SocketAddr> {
    let wrong = |_| format!("{} is no address with a port; give one such as 127.0.0.1:8787 or [::1]:8787", given(value));
    value.trim().parse().map_err(wrong)
}

/// The secret in the callback URLs: 1 to 256 characters that no URL changes (RFC 3986: unreserved).
pub fn validate_token(value: &str) -> Checked<Secret> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if value.is_empty() || value.len() > 256 || !value.chars().all(unreserved) {
        return Err("a token is 1 to 256 of the characters A-Z a-z 0-9 - . _ ~; choose another one, such as the output of: \
                    openssl rand -hex 32"
            .to_owned());
    }
    if value == "." || value == ".." {
        return Err("a token of dots alone is a step between directories in a URL; choose another one, such as the output of: \
                    openssl rand -hex 32"
            .to_owned());
    }
    Ok(Secret::from(value))
}

/// Whether a token of this length is enough for where the listener can be reached from.
pub fn validate_token_for(listen: SocketAddr, length: usize) -> Checked<()> {
    if listen.ip().to_canonical().is_loopback() || length >= TOKEN_LENGTH_IN_PUBLIC {
        return Ok(());
    }
    Err(format!(
        "the callback token has fewer than {TOKEN_LENGTH_IN_PUBLIC} characters, and {listen} can be reached from other machines; \
         choose a longer token, such as the output of: openssl rand -hex 32, or listen on 127.0.0.1 alone"
    ))
}

/// An address, or a network as `203.0.113.0/24`.
pub fn validate_network(value: &str) -> Checked<ipnet::IpNet> {
    let value = value.trim();
    let network = value.parse::<ipnet::IpNet>().ok().or_else(|| value.parse::<IpAddr>().ok().map(ipnet::IpNet::from));
    network
        .map(|network| network.trunc())
        .ok_or_else(|| format!("{} is no address; give one such as 203.0.113.7 or a network such as 203.0.113.0/24", given(value)))
}

/// A conference number: at most 256 bytes once cleaned, and not empty.
pub fn validate_conference(value: &str) -> Checked<String> {
    let cleaned = text::clean(value, usize::MAX / 2);
    if cleaned.is_empty() || cleaned.len() > text::FIELD_BYTES {
        return Err("a conference is 1 to 256 bytes of text; give its number as in the call flow, such as 1122".to_owned());
    }
    if crate::phone::is_placeholder(&cleaned) {
        return Err(format!("{} is a variable of the call flow; give the conference's number, such as 1122", given(value)));
    }
    Ok(cleaned)
}

/// The moderator's name, cleaned.
pub fn validate_moderator(value: &str) -> Checked<String> {
    let cleaned = text::clean_field(value);
    if cleaned.is_empty() {
        return Err("there is no name in it; give a moderator's name, such as ada".to_owned());
    }
    Ok(cleaned)
}

/// A role of the contacts file: cleaned, not empty.
pub fn validate_role(value: &str) -> Checked<String> {
    let cleaned = text::clean_field(value);
    if cleaned.is_empty() {
        return Err(
            "there is no role in it; give one as it stands in the contacts file, such as speaker, or leave the entry out".to_owned()
        );
    }
    Ok(cleaned)
}

/// Ten years: longer is a slip, and arithmetic with it could overflow.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// A time longer than none: `90s`, `30m`, `4h`, `1h 30m`.
pub fn validate_duration(value: &str) -> Checked<Duration> {
    let wrong = || format!("{} is no time; give one such as 90s, 30m or 4h", given(value));
    let read: jiff::SignedDuration = value.trim().parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(read).map_err(|_| wrong())?;
    if duration.is_zero() || duration > LONGEST {
        return Err(wrong());
    }
    Ok(duration)
}

/// The shortest time for which the journal keeps what happened.
pub(super) const LEAST_KEPT: Duration = Duration::from_hours(24);

/// How long the journal keeps what happened: `forever`, or a time of at least a day such as `90d`.
pub fn validate_retention(value: &str) -> Checked<Option<Duration>> {
    if value.trim().eq_ignore_ascii_case("forever") {
        return Ok(None);
    }
    let wrong = || format!("{} is no time to keep the journal for; give one such as 90d or 52w, at least 1d, or forever", given(value));
    let read: jiff::Span = value.trim().parse().map_err(|_| wrong())?;
    // Months and years differ in length, and are not taken.
    let read = read.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    let keep = Duration::try_from(read).map_err(|_| wrong())?;
    if (LEAST_KEPT..=LONGEST).contains(&keep) { Ok(Some(keep)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests;
