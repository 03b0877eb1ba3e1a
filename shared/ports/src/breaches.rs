//! Passwords that leaked elsewhere.

use async_trait::async_trait;

/// Why nobody could be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("nobody said whether a password leaked: {0}")]
pub struct BreachError(pub String);

/// Knows which passwords leaked, without being told which one is asked about.
#[async_trait]
pub trait Breaches: Send + Sync {
    /// The SHA-1 digests that begin with these five hexadecimal digits, as lines `<35 digits>:<count>`.
    ///
    /// # Errors
    /// * [`BreachError`]: no answer in time, or one of another form.
    async fn range(&self, prefix: &str) -> Result<String, BreachError>;
}
