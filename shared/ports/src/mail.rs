//! Letters to people.

use async_trait::async_trait;

/// A letter in plain text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// One address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// UTF-8.
    pub text: String,
}

/// Why a letter was not sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the letter was not sent: {0}")]
pub struct MailError(pub String);

/// Sends letters.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Hands one letter over.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}
