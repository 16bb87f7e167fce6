//! The stream of one connection as hyper sees it: it lets in one request at a time, and out only our own answers.
//!
//! hyper reads on while it answers, however much waits to be taken by the client. Here the next request waits until
//! the answer before it is out, so that a client which never reads can pile up nothing, and no connection keeps the
//! others waiting. How long a head may take is watched here, too: hyper has a timer made for each head, and with
//! thousands of heads a second that is much of what they take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::framing::Framing;
use super::guard::Limits;
use super::progress::Progress;

/// Bytes that are read in one turn. Then it is the turn of the other connections.
const TURN: usize = 16 << 10;

/// A stream that lets out only what the router answered: between a complete head and the flush after its
/// answer. Anything else is hyper's own answer to something it could not read.
///
/// It takes no vectored writes: answers are small, and hyper then puts each into one buffer and one write.
pub(super) struct Wire {
    stream: TcpStream,
    progress: Progress,
    framing: Framing,
    /// What came behind the part of a request that was let in last.
    held: Bytes,
    /// Bytes that were read since others had a turn.
    turn: usize,
    /// Who asked for the next request while an answer was on its way out.
    asker: Option<Waker>,
    /// How long the next head may be waited for.
    head_time: Duration,
    /// When that ends, once it is waited for.
    head_due: Option<Instant>,
    /// Runs to the end of this or an earlier wait: most heads come long before, and it is not set anew for each.
    alarm: Option<Pin<Box<Sleep>>>,
    /// How long an answer may take to be taken.
    answer_time: Duration,
    /// Runs while an answer is stuck.
    overdue: Option<Pin<Box<Sleep>>>,
    is_ambiguous: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, progress: Progress, limits: &Limits) -> Self {
        Self {
            stream,
            progress,
            framing: Framing::new(),
            held: Bytes::new(),
            turn: 0,
            asker: None,
            head_time: limits.head_time,
            head_due: None,
            alarm: None,
            answer_time: limits.answer_time,
            overdue: None,
            is_ambiguous: false,
        }
    }

    /// Whether nothing was read that does not belong to an answered request.
    pub(super) fn is_between(&self) -> bool {
        self.held.is_empty() && self.framing.is_between()
    }

    /// The stream itself, and whether it was ended because a head could be read in two ways.
    pub(super) fn into_inner(self) -> (TcpStream, bool) {
        (self.stream, self.is_ambiguous)
    }

    /// Ready when a complete head has been waited for too long.
    fn poll_too_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.progress.is_waiting() {
            return Poll::Pending;
        }
        let due = *self.head_due.get_or_insert_with(|| Instant::now() + self.head_time);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        loop {
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() == due {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(due);
        }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.framing.take(bytes).map_err(|_| {
            // A body that goes on for ever is answered by the router.
            self.is_ambiguous = self.framing.is_in_head();
            io::ErrorKind::InvalidData.into()
        })
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.framing.is_between() && this.progress.is_flushing() {
            this.asker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if this.turn >= TURN {
            this.turn = 0;
            this.progress.had_a_turn();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        if this.held.is_empty() {
            let read = Pin::new(&mut this.stream).poll_read(cx, buf);
            if read.is_pending() {
                this.turn = 0;
                this.progress.had_a_turn();
                ready!(this.poll_too_late(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            ready!(read)?;
            let news = &buf.filled()[before..];
            let taken = this.take(news)?;
            this.turn += news.len();
            this.held = Bytes::copy_from_slice(&news[taken..]);
            buf.set_filled(before + taken);
        } else {
            let held = this.held.clone();
            let taken = this.take(&held[..held.len().min(buf.remaining())])?;
            this.turn += taken;
            buf.put_slice(&this.held.split_to(taken));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.progress.is_waiting() {
            return Poll::Ready(Ok(buf.len()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        if written.is_pending() {
            let answer_time = this.answer_time;
            let overdue = this.overdue.get_or_insert_with(|| Box::pin(tokio::time::sleep(answer_time)));
            ready!(overdue.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        // hyper flushes its stream only when it has nothing left to write.
        if this.progress.is_flushing() {
            this.head_due = None;
        }
        this.progress.is_flushed();
        this.overdue = None;
        if let Some(asker) = this.asker.take() {
            asker.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The last word may not be said yet; `close` shuts the stream down.
        Poll::Ready(Ok(()))
    }
}
