//! What the journal does not take: it is told in a sentence, and the row is as it was.

use super::*;
use crate::journal::{AppendError, Feed, Health, History, Receipt};

/// A journal that takes everything but asks.
struct Refusing {
    journal: Arc<Sqlite>,
    why: AppendError,
}

impl Journal for Refusing {
    fn append(&self, draft: Draft) -> Receipt {
        if matches!(draft.what, What::Asked(_)) { Receipt::refused(self.why.clone()) } else { self.journal.append(draft) }
    }

    fn subscribe(&self, after: Seq) -> Feed {
        self.journal.subscribe(after)
    }

    fn history(&self) -> Arc<dyn History> {
        Journal::history(&*self.journal)
    }

    fn health(&self) -> watch::Receiver<Health> {
        Journal::health(&*self.journal)
    }
}

fn row(seen: &Seen, name: &str) -> String {
    seen.text.lines().find(|line| line.contains(name)).unwrap_or_default().split('|').next().unwrap_or_default().trim_end().to_owned()
}

#[tokio::test]
async fn an_ask_that_is_refused_is_told_and_its_row_is_as_it_was() {
    for (why, words) in [
        (AppendError::Lost("no server answers".into()), "the shared journal could not be reached (no server"),
        (AppendError::Denied("confmod.event.1122.ask.mute".into()), "this account may not publish on confmod.event"),
    ] {
        local(async {
            let desk = Desk::open_on(settings(), |_| None, |journal| Arc::new(Refusing { journal, why: why.clone() }));
            desk.append(caller()).await;
            desk.until("the row with its place", |seen| row(seen, "Ada ").contains(" US ")).await;
            let ada = |seen: &Seen| row(seen, "Ada ").chars().take(60).collect::<String>();
            let before = ada(&desk.seen.borrow());
            desk.press('m');
            desk.until("the sentence", |seen| seen.text.contains(&format!("Ada: mute not asked: {words}"))).await;
            assert_eq!(ada(&desk.seen.borrow()), before);
            // Many are told in one sentence, and the choice is made again.
            desk.append(named_arrival("b", "1122", "12157010681", "Ben")).await;
            desk.until("both", |seen| seen.text.contains("Ben ")).await;
            desk.press('*');
            desk.press('m');
            desk.until("the sentence", |seen| seen.text.contains("mute 2 callers not asked: ")).await;
            desk.until("the marks", |seen| row(seen, "Ben ").starts_with(" *") || row(seen, "Ada ").starts_with(">*")).await;
            assert!(!desk.seen.borrow().text.contains("Esc stops"), "nothing runs any more");
            desk.press('q');
            desk.press('y');
            assert_eq!(desk.end().await, Ending::Quit);
        })
        .await;
    }
}
