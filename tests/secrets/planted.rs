//! Secrets that are easily found again, the two ways to configure them, and every form that they could leak in.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::BufRead as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::support::home::Home;
use crate::support::http::encode;
use crate::support::pty::Setup;
use crate::support::stage::Stage;

/// With everything that XML, URLs and shells write otherwise.
pub(crate) const USERKEY: &str = "Uk7&df14<18'91e2\"e8>83904b+0b29/4dc5=b079";
/// Not as secret as the others, and nobody's business all the same.
pub(crate) const EMAIL: &str = "ada.private+moderates@example.org";
/// With spaces, and a letter that is no ASCII.
pub(crate) const PHRASE: &str = "korrekt Pferd & Bätterie <Klammer>";
/// The secret in the callback URLs.
pub(crate) const TOKEN: &str = "tk-9f.2a_71~c04e5d8b36f1a7e2c9d0b4f8a6e3c1d5";
/// The one before it.
pub(crate) const PREVIOUS: &str = "pv-1c.8e_40~b7d2f6a95c3e0b1d7f4a2c6e8b0d3f5a";

/// All of them by name.
pub(crate) const ALL: [(&str, &str); 5] = [
    ("the user key", USERKEY),
    ("the e-mail", EMAIL),
    ("the Secure Phrase", PHRASE),
    ("the callback token", TOKEN),
    ("the previous callback token", PREVIOUS),
];

/// Where the secrets stand for the program to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// In the environment, as far as there is a variable for it.
    ByEnvironment,
    /// In files.
    ByFiles,
}

/// Files that hold secrets on purpose, below the home.
pub(crate) const KEPT_IN: [&str; 4] = ["config/confmod/config.toml", "config/confmod/key", "config/confmod/phrase", "config/confmod/token"];

/// Everything set, and the log as talkative as can be: what the environment adds to a home's own.
pub(crate) fn variables(stage: &Stage, given: Given) -> Vec<(&'static str, OsString)> {
    let mut toml = format!("callback_token_previous = \"{PREVIOUS}\"\nconference = \"1122\"\npace = 1000\nparallel = 64\n");
    let mut all: Vec<(_, OsString)> = Vec::new();
    match given {
        Given::ByEnvironment => all.extend([
            ("CONFMOD_USERKEY", USERKEY.into()),
            ("CONFMOD_EMAIL", EMAIL.into()),
            ("CONFMOD_SECURE_PHRASE", PHRASE.into()),
            ("CONFMOD_CALLBACK_TOKEN", TOKEN.into()),
        ]),
        Given::ByFiles => {
            toml += "userkey_file = \"key\"\nsecure_phrase_file = \"phrase\"\ncallback_token_file = \"token\"\n";
            toml = format!("{toml}email = \"{EMAIL}\"\n");
            for (name, secret) in [("key", USERKEY), ("phrase", PHRASE), ("token", TOKEN)] {
                put(&stage.home, &format!("config/confmod/{name}"), &format!("{secret}\n"), 0o600);
            }
        }
    }
    put(&stage.home, "config/confmod/config.toml", &toml, 0o600);
    all.extend([
        ("CONFMOD_API_URL", stage.provider.url().into()),
        ("CONFMOD_LISTEN", "127.0.0.1:0".into()),
        ("CONFMOD_JOURNAL", stage.home.journal().into()),
        ("CONFMOD_MODERATOR", "the-moderator".into()),
        ("CONFMOD_LOG", "trace".into()),
        ("RUST_LOG", "trace,hyper=trace,hyper_util=trace,reqwest=trace,rustls=trace,axum=trace".into()),
        ("RUST_BACKTRACE", "full".into()),
        ("SSLKEYLOGFILE", stage.home.join("tls-keys").into()),
    ]);
    all
}

/// The program with all that set.
pub(crate) fn setup(stage: &Stage, given: Given) -> Setup {
    let plain = Setup::new(crate::support::confmod(), &stage.home);
    variables(stage, given).into_iter().fold(plain, |setup, (name, value)| setup.env(name, value))
}

/// Writes a file with these permissions.
pub(crate) fn put(home: &Home, name: &str, content: &str, mode: u32) {
    let path = home.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
    fs::write(&path, content).expect("a file written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions set");
}

/// The path of a callback with this token.
pub(crate) fn path(token: &str, kind: &str, query: &str) -> String {
    format!("/callback/{token}/{kind}?{query}")
}

/// The signature that requests carry: derived from two secrets, and as good as them.
pub(crate) fn signature() -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(PHRASE.as_bytes()).expect("a key of any length");
    mac.update(EMAIL.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Every form of every secret, with its name.
pub(crate) struct Forms(Vec<(String, Vec<u8>)>);

impl Forms {
    /// As they are, and as common encodings and the program's own digests write them.
    pub(crate) fn all() -> Self {
        let signature = signature();
        let mut forms = Vec::new();
        for (name, secret) in ALL.into_iter().chain([("the signature", signature.as_str())]) {
            let mut add = |how: &str, bytes: Vec<u8>| forms.push((format!("{name}, {how}"), bytes));
            add("as it is", secret.into());
            add("in small letters", secret.to_lowercase().into());
            add("in capitals", secret.to_uppercase().into());
            add("reversed", secret.bytes().rev().collect());
            add("as hexadecimal digits", hex(secret.as_bytes()).into());
            add("as hexadecimal capitals", hex(secret.as_bytes()).to_uppercase().into());
            add("as a list of numbers", format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).into());
            add("percent-encoded", encode(secret).into());
            add("percent-encoded in small letters", encode(secret).to_lowercase().into());
            add("as a form", form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>().into());
            add("as XML", xml(secret).into());
            add("as JSON", serde_json::to_string(secret).expect("JSON").trim_matches('"').into());
            add("as Rust text", format!("{secret:?}").trim_matches('"').into());
            add("its SHA-256", Sha256::digest(secret.as_bytes()).to_vec());
            add("its SHA-256 as digits", hex(&Sha256::digest(secret.as_bytes())).into());
            // Three, because the text around it may shift it by one or two bytes.
            for skipped in 0..3 {
                add("as base64", base64(&secret.as_bytes()[skipped..], *b"+/").into());
                add("as base64 for URLs", base64(&secret.as_bytes()[skipped..], *b"-_").into());
            }
            // The half of a secret is a lead to it. Cut at a character, whatever it is.
            let half = secret.char_indices().nth(secret.chars().count() / 2).map_or(0, |(at, _)| at);
            add("its first half", secret[..half].into());
            add("its second half", secret[half..].into());
        }
        Self(forms)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What of them stands in some bytes. Empty when all is well.
    pub(crate) fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let found = self.0.iter().filter(|(_, form)| contains(bytes, form));
        found.map(|(name, _)| format!("{name} in {place}")).collect()
    }
}

/// What of the secrets stands in the files of a home, but for those that hold them on purpose.
pub(crate) fn in_files(home: &Home, forms: &Forms, kept_in: &[&str]) -> Vec<String> {
    let relative = |path: &Path| path.strip_prefix(home.path()).unwrap_or(path).to_string_lossy().into_owned();
    let files = home.files().into_iter().map(|(path, bytes)| (relative(&path), bytes));
    files.filter(|(name, _)| !kept_in.contains(&name.as_str())).flat_map(|(name, bytes)| forms.found_in(&name, &bytes)).collect()
}

/// Whether one byte string stands in another.
pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    count(bytes, wanted) > 0
}

/// How often one byte string stands in another.
pub(crate) fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    let Some((first, rest)) = wanted.split_first() else { return 0 };
    let mut found = 0;
    let mut left = bytes;
    // The standard library's own search for a byte is fast in debug builds, too: memory is large.
    while left.skip_until(*first).is_ok_and(|read| read > 0) {
        found += usize::from(left.starts_with(rest));
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// As it stands in XML.
pub(crate) fn xml(text: &str) -> String {
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&apos;")]
        .into_iter()
        .fold(text.to_owned(), |text, (plain, escaped)| text.replace(plain, escaped))
}

/// Without the last group, which depends on what follows.
fn base64(bytes: &[u8], last_two: [u8; 2]) -> String {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last_two).collect();
    let mut out = String::new();
    for three in bytes.chunks_exact(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        out.extend([18, 12, 6, 0].map(|shift| char::from(letters[bits >> shift & 63])));
    }
    out
}
