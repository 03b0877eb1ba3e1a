//! `docs/generated/rights.json`: what each identity may do, from the tables that the local backend enforces.

use std::collections::BTreeMap;

use ports::{Action, BLOB_RIGHTS, DOCUMENT_RIGHTS, Identity, KEYS, QUEUE_RIGHTS};
use serde_json::{Value, json};

use super::{Files, apps::pretty};

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
            (container.name(), actions.iter().copied().map(action).collect())
        })
        .collect();
    let blobs: BTreeMap<_, _> = BLOB_RIGHTS
        .iter()
        .filter(|(holder, ..)| *holder == identity)
        .map(|(_, bucket, read, write)| (bucket.name(), json!({"read": read, "write": write})))
        .collect();
    let keys: Vec<_> =
        KEYS.iter().filter(|(_, holder)| *holder == identity).map(|(key, _)| key.name()).collect();
    let queues: Vec<_> = QUEUE_RIGHTS
        .iter()
        .filter(|(holder, _)| *holder == identity)
        .map(|(_, queue)| queue.name())
        .collect();
    json!({"documents": documents, "blobs": blobs, "keys": keys, "sends_to": queues})
}

/// The data action of Cosmos DB, as role definitions write it.
const fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "items/create",
        Action::Read => "items/read",
        Action::Replace => "items/replace",
        Action::Query => "executeQuery",
        Action::ChangeFeed => "readChangeFeed",
    }
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
