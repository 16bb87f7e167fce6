//! The settings of a terminal's line (termios): what a program found, and what it left.

use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Echo, line editing, Ctrl-C and everything else that `stty` shows. None once the window is closed.
pub fn settings(tty: &Path) -> Option<Termios> {
    tcgetattr(open(tty, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).ok()?).ok()
}

/// Sets them, as a shell does that takes the terminal back from a stopped program.
pub fn set(tty: &Path, settings: &Termios) {
    let tty = open(tty, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the terminal");
    tcsetattr(tty, OptionalActions::Now, settings).expect("settings of the line");
}

/// What is not as it was found.
pub fn changed(found: &Termios, left: &Termios) -> Vec<String> {
    let mut faults = Vec::new();
    let mut same = |kind: &str, same: bool| {
        if !same {
            faults.push(format!("{kind} is not as it was"));
        }
    };
    for (flag, name) in [(LocalModes::ICANON, "line editing"), (LocalModes::ECHO, "echo"), (LocalModes::ISIG, "Ctrl-C as a signal")] {
        same(name, (found.local_modes & flag) == (left.local_modes & flag));
    }
    let named = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    same("another local setting", found.local_modes - named == left.local_modes - named);
    same("what becomes of input", found.input_modes == left.input_modes);
    same("what becomes of output", found.output_modes == left.output_modes);
    same("the line itself", found.control_modes == left.control_modes);
    let special = |termios: &Termios| format!("{:?}", termios.special_codes);
    same("a special key", special(found) == special(left));
    faults
}
