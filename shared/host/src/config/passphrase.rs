//! The passphrase of the root key: from the environment or from a file, never from the command line, where every user of the machine can read it.

use std::{fmt, fs};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    ConfigError,
    reader::{Lookup, Reader},
    settings::{ROOT_PASSPHRASE, ROOT_PASSPHRASE_FILE},
};

/// The passphrase that the root key is under. Never shown.
#[derive(Clone)]
pub struct RootPassphrase(SecretString);

impl RootPassphrase {
    /// What was said, without the line's end.
    pub fn new(text: &str) -> Self {
        Self(text.trim_end_matches(['\r', '\n']).into())
    }

    /// For whoever opens the root key.
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl fmt::Debug for RootPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootPassphrase")
    }
}

impl PartialEq for RootPassphrase {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

/// The passphrase, if there is one. Mistakes name the settings and never what they say.
#[expect(clippy::option_option, reason = "outside: can it be used; inside: did somebody say")]
pub(super) fn read<L: Lookup>(reader: &mut Reader<'_, L>) -> Option<Option<RootPassphrase>> {
    let said = |reader: &Reader<'_, L>, name| reader.text(name).filter(|text| !text.is_empty());
    let text = said(reader, ROOT_PASSPHRASE.name);
    match (text, said(reader, ROOT_PASSPHRASE_FILE.name)) {
        (None, None) => Some(None),
        (Some(text), None) => Some(Some(RootPassphrase::new(&text))),
        (None, Some(path)) => match fs::read_to_string(&path) {
            Ok(text) => Some(Some(RootPassphrase::new(&text))),
            Err(error) => {
                let why = error.to_string();
                reader.mistake(ConfigError::PassphraseFile { path, why });
                None
            }
        },
        (Some(_), Some(_)) => {
            reader.mistake(ConfigError::TwoPassphrases);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn config(settings: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
        let find = |name: &str| settings.iter().find(|(known, _)| *known == name);
        Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_passphrase_comes_from_the_environment_or_a_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, "correct horse battery staple\n").unwrap();
        let file = path.to_str().unwrap();
        let said = config(&[("PROOFLINE_ROOT_PASSPHRASE", "correct horse battery staple")]);
        let from_file = config(&[("PROOFLINE_ROOT_PASSPHRASE_FILE", file)]).unwrap();
        assert_eq!(said.as_ref().unwrap().root_passphrase, from_file.root_passphrase);
        assert!(!format!("{said:?}").contains("horse"));
        assert_eq!(config(&[]).unwrap().root_passphrase, None);
        assert_eq!(config(&[("PROOFLINE_ROOT_PASSPHRASE", "")]).unwrap().root_passphrase, None);
        let both =
            config(&[("PROOFLINE_ROOT_PASSPHRASE", "x"), ("PROOFLINE_ROOT_PASSPHRASE_FILE", file)]);
        assert_eq!(both, Err(vec![ConfigError::TwoPassphrases]));
        let missing = config(&[("PROOFLINE_ROOT_PASSPHRASE_FILE", "/does/not/exist")]);
        assert!(matches!(&*missing.unwrap_err(), [ConfigError::PassphraseFile { .. }]));
    }
}
