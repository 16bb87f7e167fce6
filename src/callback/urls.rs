//! The URLs to paste into a call flow, one for each of its controls.
//!
//! Only variables that the provider documents are written (`$[CALLFLOW.INSTANCE.KEY]$` and `$[E164]$`), and
//! as they are: the call flow looks for exactly these characters.

use super::ROOT;

/// What stands for the token where others may be looking.
pub const MASKED: &str = "****";

/// One URL, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackUrl {
    /// The call flow control that it belongs to, in the provider's words.
    pub control: &'static str,
    /// What it reports, as a sentence.
    pub purpose: &'static str,
    /// The URL itself, with the variables that the call flow fills in.
    pub url: String,
}

const KEY: &str = "CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$";

/// The URLs for one conference: start, join, leave and hand, in the order of a call.
///
/// `base` is how the listener is reached from outside, such as `https://example.org`. With [`MASKED`] as the
/// token they can be shown on a screen. Without a conference the join's URL names none, which works only
/// where one is configured.
#[must_use]
pub fn urls(base: &str, token: &str, conference: Option<&str>) -> Vec<CallbackUrl> {
    let root = format!("{}{ROOT}/{}", base.trim_end_matches('/'), segment(token));
    let room = conference.map(|number| format!("&CONFERENCE.NUMBER={}", segment(number))).unwrap_or_default();
    vec![
        CallbackUrl {
            control: "START, On Start URL",
            purpose: "Shows the call while it is still on its way into the conference.",
            url: format!("{root}/start?{KEY}"),
        },
        CallbackUrl {
            control: "HTTP, right before Join Conf.",
            purpose: if conference.is_some() {
                "Puts the caller on the roster."
            } else {
                "Puts the caller on the roster. Names no conference: add &CONFERENCE.NUMBER= and the number, or configure one."
            },
            url: format!("{root}/join?{KEY}&E164=$[E164]${room}"),
        },
        CallbackUrl {
            control: "HTTP, right after Join Conf.",
            purpose: "Takes the caller off the roster.",
            url: format!("{root}/leave?{KEY}"),
        },
        CallbackUrl {
            control: "HTTP, in a branch of a menu",
            purpose: "Raises the caller's hand; with state=down it lowers it.",
            url: format!("{root}/hand?{KEY}&state=up"),
        },
    ]
}

/// Writes a text so that it can stand as one segment of a path, or as one value of a query.
pub(super) fn segment(text: &str) -> String {
    // Only spaces become a plus sign, and a path knows no such thing.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_control_gets_the_url_it_needs() {
        let urls = urls("https://calls.example.org/", "s3cret", Some("1122"));
        let wanted = [
            "https://calls.example.org/callback/s3cret/start?CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$",
            "https://calls.example.org/callback/s3cret/join?CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$&E164=$[E164]$&CONFERENCE.NUMBER=1122",
            "https://calls.example.org/callback/s3cret/leave?CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$",
            "https://calls.example.org/callback/s3cret/hand?CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$&state=up",
        ];
        assert_eq!(urls.iter().map(|url| url.url.as_str()).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn only_documented_variables_are_written() {
        for url in urls("http://127.0.0.1:8787", MASKED, None) {
            let left = url.url.replace("$[CALLFLOW.INSTANCE.KEY]$", "").replace("$[E164]$", "");
            assert!(!left.contains('$'), "{left}");
            assert!(left.contains("/callback/****/"), "{left}");
            assert!(!left.contains("CONFERENCE.NUMBER"), "none is invented: {left}");
        }
    }

    #[test]
    fn odd_tokens_and_conferences_are_escaped() {
        let join = &urls("http://h", "a b/c?", Some("11 22&x"))[1].url;
        assert!(join.contains("/callback/a%20b%2Fc%3F/join?") && join.ends_with("&CONFERENCE.NUMBER=11%2022%26x"), "{join}");
    }
}
