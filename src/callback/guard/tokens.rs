//! The tokens that open, as digests only. Nothing in here keeps a token, or shows one.
//!
//! A digest can be compared in one way: with [`ConstantTimeEq`](subtle::ConstantTimeEq). It has no `==`, no order and no `Debug`, so
//! that a comparison that ends at the first difference does not compile.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::callback::urls::segment;

/// The digest of a token, or of what was sent in its place.
struct Digest([u8; 32]);

impl Digest {
    /// Takes a time that depends on the length of the text and on nothing else of it.
    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// All that open.
pub(super) struct Tokens(Vec<Digest>);

impl Tokens {
    /// An empty token opens nothing.
    pub(super) fn new<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        let tokens = tokens.into_iter().filter(|token| !token.is_empty());
        // A client may send the token as it is or escaped; both spellings are the token.
        Self(tokens.flat_map(|token| [Digest::of(token), Digest::of(&segment(token))]).collect())
    }

    /// Whether what was sent is one of them: all are compared, whichever it is.
    pub(super) fn have(&self, sent: &str) -> Choice {
        let sent = Digest::of(sent);
        self.0.iter().fold(Choice::from(0), |right, digest| right | digest.0.ct_eq(&sent.0))
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use super::*;

    /// So long that a comparison of texts would show: reading a fraction of it takes longer than a clock's tick.
    const LENGTH: usize = 1 << 18;

    /// The median times that answers to several texts take, asked in turn.
    fn medians(tokens: &Tokens, texts: &[String]) -> Vec<Duration> {
        let mut times = vec![Vec::new(); texts.len()];
        for _ in 0..31 {
            for (times, text) in times.iter_mut().zip(texts) {
                let began = Instant::now();
                assert!(!bool::from(black_box(tokens).have(black_box(text))));
                times.push(began.elapsed());
            }
        }
        let median = |times: &mut Vec<Duration>| *times.select_nth_unstable(15).1;
        times.iter_mut().map(median).collect()
    }

    #[test]
    fn only_the_length_of_what_was_sent_takes_time() {
        let token = "t".repeat(LENGTH);
        let tokens = Tokens::new([token.as_str()]);
        let (all_but_last, all_but_first) = (format!("{}x", &token[1..]), format!("x{}", &token[1..]));
        let near = [all_but_last, all_but_first, "x".repeat(LENGTH), format!("{token}x"), token[1..].to_owned()];
        let medians = medians(&tokens, &near);
        let (least, most) = (medians.iter().min().expect("some"), medians.iter().max().expect("some"));
        // A comparison that stops early, or that looks at the length first, is apart by a factor of hundreds.
        assert!(*most < *least * 2, "{medians:?}");
    }

    /// Whether a type has `==`, as the compiler finds out: what a type has itself comes before what a trait gives it.
    struct Has<T>(std::marker::PhantomData<T>);

    trait HasNot {
        const EQUALITY: bool = false;
    }

    impl<T> HasNot for Has<T> {}

    impl<T: PartialEq> Has<T> {
        const EQUALITY: bool = true;
    }

    #[test]
    fn tokens_are_kept_as_digests_and_digests_have_no_equality() {
        // This does not compile when anything else is kept.
        let Tokens(kept) = Tokens::new(["right"]);
        let digests: Vec<[u8; 32]> = kept.into_iter().map(|Digest(digest)| digest).collect();
        assert!(digests.len() == 2 && digests.iter().all(|digest| !digest.windows(4).any(|four| four == b"righ")));
        const { assert!(Has::<[u8; 32]>::EQUALITY && !Has::<Digest>::EQUALITY) };
    }

    #[test]
    fn the_token_opens_in_both_spellings_and_nothing_else_does() {
        let tokens = Tokens::new(["right", "", "a b/c"]);
        for (sent, opens) in [("right", true), ("a b/c", true), ("a%20b%2Fc", true), ("", false), ("righ", false), ("RIGHT", false)] {
            assert_eq!(bool::from(tokens.have(sent)), opens, "{sent:?}");
        }
    }
}
