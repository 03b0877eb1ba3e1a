//! The control plane's keys, as its root key lists them. A Runner pins the root key's thumbprint when it enrols.

use domain::{Class, Fault, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Name, V1,
    dsse::{self, Envelope, EnvelopeError, Payload, PayloadType},
    key::{Jwk, KeyError, Kid, PublicKey},
};

/// Every key of a deployment that others verify with, signed by its root key. `version` only grows: an older list is
/// refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPlaneKeys {
    /// Always 1.
    pub v: V1,
    /// The deployment: the audience of everything that Runners sign.
    pub deployment: Name,
    /// Grows with every change.
    pub version: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// The keys that count; a key that is not here does not.
    pub keys: Vec<ListedKey>,
    /// How the origins of the deployment's audit checkpoints begin.
    pub log_origin_prefix: Name,
}

/// One key of the control plane.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedKey {
    /// What it signs; nothing else.
    #[serde(rename = "use")]
    pub usage: KeyUse,
    /// The function app that holds it, where several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Name>,
    /// The key.
    pub jwk: Jwk,
}

/// What a key of the control plane signs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUse {
    /// Commands to Runners.
    Command,
    /// Receipts for statements.
    Receipt,
    /// Intents of the audit log.
    Intent,
    /// Checkpoints of the audit log.
    Checkpoint,
    /// Manifests of exports of the audit log.
    Export,
    /// Access tokens.
    AccessToken,
    /// Heads of the directory of logs.
    Directory,
}

impl Payload for ControlPlaneKeys {
    const TYPE: PayloadType = PayloadType::Keyset;
}

/// Why a list of keys was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeysetError {
    /// Not signed by the root key, or not a list of keys.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A key in it cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is older than the one that is known.
    #[error(
        "version {offered} of the control plane's keys is older than {known}, which is known; it is refused"
    )]
    Rollback {
        /// The version that came.
        offered: u64,
        /// The version that is known.
        known: u64,
    },
    /// It is another deployment's.
    #[error("the keys belong to another deployment")]
    Deployment,
}

impl Fault for KeysetError {
    fn class(&self) -> Class {
        match self {
            Self::Envelope(error) => error.class(),
            Self::Key(error) => error.class(),
            Self::Rollback { .. } | Self::Deployment => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Envelope(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Rollback { .. } => "keyset-rollback",
            Self::Deployment => "wrong-deployment",
        }
    }
}

impl ControlPlaneKeys {
    /// The list in `envelope`, if `root` signed it for `deployment` and it is not older than version `known`.
    ///
    /// # Errors
    /// [`KeysetError`]; every key that is listed must be usable.
    pub fn verify(
        envelope: &Envelope,
        root: &PublicKey,
        deployment: &Name,
        known: u64,
    ) -> Result<Self, KeysetError> {
        let list: Self = dsse::open(envelope, root)?;
        if list.deployment != *deployment {
            return Err(KeysetError::Deployment);
        }
        if list.version < known {
            return Err(KeysetError::Rollback { offered: list.version, known });
        }
        for listed in &list.keys {
            PublicKey::from_jwk(&listed.jwk)?;
        }
        Ok(list)
    }

    /// The keys that sign for `usage`, the first listed first. A key listed for one use is none for another.
    pub fn keys_for(&self, usage: KeyUse) -> Vec<PublicKey> {
        let listed = self.keys.iter().filter(|listed| listed.usage == usage);
        listed.filter_map(|listed| PublicKey::from_jwk(&listed.jwk).ok()).collect()
    }

    /// The keys that the app `app` has for `usage`.
    pub fn keys_of(&self, usage: KeyUse, app: &Name) -> Vec<PublicKey> {
        let listed = self.keys.iter().filter(|listed| listed.usage == usage);
        let own = listed.filter(|listed| listed.app.as_ref() == Some(app));
        own.filter_map(|listed| PublicKey::from_jwk(&listed.jwk).ok()).collect()
    }

    /// The key for `usage` that is named `kid`.
    pub fn find(&self, usage: KeyUse, kid: &Kid) -> Option<PublicKey> {
        self.keys_for(usage).into_iter().find(|key| key.kid() == *kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::Signer as _,
        samples::{at, command_key, name, receipt_key, root_key, stranger_key},
    };

    fn list(version: u64) -> ControlPlaneKeys {
        let listed = |usage, jwk| ListedKey { usage, app: None, jwk };
        ControlPlaneKeys {
            v: V1,
            deployment: name("proofline.example"),
            version,
            issued_at: at(0),
            keys: vec![
                listed(KeyUse::Command, command_key().public().jwk()),
                listed(KeyUse::Receipt, receipt_key().public().jwk()),
            ],
            log_origin_prefix: name("proofline.example/log/"),
        }
    }

    fn verdict(list: &ControlPlaneKeys, known: u64) -> Result<ControlPlaneKeys, KeysetError> {
        let envelope = Envelope::sign_message(list, &[&root_key()]).unwrap();
        let deployment = name("proofline.example");
        ControlPlaneKeys::verify(&envelope, root_key().public(), &deployment, known)
    }

    #[test]
    fn an_older_list_is_refused() {
        assert!(verdict(&list(3), 2).is_ok());
        assert!(verdict(&list(3), 3).is_ok());
        assert_eq!(verdict(&list(3), 4), Err(KeysetError::Rollback { offered: 3, known: 4 }));
    }

    #[test]
    fn only_the_root_key_lists_keys() {
        let envelope = Envelope::sign_message(&list(1), &[&command_key()]).unwrap();
        let deployment = name("proofline.example");
        let refused = ControlPlaneKeys::verify(&envelope, root_key().public(), &deployment, 0);
        assert_eq!(refused, Err(EnvelopeError::Unsigned.into()));
        let foreign = ControlPlaneKeys { deployment: name("other.example"), ..list(1) };
        assert_eq!(verdict(&foreign, 0), Err(KeysetError::Deployment));
    }

    #[test]
    fn a_key_counts_for_its_own_use_alone() {
        let list = verdict(&list(1), 0).unwrap();
        let (command, receipt) = (command_key().kid(), receipt_key().kid());
        assert_eq!(list.find(KeyUse::Command, &command).unwrap(), *command_key().public());
        assert_eq!(list.find(KeyUse::Receipt, &command), None);
        assert_eq!(list.find(KeyUse::Command, &receipt), None);
        assert_eq!(list.find(KeyUse::Receipt, &stranger_key().kid()), None);
        assert!(list.keys_of(KeyUse::Receipt, &name("runs")).is_empty(), "it is no app's own");
        assert_eq!(list.keys_for(KeyUse::Receipt), [receipt_key().public().clone()]);
        assert!(list.keys_for(KeyUse::AccessToken).is_empty());
    }

    #[test]
    fn a_list_with_an_unusable_key_is_refused() {
        let mut spoiled = list(1);
        spoiled.keys.push(ListedKey {
            usage: KeyUse::Intent,
            app: Some(name("runs")),
            jwk: Jwk::P256 { x: [1; 32], y: [1; 32] },
        });
        assert_eq!(verdict(&spoiled, 0), Err(KeyError::Point.into()));
    }

    #[test]
    fn uses_have_the_names_of_the_wire_contract() {
        let listed = serde_json::to_value(&list(1).keys[0]).unwrap();
        assert_eq!(listed["use"], "command");
        assert!(listed.get("app").is_none());
        assert_eq!(serde_json::to_value(KeyUse::AccessToken).unwrap(), "access-token");
    }
}
