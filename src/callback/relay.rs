//! Stands between the listener and the journal: gathers what many requests bring for it, and wakes at once many who waited
//! for it.
//!
//! The journal's thread answers a whole batch in a row. To wake a task of another thread costs a system call, so it
//! only wakes the relay with the first, and the relay, on the listener's own thread, wakes the rest for nothing.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use tokio::sync::Notify;

use crate::journal::{Draft, Journal, Receipt};

/// So many drafts are not kept waiting for more. What a batch costs whatever is in it is then a fraction of what is in it:
/// on a single core half as many, which could be read while the others are written, are a tenth slower.
const ENOUGH: usize = 64;

/// One for each listener. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Relay(Arc<State>);

#[derive(Default)]
struct State {
    /// Who can go on.
    ready: Mutex<Vec<Waker>>,
    gathering: Mutex<Option<Gathering>>,
    news: Notify,
}

impl Relay {
    /// Passes on for ever. To be run by the runtime whose tasks wait; without it nobody who waits goes on.
    pub(super) async fn run(self) {
        let mut gathered = 0;
        loop {
            if gathered == 0 {
                self.0.news.notified().await;
            } else {
                // Everybody who has something to read comes before this goes on.
                tokio::task::yield_now().await;
            }
            let ready = std::mem::take(&mut *self.0.ready.lock().unwrap_or_else(PoisonError::into_inner));
            ready.into_iter().for_each(Waker::wake);
            gathered = self.gather(gathered);
        }
    }

    /// Queues a draft, to be written with those of all requests that are at hand.
    pub(super) fn append(&self, journal: &Arc<dyn Journal>, draft: Draft) -> Receipt {
        let receipt = journal.gather(draft);
        let mut gathering = self.0.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        let gathering = gathering.get_or_insert_with(|| {
            self.0.news.notify_one();
            Gathering { journal: Arc::clone(journal), count: 0 }
        });
        gathering.count += 1;
        receipt
    }

    /// Lets the journal begin once nobody has come since there were so many, or enough have. How many there are when it
    /// is to wait for more. Who is alone waits for nobody.
    fn gather(&self, before: usize) -> usize {
        let mut gathering = self.0.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        let count = gathering.as_ref().map_or(0, |gathering| gathering.count);
        if (before.max(1) + 1..ENOUGH).contains(&count) {
            return count;
        }
        let gathered = gathering.take();
        drop(gathering);
        if let Some(gathered) = gathered {
            gathered.journal.gathered();
        }
        0
    }

    /// Waits for something that another thread does.
    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        let mut what = pin!(what);
        let mut passing: Option<(Waker, Waker)> = None;
        std::future::poll_fn(|cx| {
            let passing = match &mut passing {
                Some((own, passing)) if own.will_wake(cx.waker()) => passing,
                other => {
                    let own = cx.waker().clone();
                    let waiting = Waiting { own: own.clone(), state: Arc::clone(&self.0) };
                    &mut other.insert((own, Arc::new(waiting).into())).1
                }
            };
            what.as_mut().poll(&mut Context::from_waker(passing))
        })
        .await
    }
}

/// What the requests of this turn brought.
struct Gathering {
    journal: Arc<dyn Journal>,
    count: usize,
}

/// A task that waits.
struct Waiting {
    own: Waker,
    state: Arc<State>,
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut ready = self.state.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.push(self.own.clone());
        let is_first = ready.len() == 1;
        drop(ready);
        if is_first {
            self.state.news.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::super::memory::Memory;
    use super::*;
    use crate::conference::event::{Nothing, What};

    fn draft() -> Draft {
        Draft::new(crate::journal::now(), What::Stopped(Nothing {}))
    }

    /// How many drafts there were each time that the journal began, when so many came in each turn.
    fn begun(turns: &[usize]) -> Vec<usize> {
        let (relay, memory) = (Relay::default(), Memory::new());
        let journal: Arc<dyn Journal> = Arc::<Memory>::clone(&memory);
        let mut before = 0;
        for &count in turns {
            (0..count).for_each(|_| drop(relay.append(&journal, draft())));
            before = relay.gather(before);
        }
        memory.gathered()
    }

    #[test]
    fn those_that_come_one_after_the_other_are_written_together() {
        assert_eq!(begun(&[1, 1, 0, 1]), [1, 2, 3], "who is alone waits for nobody");
        assert_eq!(begun(&[2]), [0; 0]);
        assert_eq!(begun(&[2, 0, 0]), [2]);
        assert_eq!(begun(&[5, 5, 5, 0, 1]), [15, 16], "as long as more come");
        assert_eq!(begun(&[40, 40, 40, 40]), [80, 160], "but not for ever");
        assert_eq!(begun(&[100, 1]), [100, 101]);
    }

    #[tokio::test]
    async fn those_that_are_at_hand_are_written_together() {
        let (relay, memory) = (Relay::default(), Memory::new());
        tokio::spawn(relay.clone().run());
        let journal: Arc<dyn Journal> = Arc::<Memory>::clone(&memory);
        let tasks = (0..20).map(|_| {
            let (relay, journal) = (relay.clone(), Arc::clone(&journal));
            tokio::spawn(async move { relay.wait(relay.append(&journal, draft()).durable()).await })
        });
        for task in tasks.collect::<Vec<_>>() {
            assert!(task.await.expect("no panic").is_ok());
        }
        while memory.gathered().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(memory.gathered(), [20]);
    }

    #[tokio::test]
    async fn everybody_goes_on_whoever_else_has_left() {
        let relay = Relay::default();
        tokio::spawn(relay.clone().run());
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..1_000).map(|_| oneshot::channel()).unzip();
        let waiting = receivers.into_iter().enumerate().map(|(number, receiver)| {
            let relay = relay.clone();
            let task = tokio::spawn(async move { relay.wait(receiver).await });
            if number % 3 == 0 {
                task.abort();
            }
            task
        });
        let waiting: Vec<_> = waiting.collect();
        tokio::task::yield_now().await;
        std::thread::spawn(move || {
            for (number, sender) in senders.into_iter().enumerate() {
                // Some are gone.
                let _ = sender.send(number);
            }
        });
        for (number, task) in waiting.into_iter().enumerate() {
            if number % 3 != 0 {
                assert_eq!(task.await.expect("it was not aborted"), Ok(number));
            }
        }
    }
}
