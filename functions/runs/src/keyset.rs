//! The control plane's public keys, listed and signed by its root key: what Runners pin.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;
use ports::{Identity, KeyPurpose, Ports};
use protocol::{
    Name, V1,
    dsse::Envelope,
    key::{Es256Key, Jwk, Kid, Signer as _},
    keyset::{ControlPlaneKeys, KeyUse, ListedKey},
};
use store::PublicKeys;
use web::Problem;

/// A list that is complete is looked at again after this.
const LOOK_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// The list and the key that signs it.
pub(crate) struct Keyset {
    ports: Ports,
    root: Es256Key,
    deployment: Name,
    log_origin_prefix: Name,
    signed: Mutex<Option<Signed>>,
}

#[derive(Clone)]
struct Signed {
    envelope: Envelope,
    keys: usize,
    /// Whether every app has made its keys, and the directory of logs was signed once.
    is_whole: bool,
    at: Timestamp,
}

impl Keyset {
    pub(crate) fn new(
        ports: Ports,
        root: Es256Key,
        deployment: Name,
        log_origin_prefix: Name,
    ) -> Self {
        Self { ports, root, deployment, log_origin_prefix, signed: Mutex::default() }
    }

    /// The thumbprint that enrolment tokens carry.
    pub(crate) fn root_kid(&self) -> Kid {
        self.root.kid()
    }

    pub(crate) fn root_jwk(&self) -> Jwk {
        self.root.public().jwk()
    }

    /// The signed list. Apps that start later than we do make their keys later, so an incomplete list is read again each time.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Envelope, Problem> {
        let last = self.last();
        let is_fresh = |last: &&Signed| last.is_whole && now.since(last.at) < LOOK_AGAIN_AFTER;
        if let Some(last) = last.as_ref().filter(is_fresh) {
            return Ok(last.envelope.clone());
        }
        let keys =
            PublicKeys::read(&self.ports).await.map_err(|error| Problem::internal(&error))?;
        let directory = store::signed::directory_key(&*self.ports.blobs).await;
        let directory = directory.map_err(|error| Problem::internal(&error))?;
        let directory = directory.map(|jwk| ListedKey { usage: KeyUse::Directory, app: None, jwk });
        let keys: Vec<ListedKey> = LISTED
            .iter()
            .flat_map(|(purpose, usage, app)| listed(&keys, *purpose, *usage, *app))
            .chain(directory)
            .collect();
        let count = keys.len();
        let is_whole = count > LISTED.len() && keys.iter().any(is_directory);
        let envelope = match last {
            Some(last) if last.keys == count => last.envelope,
            Some(_) | None => self.sign(keys, now)?,
        };
        let signed = Signed { envelope: envelope.clone(), keys: count, is_whole, at: now };
        *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        Ok(envelope)
    }

    fn last(&self) -> Option<Signed> {
        self.signed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn sign(&self, keys: Vec<ListedKey>, now: Timestamp) -> Result<Envelope, Problem> {
        let list = ControlPlaneKeys {
            v: V1,
            deployment: self.deployment.clone(),
            // Keys are only ever added, so that every process numbers the same list alike.
            version: u64::try_from(keys.len()).unwrap_or(u64::MAX),
            issued_at: now,
            keys,
            log_origin_prefix: self.log_origin_prefix.clone(),
        };
        Envelope::sign_message(&list, &[&self.root]).map_err(|error| Problem::internal(&error))
    }
}

fn is_directory(listed: &ListedKey) -> bool {
    listed.usage == KeyUse::Directory
}

/// What is listed: every key that others verify with, but the root key, which is pinned.
const LISTED: [(KeyPurpose, KeyUse, Option<Identity>); 8] = [
    (KeyPurpose::Command, KeyUse::Command, None),
    (KeyPurpose::Receipt, KeyUse::Receipt, None),
    (KeyPurpose::AuthIntent, KeyUse::Intent, Some(Identity::Auth)),
    (KeyPurpose::RunsIntent, KeyUse::Intent, Some(Identity::Runs)),
    (KeyPurpose::AuditIntent, KeyUse::Intent, Some(Identity::Audit)),
    (KeyPurpose::Checkpoint, KeyUse::Checkpoint, None),
    (KeyPurpose::Export, KeyUse::Export, None),
    (KeyPurpose::AccessToken, KeyUse::AccessToken, None),
];

/// The key for a purpose. Of those that sign logs, every one: a log that is silent goes on to the next when it speaks again.
fn listed(
    keys: &PublicKeys,
    purpose: KeyPurpose,
    usage: KeyUse,
    app: Option<Identity>,
) -> Vec<ListedKey> {
    let app = app.and_then(|app| app.name().parse().ok());
    let of = |jwk: &Jwk| ListedKey { usage, app: app.clone(), jwk: *jwk };
    if purpose == KeyPurpose::Checkpoint {
        keys.versions(purpose).map(of).collect()
    } else {
        keys.jwk(purpose).map(of).into_iter().collect()
    }
}
