//! Whole screens, kept as text in `tests/screens`: each as it stands in a terminal, and for those in colour
//! which cell has which style. `SCREENS=write cargo test` writes them anew; look at the difference then.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;

/// The sizes that everything is kept at.
const SIZES: [(u16, u16); 2] = [(80, 24), (140, 40)];

/// Compares a screen with the one that is kept, at both sizes, in ASCII and in colour.
pub(super) fn keep(name: &str, stage: &mut Stage) {
    for size in SIZES {
        for (kind, theme) in [("ascii", Theme::new(ThemeChoice::None, true)), ("colour", Theme::new(ThemeChoice::Ansi, false))] {
            stage.app.update(stage.app.now, Message::Resized(size.0, size.1));
            let buffer = draw_with(stage, size, &theme);
            let mut drawn = lines(&buffer).iter().map(|line| still(line).trim_end().to_owned()).collect::<Vec<_>>().join("\n");
            drawn.push('\n');
            if kind == "colour" {
                drawn.push_str(&styles(&buffer));
            } else {
                assert!(drawn.is_ascii(), "{name}: {drawn}");
            }
            compare(&format!("{name}-{}x{}-{kind}", size.0, size.1), &drawn);
        }
    }
}

fn compare(name: &str, drawn: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(format!("{name}.txt"));
    if std::env::var_os("SCREENS").is_some_and(|value| value == "write") {
        std::fs::write(&path, drawn).expect("a file to write to");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}; SCREENS=write writes it", path.display()));
    let differs = kept.lines().zip(drawn.lines()).position(|(kept, drawn)| kept != drawn);
    assert!(kept == drawn, "{name} differs from line {differs:?} on (SCREENS=write writes it anew):\n{drawn}");
}

/// A line without what differs from machine to machine: times of day and days.
fn still(line: &str) -> String {
    let mut letters: Vec<char> = line.chars().collect();
    for shape in ["0000-00-00 00:00", "00:00:00", "00:00"] {
        let shape: Vec<char> = shape.chars().collect();
        for start in 0..=letters.len().saturating_sub(shape.len()) {
            let place = start..(start + shape.len()).min(letters.len());
            let fits = |(shown, wanted): (&char, &char)| if *wanted == '0' { shown.is_ascii_digit() } else { shown == wanted };
            let beside = start > 0 && letters[start - 1].is_ascii_digit();
            if place.len() == shape.len() && !beside && letters[place.clone()].iter().zip(&shape).all(fits) {
                letters[place].iter_mut().filter(|letter| letter.is_ascii_digit()).for_each(|letter| *letter = '#');
            }
        }
    }
    letters.into_iter().collect()
}

/// Which cell has which style: a letter each, explained below. Cells without one are dots.
fn styles(buffer: &Buffer) -> String {
    let mut legend = BTreeMap::new();
    let mut out = String::new();
    for line in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut letters = String::new();
        for cell in line {
            let style = format!("{:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
            let plain = cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier.is_empty();
            let next = char::from(b'a' + legend.len() as u8);
            letters.push(if plain { '.' } else { *legend.entry(style).or_insert(next) });
        }
        let _ = writeln!(out, "{}", letters.trim_end_matches('.'));
    }
    for (style, letter) in legend {
        let _ = writeln!(out, "{letter}: {style}");
    }
    out
}

#[test]
fn what_differs_from_machine_to_machine_is_not_kept() {
    assert_eq!(still("12:04:31 +1 2026-11-22 12:04 until 9:00, 127.0.0.1:8787"), "##:##:## +1 ####-##-## ##:## until 9:00, 127.0.0.1:8787");
}
