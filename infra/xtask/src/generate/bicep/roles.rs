//! `roles.json`: role definitions, and which identity gets which of them where.

use std::collections::{BTreeMap, BTreeSet};

use ports::{
    BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, Bucket, DOCUMENT_RIGHTS, Identity, KEYS, PUBLISHERS,
    QUEUE_RIGHTS, RECEIVERS, REMOVAL_RIGHTS, SECRETS,
};
use serde_json::{Value, json};

use super::{
    DATABASE,
    definitions::{
        BLOBS_READ, BLOBS_REMOVE, BLOBS_WRITE, BUILT_IN, BuiltIn, CUSTOM, Custom, DOCUMENTS_REMOVE,
        EVENT_PUBLISH, HOST_STORAGE, KEY_SIGN, KEY_WRAP, METRICS_PUBLISH, QUEUE_RECEIVE,
        QUEUE_SEND, SECRET_READ, documents_json, documents_key, documents_remove_json,
    },
};

pub(super) fn roles() -> Value {
    json!({
        "identities": Identity::ALL.map(Identity::name),
        "definitions": {
            "documents": document_definitions(),
            "custom": CUSTOM.each_ref().map(Custom::json),
            "builtIn": BUILT_IN.each_ref().map(BuiltIn::json),
        },
        "assignments": {
            "documents": documents(),
            "blobs": blobs(),
            "queues": queues(),
            "keys": keys(),
            "secrets": secrets(),
            "internalTopic": PUBLISHERS.iter().map(|who| row(*who, EVENT_PUBLISH.key, &[])).collect::<Vec<_>>(),
            "hostStorage": Identity::ALL.map(|who| row(who, HOST_STORAGE.key, &[])),
            "monitoring": Identity::ALL.map(|who| row(who, METRICS_PUBLISH.key, &[])),
            // Not an app's: the topic's own identity sets aside what it could not deliver.
            "deadLetters": [{"container": Bucket::DeadLetters.name(), "role": BLOBS_WRITE.key}],
        },
    })
}

/// One definition for each set of actions that some row of the table grants.
fn document_definitions() -> Vec<Value> {
    let sets: BTreeMap<_, _> = DOCUMENT_RIGHTS
        .iter()
        .map(|(_, _, actions)| (documents_key(actions), documents_json(actions)))
        .collect();
    sets.into_values().chain([documents_remove_json()]).collect()
}

fn documents() -> Vec<Value> {
    let assignment =
        |(who, container, actions): &(Identity, ports::Container, &[ports::Action])| {
            let scope = format!("/dbs/{DATABASE}/colls/{}", container.name());
            row(
                *who,
                &documents_key(actions),
                &[("container", container.name()), ("scope", &scope)],
            )
        };
    let places: BTreeSet<_> =
        REMOVAL_RIGHTS.iter().map(|(who, container, _)| (*who, *container)).collect();
    let removal = |(who, container): (Identity, ports::Container)| {
        let scope = format!("/dbs/{DATABASE}/colls/{}", container.name());
        row(who, DOCUMENTS_REMOVE, &[("container", container.name()), ("scope", &scope)])
    };
    DOCUMENT_RIGHTS.iter().map(assignment).chain(places.into_iter().map(removal)).collect()
}

fn blobs() -> Vec<Value> {
    let assignments = |(who, bucket, read, write): &(Identity, Bucket, bool, bool)| {
        let place = [("container", bucket.name())];
        let read = read.then(|| row(*who, BLOBS_READ.key, &place));
        let write = write.then(|| row(*who, BLOBS_WRITE.key, &place));
        [read, write].into_iter().flatten()
    };
    let removal = |(who, bucket): &(Identity, Bucket)| {
        row(*who, BLOBS_REMOVE.key, &[("container", bucket.name())])
    };
    let removals = BLOB_REMOVAL_RIGHTS.iter().map(removal);
    BLOB_RIGHTS.iter().flat_map(assignments).chain(removals).collect()
}

/// Who receives also sets aside.
fn queues() -> Vec<Value> {
    let senders = QUEUE_RIGHTS
        .iter()
        .map(|(who, queue)| row(*who, QUEUE_SEND.key, &[("queue", queue.name())]));
    let receivers = RECEIVERS.iter().flat_map(|(who, queue)| {
        [
            row(*who, QUEUE_RECEIVE.key, &[("queue", queue.name())]),
            row(*who, QUEUE_SEND.key, &[("queue", &queue.poison())]),
        ]
    });
    senders.chain(receivers).collect()
}

fn keys() -> Vec<Value> {
    let assignment = |(purpose, who): &(ports::KeyPurpose, Identity)| {
        let role = if purpose.is_kept() { KEY_SIGN.key } else { KEY_WRAP.key };
        row(*who, role, &[("key", &purpose.vault_name())])
    };
    KEYS.iter().map(assignment).collect()
}

fn secrets() -> Vec<Value> {
    SECRETS
        .iter()
        .map(|(secret, who)| row(*who, SECRET_READ.key, &[("secret", secret.name())]))
        .collect()
}

fn row(identity: Identity, role: &str, place: &[(&str, &str)]) -> Value {
    let ends = [("identity", identity.name()), ("role", role)];
    ends.iter().chain(place).map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}
