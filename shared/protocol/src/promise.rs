//! Promises in answers: the signed word of an app that what it just did will be a row of the tenant's audit log.
//!
//! A receipt promises the row of a statement ([`crate::receipt`]); everything else that an answer accounts for is promised by lines of its head.
//! Each is one text, so that whoever was answered can keep it as it came, and show it.

use domain::{EventId, TenantId, Timestamp};

use crate::{
    Digest, Name, from_base64url,
    key::{Ed25519Key, PublicKey},
    to_base64url,
};

/// The name of the header: one line for each event.
pub const PROMISE_HEADER: &str = "proofline-promise";
/// The longest line that is read.
pub const LINE_BYTES_MAX: usize = 512;
/// What an app's key signs begins with this, so that a promise is never an intent.
const CONTEXT: &[u8] = b"proofline-promise-v1\0";

/// One promise of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnswerPromise {
    /// The audit event.
    pub event: EventId,
    /// The digest of its intent's bytes.
    pub intent: Digest,
    /// By then it is in the log.
    pub seal_by: Timestamp,
    /// In whose log.
    pub tenant: TenantId,
    /// The function app that promises: whose key signs.
    pub app: Name,
}

/// Why a line promises nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PromiseError {
    /// Not a line of this form.
    #[error("that is no line of a {PROMISE_HEADER} header")]
    Form,
    /// The app's key did not sign it.
    #[error("no key that counts signed this promise")]
    Unsigned,
}

/// A line as it came: what it says, and under which signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedPromise {
    /// What it says. Unverified.
    pub promise: AnswerPromise,
    signature: Vec<u8>,
}

impl AnswerPromise {
    /// The line: `event=…, intent=…, seal-by=…, tenant=…, app=…, sig=…`, where `sig` is the app's Ed25519 signature in base64url.
    pub fn to_line(&self, key: &Ed25519Key) -> String {
        let text = self.text();
        let signature = to_base64url(&key.sign_bytes(&signed_bytes(&text)));
        format!("{text}, sig={signature}")
    }

    fn text(&self) -> String {
        let Self { event, intent, seal_by, tenant, app } = self;
        format!("event={event}, intent={intent}, seal-by={seal_by}, tenant={tenant}, app={app}")
    }
}

impl SignedPromise {
    /// Reads a line. It has one spelling, so that what is kept is what was signed.
    ///
    /// # Errors
    /// [`PromiseError::Form`].
    pub fn parse(line: &str) -> Result<Self, PromiseError> {
        let read = || {
            let (text, signature) = line.rsplit_once(", sig=")?;
            let mut parts = text.split(", ");
            let mut value = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
            let promise = AnswerPromise {
                event: value("event")?.parse().ok()?,
                intent: value("intent")?.parse().ok()?,
                seal_by: value("seal-by")?.parse().ok()?,
                tenant: value("tenant")?.parse().ok()?,
                app: value("app")?.parse().ok()?,
            };
            let signature = from_base64url(signature).ok()?;
            (promise.text() == text).then_some(Self { promise, signature })
        };
        if line.len() > LINE_BYTES_MAX {
            return Err(PromiseError::Form);
        }
        read().ok_or(PromiseError::Form)
    }

    /// What it says, if one of `keys`, those of its app, signed it.
    ///
    /// # Errors
    /// [`PromiseError::Unsigned`].
    pub fn verify(&self, keys: &[PublicKey]) -> Result<&AnswerPromise, PromiseError> {
        let bytes = signed_bytes(&self.promise.text());
        let is_signed = keys.iter().any(|key| key.verify(&bytes, &self.signature).is_ok());
        is_signed.then_some(&self.promise).ok_or(PromiseError::Unsigned)
    }
}

fn signed_bytes(text: &str) -> Vec<u8> {
    [CONTEXT, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::Signer as _,
        samples::{TENANT, at, name, runner_key, stranger_key},
    };

    fn promise() -> AnswerPromise {
        AnswerPromise {
            event: EventId::from_u128(7),
            intent: Digest::of("intent"),
            seal_by: at(0),
            tenant: TENANT,
            app: name("runs"),
        }
    }

    #[test]
    fn a_line_is_the_word_of_the_app_that_signed_it() {
        let line = promise().to_line(&runner_key());
        let said = "event=aud_00000000000000000000000007, intent=";
        assert!(line.starts_with(said) && line.len() <= LINE_BYTES_MAX, "{line}");
        let signed = SignedPromise::parse(&line).unwrap();
        let own = [stranger_key().public().clone(), runner_key().public().clone()];
        assert_eq!(signed.verify(&own), Ok(&promise()));
        assert_eq!(signed.verify(&[stranger_key().public().clone()]), Err(PromiseError::Unsigned));
        assert_eq!(signed.verify(&[]), Err(PromiseError::Unsigned));
    }

    #[test]
    fn a_line_that_was_changed_in_any_member_is_not_signed() {
        let line = promise().to_line(&runner_key());
        let other = [
            AnswerPromise { event: EventId::from_u128(8), ..promise() },
            AnswerPromise { intent: Digest::of("other"), ..promise() },
            AnswerPromise { seal_by: at(60), ..promise() },
            AnswerPromise { tenant: TenantId::from_u128(9), ..promise() },
            AnswerPromise { app: name("auth"), ..promise() },
        ];
        let (_, signature) = line.rsplit_once(", sig=").unwrap();
        for other in other {
            let forged = format!("{}, sig={signature}", other.text());
            let forged = SignedPromise::parse(&forged).unwrap();
            let key = runner_key().public().clone();
            assert_eq!(forged.verify(&[key]), Err(PromiseError::Unsigned), "{other:?}");
        }
    }

    #[test]
    fn a_line_has_one_spelling() {
        let line = promise().to_line(&runner_key());
        let changed = [
            line.replace(", ", ","),
            line.replace("event=", "Event="),
            line.replace(", app=", ", more=1, app="),
            line.replace(".000000Z", "Z"),
            line.replace("sig=", "sig==="),
            format!("{line}{}", "A".repeat(LINE_BYTES_MAX)),
            String::new(),
        ];
        for changed in changed {
            assert_eq!(SignedPromise::parse(&changed), Err(PromiseError::Form), "{changed}");
        }
    }

    /// The intents' signatures are by the same key: neither is ever the other.
    #[test]
    fn a_signature_over_the_same_words_for_another_purpose_counts_nothing() {
        let text = promise().text();
        let intent = [b"proofline-intent-v1\0".as_slice(), text.as_bytes()].concat();
        let signature = to_base64url(&runner_key().sign_bytes(&intent));
        let line = SignedPromise::parse(&format!("{text}, sig={signature}")).unwrap();
        assert!(line.verify(&[runner_key().public().clone()]).is_err());
    }
}
