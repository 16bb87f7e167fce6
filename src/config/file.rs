//! The configuration file: TOML with flat keys. An unknown key, a wrong type or broken TOML is an error
//! that names file and line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secrecy::zeroize::Zeroizing;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ErrorKind, Origin, given, shown};
use super::secret;
use super::setting::{Given, Kind, Layer, Raw, SETTINGS, Setting};
use crate::text;

/// More room than this is not made in advance, whatever the size that a file claims to have, in bytes.
const LARGEST: usize = 1 << 20;

/// Reads a file; `Ok(None)` when there is none.
///
/// A file that others can change is refused, and one that holds a secret itself when others can get at it,
/// like every secret file.
pub(super) fn load(path: &Path) -> Result<Option<Layer>, ConfigError> {
    let failed = |e: io::Error| {
        let sentence = format!("reading the configuration from {} failed ({e}); check the path and who may read it", shown(path));
        ConfigError::new(ErrorKind::Setting, sentence)
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let metadata = file.metadata().map_err(failed)?;
    secret::check_own(&metadata, path)?;
    // There may be a secret in it. Text that grows is copied, and copies are not wiped: room for all from the start.
    let room = usize::try_from(metadata.len()).unwrap_or_default().min(LARGEST).saturating_add(1);
    let mut content = Zeroizing::new(String::with_capacity(room));
    file.read_to_string(&mut content).map_err(failed)?;
    let layer = read(path, &content)?;
    if layer.contains_key("callback_token_previous") {
        secret::check_private(&metadata, path, "previous callback token")?;
    }
    Ok(Some(layer))
}

/// Reads the text of a file.
pub(super) fn read(path: &Path, content: &str) -> Result<Layer, ConfigError> {
    let source = Source { path, content };
    let table = DeTable::parse(content).map_err(|e| {
        let at = source.origin(e.span().map_or(0, |span| span.start));
        // The message alone: the rest of the error shows the line, and the line may hold a secret.
        let sentence = format!("{at}: this is not TOML: {}; mend the line", text::clean(e.message(), 200).trim_end_matches('.'));
        ConfigError::new(ErrorKind::Setting, sentence)
    })?;
    let mut layer = Layer::new();
    for (key, value) in table.get_ref() {
        let Some(setting) = SETTINGS.iter().find(|s| s.in_file && s.key == key.get_ref().as_ref()) else {
            return Err(source.unknown(key));
        };
        layer.insert(setting.key, Given { raw: source.raw(setting, value)?, origin: source.origin(key.span().start) });
    }
    Ok(layer)
}

struct Source<'a> {
    path: &'a Path,
    content: &'a str,
}

impl Source<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let line = 1 + self.content.bytes().take(offset).filter(|b| *b == b'\n').count();
        Origin::File(self.path.to_owned(), line)
    }

    fn unknown(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> ConfigError {
        let name = key.get_ref();
        let remedy = match (name.as_ref(), nearest(name)) {
            ("userkey", _) => "put the user key into a file of its own and name it with userkey_file, or set CONFMOD_USERKEY".to_owned(),
            ("secure_phrase", _) => {
                "put the Secure Phrase into a file of its own and name it with secure_phrase_file, or set CONFMOD_SECURE_PHRASE".to_owned()
            }
            ("callback_token", _) => {
                "put the token into a file of its own and name it with callback_token_file, or set CONFMOD_CALLBACK_TOKEN".to_owned()
            }
            ("read_only", _) => "it is the flag --read-only".to_owned(),
            (_, Some(known)) => format!("did you mean {known}?"),
            (_, None) => "`confmod config --print-default` shows every key".to_owned(),
        };
        let sentence = format!("{}: there is no key {}; {remedy}", self.origin(key.span().start), given(name));
        ConfigError::new(ErrorKind::Setting, sentence)
    }

    fn raw(&self, setting: &Setting, value: &Spanned<DeValue<'_>>) -> Result<Raw, ConfigError> {
        let wrong = |wanted: &str| self.wrong_type(setting, value, wanted);
        Ok(match (setting.kind, value.get_ref()) {
            (Kind::Text, DeValue::String(text)) => Raw::Text(text.to_string().into()),
            (Kind::Path, DeValue::String(text)) => Raw::Path(text.as_ref().into()),
            (Kind::Boolean, DeValue::Boolean(truth)) => Raw::Boolean(*truth),
            (Kind::Integer, DeValue::Integer(number)) => Raw::Integer(
                i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| wrong("a whole number that fits into 64 bits"))?,
            ),
            (Kind::List, DeValue::Array(entries)) => Raw::List(
                entries
                    .iter()
                    .map(|entry| match entry.get_ref() {
                        DeValue::String(text) => Ok((text.to_string(), self.origin(entry.span().start))),
                        _ => Err(self.wrong_type(setting, entry, "a list of texts, such as [\"one\", \"two\"]")),
                    })
                    .collect::<Result<_, _>>()?,
            ),
            (Kind::Keys, DeValue::Table(table)) => Raw::Keys(self.keys(setting, table)?),
            (kind, _) => {
                return Err(wrong(match kind {
                    Kind::Text | Kind::Path => "text in quotes",
                    Kind::Boolean => "true or false, without quotes",
                    Kind::Integer => "a whole number, without quotes",
                    Kind::List => "a list of texts, such as [\"one\", \"two\"]",
                    Kind::Keys => "a table, such as [keys]",
                }));
            }
        })
    }

    /// The shape of the table of keys. Whether commands and keys exist is known where they are used.
    fn keys(&self, setting: &Setting, table: &DeTable<'_>) -> Result<BTreeMap<String, Vec<String>>, ConfigError> {
        let text = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Ok(text.to_string()),
            _ => Err(self.wrong_type(setting, value, "a key such as \"m\" or a list such as [\"m\", \"ctrl-m\"] for each command")),
        };
        let mut keys = BTreeMap::new();
        for (command, value) in table {
            let bound = match value.get_ref() {
                DeValue::Array(several) => several.iter().map(text).collect::<Result<_, _>>()?,
                _ => vec![text(value)?],
            };
            keys.insert(command.get_ref().to_string(), bound);
        }
        Ok(keys)
    }

    fn wrong_type(&self, setting: &Setting, value: &Spanned<DeValue<'_>>, wanted: &str) -> ConfigError {
        let is = value.get_ref().type_str();
        let article = if is.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        ConfigError::setting(setting.key, &self.origin(value.span().start), &format!("this is {article} {is}; write {wanted}"))
    }
}

/// The known key that is spelled most like this one, if one is near.
fn nearest(name: &str) -> Option<&'static str> {
    let likeness = |key: &str| strsim::jaro_winkler(&name.to_lowercase().replace('-', "_"), key);
    let known = SETTINGS.iter().filter(|s| s.in_file).map(|s| (likeness(s.key), s.key));
    known.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(content: &str) -> String {
        read(Path::new("/etc/c.toml"), content).expect_err(content).to_string()
    }

    #[test]
    fn values_keep_their_line() {
        let content =
            "# a comment\npace = 20\nascii = true\nallow = [\n  \"10.0.0.0/8\",\n]\n[keys]\nmute = \"x\"\nkick = [\"k\", \"ctrl-k\"]\n";
        let layer = read(Path::new("/etc/c.toml"), content).expect("valid");
        let line = |line| Origin::File("/etc/c.toml".into(), line);
        assert_eq!(layer["pace"], Given { raw: Raw::Integer(20), origin: line(2) });
        assert_eq!(layer["ascii"], Given { raw: Raw::Boolean(true), origin: line(3) });
        assert_eq!(layer["allow"], Given { raw: Raw::List(vec![("10.0.0.0/8".into(), line(5))]), origin: line(4) });
        let keys = [("mute".to_owned(), vec!["x".to_owned()]), ("kick".to_owned(), vec!["k".to_owned(), "ctrl-k".to_owned()])];
        assert_eq!(layer["keys"], Given { raw: Raw::Keys(keys.into()), origin: line(7) });
    }

    #[test]
    fn unknown_keys_suggest_the_nearest() {
        let cases = [
            ("pase = 1", "did you mean pace?"),
            ("\n\nuser_key_file = \"x\"", "did you mean userkey_file?"),
            ("stale-after = \"4h\"", "did you mean stale_after?"),
            ("Listen = \"x\"", "did you mean listen?"),
            ("xyzzy = 1", "confmod config --print-default"),
            ("userkey = \"df1418\"", "userkey_file"),
            ("callback_token = \"df1418\"", "callback_token_file"),
        ];
        for (content, remedy) in cases {
            let said = refused(content);
            assert!(said.contains(remedy), "{said}");
            assert!(said.contains(&format!("/etc/c.toml, line {}", content.lines().count())), "{said}");
            assert!(!said.contains("df1418"), "{said}");
        }
    }

    #[test]
    fn wrong_types_say_what_to_write() {
        let cases = [
            ("pace = \"10\"", "whole number, without quotes"),
            ("pace = 1.5", "whole number"),
            ("pace = 99999999999999999999", "64 bits"),
            ("ascii = \"yes\"", "true or false"),
            ("listen = 8787", "text in quotes"),
            ("allow = \"10.0.0.1\"", "list of texts"),
            ("allow = [10]", "list of texts"),
            ("keys = \"m\"", "a table"),
            ("[keys]\nmute = 1", "a key such as"),
            ("[keys]\nmute = [\"\"]", "a key such as"),
        ];
        for (content, remedy) in cases {
            let said = refused(content);
            assert!(said.contains(remedy), "{said}");
            assert!(said.contains(&format!("line {}", content.lines().count())), "{said}");
        }
    }

    #[test]
    fn broken_toml_names_the_line_and_not_its_content() {
        let said = refused("pace = 10\ncallback_token_previous = \"df1418\n");
        assert!(said.contains("line 2") && !said.contains("df1418"), "{said}");
        assert!(refused("pace = 1\npace = 2\n").contains("line 2"), "a key given twice");
    }
}
