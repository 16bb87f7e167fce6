//! What the terminal sends, as messages. Differences between terminals end here.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};

use super::app::{Message, Mouse};
use super::keys::{Chord, Key};

/// What comes from whoever sits there.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Something that a terminal reports.
    Terminal(Event),
    /// A line was typed, where commands are words.
    Line(String),
    /// A line could not be taken; why, as a sentence.
    Unread(&'static str),
    /// No more lines can come.
    End,
}

/// The message of a terminal event; none for those that mean nothing here, such as a key let go.
#[must_use]
pub fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => chord(key).map(Message::Key),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resized(width, height)),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Message::Mouse(Mouse::Press(mouse.column, mouse.row))),
            MouseEventKind::Drag(MouseButton::Left) => Some(Message::Mouse(Mouse::Drag(mouse.column, mouse.row))),
            MouseEventKind::ScrollUp => Some(Message::Mouse(Mouse::WheelUp)),
            MouseEventKind::ScrollDown => Some(Message::Mouse(Mouse::WheelDown)),
            _ => None,
        },
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Some terminals report presses and releases, some shifted letters with Shift and some without.
fn chord(event: KeyEvent) -> Option<Chord> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let mut shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let key = match event.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::F(number @ 1..=12) => Key::F(number),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => {
            shift = true;
            Key::Tab
        }
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Insert => Key::Insert,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PgUp,
        KeyCode::PageDown => Key::PgDn,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    };
    let held = |modifier| event.modifiers.contains(modifier);
    Some(Chord { key, ctrl: held(KeyModifiers::CONTROL), alt: held(KeyModifiers::ALT), shift }.normal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        chord(KeyEvent::new(code, modifiers)).map(|chord| chord.to_string())
    }

    #[test]
    fn terminals_that_differ_say_the_same() {
        assert_eq!(press(KeyCode::Char('M'), KeyModifiers::SHIFT).as_deref(), Some("M"));
        assert_eq!(press(KeyCode::Char('M'), KeyModifiers::NONE).as_deref(), Some("M"));
        assert_eq!(press(KeyCode::Char('m'), KeyModifiers::SHIFT).as_deref(), Some("M"));
        assert_eq!(press(KeyCode::BackTab, KeyModifiers::NONE).as_deref(), Some("Shift-Tab"));
        assert_eq!(press(KeyCode::Tab, KeyModifiers::SHIFT).as_deref(), Some("Shift-Tab"));
        assert_eq!(press(KeyCode::Char('C'), KeyModifiers::CONTROL | KeyModifiers::SHIFT).as_deref(), Some("Ctrl-C"));
        assert_eq!(press(KeyCode::CapsLock, KeyModifiers::NONE), None);
    }

    #[test]
    fn a_key_let_go_is_no_press_and_one_held_down_is() {
        let kind = |kind| chord(KeyEvent::new_with_kind(KeyCode::Char('k'), KeyModifiers::NONE, kind));
        assert_eq!(kind(KeyEventKind::Release), None);
        assert_eq!(kind(KeyEventKind::Repeat), Some(Chord::char('k')));
    }
}
