//! Text as XML holds it.

use secrecy::zeroize::Zeroizing;

/// As many bytes as one character may become.
pub(super) const LONGEST: usize = 6;

/// Appends text so that it is fit for an element or a quoted attribute. A text with room for it is not copied.
///
/// Characters that XML 1.0 does not allow are dropped; those that a reader would change (line ends, and
/// in attributes tabs) are written as references.
pub(super) fn escape(text: &str, out: &mut String) {
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
            ' '..='\u{FFFD}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
}

/// The same as a text of its own, which may be a secret and wipes itself.
pub(super) fn escaped(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(LONGEST * text.len()));
    escape(text, &mut out);
    out
}
