//! Text as XML holds it.

use std::borrow::Cow;

/// Makes text fit for an element or a quoted attribute.
///
/// Characters that XML 1.0 does not allow are dropped; those that a reader would change (line ends, and
/// in attributes tabs) are written as references.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let plain = |c: char| matches!(c, ' '..='\u{FFFD}' | '\u{10000}'..) && !matches!(c, '&' | '<' | '>' | '"' | '\'');
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 6);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if plain(c) => out.push(c),
            _ => {}
        }
    }
    Cow::Owned(out)
}
