//! Whether a password leaked elsewhere: asked when it is chosen, and again now and then when it is shown.

use domain::{
    Timestamp,
    auth::{Breach, Credential, Password, PasswordError, Range, is_listed},
};

use crate::AuthState;

impl AuthState {
    /// What is known of a password at `now`. Nobody to ask is no reason to refuse it; no answer leaves it pending.
    pub(crate) async fn breach_of(&self, password: &Password, now: Timestamp) -> Breach {
        if is_listed(password) {
            return Breach::Found { at: now };
        }
        let Some(breaches) = &self.breaches else { return Breach::Clear { at: now } };
        let range = Range::of(password);
        match breaches.range(range.prefix()).await {
            Ok(answer) if range.is_in(&answer) => Breach::Found { at: now },
            Ok(_) => Breach::Clear { at: now },
            Err(error) => {
                tracing::warn!(error = %error, "a password was accepted without an answer");
                Breach::Pending
            }
        }
    }

    /// What is known of a password that somebody chooses.
    ///
    /// # Errors
    /// * [`PasswordError::Breached`].
    pub(crate) async fn choose(
        &self,
        password: &Password,
        now: Timestamp,
    ) -> Result<Breach, PasswordError> {
        let breach = self.breach_of(password, now).await;
        if breach.is_found() { Err(PasswordError::Breached) } else { Ok(breach) }
    }

    /// The credential with a fresh answer on the password that was shown, if one was due.
    pub(crate) async fn rechecked(
        &self,
        credential: Credential,
        password: &Password,
        now: Timestamp,
    ) -> Credential {
        if !credential.breach.is_due(now) {
            return credential;
        }
        let breach = self.breach_of(password, now).await;
        let asked = credential.password.clone();
        credential.clone().with_breach(&asked, breach).unwrap_or(credential)
    }
}
