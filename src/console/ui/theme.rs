//! Colours and glyphs. Nothing is said by colour alone: whatever has a colour has a word or a mark too.

use ratatui::style::{Color, Modifier, Style};

use crate::conference::roster::Word;
use crate::config::ThemeChoice;
use crate::console::app::Tone;

/// How everything looks.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Signs.
    pub glyphs: Glyphs,
    /// Less important.
    pub dim: Style,
    /// Names of columns and panes.
    pub heading: Style,
    /// The keys in footer and dialogs.
    pub key: Style,
    /// The program's name and what is chosen.
    pub accent: Style,
    /// The row under the cursor.
    pub cursor: Style,
    /// The tab that is shown.
    pub tab: Style,
    /// Went as asked.
    pub good: Style,
    /// Worth a look.
    pub warning: Style,
    /// Did not work.
    pub bad: Style,
    /// Across the screen, for what broke.
    pub banner: Style,
    /// Across the screen, for a mode that holds.
    pub mode: Style,
}

/// Signs, in two sets.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "each is the sign that its name says")]
pub struct Glyphs {
    pub cursor: &'static str,
    pub mark: &'static str,
    pub bar: [&'static str; 2],
    pub ellipsis: &'static str,
    pub dot: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub waiting: &'static str,
    pub not_sent: &'static str,
    pub horizontal: &'static str,
    pub vertical: &'static str,
    pub corners: [&'static str; 4],
    pub rising: &'static str,
    pub falling: &'static str,
    pub hand: &'static str,
    pub times: &'static str,
    pub dash: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    cursor: "▸",
    mark: "●",
    bar: ["█", "░"],
    ellipsis: "…",
    dot: "·",
    yes: "✓",
    no: "✗",
    waiting: "…",
    not_sent: "–",
    horizontal: "─",
    vertical: "│",
    corners: ["╭", "╮", "╰", "╯"],
    rising: "▲",
    falling: "▼",
    hand: "↑",
    times: "×",
    dash: "–",
};

const ASCII: Glyphs = Glyphs {
    cursor: ">",
    mark: "*",
    bar: ["#", "-"],
    ellipsis: "~",
    dot: "|",
    yes: "ok",
    no: "no",
    waiting: "..",
    not_sent: "--",
    horizontal: "-",
    vertical: "|",
    corners: ["+", "+", "+", "+"],
    rising: "^",
    falling: "v",
    hand: "up",
    times: "x",
    dash: "-",
};

impl Theme {
    /// The theme of a choice that has been settled; `Auto` is taken as the terminal's 16 colours.
    #[must_use]
    pub fn new(choice: ThemeChoice, ascii: bool) -> Self {
        let plain = Style::new();
        let mut theme = Self {
            glyphs: if ascii { ASCII } else { UNICODE },
            dim: plain.add_modifier(Modifier::DIM),
            heading: plain.add_modifier(Modifier::BOLD),
            key: plain.add_modifier(Modifier::BOLD),
            accent: plain.add_modifier(Modifier::BOLD),
            cursor: plain.add_modifier(Modifier::REVERSED),
            tab: plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            good: plain,
            warning: plain.add_modifier(Modifier::BOLD),
            bad: plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            banner: plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            mode: plain.add_modifier(Modifier::REVERSED),
        };
        let colours = match choice {
            ThemeChoice::None => return theme,
            ThemeChoice::Auto | ThemeChoice::Ansi => [Color::Cyan, Color::Green, Color::Yellow, Color::Red],
            // Mid tones: they are read on dark and on light grounds.
            ThemeChoice::Truecolor => {
                [Color::Rgb(58, 150, 190), Color::Rgb(70, 165, 95), Color::Rgb(200, 145, 30), Color::Rgb(220, 75, 75)]
            }
        };
        let [accent, good, warning, bad] = colours;
        theme.accent = theme.accent.fg(accent);
        theme.key = theme.key.fg(accent);
        theme.tab = plain.fg(Color::Black).bg(accent).add_modifier(Modifier::BOLD);
        theme.good = plain.fg(good);
        theme.warning = plain.fg(warning);
        theme.bad = plain.fg(bad).add_modifier(Modifier::BOLD);
        theme.banner = plain.fg(Color::White).bg(bad).add_modifier(Modifier::BOLD);
        theme.mode = plain.fg(Color::Black).bg(warning);
        if choice == ThemeChoice::Truecolor {
            theme.cursor = plain.fg(Color::Rgb(240, 244, 250)).bg(Color::Rgb(44, 62, 92));
        }
        theme
    }

    /// How a sentence looks.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Good => self.good,
            Tone::Warning => self.warning,
            Tone::Bad => self.bad,
        }
    }

    /// How a word of the voice column looks.
    #[must_use]
    pub fn word(&self, word: Word) -> Style {
        match word {
            Word::Open => self.good,
            Word::Muting | Word::Unmuting | Word::Kicking | Word::Calling => self.accent.remove_modifier(Modifier::BOLD),
            Word::Failed | Word::Unknown => self.bad,
            Word::Stale => self.warning,
            Word::Muted => Style::new(),
            Word::Kicked | Word::Left => self.dim,
        }
    }
}
