//! The request: its XML, byte for byte. Nothing here sends anything.

use secrecy::zeroize::Zeroizing;

use super::account::Account;
use super::escape::{LONGEST, escape};
use crate::bridge::Order;
use crate::conference::Action;

/// The content type that requests have and answers should have.
pub(super) const CONTENT_TYPE: &str = "application/xml; charset=UTF-8";

const DECLARATION: &str = "<?xml version=\"1.0\" standalone=\"no\" ?>";

/// Writes a request as one line of XML. The text holds the user key, so it wipes itself when dropped.
///
/// Parameters stand in the order in which the provider documents them, the signature before them all.
pub(super) fn write(account: &Account, action_name: &str, order: &Order) -> Zeroizing<String> {
    let parameters = [
        ("SIGNATURE", account.signature()),
        ("CALLFLOW.INSTANCE.KEY", Some(order.call.as_str())),
        ("CONFERENCE.NUMBER", Some(order.conference.as_str())),
        ("E164", Some(&*order.number)),
        ("CONFERENCE.ACTION", Some(word(order.action))),
    ];
    // Text that grows is copied, and copies are not wiped: room for everything from the start.
    let texts = account.userkey().len() + action_name.len() + parameters.iter().filter_map(|p| p.1).map(str::len).sum::<usize>();
    let mut xml = Zeroizing::new(String::with_capacity(600 + LONGEST * texts));
    xml.push_str(DECLARATION);
    xml.push_str("<REQUEST><USERTOKEN><USERKEY>");
    escape(account.userkey(), &mut xml);
    xml.push_str("</USERKEY></USERTOKEN><ACTION NAME=\"");
    escape(action_name, &mut xml);
    xml.push_str("\">");
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        xml.push_str("<PARAMETER NAME=\"");
        xml.push_str(name);
        xml.push_str("\">");
        escape(value, &mut xml);
        xml.push_str("</PARAMETER>");
    }
    xml.push_str("</ACTION></REQUEST>");
    xml
}

/// The action in the provider's own capitals.
fn word(action: Action) -> &'static str {
    match action {
        Action::Mute => "MUTE",
        Action::Unmute => "UNMUTE",
        Action::Kick => "KICK",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::escape::escaped;
    use super::*;
    use crate::conference::CallKey;
    use crate::config::Secret;

    fn order(action: Action) -> Order {
        Order { action, call: CallKey::new("1231232"), conference: "1122".into(), number: "12157010680".into() }
    }

    #[test]
    fn a_request_is_exactly_what_the_provider_documents() {
        let account = Account::new(Secret::from("df141889"), None, None);
        for (action, word) in [(Action::Mute, "MUTE"), (Action::Unmute, "UNMUTE"), (Action::Kick, "KICK")] {
            assert_eq!(
                *write(&account, "CALLFLOW.INSTANCE.CONFERENCE.ACTION", &order(action)),
                format!(
                    "<?xml version=\"1.0\" standalone=\"no\" ?><REQUEST><USERTOKEN><USERKEY>df141889</USERKEY></USERTOKEN>\
                     <ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\">\
                     <PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">1231232</PARAMETER>\
                     <PARAMETER NAME=\"CONFERENCE.NUMBER\">1122</PARAMETER>\
                     <PARAMETER NAME=\"E164\">12157010680</PARAMETER>\
                     <PARAMETER NAME=\"CONFERENCE.ACTION\">{word}</PARAMETER>\
                     </ACTION></REQUEST>"
                )
            );
        }
    }

    #[test]
    fn a_signature_stands_before_every_other_parameter() {
        let account = Account::new(Secret::from("k"), Some(&Secret::from("what do ya want for nothing?")), Some(&Secret::from("Jefe")));
        let xml = write(&account, "A", &order(Action::Mute));
        assert!(
            xml.contains(
                "<ACTION NAME=\"A\"><PARAMETER NAME=\"SIGNATURE\">effcdf6ae5eb2fa2d27416d5f184df9c259a7c79</PARAMETER>\
                 <PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">"
            ),
            "{}",
            *xml
        );
    }

    #[test]
    fn hostile_values_stay_values() {
        assert_eq!(*escaped("</PARAMETER><X a=\"1\" b='2'>&]]>"), "&lt;/PARAMETER&gt;&lt;X a=&quot;1&quot; b=&apos;2&apos;&gt;&amp;]]&gt;");
        assert_eq!(*escaped("a\u{0}b\u{1b}c\u{fffe}d\u{ffff}e\tf\ng\rh"), "abcde&#9;f&#10;g&#13;h");
        assert_eq!(*escaped("Zoë 名前 \u{1f468}"), "Zoë 名前 \u{1f468}");
    }

    #[test]
    fn the_text_never_grows_beyond_its_room() {
        let account = Account::new(Secret::from("\"".repeat(500)), Some(&Secret::from("e")), Some(&Secret::from("p")));
        let order = Order { number: "\"".repeat(500).into(), ..order(Action::Unmute) };
        let xml = write(&account, &"\"".repeat(100), &order);
        assert!(xml.len() <= 600 + 6 * (500 + 100 + 40 + 7 + 4 + 500 + 6), "{}", xml.len());
    }

    /// What a reader of XML 1.0 can get: everything but the characters it forbids.
    fn allowed(text: &str) -> String {
        text.chars().filter(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)).collect()
    }

    /// Text of any characters at all; a plain string strategy leaves controls out.
    fn anything() -> impl Strategy<Value = String> {
        prop::collection::vec(any::<char>(), 0..24).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_order_reads_back_as_it_was(
            key in anything(), name in anything(), call in anything(), conference in anything(), number in anything(),
            action in prop::sample::select(vec![Action::Mute, Action::Unmute, Action::Kick]),
        ) {
            let account = Account::new(Secret::from(key.as_str()), None, None);
            let order = Order { action, call: CallKey::new(&call), conference: conference.as_str().into(), number: number.as_str().into() };
            let xml = write(&account, &name, &order);
            let document = roxmltree::Document::parse(&xml).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let request = document.root_element();
            let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().to_owned();
            let elements = |node: roxmltree::Node<'_, '_>| node.children().filter(roxmltree::Node::is_element).map(|n| n.tag_name().name().to_owned()).collect::<Vec<_>>();
            prop_assert_eq!(request.tag_name().name(), "REQUEST");
            prop_assert_eq!(elements(request), ["USERTOKEN", "ACTION"]);
            let userkey = request.descendants().find(|n| n.has_tag_name("USERKEY")).map(text);
            prop_assert_eq!(userkey, Some(allowed(&key)));
            let sent = request.children().find(|n| n.has_tag_name("ACTION"));
            prop_assert_eq!(sent.and_then(|n| n.attribute("NAME")).map(str::to_owned), Some(allowed(&name)));
            let parameters: Vec<_> = sent.into_iter().flat_map(|n| n.children()).map(|n| (n.attribute("NAME").unwrap_or_default().to_owned(), text(n))).collect();
            let wanted = [
                ("CALLFLOW.INSTANCE.KEY", allowed(&call)), ("CONFERENCE.NUMBER", allowed(&conference)),
                ("E164", allowed(&number)), ("CONFERENCE.ACTION", word(action).to_owned()),
            ].map(|(name, value)| (name.to_owned(), value));
            prop_assert_eq!(parameters, wanted);
        }
    }
}
