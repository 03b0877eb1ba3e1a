//! The keys that `auth` alone holds, unwrapped at its start.

use domain::auth::{Pepper, RefreshKey};
use ports::KeyPurpose;
use protocol::key::Es256Key;
use seal::FieldKey;
use secrecy::SecretBox;
use store::{Keyring, KeyringError};

/// The name of the pepper in password records: the first of its purpose.
const PEPPER_ID: &str = "pp-1";
/// The number of the refresh key in tokens: the first of its purpose.
const REFRESH_KID: u8 = 1;

/// The version of the field key: the first of its purpose.
const FIELDS_VERSION: u32 = 1;

/// The keys of sign-in.
pub(crate) struct Keys {
    /// Peppers passwords.
    pub(crate) pepper: Pepper,
    /// Authenticates refresh tokens; the first makes new ones.
    pub(crate) refresh: [RefreshKey; 1],
    /// Keys the look-up from address to user.
    pub(crate) index: SecretBox<[u8; 32]>,
    /// Seals fields.
    pub(crate) fields: FieldKey,
    /// Signs access tokens.
    pub(crate) access: Es256Key,
}

impl Keys {
    pub(crate) fn open(keyring: &Keyring) -> Result<Self, KeyringError> {
        let material =
            |purpose| keyring.material(purpose).map(|key| SecretBox::new(Box::new(*key)));
        let key = material(KeyPurpose::RefreshToken)?;
        Ok(Self {
            pepper: Pepper { id: PEPPER_ID.to_owned(), key: material(KeyPurpose::Pepper)? },
            refresh: [RefreshKey { kid: REFRESH_KID, key }],
            index: material(KeyPurpose::LoginIndex)?,
            fields: FieldKey::new(FIELDS_VERSION, *keyring.material(KeyPurpose::AuthFields)?),
            access: keyring.es256(KeyPurpose::AccessToken)?,
        })
    }

    /// The refresh key that new tokens are made with.
    pub(crate) fn current_refresh(&self) -> &RefreshKey {
        let [current] = &self.refresh;
        current
    }
}
