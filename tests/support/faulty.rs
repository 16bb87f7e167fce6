//! A small TCP proxy between the program and the provider that does to one exchange after the other what it is
//! told to: cuts, resets, half-closes, stalls, slows down, answers twice or with something else.
//!
//! It reads a whole request before it does anything, so that what it does depends on bytes and not on time.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_linger, set_socket_reuseport};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, getsockname, listen, recv, socket_with};

use crate::fault::{Dress, End, Exchange, Fault, LAST_TAG};
use crate::support::provider::{PATH, message_length};

/// The longest that the program is waited for on one connection.
const LONGEST: Duration = Duration::from_secs(40);

/// A running proxy. Dropping it closes everything.
pub struct Faulty {
    /// Keeps the port while nobody listens on it.
    _holder: OwnedFd,
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<thread::JoinHandle<()>>,
}

struct Shared {
    provider: SocketAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Fault>,
    /// Makes a fault up where the script has none.
    invent: Option<Box<dyn FnMut() -> Fault + Send>>,
    exchanges: Vec<Exchange>,
    open: Vec<(usize, TcpStream)>,
    /// Of these, who waits for the program to close.
    stalled: Vec<usize>,
    connections: usize,
    down: bool,
    sample: (Vec<u8>, Vec<u8>),
}

impl State {
    /// Stalled connections that are still open on the program's side. Asked of the machine: when a thread wakes up that
    /// waits for the close says nothing of when it came.
    fn beside(&self) -> Vec<usize> {
        let is_open = |stream: &TcpStream| {
            let mut byte = [0_u8];
            matches!(recv(stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT), Err(Errno::AGAIN) | Ok((1.., _)))
        };
        let stalled = self.open.iter().filter(|(number, stream)| self.stalled.contains(number) && is_open(stream));
        stalled.map(|(number, _)| *number).collect()
    }

    fn next(&mut self) -> Fault {
        let invent = &mut self.invent;
        self.script.pop_front().or_else(|| invent.as_mut().map(|invent| invent())).unwrap_or(Fault::None)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, place: usize, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.lock().exchanges.get_mut(place) {
            change(exchange);
        }
    }
}

impl Faulty {
    /// Starts one before this provider, without any fault.
    pub fn before(provider: SocketAddr) -> Self {
        let shared = Arc::new(Shared { provider, state: Mutex::default() });
        let holder = holding();
        let address = getsockname(&holder).ok().and_then(|address| address.try_into().ok()).expect("the proxy's address");
        let acceptor = Some(accept(listening(&address), Arc::clone(&shared)));
        Self { _holder: holder, address, shared, acceptor }
    }

    /// What `CONFMOD_API_URL` is set to.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Adds to the script; with an empty one everything passes.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.lock().script.extend(faults);
    }

    /// Makes faults up like this from now on.
    pub fn invent(&self, invent: impl FnMut() -> Fault + Send + 'static) {
        self.shared.lock().invent = Some(Box::new(invent));
    }

    /// From now on everything passes.
    pub fn heal(&self) {
        let mut state = self.shared.lock();
        state.script.clear();
        state.invent = None;
    }

    /// The exchanges since they were taken last.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.shared.lock().exchanges)
    }

    /// The exchanges so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.lock().exchanges.clone()
    }

    /// Waits until an exchange is as it should be.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&[Exchange]) -> bool) {
        let deadline = Instant::now() + LONGEST;
        while !wanted(&self.shared.lock().exchanges) {
            assert!(Instant::now() < deadline, "the proxy waited for {what}: {:#?}", self.exchanges());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The last request and the last answer that passed, to the byte.
    pub fn sample(&self) -> (Vec<u8>, Vec<u8>) {
        self.shared.lock().sample.clone()
    }

    /// Gone: its port refuses, and all connections are reset.
    pub fn go_down(&mut self) {
        let mut state = self.shared.lock();
        state.down = true;
        for (_, stream) in state.open.drain(..) {
            let _ = set_socket_linger(&stream, Some(Duration::ZERO));
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // The acceptor sees that it is over when somebody knocks.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().expect("no panic");
        }
    }

    /// Back on the same port, if it was gone.
    pub fn come_back(&mut self) {
        if self.acceptor.is_some() {
            return;
        }
        self.shared.lock().down = false;
        self.acceptor = Some(accept(listening(&self.address), Arc::clone(&self.shared)));
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.go_down();
    }
}

fn socket() -> OwnedFd {
    socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket for the proxy")
}

/// A socket that keeps a port of its own. It lets others beside it only when it has one, or two could get the same.
fn holding() -> OwnedFd {
    let socket = socket();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    bind(&socket, &any).and_then(|()| set_socket_reuseport(&socket, true)).expect("a port for the proxy");
    socket
}

fn listening(address: &SocketAddr) -> TcpListener {
    let socket = socket();
    let stands = set_socket_reuseport(&socket, true).and_then(|()| bind(&socket, address)).and_then(|()| listen(&socket, 128));
    stands.expect("a listener for the proxy");
    socket.into()
}

fn accept(listener: TcpListener, shared: Arc<Shared>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(client) = stream else { continue };
            let mut state = shared.lock();
            if state.down {
                break;
            }
            state.connections += 1;
            let number = state.connections;
            if let Some(Fault::AtOnce(end)) = state.script.front().cloned() {
                let fault = state.next();
                state.exchanges.push(Exchange::new(fault, number));
                drop(state);
                end.befall(&client, || {});
                continue;
            }
            state.open.extend(client.try_clone().map(|client| (number, client)));
            drop(state);
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let _ = client.set_nodelay(true);
                let _ = client.set_read_timeout(Some(LONGEST));
                Line { client: &client, number, shared: &shared, upstream: None }.serve();
                shared.lock().open.retain(|(other, _)| *other != number);
            });
        }
        // Closing alone is not enough: a process that is being started at this moment still has a copy of it.
        let _ = rustix::net::shutdown(&listener, rustix::net::Shutdown::Both);
    })
}

impl End {
    /// Ends the connection like this; says when the program has closed it, where that is waited for.
    fn befall(self, mut client: &TcpStream, closed: impl FnOnce()) {
        match self {
            Self::Keep => {}
            Self::Close => drop(client.shutdown(Shutdown::Both)),
            Self::Reset => drop(set_socket_linger(client, Some(Duration::ZERO))),
            Self::Half | Self::Stall => {
                if self == Self::Half {
                    let _ = client.shutdown(Shutdown::Write);
                }
                let mut buffer = [0; 256];
                while matches!(client.read(&mut buffer), Ok(1..)) {}
                closed();
            }
        }
    }
}

/// One connection of the program's, and the one to the provider that belongs to it.
struct Line<'a> {
    client: &'a TcpStream,
    number: usize,
    shared: &'a Shared,
    upstream: Option<TcpStream>,
}

impl Line<'_> {
    fn serve(mut self) {
        let mut first = [0];
        while matches!(self.client.read(&mut first), Ok(1)) {
            let mut state = self.shared.lock();
            let fault = state.next();
            let place = state.exchanges.len();
            let beside = state.beside();
            state.exchanges.push(Exchange { beside, ..Exchange::new(fault.clone(), self.number) });
            drop(state);
            let end = self.exchange(&fault, first.to_vec(), place).unwrap_or(End::Close);
            if end == End::Stall {
                self.shared.lock().stalled.push(self.number);
            }
            end.befall(self.client, || self.shared.note(place, |exchange| exchange.closed = Some(Instant::now())));
            if end != End::Keep {
                break;
            }
        }
    }

    /// One exchange, of whose request the first byte has come; says how it ends. None when a side went away.
    fn exchange(&mut self, fault: &Fault, first: Vec<u8>, place: usize) -> Option<End> {
        if let Fault::Early(bytes, words, end) = fault {
            if *bytes == usize::MAX {
                read_message(self.client, first)?;
            } else {
                self.client.read_exact(&mut vec![0; bytes.saturating_sub(1)]).ok()?;
            }
            self.back(words)?;
            return Some(*end);
        }
        let request = read_message(self.client, first)?;
        if let Fault::Request(bytes, end) = fault {
            self.on(&request[..request.len().min(*bytes)])?;
            if *bytes >= request.len() {
                self.delivered(place)?;
            }
            // What reached the provider is all that it will ever get.
            self.upstream = None;
            return Some(*end);
        }
        if let Fault::Slow(pause, _) = fault {
            self.on_slowly(&request, *pause)?;
        } else {
            self.on(&request)?;
        }
        if let Fault::HalfRequest = fault {
            self.upstream.as_ref()?.shutdown(Shutdown::Write).ok()?;
        }
        let answer = self.delivered(place)?;
        if let Fault::HalfRequest = fault {
            self.upstream = None;
        }
        self.shared.lock().sample = (request, answer.clone());
        let answered = match fault {
            Fault::Answer(Dress::Instead(_), ..) | Fault::Endless(..) => false,
            Fault::Answer(dress, bytes, _) => {
                // What comes after the last tag says nothing more.
                let dressed = dress.put_on(&answer);
                *bytes >= dressed.len() || dressed[..*bytes].windows(LAST_TAG.len()).any(|window| window == LAST_TAG)
            }
            _ => true,
        };
        // Noted before the program can know it.
        self.shared.note(place, |exchange| exchange.answered = answered);
        let end = self.answer(fault, &answer)?;
        self.shared.note(place, |exchange| exchange.out = true);
        Some(end)
    }

    fn answer(&mut self, fault: &Fault, answer: &[u8]) -> Option<End> {
        match fault {
            Fault::Answer(dress, bytes, end) => {
                let dressed = dress.put_on(answer);
                self.back(&dressed[..dressed.len().min(*bytes)])?;
                return Some(*end);
            }
            Fault::Slow(_, pause) => {
                for byte in answer {
                    self.back(&[*byte])?;
                    thread::sleep(*pause);
                }
            }
            Fault::Before(bytes) => self.back(&[bytes, answer].concat())?,
            Fault::After(bytes, pause) if pause.is_zero() => self.back(&[answer, bytes].concat())?,
            Fault::After(bytes, pause) => {
                self.back(answer)?;
                thread::sleep(*pause);
                self.back(bytes)?;
            }
            Fault::Endless(first, again, pause) => {
                self.back(first)?;
                let until = Instant::now() + LONGEST;
                while Instant::now() < until && self.back(again).is_some() {
                    thread::sleep(*pause);
                }
                return Some(End::Stall);
            }
            Fault::None | Fault::HalfRequest | Fault::AtOnce(_) | Fault::Request(..) | Fault::Early(..) => self.back(answer)?,
        }
        Some(End::Keep)
    }

    /// To the program.
    fn back(&self, bytes: &[u8]) -> Option<()> {
        let mut client = self.client;
        client.write_all(bytes).ok()
    }

    /// To the provider.
    fn on(&mut self, bytes: &[u8]) -> Option<()> {
        if self.upstream.is_none() {
            let upstream = TcpStream::connect(self.shared.provider).ok()?;
            upstream.set_nodelay(true).ok()?;
            upstream.set_read_timeout(Some(LONGEST)).ok()?;
            self.upstream = Some(upstream);
        }
        self.upstream.as_mut()?.write_all(bytes).ok()
    }

    fn on_slowly(&mut self, bytes: &[u8], pause: Duration) -> Option<()> {
        for byte in bytes {
            self.on(&[*byte])?;
            thread::sleep(pause);
        }
        Some(())
    }

    /// The provider got it all, and has answered.
    fn delivered(&mut self, place: usize) -> Option<Vec<u8>> {
        let answer = read_message(self.upstream.as_ref()?, Vec::new());
        self.shared.note(place, |exchange| exchange.delivered = true);
        answer
    }
}

/// Reads one whole message, of which these bytes have come.
fn read_message(mut from: &TcpStream, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(length) = message_length(&bytes) {
            bytes.truncate(length);
            return Some(bytes);
        }
        match from.read(&mut buffer) {
            Ok(read @ 1..) => bytes.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}
