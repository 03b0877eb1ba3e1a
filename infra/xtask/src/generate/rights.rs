//! `docs/generated/rights.json`: what each identity may do, from the tables that the local backend enforces.

use std::collections::BTreeMap;

use ports::{
    BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, DOCUMENT_RIGHTS, Identity, KEYS, PUBLISHERS, QUEUE_RIGHTS,
    QueueName, RECEIVERS, REMOVAL_RIGHTS, SECRETS,
};
use serde_json::{Value, json};

use super::{Files, apps::pretty, bicep::data_action};

pub(super) fn files() -> anyhow::Result<Files> {
    let rights: BTreeMap<_, _> =
        Identity::ALL.into_iter().map(|identity| (identity.name(), of(identity))).collect();
    let text = pretty(&serde_json::to_value(rights)?)?;
    Ok(Files::from([("docs/generated/rights.json".to_owned(), text)]))
}

fn of(identity: Identity) -> Value {
    let documents: BTreeMap<_, Vec<_>> = DOCUMENT_RIGHTS
        .iter()
        .filter(|(holder, ..)| *holder == identity)
        .map(|(_, container, actions)| {
            (container.name(), actions.iter().copied().map(data_action).collect())
        })
        .collect();
    let blobs: BTreeMap<_, _> = BLOB_RIGHTS
        .iter()
        .filter(|(holder, ..)| *holder == identity)
        .map(|(_, bucket, read, write)| (bucket.name(), json!({"read": read, "write": write})))
        .collect();
    let keys = |is_kept: bool| {
        let held = KEYS.iter().filter(|(key, who)| *who == identity && key.is_kept() == is_kept);
        held.map(|(key, _)| key.name()).collect::<Vec<_>>()
    };
    let secrets: Vec<_> = SECRETS
        .iter()
        .filter(|(_, reader)| *reader == identity)
        .map(|(secret, _)| secret.name())
        .collect();
    json!({
        "documents": documents, "blobs": blobs, "keys": keys(false), "kept_keys": keys(true), "secrets": secrets,
        "sends_to": queues(QUEUE_RIGHTS, identity), "receives_from": queues(RECEIVERS, identity),
        "removes": removes(identity),
        "publishes": PUBLISHERS.contains(&identity),
    })
}

/// From which containers, and how the ids begin of what is removed there; from which containers of blobs.
fn removes(identity: Identity) -> Value {
    let documents: Vec<_> = REMOVAL_RIGHTS
        .iter()
        .filter(|(who, ..)| *who == identity)
        .map(|(_, container, prefix)| format!("{}/{prefix}", container.name()))
        .collect();
    let blobs: Vec<_> = BLOB_REMOVAL_RIGHTS
        .iter()
        .filter(|(who, _)| *who == identity)
        .map(|(_, bucket)| bucket.name())
        .collect();
    json!({"blobs": blobs, "documents": documents})
}

fn queues(table: &[(Identity, QueueName)], identity: Identity) -> Vec<&'static str> {
    table.iter().filter(|(who, _)| *who == identity).map(|(_, queue)| queue.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Design, invariant 5: the identity that seals can create rows, and neither replace nor delete one.
    #[test]
    fn whoever_seals_can_only_add() {
        let log = of(Identity::Audit)["documents"]["log"].clone();
        assert_eq!(log, json!(["items/create", "items/read", "executeQuery"]));
        for identity in [Identity::Auth, Identity::Runs] {
            assert_eq!(of(identity)["documents"]["log"], Value::Null);
        }
    }
}
