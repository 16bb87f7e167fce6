//! What a terminal sends for keys and for the mouse.

/// Keys by the names people give them, in the bytes of an xterm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Enter,
    Esc,
    Tab,
    BackTab,
    Space,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Delete,
    F1,
    Ctrl(char),
    Char(char),
}

impl Key {
    /// The bytes that the terminal sends.
    pub fn bytes(self) -> Vec<u8> {
        let fixed: &[u8] = match self {
            Self::Enter => b"\r",
            Self::Esc => b"\x1b",
            Self::Tab => b"\t",
            Self::BackTab => b"\x1b[Z",
            Self::Space => b" ",
            Self::Backspace => b"\x7f",
            Self::Up => b"\x1b[A",
            Self::Down => b"\x1b[B",
            Self::Right => b"\x1b[C",
            Self::Left => b"\x1b[D",
            Self::Home => b"\x1b[H",
            Self::End => b"\x1b[F",
            Self::PageUp => b"\x1b[5~",
            Self::PageDown => b"\x1b[6~",
            Self::Delete => b"\x1b[3~",
            Self::F1 => b"\x1bOP",
            Self::Ctrl(c) => return vec![(c.to_ascii_lowercase() as u8) & 0x1f],
            Self::Char(c) => return c.to_string().into_bytes(),
        };
        fixed.to_vec()
    }

    /// A key from its name: `Enter`, `Down`, `Ctrl-C`, or a single character.
    pub fn named(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            return Some(Self::Char(only));
        }
        Some(match name.to_ascii_lowercase().as_str() {
            "enter" => Self::Enter,
            "esc" => Self::Esc,
            "tab" => Self::Tab,
            "shift-tab" => Self::BackTab,
            "space" => Self::Space,
            "backspace" => Self::Backspace,
            "up" => Self::Up,
            "down" => Self::Down,
            "left" => Self::Left,
            "right" => Self::Right,
            "home" => Self::Home,
            "end" => Self::End,
            "pgup" => Self::PageUp,
            "pgdn" => Self::PageDown,
            "delete" => Self::Delete,
            "f1" => Self::F1,
            lower => Self::Ctrl(lower.strip_prefix("ctrl-").filter(|rest| rest.len() == 1)?.chars().next()?),
        })
    }
}

/// What a mouse does, in the SGR encoding (mode 1006).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button goes down and up again.
    Click,
    /// The wheel turns away from the person: up the list.
    WheelUp,
    /// The wheel turns to the person: down the list.
    WheelDown,
}

impl Mouse {
    /// The bytes for a row and a column, both counted from 0.
    pub fn bytes(self, row: u16, column: u16) -> Vec<u8> {
        let (x, y) = (column + 1, row + 1);
        match self {
            Self::Click => format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"),
            Self::WheelUp => format!("\x1b[<64;{x};{y}M"),
            Self::WheelDown => format!("\x1b[<65;{x};{y}M"),
        }
        .into_bytes()
    }
}
