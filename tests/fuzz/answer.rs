//! The provider's answer, as the bridge's own client gets it from a socket: one verdict, and words fit to be kept.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use confmod::bridge::anveo::{Anveo, Settings};
use confmod::bridge::{Bridge as _, FaultKind, Order};
use confmod::conference::Action;
use confmod::config::Secret;
use tokio::runtime::Runtime;

use super::clean;

/// The bound of what a fault says, in bytes: the provider's words, or what is wrong with its answer.
const DETAIL: usize = 256;

/// How long an answer may be looked at, the connection included. Debug builds on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(5);

/// A secret that an answer may repeat.
const USERKEY: &str = "df141891e2e883904b0b294dc5b079c1c1c13f6d";

/// Sound answers: status and headers on the first line, `|` between them; then the body.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "200 OK|Content-Type: text/html\n<?xml version=\"1.0\" standalone=\"no\" ?>\n<RESPONSE>\n  <RESULT>SUCCESS</RESULT>\n</RESPONSE>\n",
        "200 OK\n<RESPONSE><RESULT>FAILURE</RESULT><ERROR>Participant is protected</ERROR></RESPONSE>",
        "200 OK\n<RESPONSE><ERROR>Invalid action df141891e2e883904b0b294dc5b079c1c1c13f6d</ERROR></RESPONSE>",
        "200 OK\n<RESPONSE><RESULT><![CDATA[SUCCESS]]></RESULT><VALUE NAME=\"X\">1</VALUE><!-- x --></RESPONSE>",
        "503 Busy|Retry-After: 7\n",
        "429 Slow|Retry-After: Sun, 22 Nov 2026 10:00:30 GMT\n<html>later</html>",
        "500 Oops\n<html><body>Oops</body></html>",
        "302 Found|Location: http://127.0.0.1:1/\n<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>",
        "200 OK\n<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><RESPONSE><RESULT>&b;</RESULT></RESPONSE>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into_iter()
    // Sound up to where it is cut off.
    .chain([[&b"200 OK\n<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>"[..], &b" ".repeat(70_000)].concat()])
    .collect()
}

/// A provider that answers every request with what it was given last, and the bridge that asks it.
struct House {
    answers: Sender<Vec<u8>>,
    bridge: Anveo,
    runtime: Runtime,
}

impl House {
    fn new() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        let (answers, given) = channel();
        std::thread::spawn(move || serve(&socket, &given));
        let url = format!("http://{address}/api/v3.asp").parse().expect("a URL");
        let settings = Settings { answer_within: Duration::from_millis(500), ..Settings::new(url, Secret::from(USERKEY)) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { answers, bridge: Anveo::new(settings).unwrap_or_else(|error| panic!("{error}")), runtime }
    }
}

fn serve(socket: &TcpListener, given: &Receiver<Vec<u8>>) {
    let mut answer = Vec::new();
    for stream in socket.incoming() {
        // An answer may be asked for twice, once with each spelling of the action's name.
        if let Some(next) = given.try_iter().last() {
            answer = next;
        }
        // A client that has heard enough closes.
        let _ = converse(stream.expect("a connection"), &answer);
    }
}

/// One request, one answer, and the end.
fn converse(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let head = request.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok()).unwrap_or(0);
            if request.len() >= head + 4 + length {
                break;
            }
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    stream.write_all(answer)
}

thread_local! {
    static HOUSE: House = House::new();
}

/// Any answer to an ask of each kind.
pub fn any(input: &[u8]) {
    let (head, body) = input.iter().position(|byte| *byte == b'\n').map_or((input, &b""[..]), |at| (&input[..at], &input[at + 1..]));
    let head: Vec<u8> = head.split(|byte| *byte == b'|').collect::<Vec<_>>().join(&b"\r\n"[..]);
    let answer = [b"HTTP/1.1 ", &*head, b"\r\nConnection: close\r\n\r\n", body].concat();
    HOUSE.with(|house| {
        for action in [Action::Mute, Action::Kick] {
            house.answers.send(answer.clone()).expect("the provider is there");
            let order = Order { action, call: "7".into(), conference: "1122".into(), number: "12157010680".into() };
            let began = Instant::now();
            let verdict = house.runtime.block_on(house.bridge.act(&order));
            assert!(began.elapsed() < PATIENCE, "an answer took {:?}", began.elapsed());
            let text = String::from_utf8_lossy(body).to_ascii_uppercase();
            // Who declares entities is not heard, whatever follows.
            let declares = text.trim_start().starts_with("<!DOCTYPE");
            let Err(fault) = verdict else {
                assert!(!declares, "accepted though it declares what it likes");
                assert!(text.contains("RESPONSE") && text.contains("RESULT"), "accepted without a result");
                assert!(body.len() <= 64 << 10, "accepted though it was cut off");
                continue;
            };
            clean::line(&fault.detail, DETAIL, "what a fault says");
            assert!(!fault.detail.to_ascii_lowercase().contains(USERKEY), "the user key comes back: {}", fault.detail);
            assert_eq!(confmod::text::clean_field(&fault.detail), fault.detail, "what is kept is what was said");
            assert!(fault.kind == FaultKind::Busy || fault.retry_after.is_none());
            assert!(!(declares && fault.is_refusal()), "the words of an answer that declares what it likes: {}", fault.detail);
        }
    });
}
