//! Hostile bytes from sound ones: what can be done to an input that is mostly right.
//!
//! A change is a few plain numbers, so that a smaller number is a simpler change and whoever shrinks needs to know
//! nothing of bytes.

use proptest::prelude::*;

/// Longer inputs are cut: no target takes more.
const LONGEST: usize = 256 << 10;

/// What text from outside has been seen to be, and what parsers trip over. Whole tokens, put in place of sound ones.
const TOKENS: &[&[u8]] = &[
    b"",
    b" ",
    b"0",
    b"-1",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"99999999999999999999999999",
    b"253402300800000",
    b"-62167219200001",
    b"1e308",
    b"-1e999",
    b"NaN",
    b"null",
    b"true",
    b"\x1b[2J\x1b[31m",
    b"\x1b]0;x\x07",
    b"\x1b]52;c;ZXZpbA==\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1bc",
    b"\xc2\x9b31m",
    b"\xc2\x9d52;c;x\xc2\x9c",
    b"\x9b2J",
    b"a\xe2\x80\xaegpj.exe",
    b"\xe2\x81\xa6isolate\xe2\x81\xa9",
    b"ze\xe2\x80\x8br\xe2\x80\x8do\xef\xbb\xbf",
    b"tag\xf3\xa0\x81\x81\xf3\xa0\x81\xbf",
    b"\xe2\x9d\xa4\xef\xb8\x8f",
    b"\xe8\xbe\xbb\xf3\xa0\x84\x80",
    b"\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
    b"\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87",
    b"\xe1\x84\x80\xe1\x85\x9f\xe3\x85\xa4",
    b"\xe2\xa0\x80\xc2\xa0\xe3\x80\x80",
    b"\xee\x80\x80\xf4\x8f\xbf\xbf\xef\xbf\xbe",
    b"\xed\xa0\x80",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xc0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xff\xfe",
    b"\xf0\x9f",
    b"\0",
    b"\r\n",
    b"\x0b\x0c\xc2\x85\xe2\x80\xa8\xe2\x80\xa9",
    b"\x08\x08\x7f\x0e",
    b"line\r\nSet-Cookie: x",
    b"2026-11-22T10:00:00.000Z ERROR confmod: forged",
    b"=cmd|' /C calc'!A0",
    b"+1+1",
    b"-2+3",
    b"@SUM(A1)",
    b";=1+1",
    b"x;\"@SUM(A1)",
    b"\t=1",
    b"\xef\xbc\x9d1",
    b"\"",
    b"\"\"",
    b"'",
    b"`",
    b"\\",
    b"\\u001b[2J",
    b"\\ud83d",
    b"\\u202e",
    b"</script><script>alert(1)</script>",
    b"<img src=x onerror=alert(1)>",
    b"\" onmouseover=\"alert(1)",
    b"javascript:alert(1)",
    b"&#27;[2J",
    b"&#x1b;",
    b"&#x202e;",
    b"&amp;#27;",
    b"&lol9;",
    b"<![CDATA[\x1b]]>",
    b"<?php x?>",
    b"<!-- -- >",
    b"<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
    b"<!DOCTYPE r SYSTEM \"file:///etc/passwd\">",
    b"{{style}}{{title}}",
    b"$[CALLFLOW.INSTANCE.KEY]$",
    b"$[",
    b"%",
    b"%0",
    b"%zz",
    b"%00",
    b"%1b%5b2J",
    b"%251b",
    b"%u001b",
    b"%e2%80%ae",
    b"%c2%9b",
    b"%ff",
    b"&&==&",
    b"../../../../etc/passwd",
    b"192.0.2.1, 127.0.0.1:99999, [::1]:80, ::ffff:10.0.0.1",
    b"Retry-After: 99999999999999999999",
    b"Zo\xcc\x88\xcc\x88\xcc\x88\xcc\x88\xcc\x88\xcc\x88e\xcc\x88",
    b"\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb7\xe0\xa5\x8d\xe0\xa4\xb0",
    b"\xef\xb7\xbd\xf0\x92\x90\xab",
    b"\xe0\xb9\x88\xe0\xb9\x88\xe0\xb9\x88\xe0\xb9\x88\xe0\xb9\x88",
];

/// Pieces that are repeated into something large: what to repeat, and how often at most.
const PILES: &[(&[u8], usize)] = &[
    (b"x", 300),
    (b"x", 70_000),
    (b"\xcc\x81", 400),
    (b"\xcc\x81", 20_000),
    (b"e\xcc\x81", 200),
    (b"\xe5\x90\x8d", 100),
    (b"\xf0\x9f\x91\xa8\xe2\x80\x8d", 200),
    (b"<a>", 5_000),
    (b"[", 5_000),
    (b"{\"a\":", 2_000),
    (b"a=1&", 5_000),
    (b"\"", 3_000),
    (b",", 3_000),
    (b"\n", 3_000),
    (b"\x1b[31m", 500),
    (b"9", 400),
    (b"&lt;", 3_000),
    (b" ", 5_000),
];

/// How bytes can be written so that only the next reader sees them.
const WRITINGS: u32 = 5;

/// One change.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    how: u8,
    at: u32,
    what: u32,
    size: u16,
}

impl Change {
    /// Any change.
    pub fn any() -> impl Strategy<Value = Self> {
        (0u8..16, any::<u32>(), any::<u32>(), 0u16..400).prop_map(|(how, at, what, size)| Self { how, at, what, size })
    }

    /// Makes the change. `seeds` are what else there is to take pieces from; at least one.
    pub fn apply(self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.at as usize % (bytes.len() + 1);
        let end = (at + usize::from(self.size % 24)).min(bytes.len());
        match self.how {
            // In place of a whole value, whatever the format: this is what finds most.
            0..=4 => drop(bytes.splice(value_at(bytes, at), self.token())),
            5 | 6 => drop(bytes.splice(at..at, self.token())),
            7 => drop(bytes.splice(value_at(bytes, at), written(&self.token(), self.size))),
            8 => drop(bytes.splice(value_at(bytes, at), self.pile())),
            9 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (self.what % 8);
                }
            }
            10 => drop(bytes.drain(at..end)),
            11 => {
                let piece = bytes[at..end].repeat(1 + usize::from(self.size / 24));
                bytes.splice(at..at, piece);
            }
            12 => {
                let other = &seeds[self.what as usize % seeds.len()];
                let from = usize::from(self.size) % (other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            13 => bytes.truncate(at),
            14 => drop(bytes.splice(at..at, self.what.to_le_bytes())),
            _ => {
                let other = &seeds[self.what as usize % seeds.len()];
                let from = value_at(other, usize::from(self.size) % (other.len() + 1));
                bytes.splice(value_at(bytes, at), other[from].iter().copied());
            }
        }
        bytes.truncate(LONGEST);
    }

    fn token(self) -> Vec<u8> {
        TOKENS[self.what as usize % TOKENS.len()].to_vec()
    }

    fn pile(self) -> Vec<u8> {
        let (piece, most) = PILES[self.what as usize % PILES.len()];
        // Mostly small, so that a run is not all about size.
        piece.repeat(if self.size.is_multiple_of(8) { most } else { most.min(usize::from(self.size)) })
    }
}

/// The run of bytes around a place that no format's delimiter cuts.
fn value_at(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let cuts = |byte: &u8| b"&=?,;:\"<>|/\n\r{}[]() ".contains(byte);
    let start = bytes[..at].iter().rposition(cuts).map_or(0, |place| place + 1);
    let end = bytes[at..].iter().position(cuts).map_or(bytes.len(), |place| at + place);
    start..end
}

/// Bytes as the escapes of one format or another.
fn written(bytes: &[u8], way: u16) -> Vec<u8> {
    let way = u32::from(way) % WRITINGS;
    let text = String::from_utf8_lossy(bytes).into_owned();
    let each = |write: &dyn Fn(char) -> String| text.chars().map(write).collect::<String>().into_bytes();
    match way {
        0 => bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
        1 => bytes.iter().flat_map(|byte| format!("%25{byte:02x}").into_bytes()).collect(),
        2 => each(&|c| format!("&#{};", u32::from(c))),
        3 => text.encode_utf16().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()).collect(),
        _ => each(&|c| format!("\\U{:08X}", u32::from(c))),
    }
}
