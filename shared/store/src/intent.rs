//! Audit intents: signed and numbered by the app that acted, committed with what they account for.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use chain::intent::{Intent, Party, SignedIntent, Source};
use domain::{Actor, AuditEvent, EventId, TenantId, Timestamp};
use ed25519_dalek::SigningKey;
use ports::{Container, Identity, NewDocument, Randomness};
use protocol::{key::Ed25519Key, promise::AnswerPromise};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Parcel, StoreError,
    numbers::{Number, Numbers, Place},
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

impl Promise {
    /// When the event happened.
    pub fn at(&self) -> Timestamp {
        self.seal_by.minus(SEAL_WITHIN)
    }
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
    /// The event's personal details, sealed for whoever keeps them; base64.
    pub(crate) parcel: Option<String>,
}

/// Signs and numbers the intents of one running process.
pub struct IntentSource {
    identity: Identity,
    key: SigningKey,
    randomness: Arc<dyn Randomness>,
    numbers: Numbers,
    /// To which personal details are sealed.
    keeper: OnceLock<[u8; 32]>,
}

impl IntentSource {
    /// The source of this process. It counts for each tenant under a random name, so that two processes never share a number.
    pub fn new(identity: Identity, key: &[u8; 32], randomness: Arc<dyn Randomness>) -> Self {
        let key = SigningKey::from_bytes(key);
        let (numbers, keeper) = (Numbers::default(), OnceLock::new());
        Self { identity, key, randomness, numbers, keeper }
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
        let name = || hex::encode(self.randomness.bytes::<8>());
        let details =
            event.personal.as_ref().map(|personal| Parcel::of(personal, &*self.randomness));
        let pd = details.as_ref().map(Parcel::commitments).unwrap_or_default();
        let parcel = self.sealed(id, details.as_ref())?;
        let write = |place: Place| {
            let intent =
                Intent { pd: pd.clone(), ..self.intent((tenant, id), actor, at, event, place) };
            let refused = |error| StoreError::Unreadable(format!("{}: {error}", event.kind));
            intent.to_text().map_err(refused)
        };
        let (number, text, digest) = self.numbers.take(tenant, at, name, write)?;
        // Signing takes longest, and needs no order.
        let signed = SignedIntent::sign(text, &self.key);
        let promise =
            Promise { event: id, intent: digest.to_string(), seal_by: at.plus(SEAL_WITHIN) };
        Ok(Prepared { signed, promise, number, parcel })
    }

    /// The line by which an answer gives this promise, signed by the app ([`protocol::promise`]).
    pub(crate) fn promise_line(
        &self,
        tenant: TenantId,
        promise: &Promise,
    ) -> Result<String, StoreError> {
        let unreadable = |error: &dyn std::fmt::Display| StoreError::Unreadable(error.to_string());
        let Promise { event, intent, seal_by } = promise;
        let promise = AnswerPromise {
            event: *event,
            intent: intent.parse().map_err(|error| unreadable(&error))?,
            seal_by: *seal_by,
            tenant,
            app: self.identity.name().parse().map_err(|error| unreadable(&error))?,
        };
        Ok(promise.to_line(&Ed25519Key::from_seed(self.key.as_bytes())))
    }

    /// Whether it is still to be told to which key personal details are sealed.
    pub(crate) fn lacks_keeper(&self) -> bool {
        self.keeper.get().is_none()
    }

    /// Tells it.
    pub(crate) fn keeper(&self, key: [u8; 32]) {
        self.keeper.get_or_init(|| key);
    }

    /// Without a keeper, the commitments are all that remains of the details.
    fn sealed(&self, id: EventId, details: Option<&Parcel>) -> Result<Option<String>, StoreError> {
        let (Some(details), Some(keeper)) = (details, self.keeper.get()) else { return Ok(None) };
        details.seal(keeper, &self.randomness.bytes(), id).map(Some)
    }

    fn intent(
        &self,
        (tenant, id): (TenantId, EventId),
        actor: &Actor,
        at: Timestamp,
        event: &AuditEvent,
        place: Place,
    ) -> Intent {
        Intent {
            act: Party {
                id: actor.id.clone(),
                kind: actor.kind.name().to_owned(),
                obo: actor.obo.map(|operator| operator.to_string()),
            },
            action: event.kind.name().to_owned(),
            at: at.to_string(),
            data: event
                .data
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            id: id.to_string(),
            out: event.outcome.name().to_owned(),
            pd: BTreeMap::new(),
            reason: event.reason.clone(),
            salt: hex::encode(self.randomness.bytes::<16>()),
            src: Source {
                app: self.identity.name().to_owned(),
                instance: place.instance.to_string(),
                number: place.number,
                prev: place.prev,
                void: place.void,
            },
            tenant: tenant.to_string(),
            target: Party {
                id: event.target.id.clone(),
                kind: event.target.kind.to_owned(),
                obo: None,
            },
            version: 1,
        }
    }

    /// Whether a number must be declared void before the sealer waits for it in vain.
    pub(crate) fn owes(&self, tenant: TenantId) -> bool {
        self.numbers.owes(tenant)
    }

    /// After how long to wake the sealer; `None` when a message on its way will find this commit too.
    pub(crate) fn wake_after(&self, tenant: TenantId, now: Timestamp) -> Option<Duration> {
        self.numbers.wake_after(tenant, now)
    }

    /// The tenants of whom a number must be declared void.
    pub(crate) fn debtors(&self) -> Vec<TenantId> {
        self.numbers.debtors()
    }
}

/// The create-only document of an intent that no other document carries: also the `op_id` of its commit.
pub(crate) fn intent_document(prepared: &Prepared) -> Result<NewDocument, StoreError> {
    let Prepared { signed, parcel, .. } = prepared;
    let body = serde_json::to_string(&IntentBody { intent: signed, parcel: parcel.as_deref() })
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let id = prepared.promise.event.to_string();
    Ok(NewDocument { id, kind: "intent".to_owned(), k1: None, k2: None, body, expires_at: None })
}

/// What was promised with the intent of such a document.
pub(crate) fn promise_of(event: EventId, document: &NewDocument) -> Result<Promise, StoreError> {
    #[derive(Deserialize)]
    struct Body {
        intent: SignedIntent,
    }
    let unreadable = |error: &dyn std::fmt::Display| StoreError::Unreadable(error.to_string());
    let Body { intent } =
        serde_json::from_str(&document.body).map_err(|error| unreadable(&error))?;
    let said = Intent::parse(&intent.intent).map_err(|error| unreadable(&error))?;
    let at: Timestamp = said.at.parse().map_err(|error| unreadable(&error))?;
    Ok(Promise { event, intent: intent.digest().to_string(), seal_by: at.plus(SEAL_WITHIN) })
}

#[derive(Serialize)]
struct IntentBody<'a> {
    intent: &'a SignedIntent,
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel: Option<&'a str>,
}

/// Where an app's own intents go when a change writes nothing else.
pub(crate) const fn home(identity: Identity) -> Container {
    match identity {
        Identity::Auth => Container::Auth,
        Identity::Runs => Container::Runs,
        Identity::Audit | Identity::Signer => Container::Audit,
        Identity::Purge => Container::Purges,
    }
}
