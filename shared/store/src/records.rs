//! Records that an operator cannot forge: what guards read is signed by `auth`, numbered, and names the audit event that made it.
//!
//! Whoever can write to the database but holds no key of ours can remove a record, which refuses its user, or put an older one back, which
//! a process that saw the newer one refuses; the comparison with the log reports users who were removed and what was put back. He cannot make
//! one: nothing makes a record again from what is not signed.

mod again;
mod keys;
mod line;
mod retirement;
mod rotating;
mod signed;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::{EventId, TenantId};
use ports::{Container, KeyPurpose, NewDocument, PartitionKey, Ports, Stored, Write};
use protocol::key::Ed25519Key;
use sha2::{Digest as _, Sha256};

use crate::{KeyringError, PublicKeys, StoreError, recent::Recent};

pub use again::SignedAgain;
use keys::{AccessKeys, Signs};
use signed::{Signed, sign_with, text};

/// Records that a process remembers. Beyond, it forgets all of them, and with them which versions it saw.
const REMEMBERED_MAX: usize = 100_000;

/// The last of a record that this process saw and verified.
#[derive(Clone, Copy)]
struct Seen {
    version: u64,
    event: Option<EventId>,
    stored: [u8; 32],
}

type Name = (TenantId, String, String);

/// Signs and verifies the records of one process.
pub struct Records {
    ports: Ports,
    keys: AccessKeys,
    seen: Mutex<HashMap<Name, Seen>>,
    pub(crate) recent: Recent,
}

impl Records {
    /// For a process that only reads: it asks the keyring for the public keys when it needs one first.
    pub fn reading(ports: &Ports) -> Arc<Self> {
        Self::reading_pinned(ports, Vec::new())
    }

    /// The same, where the line of keys that count begins with one that is known beforehand by its thumbprint, the last of `pinned`; the others
    /// count beside it. Whoever writes to the keyring then adds none.
    pub fn reading_pinned(ports: &Ports, pinned: Vec<String>) -> Arc<Self> {
        Arc::new(Self::new(ports, Signs::Never, pinned))
    }

    /// For whoever signs with one key, whose seed this is.
    pub fn writing(ports: &Ports, seed: &[u8; 32]) -> Arc<Self> {
        let key = Arc::new(Ed25519Key::from_seed(seed));
        Arc::new(Self::new(ports, Signs::With(key), Vec::new()))
    }

    /// For `auth`, which signs with the newest key of the line that every process knows. Its thumbprint is logged, to be pinned.
    ///
    /// # Errors
    /// * [`KeyringError::Unpinned`]: no key of the keyring is the pinned one.
    /// * As [`Keyring::open`](crate::Keyring::open).
    pub async fn of_holder(ports: &Ports, pinned: Vec<String>) -> Result<Arc<Self>, KeyringError> {
        let records = Self::new(ports, Signs::AsItIsTime, pinned);
        records.keys.open().await?;
        Ok(Arc::new(records))
    }

    fn new(ports: &Ports, signs: Signs, pinned: Vec<String>) -> Self {
        Self {
            ports: ports.clone(),
            keys: AccessKeys::new(ports, signs, pinned),
            seen: Mutex::default(),
            recent: Recent::default(),
        }
    }

    /// Makes the next key, endorsed by the newest, when that is a quarter of a year old; for the app that holds them. It signs once every process
    /// knows it.
    ///
    /// # Errors
    /// When storage fails, or the key store.
    pub async fn rotate(&self) -> Result<(), KeyringError> {
        self.keys.rotate().await
    }

    /// The newest key, unless it is the first: its number and its thumbprint.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn successor(&self) -> Result<Option<(u32, String)>, KeyringError> {
        self.keys.successor().await
    }

    /// The key with which everything is to be signed by now ([`Partition::sign_again`](crate::Partition::sign_again)), while older ones count
    /// as well: its number and its thumbprint.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn to_sign_again(&self) -> Result<Option<(u32, String)>, KeyringError> {
        self.keys.to_sign_again().await
    }

    /// Says that everything is signed with the key `kid`: those before it count no more, as soon as every process knows. Said twice is said once.
    ///
    /// # Errors
    /// When storage fails, or the key store.
    pub async fn retire_before(&self, kid: &str) -> Result<(), KeyringError> {
        self.keys.retire_before(kid).await
    }

    /// The key to which personal details are sealed, once its holder has started.
    pub(crate) async fn keeper(&self) -> Result<Option<[u8; 32]>, StoreError> {
        let keys = PublicKeys::read(&self.ports).await;
        let keys = keys.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        match keys.jwk(KeyPurpose::Disclosure) {
            Some(protocol::key::Jwk::X25519(key)) => Ok(Some(*key)),
            Some(_) | None => Ok(None),
        }
    }

    /// Whether documents of `kind` in `container` are signed: everything that guards read; no intent, which has a signature of its own, and not the
    /// restore epoch, which `host` reads before there are keys.
    pub(crate) fn covers(container: Container, kind: &str) -> bool {
        container == Container::Access && kind != "intent" && kind != "restore_epoch"
    }

    /// The document inside, once its signature was verified.
    ///
    /// # Errors
    /// * [`StoreError::Forged`]: not signed, signed for another place, changed, or older than what this process saw.
    pub(crate) async fn open(
        &self,
        tenant: TenantId,
        shard: &str,
        stored: Stored,
    ) -> Result<Stored, StoreError> {
        let refused = |why| forged(tenant, &stored.document.id, why);
        let signed: Signed = serde_json::from_str(&stored.document.body)
            .map_err(|_| refused("it is not a signed record"))?;
        let digest: [u8; 32] = Sha256::digest(&stored.document.body).into();
        let name = (tenant, shard.to_owned(), stored.document.id.clone());
        let before = self.remembered(&name);
        if before.is_none_or(|seen| seen.stored != digest) {
            if let Some(seen) = before.filter(|seen| signed.version < seen.version) {
                return self.open_again(tenant, shard, &stored.document.id, seen).await;
            }
            let Some(key) = self.keys.verifying(&signed.by).await? else {
                tracing::error!(
                    kid = signed.by,
                    "somebody signed a record with a key of their own"
                );
                return Err(refused("it is signed by a key that does not count"));
            };
            let text = text(tenant, shard, &stored.document.kind, &stored.document.id, &signed);
            let signature = STANDARD_NO_PAD.decode(&signed.sig).unwrap_or_default();
            if key.verify(text.as_bytes(), &signature).is_err() {
                return Err(refused("its signature does not verify"));
            }
            self.remember(
                name,
                Seen { version: signed.version, event: signed.event, stored: digest },
            );
        }
        let document = NewDocument { body: signed.record, ..stored.document };
        Ok(Stored { document, ..stored })
    }

    /// Reads again what is older than what this process saw: whoever reads while another writes may get the version before. A read that
    /// begins afterwards gets the newer one, unless somebody put the older one back.
    async fn open_again(
        &self,
        tenant: TenantId,
        shard: &str,
        id: &str,
        seen: Seen,
    ) -> Result<Stored, StoreError> {
        let key = PartitionKey::new(tenant, shard);
        let stored = self.ports.documents.read(Container::Access, &key, id).await?;
        let stored = stored.ok_or_else(|| forged(tenant, id, "it was there before"))?;
        let signed = serde_json::from_str::<Signed>(&stored.document.body);
        if !signed.is_ok_and(|signed| signed.version >= seen.version) {
            return Err(forged(tenant, id, "it is older than what was there before"));
        }
        Box::pin(self.open(tenant, shard, stored)).await
    }

    /// Signs what a batch writes of records, in the order in which the versions before were seen.
    ///
    /// # Errors
    /// * [`StoreError::Unreadable`]: this process does not sign, or replaces what it never read.
    pub(crate) async fn seal(
        &self,
        key: &PartitionKey,
        batch: Vec<Write>,
        event: Option<EventId>,
    ) -> Result<Vec<Write>, StoreError> {
        if !batch.iter().any(|write| Self::covers(Container::Access, &write.document().kind)) {
            return Ok(batch);
        }
        let (signer, place) = (self.keys.signing().await?, (key.tenant, key.shard.as_str()));
        let mut sealed = Vec::with_capacity(batch.len());
        for write in batch {
            sealed.push(match write {
                Write::Create(document) if Self::covers(Container::Access, &document.kind) => {
                    Write::Create(sign_with(&signer, place, document, 1, event)?)
                }
                Write::Replace(document, etag)
                    if Self::covers(Container::Access, &document.kind) =>
                {
                    let before = self.before(key, &document.id).await?;
                    let (version, event) =
                        (before.version.saturating_add(1), event.or(before.event));
                    Write::Replace(sign_with(&signer, place, document, version, event)?, etag)
                }
                other @ (Write::Create(_) | Write::Replace(..)) => other,
            });
        }
        Ok(sealed)
    }

    /// Signs one document for its place: what its sealing does to each.
    ///
    /// # Errors
    /// * [`StoreError::Unreadable`]: this process does not sign.
    pub async fn sign(
        &self,
        place: (TenantId, &str),
        document: NewDocument,
        version: u64,
        event: Option<EventId>,
    ) -> Result<NewDocument, StoreError> {
        let key = self.keys.signing().await?;
        sign_with(&key, place, document, version, event)
    }

    /// The version that a replacement comes after: whoever replaces has read it, unless this process forgot.
    async fn before(&self, key: &PartitionKey, id: &str) -> Result<Seen, StoreError> {
        let name = (key.tenant, key.shard.clone(), id.to_owned());
        if let Some(seen) = self.remembered(&name) {
            return Ok(seen);
        }
        let stored = self.ports.documents.read(Container::Access, key, id).await?;
        let stored = stored.ok_or(StoreError::Conflict)?;
        self.open(key.tenant, &key.shard, stored).await?;
        self.remembered(&name).ok_or(StoreError::Conflict)
    }

    fn remembered(&self, name: &Name) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn remember(&self, name: Name, now: Seen) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.clear();
        }
        let known = seen.entry(name).or_insert(now);
        if known.version <= now.version {
            *known = now;
        }
    }
}

fn forged(tenant: TenantId, id: &str, why: &'static str) -> StoreError {
    tracing::error!(alarm = "access-record", tenant.id = %tenant, record = id, why, "a record is refused");
    StoreError::Forged(why)
}
