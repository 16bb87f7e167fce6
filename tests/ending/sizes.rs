//! A storm of sizes.

use std::time::Instant;

use rustix::process::Signal;

use crate::busy::{Busy, Dice};
use crate::support::screen::Reading as _;

const SIZES: usize = 300;

/// The most that a frame may take: every cell with a character, and its colours for every few.
const FRAME: usize = 500 * 200 * 6;

/// The words of each line without what tells the time: ages go on between two looks.
fn picture(screen: &vt100::Screen) -> Vec<String> {
    let is_age = |word: &&str| {
        *word == "now" || word.trim_end_matches(['s', 'm', 'h']).parse::<u32>().is_ok() && !word.ends_with(|c: char| c.is_ascii_digit())
    };
    screen.lines().iter().map(|line| line.split_whitespace().filter(|word| !is_age(word)).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_storm_of_sizes_ends_in_the_picture_of_the_last() {
    let mut busy = Busy::new();
    let before = busy.console.raw().len();
    let began = Instant::now();
    let mut dice = Dice::new(7);
    let mut roll = |below| u16::try_from(dice.roll(below)).expect("small");
    for number in 0..SIZES {
        let (columns, rows) = match number % 10 {
            0 => (0, 0),
            1 => (1, 1),
            2 => (500, 200),
            _ => (roll(501), roll(201)),
        };
        busy.console.resize(columns, rows);
    }
    busy.console.resize(120, 36);
    // Places are there once the numbering plans have been read.
    let whole = |screen: &vt100::Screen| ["open", "US"].iter().all(|word| screen.row_says("Ada", word)) && screen.says("q quit");
    busy.console.wait_for(whole, "the last size, drawn");
    let frames = began.elapsed().as_millis() as usize / 30 + 2;
    let drawn = busy.console.raw().len() - before;
    assert!(drawn < frames * FRAME, "{drawn} bytes in {frames} frames");
    busy.calm();
    let left = picture(&busy.console.screen());
    // The same, drawn from nothing.
    let drawn = busy.console.raw().len();
    busy.console.signal(Signal::CONT);
    busy.console.wait_for_bytes(|raw| raw[drawn..].windows(7).any(|bytes| bytes == b"confmod"), "the whole picture");
    assert_eq!(left, picture(&busy.console.screen()));
    let asked = Instant::now();
    busy.quit();
    busy.ends(asked, 0);
}
