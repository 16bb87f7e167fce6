//! The filter, the palette and the flash on the screen.

use super::*;
use crate::config::Way;

fn end(screen: &str) -> [String; 2] {
    let lines: Vec<_> = screen.lines().rev().take(2).map(str::to_owned).collect();
    [lines[1].clone(), lines[0].clone()]
}

#[test]
fn a_filter_being_typed_says_what_it_finds_and_what_can_be_written() {
    let mut stage = town_hall();
    stage.keys("/ s t a t e : m u t");
    for (size, hint) in [((80, 24), "name:  role:"), ((140, 40), "name:  number:  role:")] {
        let [status, footer] = end(&draw(&mut stage, size));
        assert_eq!(status, " /state:mut   2 found  Enter keeps, Esc clears");
        assert!(footer.starts_with(" state:muted  hand:  place:DE  >10m  -word") && (size.0 == 80 || footer.contains(hint)), "{footer}");
        assert!(crate::text::width(&footer) <= usize::from(size.0));
    }
}

#[test]
fn a_slip_is_named_with_the_words_that_exist_on_every_width() {
    let mut stage = town_hall();
    stage.keys("/ - s t a t e : f l");
    for (width, ascii) in [(80, false), (80, true), (140, false)] {
        let buffer = draw_with(&mut stage, (width, 24), &Theme::new(ThemeChoice::Ansi, ascii));
        let [status, footer] = end(&lines(&buffer).join("\n"));
        assert_eq!(status, " /-state:fl   ! there is no state fl");
        assert_eq!(footer.trim(), "calling open muted kicked left failed unknown stale called-back no-number exempt");
    }
    stage.keys("Ctrl-u");
    stage.app.update(stage.app.now, Message::Paste("x".repeat(200) + " >ten"));
    let [status, _] = end(&draw(&mut stage, (80, 24)));
    assert!(status.ends_with("! >ten is no time"), "it is read whatever stands before it: {status}");
}

#[test]
fn the_palette_shows_keys_reasons_and_where_a_caller_is() {
    let mut stage = town_hall();
    for size in [(80, 24), (140, 40)] {
        stage.keys(": g u s");
        let screen = draw(&mut stage, size);
        assert!(screen.contains("\u{25b8} Gus Whitfield                    go to +13125550144 in 1122"), "{screen}");
        stage.keys("Ctrl-u l i n d");
        assert!(draw(&mut stage, size).contains("Zo\u{eb} Lindstr\u{f6}m                    go to +442079460182 in 1122"));
        stage.keys("Ctrl-u p e r s");
        assert!(draw(&mut stage, size).contains("go to +447700900118, who has left"));
        stage.keys("Ctrl-u z z z");
        assert!(draw(&mut stage, size).contains("no command and no caller sounds like that"));
        stage.keys("Ctrl-u a g a i n");
        let screen = draw(&mut stage, size);
        assert!(screen.contains("again               r            not now: nothing failed"), "{screen}");
        stage.keys("Esc");
    }
}

#[test]
fn masked_digits_are_masked_in_the_palette() {
    let mut stage = town_hall();
    stage.keys("p : 1 3 1 2 5");
    let screen = draw(&mut stage, (80, 24));
    let row = screen.lines().find(|line| line.contains("go to")).expect("a caller");
    assert!(row.contains("Gus Whitfield") && row.contains("go to +*********44 in 1122"), "{row}");
    assert!(!screen.contains("13125550144"));
}

#[test]
fn a_flash_turns_the_screen_over_and_back() {
    let mut stage = Stage::new(|settings| settings.alerts.hand = vec![Way::Flash]);
    stage.event(join("a", "1122", "100"));
    let theme = Theme::new(ThemeChoice::None, true);
    let reversed =
        |buffer: &Buffer| buffer.content.iter().filter(|cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED)).count();
    let plain = reversed(&draw_with(&mut stage, (80, 24), &theme));
    stage.event(hand("a", true));
    let flashed = reversed(&draw_with(&mut stage, (80, 24), &theme));
    assert_eq!(flashed, 80 * 24 - plain, "what was reversed is not, and the rest is");
    stage.wait(1);
    assert_eq!(reversed(&draw_with(&mut stage, (80, 24), &theme)), plain);
}
