//! Strangers who come again and again, on real sockets: who makes room, who waits, what is still read.

use super::*;

/// Sends one wrong token after the other, until the next is one too many.
fn use_up_the_budget(house: &House) {
    for _ in 0..20 {
        house.refused(&house.exchange(get("/callback/wrong/join", "").as_bytes()), 403, "a burst");
    }
}

#[test]
fn strangers_who_wait_make_room_before_anybody_else() {
    let limits = Limits { connections: 3, stranger_delay: Duration::from_secs(60), strangers_delayed: 1, ..Limits::default() };
    let house = House::new(limits);
    use_up_the_budget(&house);
    // Whatever was sent or closed before these answers came has been seen by then.
    let catch_up = |stream: &mut TcpStream| {
        for _ in 0..3 {
            stream.write_all(get("/healthz", "").as_bytes()).expect("written");
            assert!(one_answer(stream).ends_with("ok"));
        }
    };
    let mut other = house.connect();
    catch_up(&mut other);
    let mut half_head = house.connect();
    half_head.write_all(b"GET /callback/token/join?key=7&conference=1").expect("written");
    let mut late = house.connect();
    late.write_all(get("/callback/wrong/join", "").as_bytes()).expect("written");
    catch_up(&mut other);
    assert_eq!(house.counts.evicted_count(), 0);
    let _newcomer = house.connect();
    assert!(is_closed(&mut late), "the oldest is another one");
    half_head.write_all(b" HTTP/1.1\r\nhost: a\r\n\r\n").expect("written");
    assert!(one_answer(&mut half_head).ends_with("ok"));
    assert_eq!(house.counts.evicted_count(), 1);
}

#[test]
fn only_so_many_strangers_wait_at_once() {
    let limits = Limits { stranger_delay: Duration::from_secs(60), strangers_delayed: 2, ..Limits::default() };
    let house = House::new(limits);
    use_up_the_budget(&house);
    let mut streams: Vec<_> = (0..10).map(|_| house.connect()).collect();
    for stream in &mut streams {
        stream.write_all(get("/callback/wrong/join", "").as_bytes()).expect("written");
    }
    wait_until("all but those who wait are answered", || house.counts.refused_count() == 20 + 8);
}

#[test]
fn over_the_budget_nothing_is_read_on() {
    let limits = Limits { linger: 1 << 30, linger_time: Duration::from_secs(60), stranger_delay: Duration::ZERO, ..Limits::default() };
    let house = House::new(limits);
    let body = |stream: &mut TcpStream| {
        stream.write_all(b"POST /callback/wrong/join HTTP/1.1\r\nhost: a\r\ncontent-length: 67108864\r\n\r\n").expect("written");
        let piece = vec![b'x'; 65_536];
        (0..1_024).all(|_| stream.write_all(&piece).is_ok())
    };
    let mut polite = house.connect();
    assert!(body(&mut polite), "within the budget a client that is still sending sees its answer");
    assert!(rest(&mut polite).starts_with("HTTP/1.1 403 "));
    use_up_the_budget(&house);
    assert!(!body(&mut house.connect()), "over it the client is cut off");
}
