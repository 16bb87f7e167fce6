//! Whole screens, kept as text in `tests/screens`, a file a scene: each as it stands in a terminal, and for
//! those in colour which cell has which style. `SCREENS=write cargo test` writes them anew; look at the
//! difference then. The scenes are in the files below, by subject.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;
use crate::console::app::Dialog;
use crate::console::app::layout::{Layout, SMALLEST};

mod asking;
mod dialogs;
mod finding;
mod health;
mod panes;
mod rooms;

/// A screen to be kept: its name, and how it comes about.
type Scene = (&'static str, fn() -> Stage);

/// All of them.
fn scenes() -> impl Iterator<Item = &'static Scene> {
    [rooms::SCENES, panes::SCENES, finding::SCENES, asking::SCENES, dialogs::SCENES, health::SCENES].into_iter().flatten()
}

/// The sizes that everything is kept at.
const SIZES: [(u16, u16); 2] = [(80, 24), (140, 40)];

/// The screen of a scene at both sizes, in ASCII and in colour.
fn drawn(name: &str, stage: &mut Stage) -> String {
    let mut all = String::new();
    for size in SIZES {
        for (kind, theme) in [("ascii", Theme::new(ThemeChoice::None, true)), ("colour", Theme::new(ThemeChoice::Ansi, false))] {
            stage.app.update(stage.app.now, Message::Resized(size.0, size.1));
            let buffer = draw_with(stage, size, &theme);
            let _ = writeln!(all, "== {}x{} {kind}", size.0, size.1);
            let shown = text(&buffer);
            if kind == "ascii" {
                // What people are called is theirs; everything else is plain.
                assert!(shown.chars().all(|c| c.is_ascii() || c.is_alphabetic()), "{name}: {shown}");
            }
            all.push_str(&shown);
            if kind == "colour" {
                all.push_str(&styles(&buffer));
            }
        }
    }
    all
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(format!("{name}.txt"))
}

/// What a terminal shows, without what differs from machine to machine.
fn text(buffer: &Buffer) -> String {
    let mut shown = String::new();
    for line in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut letters = String::new();
        let mut covered = 0;
        for cell in line {
            // The cell behind a wide letter is covered by it.
            if covered == 0 {
                letters.push_str(cell.symbol());
                covered = crate::text::width(cell.symbol());
            }
            covered = covered.saturating_sub(1);
        }
        let _ = writeln!(shown, "{}", still(&letters).trim_end());
    }
    shown
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

fn writes() -> bool {
    std::env::var_os("SCREENS").is_some_and(|value| value == "write")
}

#[test]
fn every_screen_is_as_it_was() {
    let write = writes();
    let mut differ = String::new();
    for (name, stage) in scenes() {
        let (path, drawn) = (file(name), drawn(name, &mut stage()));
        if write {
            std::fs::write(&path, drawn).expect("a file to write to");
            continue;
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(line) = kept.lines().zip(drawn.lines()).position(|(kept, drawn)| kept != drawn).or((kept != drawn).then_some(0)) {
            let _ = writeln!(differ, "{}, line {}:\n{}", path.display(), line + 1, drawn.lines().nth(line).unwrap_or_default());
        }
    }
    assert!(differ.is_empty(), "these differ from what is kept (SCREENS=write writes them anew):\n{differ}");
}

#[test]
fn every_file_that_is_kept_belongs_to_one_scene() {
    let names: Vec<_> = scenes().map(|(name, _)| format!("{name}.txt")).collect();
    let all: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(all.len(), names.len(), "two scenes have one name");
    let kept = std::fs::read_dir(file("").with_file_name("")).expect("the folder").flatten();
    let kept: BTreeSet<_> = kept.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    assert!(writes() || kept == all, "only here or only there: {:?}", kept.symmetric_difference(&all));
}

/// What kind of dialog it is. A new kind is named here and in the test below, and gets a scene.
fn kind(dialog: &Dialog) -> &'static str {
    match dialog {
        Dialog::Kick(kick) if kick.typed.is_some() => "kick many",
        Dialog::Kick(_) => "kick",
        Dialog::Quit => "quit",
        Dialog::Name(..) => "name",
        Dialog::ClearHands(_) => "clear hands",
        Dialog::Ban(_) => "ban",
        Dialog::Bans(_) => "bans",
        Dialog::Filter(_) => "filter",
        Dialog::Palette(_) => "palette",
        Dialog::Help { .. } => "help",
    }
}

#[test]
fn every_dialog_has_a_scene() {
    let open = scenes().filter_map(|(_, stage)| stage().app.dialog.as_ref().map(kind));
    let wanted = ["ban", "bans", "clear hands", "filter", "help", "kick", "kick many", "name", "palette", "quit"];
    assert_eq!(open.collect::<BTreeSet<_>>(), BTreeSet::from(wanted));
}

#[test]
fn every_part_of_the_screen_has_a_scene() {
    let mut unseen = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (_, stage) in scenes() {
        let mut stage = stage();
        for size in SIZES {
            stage.app.update(stage.app.now, Message::Resized(size.0, size.1));
            // A part that is new does not compile until it is in here.
            let Layout { tabs, health, banner, heading, rows, rule, split, queue_title, queue, detail, events, status, footer } =
                stage.app.layout();
            let parts = [tabs, health, banner, heading, rows, rule, split, queue_title, queue, detail, events, status, footer];
            for (place, part) in parts.iter().enumerate() {
                if part.height > 0 {
                    seen.insert(place)
                } else {
                    unseen.insert(place)
                };
            }
        }
    }
    assert_eq!(unseen.difference(&seen).collect::<Vec<_>>(), Vec::<&usize>::new(), "parts of the layout, by their place");
}

#[test]
fn a_screen_that_is_too_small_says_how_large_it_has_to_be() {
    let mut stage = rooms::ordinary();
    let screen = draw(&mut stage, (SMALLEST.0 - 1, SMALLEST.1));
    assert_eq!(screen.trim_end(), "too small\n39x10 of 40x10\nonly q works");
}

#[test]
fn what_differs_from_machine_to_machine_is_not_kept() {
    assert_eq!(still("12:04:31 +1 2026-11-22 12:04 until 9:00, 127.0.0.1:8787"), "##:##:## +1 ####-##-## ##:## until 9:00, 127.0.0.1:8787");
}
