//! Letters to people: by SMTP, or by Resend's HTTPS.
//!
//! The password is a secret of the vault. It is read when the app opens, and again only if the server refuses it, so that
//! a new one needs no restart.

mod resend;
mod server;
mod smtp;

use std::time::Duration;

use async_trait::async_trait;
use ports::{Identity, Letter, Mail, MailError, SECRETS, Secret};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::RwLock;

use crate::{MailSettings, OpenError, VaultSecrets};

use resend::Resend;
use server::Server;
use smtp::Smtp;

/// One letter, with everything that is tried for it.
const LETTER_MAX: Duration = Duration::from_secs(20);
/// The longest account of a server's own words.
const WHY_CHARS_MAX: usize = 300;

/// Sends letters with the rights of one identity.
pub struct AzureMail {
    /// `None` for an identity that writes no letters.
    post: Option<Post>,
}

struct Post {
    carrier: Carrier,
    secrets: VaultSecrets,
    password: RwLock<Option<SecretString>>,
}

enum Carrier {
    Smtp(Smtp),
    Resend(Resend),
}

/// Why a server did not take a letter.
#[derive(Debug)]
enum Refused {
    /// It does not accept the password.
    Password(String),
    /// Anything else.
    Other(String),
}

impl AzureMail {
    /// Checks the settings, and reads the password if the server needs one and `identity` is who writes letters.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the settings are no mail server or no sender.
    /// * [`OpenError`]'s other variants: the password cannot be read.
    pub async fn connect(
        settings: &MailSettings,
        secrets: VaultSecrets,
        identity: Identity,
    ) -> Result<Self, OpenError> {
        Self::over(settings, secrets, identity, None).await
    }

    /// The same, which also trusts a server whose certificate `root` signed, in DER: for tests.
    ///
    /// # Errors
    /// * As [`connect`](Self::connect).
    pub async fn over(
        settings: &MailSettings,
        secrets: VaultSecrets,
        identity: Identity,
        root: Option<&[u8]>,
    ) -> Result<Self, OpenError> {
        let server = Server::parse(settings)?;
        if !SECRETS.contains(&(Secret::MailPassword, identity)) {
            return Ok(Self { post: None });
        }
        let password = if server.needs_password() {
            Some(secrets.read(Secret::MailPassword).await?)
        } else {
            None
        };
        let carrier = Carrier::new(server, root)?;
        Ok(Self { post: Some(Post { carrier, secrets, password: RwLock::new(password) }) })
    }
}

#[async_trait]
impl Mail for AzureMail {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let post = self.post.as_ref().ok_or_else(|| {
            MailError("this identity may not send letters; only auth may".to_owned())
        })?;
        letter.check()?;
        let sent = tokio::time::timeout(LETTER_MAX, post.send(letter)).await;
        sent.unwrap_or_else(|_| {
            Err(MailError(format!("no answer in {} seconds", LETTER_MAX.as_secs())))
        })
    }
}

impl Post {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let password = self.password.read().await.clone();
        let refused = match self.carrier.send(letter, password.as_ref()).await {
            Ok(()) => return Ok(()),
            Err(Refused::Other(why)) => return Err(without(password.as_ref(), &why)),
            Err(Refused::Password(why)) => without(password.as_ref(), &why),
        };
        // Only a password that was changed is worth another try.
        let Some(password) = self.read_again(password.as_ref()).await else { return Err(refused) };
        self.carrier.send(letter, Some(&password)).await.map_err(|error| match error {
            Refused::Password(why) | Refused::Other(why) => without(Some(&password), &why),
        })
    }

    async fn read_again(&self, old: Option<&SecretString>) -> Option<SecretString> {
        let old = old?;
        let new = self.secrets.read(Secret::MailPassword).await.ok()?;
        if new.expose_secret() == old.expose_secret() {
            return None;
        }
        *self.password.write().await = Some(new.clone());
        Some(new)
    }
}

impl Carrier {
    fn new(server: Server, root: Option<&[u8]>) -> Result<Self, OpenError> {
        match server {
            Server::Smtp(server) => Ok(Self::Smtp(Smtp::new(server, root)?)),
            Server::Resend { url, from } => Ok(Self::Resend(Resend::new(url, from, root)?)),
        }
    }

    async fn send(&self, letter: &Letter, password: Option<&SecretString>) -> Result<(), Refused> {
        match self {
            Self::Smtp(smtp) => smtp.send(letter, password).await,
            Self::Resend(resend) => resend.send(letter, password).await,
        }
    }
}

/// What the server said, on one line, without the password should it repeat it.
fn without(password: Option<&SecretString>, why: &str) -> MailError {
    let line = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = password.map_or_else(
        || line.clone(),
        |password| line.replace(password.expose_secret(), "(the password)"),
    );
    MailError(line.chars().take(WHY_CHARS_MAX).collect())
}
