//! What strangers send: every request that gets nothing, and every kind of request that there is.

use std::net::{IpAddr, Ipv4Addr};

/// Tokens of which no eight characters stand anywhere by chance.
pub const RIGHT: &str = "q7ZxV3mK9tRw2LpY8sNd4HfB6gJc1XvE5uTa0Mio";
pub const FORMER: &str = "Kd2Wq9-ZrT5_vBn8.HxM3~PfL6-YcJ1_sGe4.RoU";
pub const WRONG: &str = "Fj6Tq1zWb8XnYk3RsVd9MhPc5LgKv2Qe7ZxAu4No";

pub fn local(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// One request that asks for an end of the connection.
pub fn request(method: &str, path: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n").into_bytes()
}

pub fn join(token: &str, key: &str, more: &str) -> Vec<u8> {
    request("GET", &format!("/callback/{token}/join?key={key}&conference=1122"), more)
}

/// An answer without its date.
pub fn undated(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
}

/// What to send in place of the token: near and far, by name.
pub fn wrong_ones() -> Vec<(String, String)> {
    let other_case: String =
        RIGHT.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    let named = [
        ("wrong", WRONG.to_owned()),
        ("short", "q".to_owned()),
        ("long", "q7".repeat(2_000)),
        ("all but the last", format!("{}p", &RIGHT[..RIGHT.len() - 1])),
        ("all but the first", format!("p{}", &RIGHT[1..])),
        ("without the last", RIGHT[..RIGHT.len() - 1].to_owned()),
        ("with one more", format!("{RIGHT}o")),
        ("twice", RIGHT.repeat(2)),
        ("in the other case", other_case),
        ("backwards", RIGHT.chars().rev().collect()),
        ("with its first character escaped", format!("%71{}", &RIGHT[1..])),
        ("with a zero byte", format!("{RIGHT}%00")),
        ("with a space", format!("{RIGHT}%20")),
        ("with a parameter", format!("{RIGHT};a=b")),
    ];
    named.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// Every request that gets nothing, by name.
pub fn strangers() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let body = "key=1&conference=1122";
    let form = format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", body.len());
    for (name, token) in wrong_ones() {
        all.push((format!("{name}, posted"), [request("POST", &format!("/callback/{token}/join"), &form), body.into()].concat()));
        all.push((name, join(&token, "1", "")));
    }
    for kind in ["start", "join", "leave", "hand", "nothing", "", "join/more", "healthz"] {
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "BREW"] {
            all.push((format!("{method} of {kind:?}"), request(method, &format!("/callback/{WRONG}/{kind}?key=1"), "")));
        }
    }
    for path in ["/callback", "/callback/", "/callback?key=1", "/callback//join", "/callback///", "/callback/join", "/callback/../healthz"]
    {
        all.push((path.to_owned(), request("GET", path, "")));
    }
    all.push((
        "the token elsewhere".into(),
        request("GET", "/callback/join?key=1", &format!("authorization: Bearer {RIGHT}\r\nreferer: {RIGHT}\r\n")),
    ));
    all.push(("the token in the query".into(), request("GET", &format!("/callback/{WRONG}/join?token={RIGHT}"), "")));
    all
}

/// Every kind of request that a listener can get, with the token and with others in it.
pub fn everything() -> Vec<Vec<u8>> {
    let mut all: Vec<_> = strangers().into_iter().map(|(_, bytes)| bytes).collect();
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for token in [RIGHT, FORMER, WRONG] {
        let path = format!("/callback/{token}");
        let escaped = token.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let referer = format!("referer: http://calls.example.org{path}/join?key=9\r\ncookie: t={token}\r\nuser-agent: {token}\r\n");
        all.extend([
            join(token, token[..4].trim_end_matches('-'), &referer),
            request("GET", &format!("{path}/start?key=1"), &format!("x-forwarded-for: {token}\r\nforwarded: for={token}\r\n")),
            request("GET", &format!("/callback/{escaped}/join?key=1&conference=1122"), ""),
            request("GET", &format!("{path}/nothing?key=1"), &referer),
            request("PUT", &format!("{path}/join?key=1"), ""),
            request("HEAD", &format!("{path}/join?key=1"), ""),
            request("GET", &format!("{path}/join"), &referer),
            request("GET", &format!("{path}/join?key=$[CALLFLOW.INSTANCE.KEY]$"), ""),
            request("GET", &format!("{path}/hand?key=1&state=sideways"), ""),
            request("GET", &format!("{path}/join?key={}", "k".repeat(300)), ""),
            request("GET", &format!("{path}/join?key=1&x={}", "x".repeat(9_000)), ""),
            request("GET", &format!("{path}{}/join", "/x".repeat(5_000)), ""),
            request("GET", &format!("{path}/join?key=1"), &format!("x: {}\r\n", "y".repeat(70_000))),
            request("GET", &format!("{path}/join?key=1"), &"x: y\r\n".repeat(200)),
            request("POST", &format!("{path}/join"), &format!("{form}content-length: 900000\r\n")),
            [request("POST", &format!("{path}/join?key=1&conference=1122"), &format!("{form}content-length: 5\r\n")), b"x".to_vec()]
                .concat(),
            [request("POST", &format!("{path}/join?key=1"), "transfer-encoding: chunked\r\n"), b"zz\r\n".to_vec()].concat(),
            format!("GET http://calls.example.org{path}/join?key=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").into_bytes(),
            format!("CONNECT {path} HTTP/1.1\r\n\r\n").into_bytes(),
            format!("GET {path}/join\r\n\r\n").into_bytes(),
            format!("GET {path}/join HTTP/9.9\r\n\r\n").into_bytes(),
            format!("GET {path}/jo\x01in HTTP/1.1\r\nhost: a\r\n\r\n").into_bytes(),
            format!("{token} {token} {token}\r\n\r\n").into_bytes(),
            request("GET", &format!("/healthz?{token}"), &referer),
            request("GET", &format!("/{token}"), &referer),
            request("GET", &format!("/callbacks/{token}/join?key=1"), &referer),
        ]);
    }
    all
}
