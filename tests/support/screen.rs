//! Reading a screen the way a person does: by rows and whole words.

/// What tests ask of a screen.
pub trait Reading {
    /// All rows from the top, without trailing white space.
    fn lines(&self) -> Vec<String>;
    /// The whole screen as text.
    fn text(&self) -> String;
    /// Whether the text stands anywhere on the screen.
    fn says(&self, text: &str) -> bool;
    /// The first row with this text, counted from 0.
    fn row_of(&self, text: &str) -> Option<u16>;
    /// Whether the first row of the roster with `text` has `word` as a whole word: `muted` is not in `unmuted`.
    /// The panes beside the roster are not looked at.
    fn row_says(&self, text: &str, word: &str) -> bool;
    /// The number of times the text stands on the screen.
    fn count(&self, text: &str) -> usize;
    /// The cell at which the first occurrence of the text begins.
    fn cell_at(&self, text: &str) -> Option<vt100::Cell>;
}

impl Reading for vt100::Screen {
    fn lines(&self) -> Vec<String> {
        let columns = self.size().1.get();
        self.rows(0, columns).map(|row| row.trim_end().to_owned()).collect()
    }

    fn text(&self) -> String {
        self.lines().join("\n")
    }

    fn says(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }

    fn row_of(&self, text: &str) -> Option<u16> {
        self.lines().iter().position(|line| line.contains(text)).and_then(|row| u16::try_from(row).ok())
    }

    fn row_says(&self, text: &str, word: &str) -> bool {
        let rows = self.lines();
        rows.iter().map(|line| beside_panes(line)).find(|row| row.contains(text)).is_some_and(|row| has_word(row, word))
    }

    fn count(&self, text: &str) -> usize {
        self.lines().iter().map(|line| line.matches(text).count()).sum()
    }

    fn cell_at(&self, text: &str) -> Option<vt100::Cell> {
        let (rows, columns) = self.size();
        let starts = |row: u16, column: u16| {
            let rest: String = self.rows(column, columns.get() - column).nth(usize::from(row)).unwrap_or_default();
            rest.starts_with(text) && self.cell(row, column).is_some_and(vt100::Cell::has_contents)
        };
        (0..rows.get())
            .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
            .find(|&(row, column)| starts(row, column))
            .and_then(|(row, column)| self.cell(row, column).cloned())
    }
}

/// The part of a line that belongs to the roster: a wide screen has panes on its right.
fn beside_panes(line: &str) -> &str {
    line.split('│').next().unwrap_or_default()
}

/// Whether a line has the word or phrase with no letter or digit touching it on either side.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
