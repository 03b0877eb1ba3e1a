//! What an inspector pins of a tenant's log, out of the list of keys that the pinned root key signed.

use chain::{
    anchor::PinnedAnchors,
    ecdsa::EcdsaKey,
    note::{NoteError, VerifierKey},
    policy::{Policy, Tier},
    quorum::Quorum,
};

use crate::{
    key::{Jwk, PublicKey},
    keyset::{ControlPlaneKeys, KeyUse},
};

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum LogPolicyError {
    /// The list has no key that signs logs.
    #[error(
        "the control plane has not listed a key for its log yet; try again when it has started completely"
    )]
    NoLogKey,
    /// A name or key that cannot stand in a policy.
    #[error("the name of the log, or one of its keys, cannot sign notes")]
    Key(#[from] NoteError),
}

/// The policy for the log `origin`: its keys, those of its exports, and those of the directory of all logs, where one was signed already.
/// It asks for the tier `signed`, and for no witness.
///
/// # Errors
/// [`LogPolicyError`].
pub fn log_policy(keys: &ControlPlaneKeys, origin: &str) -> Result<Policy, LogPolicyError> {
    let log_keys = named(keys, KeyUse::Checkpoint, origin)?;
    if log_keys.is_empty() {
        return Err(LogPolicyError::NoLogKey);
    }
    let export_keys = named(keys, KeyUse::Export, &format!("{origin}/export"))?;
    let anchors = PinnedAnchors { directory: directory(keys)?, ..PinnedAnchors::default() };
    let (origin, quorum) = (origin.to_owned(), Quorum::default());
    Ok(Policy {
        origin,
        log_keys,
        export_keys,
        anchors,
        quorum,
        seen: Vec::new(),
        retention: 0,
        tier: Tier::Signed,
    })
}

/// The keys that sign heads of the directory.
fn directory(keys: &ControlPlaneKeys) -> Result<Vec<EcdsaKey>, NoteError> {
    let name = format!("{}/directory", keys.deployment);
    let listed = keys.keys.iter().filter(|listed| listed.usage == KeyUse::Directory);
    let points = listed.filter_map(|listed| match &listed.jwk {
        Jwk::P256 { x, y } => Some((x, y)),
        Jwk::Ed25519(_) | Jwk::X25519(_) => None,
    });
    points.map(|(x, y)| EcdsaKey::new(&name, x, y)).collect()
}

/// The Ed25519 keys for one use, under the name with which they sign notes.
fn named(
    keys: &ControlPlaneKeys,
    usage: KeyUse,
    name: &str,
) -> Result<Vec<VerifierKey>, NoteError> {
    let ed25519 = keys.keys_for(usage).into_iter().filter_map(|key| match key {
        PublicKey::Ed25519(key) => Some(key),
        PublicKey::P256(_) => None,
    });
    ed25519.map(|key| VerifierKey::new(name, key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        V1,
        key::Signer as _,
        keyset::ListedKey,
        samples::{at, command_key, name, receipt_key, runner_key, stranger_key},
    };

    const ORIGIN: &str = "proofline.example/log/ten_1";

    fn list(keys: Vec<(KeyUse, Jwk)>) -> ControlPlaneKeys {
        let listed = |(usage, jwk)| ListedKey { usage, app: None, jwk };
        ControlPlaneKeys {
            v: V1,
            deployment: name("proofline.example"),
            version: 1,
            issued_at: at(0),
            keys: keys.into_iter().map(listed).collect(),
            log_origin_prefix: name("proofline.example/log/"),
        }
    }

    #[test]
    fn a_policy_names_each_key_for_what_it_is_listed_and_no_other() {
        let keys = list(vec![
            (KeyUse::Command, command_key().public().jwk()),
            (KeyUse::Checkpoint, runner_key().public().jwk()),
            (KeyUse::Export, stranger_key().public().jwk()),
            (KeyUse::Directory, receipt_key().public().jwk()),
        ]);
        let policy = log_policy(&keys, ORIGIN).unwrap();
        let lines: Vec<_> = policy
            .to_string()
            .lines()
            .map(|line| line.split('+').next().unwrap().to_owned())
            .collect();
        assert_eq!(
            lines,
            [
                "origin proofline.example/log/ten_1",
                "log proofline.example/log/ten_1",
                "export proofline.example/log/ten_1/export",
                "directory proofline.example/directory",
                "tier signed",
            ]
        );
        assert_eq!(policy.to_string().parse::<Policy>().unwrap(), policy);
    }

    #[test]
    fn a_list_without_a_key_for_logs_makes_no_policy() {
        let keys = list(vec![(KeyUse::Directory, receipt_key().public().jwk())]);
        assert!(matches!(log_policy(&keys, ORIGIN), Err(LogPolicyError::NoLogKey)));
    }
}
