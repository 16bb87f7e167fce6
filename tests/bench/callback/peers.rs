//! What a moderator might take instead: a program that runs a command for each webhook, and a message broker behind
//! a small service. Each runs on the receivers' core; none where its program is not installed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, stream};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;

use super::cores;
use super::load::Target;
use super::receivers::on_axum;

/// A program that runs as long as this is kept.
pub struct Running {
    child: Child,
    pub target: Target,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing more to do for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// adnanh/webhook, which runs `/bin/true` for each request and answers when it has run. Nothing is stored.
pub fn webhook(folder: &Path) -> Option<Running> {
    let hooks = folder.join("hooks.json");
    let hook = r#"[{"id": "join", "execute-command": "/bin/true", "include-command-output-in-response": true}]"#;
    std::fs::write(&hooks, hook).expect("a file of hooks");
    let address = free();
    let mut program = Command::new("webhook");
    program.arg("-hooks").arg(hooks).args(["-ip", "127.0.0.1", "-port", &address.port().to_string()]);
    let child = start(&mut program, address)?;
    Some(Running { child, target: Target { address, path: "/hooks/join".to_owned() } })
}

/// A service that publishes each request's fields to a `JetStream` stream on disk and answers when the stream has
/// acknowledged it. The server syncs every two minutes and not before it acknowledges.
pub fn jetstream(folder: &Path) -> Option<Running> {
    let address = free();
    let mut program = Command::new("nats-server");
    program.args(["-a", "127.0.0.1", "-p", &address.port().to_string(), "-js", "-sd"]).arg(folder.join("jetstream"));
    let child = start(&mut program, address)?;
    let target = on_axum(async move || {
        let client = async_nats::connect(address.to_string()).await.expect("a connection to the server");
        let context = jetstream::new(client);
        let stream = stream::Config { name: "callbacks".to_owned(), subjects: vec!["callbacks".to_owned()], ..Default::default() };
        context.create_stream(stream).await.expect("a stream on disk");
        Router::new().fallback(publish).with_state(context)
    });
    Some(Running { child, target })
}

/// Answers when the stream has acknowledged.
async fn publish(State(context): State<jetstream::Context>, RawQuery(query): RawQuery) -> Result<&'static str, StatusCode> {
    let sent = context.publish("callbacks", query.unwrap_or_default().into()).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    sent.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok("ok")
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr()).expect("a port")
}

/// Starts a program on the receivers' core and waits until it listens; none when there is no such program.
fn start(program: &mut Command, address: SocketAddr) -> Option<Child> {
    let quiet = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = cores::on(cores::RECEIVER, || quiet.spawn()).ok()?;
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(child.try_wait().expect("its state").is_none(), "{program:?} ended");
        assert!(Instant::now() < until, "{program:?} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(child)
}
