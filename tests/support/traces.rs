//! What a program left behind in its terminal, from the raw bytes it wrote.

use std::collections::BTreeMap;

/// Modes that are on in a terminal that nobody touched: the cursor is shown, lines wrap.
const ON_BY_NATURE: [u16; 2] = [25, 7];

/// The private modes (`CSI ? n h`, `CSI ? n l`) that a program touched, each as it was left.
pub fn private_modes(raw: &[u8]) -> BTreeMap<u16, bool> {
    let mut modes = BTreeMap::new();
    for (at, _) in raw.windows(3).enumerate().filter(|(_, start)| start == b"\x1b[?") {
        let rest = &raw[at + 3..];
        let Some(end) = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';')) else { continue };
        let on = match rest[end] {
            b'h' => true,
            b'l' => false,
            _ => continue,
        };
        for number in rest[..end].split(|byte| *byte == b';').filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()) {
            modes.insert(number, on);
        }
    }
    modes
}

/// What is not as it was before the program began; empty when the terminal is as it was found.
pub fn left_behind(raw: &[u8], screen: &vt100::Screen) -> Vec<String> {
    let mut faults = Vec::new();
    for (mode, on) in private_modes(raw) {
        if on != ON_BY_NATURE.contains(&mode) {
            faults.push(format!("mode ?{mode} was left {} ({})", if on { "on" } else { "off" }, mode_name(mode)));
        }
    }
    let keyboards = count(raw, b"\x1b[>", b'u');
    let returned = count(raw, b"\x1b[<", b'u');
    if keyboards > returned {
        faults.push(format!("{keyboards} keyboard modes were pushed, {returned} popped"));
    }
    if screen.alternate_screen() {
        faults.push("the alternate screen is still shown".to_owned());
    }
    if screen.application_keypad() {
        faults.push("the keypad still sends application codes".to_owned());
    }
    let plain = screen.fgcolor() == vt100::Color::Default && screen.bgcolor() == vt100::Color::Default;
    if !plain || screen.bold() || screen.dim() || screen.italic() || screen.underline() || screen.inverse() {
        faults.push("text written next would be coloured or styled".to_owned());
    }
    let (row, _) = screen.cursor_position();
    let there = screen.rows(0, screen.size().1.get()).nth(usize::from(row)).unwrap_or_default();
    if !there.trim().is_empty() {
        faults.push(format!("{:?} would be written over", there.trim()));
    }
    if screen.cursor_position().1 != 0 {
        faults.push(format!("the shell's prompt would begin in column {}", screen.cursor_position().1));
    }
    faults
}

/// The sequences that begin with `start` and, after digits and semicolons, end with `end`.
fn count(raw: &[u8], start: &[u8], end: u8) -> usize {
    raw.windows(start.len())
        .enumerate()
        .filter(|(_, window)| *window == start)
        .filter(|(at, _)| raw[at + start.len()..].iter().find(|byte| !matches!(byte, b'0'..=b'9' | b';')) == Some(&end))
        .count()
}

fn mode_name(mode: u16) -> &'static str {
    match mode {
        7 => "lines wrap",
        25 => "cursor shown",
        1000 | 1002 | 1003 => "mouse reports",
        1004 => "focus reports",
        1006 | 1015 => "mouse encoding",
        1049 | 47 | 1047 => "alternate screen",
        2004 => "bracketed paste",
        2026 => "synchronized update",
        _ => "private mode",
    }
}
