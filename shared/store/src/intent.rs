//! Audit intents: signed and numbered by the app that acted, committed with what they account for.

use std::{sync::Arc, time::Duration};

use chain::intent::{Intent, Party, SignedIntent, Source};
use domain::{Actor, AuditEvent, EventId, TenantId, Timestamp};
use ed25519_dalek::SigningKey;
use ports::{Container, Identity, NewDocument, Randomness};
use serde::{Deserialize, Serialize};

use crate::{
    Document, StoreError,
    numbers::{Number, Numbers},
};

/// A promise says that the event is sealed within this time.
pub const SEAL_WITHIN: Duration = Duration::from_mins(1);

/// What an app gives for a change: the digest of the intent, and by when it is in the log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Promise {
    /// The audit event.
    pub event: EventId,
    /// SHA-256 of the intent's bytes, in lower-case hexadecimal.
    pub intent: String,
    /// By when it is sealed.
    pub seal_by: Timestamp,
}

/// A document that has its intent inside, so that an event costs one write.
pub trait Carrier: Document {
    /// The intent that it carries.
    fn intent(&self) -> &SignedIntent;
}

/// An intent that is signed and numbered but not committed. Dropped without, its number is declared void by the next one.
#[derive(Debug)]
#[must_use = "nothing is recorded until the intent is committed"]
pub struct Prepared {
    /// The signed bytes.
    pub signed: SignedIntent,
    /// What the caller can be told once it is committed.
    pub promise: Promise,
    pub(crate) number: Number,
}

/// Signs and numbers the intents of one running process.
pub struct IntentSource {
    identity: Identity,
    instance: String,
    key: SigningKey,
    randomness: Arc<dyn Randomness>,
    numbers: Numbers,
}

impl IntentSource {
    /// The source of this process: `instance` is random, so that two processes never share a number.
    pub fn new(identity: Identity, key: &[u8; 32], randomness: Arc<dyn Randomness>) -> Self {
        let instance = hex::encode(randomness.bytes::<8>());
        let key = SigningKey::from_bytes(key);
        Self { identity, instance, key, randomness, numbers: Numbers::default() }
    }

    /// Whose intents these are.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Signs the intent of `event`. `id` decides the event's identity when a retry must not make a second one.
    ///
    /// # Errors
    /// * [`StoreError::Unreadable`]: the event's data is outside the profile `audit-row/1`.
    pub fn prepare(
        &self,
        tenant: TenantId,
        actor: &Actor,
        at: Timestamp,
        event: &AuditEvent,
        id: Option<EventId>,
    ) -> Result<Prepared, StoreError> {
        let id = id.unwrap_or_else(|| self.randomness.id(at));
        let number = self.numbers.take(tenant);
        let intent = Intent {
            act: Party { id: actor.id.clone(), kind: actor.kind.name().to_owned() },
            action: event.kind.name().to_owned(),
            at: at.to_string(),
            data: event
                .data
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            id: id.to_string(),
            out: event.outcome.name().to_owned(),
            reason: event.reason.clone(),
            salt: hex::encode(self.randomness.bytes::<16>()),
            src: Source {
                app: self.identity.name().to_owned(),
                instance: self.instance.clone(),
                number: number.get(),
                void: number.void().to_vec(),
            },
            tenant: tenant.to_string(),
            target: Party { id: event.target.id.clone(), kind: event.target.kind.to_owned() },
            version: 1,
        };
        let bytes = intent
            .to_text()
            .map_err(|error| StoreError::Unreadable(format!("{}: {error}", event.kind)))?;
        let signed = SignedIntent::sign(bytes, &self.key);
        let promise = Promise {
            event: id,
            intent: signed.digest().to_string(),
            seal_by: at.plus(SEAL_WITHIN),
        };
        Ok(Prepared { signed, promise, number })
    }

    /// After how long to wake the sealer; `None` when a message on its way will find this commit too.
    pub(crate) fn wake_after(&self, tenant: TenantId) -> Option<Duration> {
        self.numbers.wake_after(tenant)
    }
}

/// The create-only document of an intent that no other document carries: also the `op_id` of its commit.
pub(crate) fn intent_document(prepared: &Prepared) -> Result<NewDocument, StoreError> {
    let body = serde_json::to_string(&IntentBody { intent: &prepared.signed })
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let id = prepared.promise.event.to_string();
    Ok(NewDocument { id, kind: "intent".to_owned(), k1: None, k2: None, body, expires_at: None })
}

#[derive(Serialize)]
struct IntentBody<'a> {
    intent: &'a SignedIntent,
}

/// Where an app's own intents go when a change writes nothing else.
pub(crate) const fn home(identity: Identity) -> Container {
    match identity {
        Identity::Auth => Container::Auth,
        Identity::Runs => Container::Runs,
        Identity::Audit | Identity::Signer => Container::Audit,
    }
}
