//! The keys that `auth` alone holds, unwrapped at its start.

use domain::auth::RefreshKey;
use ports::{KeyPurpose, Ports};
use secrecy::SecretBox;
use store::{Keyring, KeyringError};

use crate::peppers::Peppers;

/// The number of the refresh key in tokens: the first of its purpose.
const REFRESH_KID: u8 = 1;

/// The keys of sign-in.
pub(crate) struct Keys {
    /// Pepper passwords.
    pub(crate) peppers: Peppers,
    /// Authenticates refresh tokens; the first makes new ones.
    pub(crate) refresh: [RefreshKey; 1],
    /// Keys the look-up from address to user.
    pub(crate) index: SecretBox<[u8; 32]>,
}

impl Keys {
    pub(crate) async fn open(
        ports: &Ports,
        keyring: &Keyring,
        restore_epoch: u64,
    ) -> Result<Self, KeyringError> {
        let material =
            |purpose| keyring.material(purpose).map(|key| SecretBox::new(Box::new(*key)));
        let key = material(KeyPurpose::RefreshToken)?;
        Ok(Self {
            peppers: Peppers::open(ports).await?,
            refresh: [RefreshKey { kid: REFRESH_KID, key }.in_restore_epoch(restore_epoch)],
            index: material(KeyPurpose::LoginIndex)?,
        })
    }

    /// The refresh key that new tokens are made with.
    pub(crate) fn current_refresh(&self) -> &RefreshKey {
        let [current] = &self.refresh;
        current
    }
}
