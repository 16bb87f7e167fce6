//! Wakes many who waited for the journal at once.
//!
//! The journal's thread answers a whole batch in a row. To wake a task of another thread costs a system call, so it
//! only wakes the relay with the first, and the relay, on the listener's own thread, wakes the rest for nothing.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use tokio::sync::Notify;

/// One for each listener. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Relay(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Who can go on.
    ready: Mutex<Vec<Waker>>,
    news: Notify,
}

impl Relay {
    /// Passes on for ever. To be run by the runtime whose tasks wait; without it nobody who waits goes on.
    pub(super) async fn run(self) {
        loop {
            self.0.news.notified().await;
            let ready = std::mem::take(&mut *self.0.ready.lock().unwrap_or_else(PoisonError::into_inner));
            ready.into_iter().for_each(Waker::wake);
        }
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

    use super::*;

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
