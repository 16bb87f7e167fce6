//! confmod: a terminal console for moderating live phone conferences.
//!
//! # The one circle
//!
//! ```text
//!  call flow ──GET /callback/<token>/join──▶ callback ──┐
//!                                                       ├─▶ journal ─▶ events ─┬─▶ console ──▶ screen
//!      a key: "mute asked for" ◀── console ─────────────┤   durable, ordered   │
//!      "accepted", "refused"…  ◀── dispatch ────────────┘                      └─▶ dispatch ──▶ bridge ──XML──▶ provider
//! ```
//!
//! Everything that happens is an [event](conference::event), and only what the [journal] holds has
//! happened. Whoever needs the state of a conference folds the events in order. Data flows one way round.
//!
//! The journal is a file of this process's own, or a stream that several hosts and desks share. Then the circle is cut in two:
//! a host has the callbacks and dispatch (of several hosts one at a time), a desk the console, and the stream is between them.
//!
//! # The rooms
//!
//! Each line may use only lines above it, and a front file its own children; a test keeps that true.
//!
//! | room | what lives in it |
//! |---|---|
//! | [text], [phone] | leaves: cleaning and measuring untrusted text; E.164 |
//! | [conference] | the domain, pure: events, the roster's fold, its views, the rules that ask by themselves, the provider's health |
//! | [config] | what can be set, and secrets |
//! | [bridge] | what a conference system can be asked; Anveo |
//! | [journal] | append, subscribe, read back; SQLite, and NATS JetStream |
//! | [contacts] | the contacts file: read, watched, what is new in it appended |
//! | [callback] | the listener: one callback in, one event on disk, one answer out |
//! | [dispatch] | asks out of the journal, orders to the bridge, answers into the journal; runs the rules of conferences |
//! | [report] | who was there and who asked for what, folded from the journal: CSV, JSON, HTML |
//! | [console] | what a moderator sees and presses |
//! | [rehearsal] | a provider to rehearse with, and scripted callers |
//! | [cli] | the subcommands: each assembles the rooms above and runs them |

pub mod bridge;
pub mod callback;
pub mod cli;
pub mod conference;
pub mod config;
pub mod console;
pub mod contacts;
pub mod dispatch;
pub mod journal;
pub mod logging;
pub mod phone;
pub mod rehearsal;
pub mod report;
pub mod text;
