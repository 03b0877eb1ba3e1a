//! Secrets of others that we keep.

/// A secret that somebody else gave us, and that is put into the key store by hand.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Secret {
    /// Opens the account at the mail provider.
    MailPassword,
}

impl Secret {
    /// Every secret.
    pub const ALL: [Self; 1] = [Self::MailPassword];

    /// Its name in the key store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailPassword => "mail-password",
        }
    }
}
