//! The settings of a shared journal, resolved: the files they name are looked at here and read by whoever connects.

use std::path::PathBuf;

use super::super::error::{ConfigError, ErrorKind, shown};
use super::super::secret;
use super::super::shared::{self, Shared};
use super::Values;

impl Values {
    /// The journal that several share. Its other settings are checked where there is none, too.
    pub(super) fn shared(&mut self) -> Result<Option<Shared>, ConfigError> {
        let urls = self.text("nats", shared::validate_servers)?.filter(|urls| !urls.is_empty());
        // What is not used is not opened.
        let used = urls.is_some();
        let shared = Shared {
            urls: urls.clone().unwrap_or_default(),
            stream: self.text("nats_stream", shared::validate_stream)?.unwrap_or_else(|| "confmod".to_owned()),
            creds: self.secret_path("nats_creds", "credentials at the server", used)?,
            nkey: self.secret_path("nats_nkey", "key at the server", used)?,
            ca: self.path("nats_ca")?,
            cert: self.path("nats_cert")?,
            key: self.secret_path("nats_key", "key of the certificate", used)?,
            replicas: self.integer("nats_replicas", shared::validate_replicas)?.unwrap_or(1),
            size: self.text("nats_size", shared::validate_size)?.unwrap_or(shared::SIZE),
        };
        if shared.cert.is_some() != shared.key.is_some() {
            let (key, other) = if shared.cert.is_some() { ("nats_cert", "nats_key") } else { ("nats_key", "nats_cert") };
            let origin = self.origins.get(key).cloned().unwrap_or_default();
            return Err(ConfigError::setting(key, &origin, &format!("a certificate goes with its key; set {other}, too")));
        }
        if shared.creds.is_some() && shared.nkey.is_some() {
            let origin = self.origins.get("nats_nkey").cloned().unwrap_or_default();
            return Err(ConfigError::setting("nats_nkey", &origin, "nats_creds is set, too; leave one of them out"));
        }
        Ok(used.then_some(shared))
    }

    /// The path of a file that somebody else reads, and that nobody else may.
    fn secret_path(&mut self, key: &'static str, what: &str, used: bool) -> Result<Option<PathBuf>, ConfigError> {
        let Some(path) = self.path(key)? else { return Ok(None) };
        self.secrets.push((key, path.clone()));
        if !used {
            return Ok(Some(path));
        }
        let checked = match secret::read(&path, what) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                let named = self.origins.get(key).cloned().unwrap_or_default();
                let wrong = if secret::looks_like_one(&path) {
                    format!("this looks like the {what} itself; write it into a file that only you can read, and put the file's path here")
                } else {
                    format!("there is no file {}; write the {what} into it, or mend the path", shown(&path))
                };
                let sentence = format!("{named}: {key}: {wrong}");
                Err(ConfigError::new(ErrorKind::SecretFile, sentence))
            }
            Err(error) => Err(error),
        };
        match (checked, &mut self.unread) {
            (Err(error), Some(unread)) if !self.needs_servers => unread.push(error),
            (Err(error), _) => return Err(error),
            (Ok(()), _) => {}
        }
        Ok(Some(path))
    }
}
