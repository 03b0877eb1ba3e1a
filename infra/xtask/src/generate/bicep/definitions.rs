//! Role definitions: exactly the data actions that a row of a table needs, none of them a wildcard; deletion is in two roles that allow nothing else.

use ports::Action;
use serde_json::{Value, json};

/// What a role of Azure RBAC of our own allows.
pub(super) struct Custom {
    /// What assignments call it.
    pub(super) key: &'static str,
    name: &'static str,
    actions: &'static [&'static str],
    data_actions: &'static [&'static str],
}

/// A role of Azure's, used where it allows no more than we would.
pub(super) struct BuiltIn {
    /// What assignments call it.
    pub(super) key: &'static str,
    name: &'static str,
    id: &'static str,
}

/// To look whether a queue is there; not a message of it.
const QUEUE: &str = "Microsoft.Storage/storageAccounts/queueServices/queues/read";

pub(super) const BLOBS_READ: Custom = Custom {
    key: "blobs-read",
    name: "Proofline: read blobs",
    actions: &[],
    data_actions: &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
};

pub(super) const BLOBS_WRITE: Custom = Custom {
    key: "blobs-write",
    name: "Proofline: write blobs",
    actions: &[],
    data_actions: &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"],
};

pub(super) const BLOBS_REMOVE: Custom = Custom {
    key: "blobs-remove",
    name: "Proofline: remove blobs",
    actions: &[],
    data_actions: &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"],
};

pub(super) const QUEUE_SEND: Custom = Custom {
    key: "queue-send",
    name: "Proofline: send to a queue",
    actions: &[QUEUE],
    data_actions: &["Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action"],
};

/// `process` takes a message and removes it when it was dealt with, `write` gives it back or holds it longer.
pub(super) const QUEUE_RECEIVE: Custom = Custom {
    key: "queue-receive",
    name: "Proofline: receive from a queue",
    actions: &[QUEUE],
    data_actions: &[
        "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read",
        "Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action",
        "Microsoft.Storage/storageAccounts/queueServices/queues/messages/write",
    ],
};

pub(super) const KEY_WRAP: Custom = Custom {
    key: "key-wrap",
    name: "Proofline: wrap and unwrap with a key",
    actions: &[],
    data_actions: &[
        "Microsoft.KeyVault/vaults/keys/read",
        "Microsoft.KeyVault/vaults/keys/wrap/action",
        "Microsoft.KeyVault/vaults/keys/unwrap/action",
    ],
};

pub(super) const KEY_SIGN: Custom = Custom {
    key: "key-sign",
    name: "Proofline: sign with a key",
    actions: &[],
    data_actions: &[
        "Microsoft.KeyVault/vaults/keys/read",
        "Microsoft.KeyVault/vaults/keys/sign/action",
    ],
};

pub(super) const SECRET_READ: Custom = Custom {
    key: "secret-read",
    name: "Proofline: read a secret",
    actions: &[],
    data_actions: &["Microsoft.KeyVault/vaults/secrets/getSecret/action"],
};

pub(super) const EVENT_PUBLISH: BuiltIn = BuiltIn {
    key: "event-publish",
    name: "EventGrid Data Sender",
    id: "d5a91429-5739-47e2-a06b-3470a27159e7",
};

/// What the Functions host wants of the account where it keeps its locks, its keys and the package.
pub(super) const HOST_STORAGE: BuiltIn = BuiltIn {
    key: "host-storage",
    name: "Storage Blob Data Owner",
    id: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
};

pub(super) const METRICS_PUBLISH: BuiltIn = BuiltIn {
    key: "metrics-publish",
    name: "Monitoring Metrics Publisher",
    id: "3913510d-42f4-4e42-8a64-420c390055eb",
};

pub(super) const CUSTOM: [Custom; 8] = [
    BLOBS_READ,
    BLOBS_WRITE,
    BLOBS_REMOVE,
    QUEUE_SEND,
    QUEUE_RECEIVE,
    KEY_WRAP,
    KEY_SIGN,
    SECRET_READ,
];
pub(super) const BUILT_IN: [BuiltIn; 3] = [EVENT_PUBLISH, HOST_STORAGE, METRICS_PUBLISH];

impl Custom {
    pub(super) fn json(&self) -> Value {
        json!({
            "key": self.key,
            "roleName": self.name,
            "actions": self.actions,
            "dataActions": self.data_actions,
        })
    }
}

impl BuiltIn {
    pub(super) fn json(&self) -> Value {
        json!({"key": self.key, "roleName": self.name, "id": self.id})
    }
}

/// What assignments call the role of Cosmos DB that allows `actions`.
pub(super) fn documents_key(actions: &[Action]) -> String {
    let words: Vec<_> = actions.iter().copied().map(word).collect();
    format!("documents-{}", words.join("-"))
}

/// The role of Cosmos DB that allows `actions`, and to find the way to the container.
pub(super) fn documents_json(actions: &[Action]) -> Value {
    let words: Vec<_> = actions.iter().copied().map(word).collect();
    let container = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers";
    let mut data_actions = vec!["Microsoft.DocumentDB/databaseAccounts/readMetadata".to_owned()];
    data_actions
        .extend(actions.iter().map(|action| format!("{container}/{}", data_action(*action))));
    json!({
        "key": documents_key(actions),
        "roleName": format!("Proofline: documents ({})", words.join(", ")),
        "dataActions": data_actions,
    })
}

/// What assignments call the role of Cosmos DB that allows to remove, and nothing else.
pub(super) const DOCUMENTS_REMOVE: &str = "documents-remove";
/// The data action of Cosmos DB that removes, below a container.
pub(in super::super) const REMOVE: &str = "items/delete";

/// That role.
pub(super) fn documents_remove_json() -> Value {
    json!({
        "key": DOCUMENTS_REMOVE,
        "roleName": "Proofline: documents (remove)",
        "dataActions": [
            "Microsoft.DocumentDB/databaseAccounts/readMetadata",
            format!("Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/{REMOVE}"),
        ],
    })
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Read => "read",
        Action::Replace => "replace",
        Action::Query => "query",
        Action::ChangeFeed => "feed",
    }
}

/// The data action of Cosmos DB, below a container.
pub(in super::super) const fn data_action(action: Action) -> &'static str {
    match action {
        Action::Create => "items/create",
        Action::Read => "items/read",
        Action::Replace => "items/replace",
        Action::Query => "executeQuery",
        Action::ChangeFeed => "readChangeFeed",
    }
}
