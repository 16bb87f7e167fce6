//! Wires to servers of one machine that can be cut, in both directions at once. What is cut says nothing to anybody: no
//! connection is closed, none that is asked for comes about, and what was on its way arrives once the wire is whole.
//!
//! They are passages of this program, which the servers are told to use: no right is needed to cut them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::listen;

/// How many connections may wait to be taken.
const WAITING: i32 = 128;

/// After so long without an answer nobody takes a connection.
const SILENCE: Duration = Duration::from_millis(100);

/// A wire to each server. Passages end with their connections.
pub struct Wires {
    state: Arc<State>,
    passages: Mutex<Vec<Passage>>,
}

struct State {
    is_cut: Mutex<Vec<bool>>,
    changed: Condvar,
}

/// The servers at its ends: none is somebody who is on no wire.
type Ends = [Option<usize>; 2];

/// Where connections to a server are taken.
struct Passage {
    ends: Ends,
    door: TcpListener,
    /// Whether whoever takes connections there has one in hand and waits for the wire with it.
    is_held: Arc<AtomicBool>,
    /// Connections that nobody will take, so that nobody else's comes about.
    stuffed: Vec<TcpStream>,
}

impl State {
    /// Waits until nothing between them is cut, and says so where it must.
    fn wait(&self, ends: Ends, does: &AtomicBool) {
        let mut is_cut = self.is_cut.lock().unwrap_or_else(PoisonError::into_inner);
        while ends.iter().flatten().any(|at| is_cut[*at]) {
            does.store(true, Ordering::Relaxed);
            is_cut = self.changed.wait(is_cut).unwrap_or_else(PoisonError::into_inner);
        }
        does.store(false, Ordering::Relaxed);
    }
}

impl Wires {
    /// So many.
    pub fn lay(count: usize) -> Self {
        let state = State { is_cut: Mutex::new(vec![false; count]), changed: Condvar::new() };
        Self { state: Arc::new(state), passages: Mutex::default() }
    }

    /// A port of loopback that leads to another over the wires of these servers.
    pub fn passage(&self, ends: Ends, to: u16) -> u16 {
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = door.local_addr().expect("an address").port();
        let is_held = Arc::new(AtomicBool::default());
        let (state, waits, taken) = (self.state.clone(), is_held.clone(), door.try_clone().expect("a handle"));
        thread::spawn(move || {
            for near in taken.incoming().map_while(Result::ok) {
                state.wait(ends, &waits);
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
                let Ok((near_too, far_too)) = near.try_clone().and_then(|near| Ok((near, far.try_clone()?))) else { continue };
                for (from, to) in [(near, far), (far_too, near_too)] {
                    let state = state.clone();
                    thread::spawn(move || carry(&state, ends, &from, &to));
                }
            }
        });
        self.lock().push(Passage { ends, door, is_held, stuffed: Vec::new() });
        port
    }

    /// Cuts the wire of a server.
    pub fn cut(&self, at: usize) {
        self.set(at, true);
        for passage in self.lock().iter_mut().filter(|passage| passage.ends.contains(&Some(at))) {
            passage.stuff();
        }
    }

    /// Mends it.
    pub fn mend(&self, at: usize) {
        for passage in self.lock().iter_mut().filter(|passage| passage.ends.contains(&Some(at))) {
            passage.stuffed.clear();
            listen(&passage.door, WAITING).expect("a door that opens");
        }
        self.set(at, false);
    }

    fn set(&self, at: usize, cut: bool) {
        self.state.is_cut.lock().unwrap_or_else(PoisonError::into_inner)[at] = cut;
        self.state.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Passage>> {
        self.passages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage {
    /// Lets no connection come about any more: where too many wait, the system answers no further one.
    fn stuff(&mut self) {
        listen(&self.door, 0).expect("a door that shuts");
        let address = self.door.local_addr().expect("an address");
        // The one that is taken yet.
        self.stuffed.extend(try_connect(address));
        while !self.is_held.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        while let Some(stream) = try_connect(address) {
            self.stuffed.push(stream);
        }
    }
}

fn try_connect(address: SocketAddr) -> Option<TcpStream> {
    match TcpStream::connect_timeout(&address, SILENCE) {
        Err(why) if why.kind() == ErrorKind::TimedOut => None,
        tried => Some(tried.expect("a door")),
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        for passage in self.lock().drain(..) {
            // Whoever takes connections there is told that there are no more.
            let _ = rustix::net::shutdown(&passage.door, rustix::net::Shutdown::Both);
        }
    }
}

/// Carries bytes one way until either side ends it, and the end, too.
fn carry(state: &State, ends: Ends, mut from: &TcpStream, mut to: &TcpStream) {
    let mut room = vec![0; 64 * 1024];
    loop {
        let got = from.read(&mut room);
        state.wait(ends, &AtomicBool::default());
        let is_carried = match got {
            Ok(0) => {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            Ok(count) => to.write_all(&room[..count]).is_ok(),
            Err(_) => false,
        };
        if !is_carried {
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
            return;
        }
    }
}
