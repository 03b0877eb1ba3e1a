//! Why a setting cannot be used.

/// Why a setting cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// It does not look as it should.
    #[error("{name} is {value:?}; it should be {form}")]
    Form {
        /// Which.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should look like.
        form: &'static str,
    },
    /// It has no value, and there is none to fall back to.
    #[error("{name} is not set; it should be {form}")]
    Missing {
        /// Which.
        name: &'static str,
        /// What it should look like.
        form: &'static str,
    },
    /// This program was made for Azure alone.
    #[error(
        "PROOFLINE_BACKEND is \"local\" (or not set), which is not in this program: packages for Azure have one backend; set it to `azure`"
    )]
    NotBuilt,
    /// Files of one instance are lost with it.
    #[error(
        "PROOFLINE_BACKEND is \"local\" (or not set) inside Azure (WEBSITE_INSTANCE_ID is set), where files are lost; set it to `azure`; nothing was started"
    )]
    LocalInAzure,
    /// Nobody can tell which counts.
    #[error("PROOFLINE_ROOT_PASSPHRASE and PROOFLINE_ROOT_PASSPHRASE_FILE are both set; set one")]
    TwoPassphrases,
    /// The file with the passphrase.
    #[error("PROOFLINE_ROOT_PASSPHRASE_FILE names {path}, which cannot be read: {why}")]
    PassphraseFile {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// Nobody is signed in there.
    #[error(
        "PROOFLINE_AZURE_CREDENTIAL is \"developer\" inside Azure (WEBSITE_INSTANCE_ID is set), where nobody is signed in; set it to `managed-identity`"
    )]
    DeveloperInAzure,
}
