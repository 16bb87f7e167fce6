//! What text from outside must never be when it arrives at a terminal, in a log or in a table.

/// Final bytes of control sequences that a drawing program needs: moving, erasing, styling, modes.
const DRAWING: &[u8] = b"ABCDEFGHJKLMPSTXdfghlmrsuq@`";

/// What in the bytes for a terminal is more than drawing: strings for the terminal itself (OSC, DCS, APC,
/// PM, SOS), queries, C1 controls, controls that ring or shift, characters that turn or hide text.
pub fn in_terminal(raw: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            0x1b => {
                let (length, fault) = escape(&raw[at..]);
                if let Some(fault) = fault {
                    found.push(format!("{fault} at byte {at}: {}", raw[at..raw.len().min(at + 40)].escape_ascii()));
                }
                at += length;
                continue;
            }
            b'\n' | b'\r' | 0x20..=0x7e | 0x80.. => {}
            byte => found.push(format!("control {byte:#04x} at byte {at}")),
        }
        at += 1;
    }
    found.extend(bad_characters(raw));
    found
}

/// What in a text file is more than text on lines: any control but the line feed and the tab, and all that
/// turns or hides text.
pub fn in_text(bytes: &[u8]) -> Vec<String> {
    let controls = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, 0..=8 | 0x0b..=0x1f | 0x7f));
    let mut found: Vec<_> = controls.map(|(at, byte)| format!("control {byte:#04x} at byte {at}")).collect();
    found.extend(bad_characters(bytes));
    found
}

/// Where one of these byte strings stands, by name.
pub fn planted(bytes: &[u8], payloads: &[(&str, &[u8])]) -> Vec<String> {
    payloads
        .iter()
        .filter_map(|(name, payload)| {
            let at = bytes.windows(payload.len()).position(|window| window == *payload)?;
            Some(format!("{name} at byte {at}"))
        })
        .collect()
}

/// The length of the escape sequence at the beginning, and what is wrong with it.
fn escape(bytes: &[u8]) -> (usize, Option<&'static str>) {
    match bytes.get(1) {
        Some(b'[') => {
            let rest = &bytes[2..];
            let Some(end) = rest.iter().position(|byte| matches!(byte, 0x40..=0x7e)) else { return (2, Some("an unfinished sequence")) };
            let good = DRAWING.contains(&rest[end]) && rest[..end].iter().all(|byte| matches!(byte, 0x20..=0x3f));
            (end + 3, (!good).then_some("a sequence that does not draw"))
        }
        // Saving and bringing back the cursor, the keypad's modes, the ASCII character set.
        Some(b'7' | b'8' | b'=' | b'>') => (2, None),
        Some(b'(') if bytes.get(2) == Some(&b'B') => (3, None),
        Some(b']') => (2, Some("OSC")),
        Some(b'P' | b'_' | b'^' | b'X') => (2, Some("a string for the terminal")),
        Some(b'\\') => (2, Some("a string's end")),
        _ => (1, Some("an escape")),
    }
}

/// Characters that turn, hide or join text, C1 controls, and bytes that are no UTF-8 at all.
fn bad_characters(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for bad in chunk.valid().chars().filter(|c| is_bad(*c)) {
            found.push(format!("character U+{:04X}", u32::from(bad)));
        }
        if !chunk.invalid().is_empty() {
            found.push(format!("bytes {} that are no text", chunk.invalid().escape_ascii()));
        }
    }
    found
}

fn is_bad(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
