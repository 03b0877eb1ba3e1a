//! `proofline audit policy`: what an inspector pins, out of the keys that the deployment's root key signed.

use std::{fs, path::Path};

use protocol::{
    Name,
    key::{Kid, PublicKey},
    keyset::ControlPlaneKeys,
    log_policy::log_policy,
    routes::{KEYS, KeysAnswer},
};
use serde_json::json;

use super::PATH;
use crate::{call::Caller, failure::Failure, print::Printer};

/// Writes the policy to `out`, or shows it.
pub(super) async fn write(
    caller: &Caller,
    root: Option<&Kid>,
    out: Option<&Path>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let note = caller.api().bytes(&format!("{PATH}/checkpoint")).await?;
    let note = String::from_utf8_lossy(&note).into_owned();
    let origin = note.lines().next().unwrap_or_default();
    let answer: KeysAnswer = caller.api().get(KEYS).await?;
    let (text, shown) = policy(&answer, root, origin)?;
    if let Some(out) = out {
        fs::write(out, &text).map_err(|error| Failure::file(out, error))?;
    }
    if printer.json {
        return printer.json(&json!({"origin": origin, "root": shown, "is_pinned": root.is_some(), "file": out, "policy": text}));
    }
    match out {
        Some(out) => printer.say(&format!("The policy for {origin} is in {}.", out.display()))?,
        None => printer.say(text.trim_end())?,
    }
    if root.is_none() {
        printer.note(&format!("The root key {shown} was compared with nothing: ask for its thumbprint by another way, and name it with --root."));
    }
    Ok(())
}

/// The policy, with the thumbprint of the root key that signed the keys in it.
fn policy(answer: &KeysAnswer, root: Option<&Kid>, origin: &str) -> Result<(String, Kid), Failure> {
    let refused = |why: String| Failure::Keys(why);
    let key = match root {
        Some(root) => PublicKey::pinned(&answer.root_jwk, root),
        None => PublicKey::from_jwk(&answer.root_jwk),
    };
    let key = key.map_err(|error| refused(error.to_string()))?;
    let deployment = deployment(origin).ok_or(Failure::Answer("checkpoint"))?;
    let keys = ControlPlaneKeys::verify(&answer.keyset, &key, &deployment, 0);
    let keys = keys.map_err(|error| refused(error.to_string()))?;
    let policy = log_policy(&keys, origin).map_err(|error| refused(error.to_string()))?;
    let compared = if root.is_some() {
        "whose thumbprint was given"
    } else {
        "which was compared with NOTHING: ask for its thumbprint by another way"
    };
    let text = format!(
        "# Keys of the control plane {deployment}, signed by its root key {}, {compared}.\n{policy}",
        key.kid()
    );
    Ok((text, key.kid()))
}

/// A log is named by its deployment, `/log/`, and its tenant.
fn deployment(origin: &str) -> Option<Name> {
    origin.split_once("/log/")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use protocol::{
        V1,
        dsse::Envelope,
        key::{Ed25519Key, Es256Key, Signer as _},
        keyset::{KeyUse, ListedKey},
    };

    use super::*;

    const ORIGIN: &str = "control.example/log/ten_1";

    fn root(seed: u8) -> Es256Key {
        Es256Key::from_seed(&[seed; 32]).unwrap()
    }

    fn answer(deployment: &str, by: &Es256Key) -> KeysAnswer {
        let listed = |usage, jwk| ListedKey { usage, app: None, jwk };
        let keys = ControlPlaneKeys {
            v: V1,
            deployment: deployment.parse().unwrap(),
            version: 1,
            issued_at: Timestamp::from_unix_s(0),
            keys: vec![
                listed(KeyUse::Checkpoint, Ed25519Key::from_seed(&[5; 32]).public().jwk()),
                listed(KeyUse::Directory, root(6).public().jwk()),
            ],
            log_origin_prefix: "control.example/log/".parse().unwrap(),
        };
        let keyset = Envelope::sign_message(&keys, &[by]).unwrap();
        KeysAnswer { keyset, root_jwk: root(1).public().jwk() }
    }

    #[test]
    fn a_policy_has_the_keys_that_the_root_key_signed_and_says_what_that_was_compared_with() {
        let honest = answer("control.example", &root(1));
        let (pinned, _) = policy(&honest, Some(&root(1).kid()), ORIGIN).unwrap();
        assert!(pinned.contains("\nlog control.example/log/ten_1+"), "{pinned}");
        assert!(pinned.contains("\ndirectory control.example/directory+"), "{pinned}");
        assert!(pinned.contains("whose thumbprint was given"), "{pinned}");
        let (unpinned, kid) = policy(&honest, None, ORIGIN).unwrap();
        assert!(unpinned.contains("compared with NOTHING"), "{unpinned}");
        assert_eq!(kid, root(1).kid());
    }

    #[test]
    fn keys_of_another_root_or_deployment_make_no_policy() {
        let honest = answer("control.example", &root(1));
        assert!(policy(&honest, Some(&root(2).kid()), ORIGIN).is_err());
        assert!(policy(&answer("control.example", &root(2)), None, ORIGIN).is_err());
        assert!(policy(&answer("other.example", &root(1)), None, ORIGIN).is_err());
        assert!(policy(&honest, None, "no-log").is_err());
    }
}
