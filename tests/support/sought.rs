//! Secrets that are sought in what a program left behind: whole or in pieces, in every spelling that they could have.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::collections::HashMap;
use std::fmt::Write as _;

/// So many bytes of a secret in a row are a find: fewer are nobody's secret, and chance.
const PIECE: usize = 8;

/// What is sought, by length.
#[derive(Default)]
pub struct Sought(HashMap<usize, HashMap<Vec<u8>, String>>);

impl Sought {
    /// Seeks every piece of these secrets: as it is, in the other case, in hex, percent-encoded, in base64.
    pub fn new(secrets: &[(&str, &str)]) -> Self {
        let mut sought = Self::default();
        for (name, secret) in secrets {
            assert!(secret.len() >= PIECE, "{name} is too short to be sought");
            for (at, piece) in secret.as_bytes().windows(PIECE).enumerate() {
                let mut add = |how: &str, needle: Vec<u8>| {
                    let known = sought.0.entry(needle.len()).or_default();
                    known.entry(needle).or_insert_with(|| format!("{name}, from character {at}, {how}"));
                };
                add("as it is", piece.to_vec());
                add("in lower case", piece.to_ascii_lowercase());
                add("in upper case", piece.to_ascii_uppercase());
                let hex = piece.iter().fold(String::new(), |mut out, byte| {
                    let _ = write!(out, "{byte:02x}");
                    out
                });
                add("in hex", hex.to_ascii_uppercase().into_bytes());
                add("in hex", hex.into_bytes());
                let percent = piece.iter().fold(String::new(), |mut out, byte| {
                    let _ = write!(out, "%{byte:02X}");
                    out
                });
                add("percent-encoded", percent.to_ascii_lowercase().into_bytes());
                add("percent-encoded", percent.into_bytes());
                for shift in 0..3 {
                    add("in base64", base64(piece, shift));
                }
            }
        }
        sought
    }

    /// What stands in these bytes.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (length, needles) in &self.0 {
            found.extend(bytes.windows(*length).filter_map(|window| needles.get(window)).cloned());
        }
        found.truncate(10);
        found
    }
}

/// The characters of a base64 text that this piece alone decides when `shift` bytes stand before it.
fn base64(piece: &[u8], shift: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = std::iter::repeat_n(&0, shift).chain(piece).flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letters = bits.chunks_exact(6).map(|six| LETTERS[six.iter().fold(0, |value, bit| value << 1 | usize::from(*bit))]);
    letters.skip((shift * 8).div_ceil(6)).collect()
}

#[test]
fn pieces_are_found_in_every_spelling() {
    let sought = Sought::new(&[("it", "Zx9-secret-Qy7")]);
    let spelt = [
        "..9-secret..",
        "ZX9-SECRET-QY7",
        "2d7365637265742d",
        "%2D%73%65%63%72%65%74%2D",
        // "Zx9-secret-Qy7", "aZx9-secret-Qy7" and "abZx9-secret-Qy7", as a program for it writes them.
        "Wng5LXNlY3JldC1ReTc=",
        "YVp4OS1zZWNyZXQtUXk3",
        "YWJaeDktc2VjcmV0LVF5Nw==",
    ];
    for text in spelt {
        assert!(!sought.found_in(text.as_bytes()).is_empty(), "{text}");
    }
    assert!(sought.found_in(b"a secret, Zx9-sec ret, U2VjcmV0 736563726574").is_empty());
}
