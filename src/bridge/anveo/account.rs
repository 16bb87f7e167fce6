//! Who is asking: the user key, the signature, and keeping both out of every sentence.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use sha1::Sha1;

use super::escape::escaped;
use crate::config::{ExposeSecret, Secret};

/// What an account proves itself with.
pub(super) struct Account {
    userkey: Secret,
    signature: Option<Secret>,
    hidden: Vec<Secret>,
}

/// What stands in place of a secret that the provider sent back to us.
const MASK: &str = "[hidden]";

/// Shorter texts are not hidden: they would turn up in ordinary words.
const SHORTEST_HIDDEN: usize = 4;

impl Account {
    /// An account; with both an e-mail and a secure phrase its requests are signed.
    pub(super) fn new(userkey: Secret, email: Option<&Secret>, phrase: Option<&Secret>) -> Self {
        let signature = match (email, phrase) {
            (Some(email), Some(phrase)) => Some(sign(phrase.expose_secret().as_bytes(), email.expose_secret().as_bytes())),
            _ => None,
        };
        let mut hidden = Vec::new();
        for secret in [Some(&userkey), phrase, email, signature.as_ref()].into_iter().flatten() {
            let escaped = escaped(secret.expose_secret());
            if *escaped != secret.expose_secret() {
                hidden.push(Secret::from(escaped.as_str()));
            }
            hidden.push(secret.clone());
        }
        hidden.retain(|secret| secret.expose_secret().len() >= SHORTEST_HIDDEN);
        Self { userkey, signature, hidden }
    }

    /// The user key.
    pub(super) fn userkey(&self) -> &str {
        self.userkey.expose_secret()
    }

    /// The signature: 40 lower-case hexadecimal digits.
    pub(super) fn signature(&self) -> Option<&str> {
        self.signature.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Takes this account's secrets out of a sentence, in any case and also where they are escaped as XML:
    /// an answer may repeat what was asked.
    pub(super) fn hide(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, secret| mask(&text, secret.expose_secret()))
    }
}

/// Masks every occurrence of a secret, whatever the case of its ASCII letters. Makes no copy of the secret.
fn mask(text: &str, secret: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Both are UTF-8, so that a match begins and ends between characters.
    while let Some(at) = rest.as_bytes().windows(secret.len()).position(|window| window.eq_ignore_ascii_case(secret.as_bytes())) {
        out.push_str(&rest[..at]);
        out.push_str(MASK);
        rest = &rest[at + secret.len()..];
    }
    out.push_str(rest);
    out
}

/// HMAC-SHA1 with the Secure Phrase as its key and the e-mail as its message, in lower-case hexadecimal.
///
/// The provider documents the function and both parts; which of them is the key is known from a public
/// client only.
fn sign(phrase: &[u8], email: &[u8]) -> Secret {
    // The key may be of any length, so this is never the other branch.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(phrase) else { return Secret::from("") };
    mac.update(email);
    let mut hex = Zeroizing::new(String::with_capacity(40));
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Secret::from(hex.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_is_hmac_sha1_as_rfc_2202_tests_it() {
        let cases: [(Vec<u8>, Vec<u8>, &str); 7] = [
            (vec![0x0b; 20], b"Hi There".to_vec(), "b617318655057264e28bc0b6fb378c8ef146be00"),
            (b"Jefe".to_vec(), b"what do ya want for nothing?".to_vec(), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (vec![0xaa; 20], vec![0xdd; 50], "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
            ((1..=25).collect(), vec![0xcd; 50], "4c9007f4026250c6bc8414f9bf50c86c2d7235da"),
            (vec![0x0c; 20], b"Test With Truncation".to_vec(), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"),
            (
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
            (
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data".to_vec(),
                "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
            ),
        ];
        for (key, message, wanted) in cases {
            assert_eq!(sign(&key, &message).expose_secret(), wanted);
        }
    }

    #[test]
    fn the_phrase_is_the_key_and_both_parts_are_needed() {
        let (email, phrase) = (Secret::from("what do ya want for nothing?"), Secret::from("Jefe"));
        let signed = |email: Option<&Secret>, phrase: Option<&Secret>| {
            Account::new(Secret::from("key"), email, phrase).signature().map(str::to_owned)
        };
        assert_eq!(signed(Some(&email), Some(&phrase)).as_deref(), Some("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
        assert_eq!(signed(Some(&email), None), None);
        assert_eq!(signed(None, Some(&phrase)), None);
    }

    #[test]
    fn an_answer_that_repeats_the_question_tells_no_secret() {
        let account = Account::new(Secret::from("df14189&q79"), Some(&Secret::from("ada@example.org")), Some(&Secret::from("open sesame")));
        let signature = account.signature().expect("signed").to_owned();
        let said = format!("bad key df14189&q79 / DF14189&Q79 / df14189&amp;q79 of ada@example.org, open sesame, {signature}.");
        assert_eq!(
            account.hide(&said),
            "bad key [hidden] / [hidden] / [hidden] of [hidden], [hidden], [hidden].",
            "also in capitals, also escaped"
        );
        assert_eq!(account.hide("nothing here, für niemanden"), "nothing here, für niemanden");
    }
}
