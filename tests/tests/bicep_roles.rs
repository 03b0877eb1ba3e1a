//! What Bicep deploys is what the tables of `ports` grant: no more, nowhere else, and nothing that removes.

use std::collections::BTreeSet;

use ports::{
    Action, BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, Bucket, Container, DOCUMENT_RIGHTS, Identity, KEYS,
    PUBLISHERS, QUEUE_RIGHTS, QueueName, RECEIVERS, REMOVAL_RIGHTS, SECRETS, Secret,
};
use serde_json::{Value, json};
use system_tests::tree;

/// Roles of Azure's that may be assigned, as the design names them: a wrong id would be deployed without a word.
const BUILT_IN: [(&str, &str); 3] = [
    ("EventGrid Data Sender", "d5a91429-5739-47e2-a06b-3470a27159e7"),
    ("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
    ("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb"),
];

/// What roles of our own may allow besides data actions of Cosmos DB, and what each is called here.
const ALLOWED: [(&str, &str); 13] = [
    ("read blobs", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"),
    ("write blobs", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"),
    ("remove blobs", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"),
    ("see the queue", "Microsoft.Storage/storageAccounts/queueServices/queues/read"),
    ("send", "Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action"),
    ("peek", "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read"),
    ("hold", "Microsoft.Storage/storageAccounts/queueServices/queues/messages/write"),
    ("process", "Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action"),
    ("read key", "Microsoft.KeyVault/vaults/keys/read"),
    ("wrap", "Microsoft.KeyVault/vaults/keys/wrap/action"),
    ("unwrap", "Microsoft.KeyVault/vaults/keys/unwrap/action"),
    ("sign", "Microsoft.KeyVault/vaults/keys/sign/action"),
    ("read secret", "Microsoft.KeyVault/vaults/secrets/getSecret/action"),
];

fn generated(name: &str) -> Value {
    serde_json::from_str(&tree::read(&format!("bicep/generated/{name}.json"))).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is a list"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{value} has {name}"))
}

/// The definition of a role, by what assignments call it.
fn definition<'a>(roles: &'a Value, kind: &str, key: &str) -> &'a Value {
    let mut found = list(&roles["definitions"][kind]).iter().filter(|role| role["key"] == key);
    let role = found.next().unwrap_or_else(|| panic!("{kind} has {key}"));
    assert!(found.next().is_none(), "{key} once");
    role
}

/// Everything that the assignments of one list allow: `identity place: what`, in our own words.
fn allowed(roles: &Value, assignments: &str, place: &str) -> BTreeSet<String> {
    let of_row = |row: &Value| {
        let role = definition(roles, "custom", text(row, "role"));
        let actions = ["actions", "dataActions"].map(|name| list(&role[name]).to_vec()).concat();
        let end = format!("{} {}", text(row, "identity"), text(row, place));
        actions.into_iter().map(move |action| format!("{end}: {}", word(action.as_str().unwrap())))
    };
    list(&roles["assignments"][assignments]).iter().flat_map(of_row).collect()
}

fn word(action: &str) -> &'static str {
    let known = ALLOWED.iter().find(|(_, name)| *name == action);
    known.unwrap_or_else(|| panic!("{action} is not to be granted")).0
}

fn rights(who: Identity, place: &str, words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("{} {place}: {word}", who.name())).collect()
}

#[test]
fn no_right_is_a_wildcard_and_only_one_identity_removes() {
    let text = tree::read("bicep/generated/roles.json").to_lowercase();
    let roles = generated("roles");
    for (place, role) in [("documents", "documents-remove"), ("blobs", "blobs-remove")] {
        let rows = list(&roles["assignments"][place]).iter();
        let removers: BTreeSet<_> = rows
            .filter(|row| self::text(row, "role") == role)
            .map(|row| self::text(row, "identity"))
            .collect();
        assert_eq!(removers, BTreeSet::from(["purge"]), "{place}");
    }
    assert_eq!(text.matches("delete").count(), 2, "one role for documents and one for blobs");
    for word in ["*", "upsert", "containers/items\"", "storedprocedure"] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(text.contains("items/create"), "it was read");
}

#[test]
fn each_identity_may_do_to_documents_what_the_table_says() {
    let roles = generated("roles");
    let prefix = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/";
    let names = [
        (Action::Create, "items/create"),
        (Action::Read, "items/read"),
        (Action::Replace, "items/replace"),
        (Action::Query, "executeQuery"),
        (Action::ChangeFeed, "readChangeFeed"),
    ];
    let (mut assigned, mut removing) = (BTreeSet::new(), BTreeSet::new());
    for row in list(&roles["assignments"]["documents"]) {
        let role = definition(&roles, "documents", text(row, "role"));
        let (who, container) = (text(row, "identity"), text(row, "container"));
        if text(row, "role") == "documents-remove" {
            let removed =
                "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/delete";
            assert_eq!(list(&role["dataActions"]).get(1), Some(&json!(removed)));
            assert!(removing.insert((who.to_owned(), container.to_owned())), "{row}");
            continue;
        }
        assert_eq!(text(row, "scope"), format!("/dbs/proofline/colls/{container}"));
        let [metadata, actions @ ..] = list(&role["dataActions"]) else { panic!("{role}") };
        assert_eq!(metadata, "Microsoft.DocumentDB/databaseAccounts/readMetadata");
        for action in actions {
            let action = action.as_str().unwrap().strip_prefix(prefix).unwrap();
            let (action, _) = names.iter().find(|(_, name)| *name == action).unwrap();
            assert!(assigned.insert((who.to_owned(), container.to_owned(), *action)), "{row}");
        }
    }
    let table = DOCUMENT_RIGHTS.iter().flat_map(|(who, container, actions)| {
        let place = (who.name().to_owned(), container.name().to_owned());
        actions.iter().map(move |action| (place.0.clone(), place.1.clone(), *action))
    });
    assert_eq!(assigned, table.collect());
    let removers = REMOVAL_RIGHTS.iter();
    let removers = removers.map(|(who, from, _)| (who.name().to_owned(), from.name().to_owned()));
    assert_eq!(removing, removers.collect());
}

#[test]
fn each_definition_of_documents_is_assigned() {
    let roles = generated("roles");
    let used: BTreeSet<_> =
        list(&roles["assignments"]["documents"]).iter().map(|row| text(row, "role")).collect();
    let defined: BTreeSet<_> =
        list(&roles["definitions"]["documents"]).iter().map(|role| text(role, "key")).collect();
    assert_eq!(used, defined);
    assert_eq!(list(&roles["definitions"]["documents"]).len(), defined.len(), "each once");
}

#[test]
fn each_identity_may_do_to_blobs_what_the_table_says() {
    let table = BLOB_RIGHTS.iter().flat_map(|(who, bucket, read, write)| {
        let words = [read.then_some("read blobs"), write.then_some("write blobs")];
        rights(*who, bucket.name(), &words.into_iter().flatten().collect::<Vec<_>>())
    });
    let roles = generated("roles");
    let removals = BLOB_REMOVAL_RIGHTS
        .iter()
        .flat_map(|(who, from)| rights(*who, from.name(), &["remove blobs"]));
    assert_eq!(allowed(&roles, "blobs", "container"), table.chain(removals).collect());
    let dead = json!([{"container": "dead-letters", "role": "blobs-write"}]);
    assert_eq!(roles["assignments"]["deadLetters"], dead);
}

#[test]
fn each_identity_sends_and_receives_where_the_table_says() {
    let send = ["send", "see the queue"];
    let receive = ["peek", "hold", "process", "see the queue"];
    let senders = QUEUE_RIGHTS.iter().flat_map(|(who, queue)| rights(*who, queue.name(), &send));
    let receivers = RECEIVERS.iter().flat_map(|(who, queue)| {
        let poison = format!("{}-poison", queue.name());
        [rights(*who, queue.name(), &receive), rights(*who, &poison, &send)].concat()
    });
    assert_eq!(allowed(&generated("roles"), "queues", "queue"), senders.chain(receivers).collect());
}

#[test]
fn each_key_and_secret_is_for_its_holder_and_for_what_it_is_made_for() {
    let roles = generated("roles");
    let keys = KEYS.iter().flat_map(|(purpose, who)| {
        if purpose.is_kept() {
            rights(*who, purpose.name(), &["read key", "sign"])
        } else {
            let key = format!("wrap-{}", purpose.name());
            rights(*who, &key, &["read key", "wrap", "unwrap"])
        }
    });
    assert_eq!(allowed(&roles, "keys", "key"), keys.collect());
    let secrets =
        SECRETS.iter().flat_map(|(secret, who)| rights(*who, secret.name(), &["read secret"]));
    assert_eq!(allowed(&roles, "secrets", "secret"), secrets.collect());
}

#[test]
fn roles_of_azures_own_are_the_ones_of_the_list() {
    let roles = generated("roles");
    let named: BTreeSet<_> = list(&roles["definitions"]["builtIn"])
        .iter()
        .map(|role| (text(role, "roleName"), text(role, "id")))
        .collect();
    assert_eq!(named, BTreeSet::from(BUILT_IN));
    let everyone: Vec<_> = Identity::ALL.into_iter().map(Identity::name).collect();
    let publishers: Vec<_> = PUBLISHERS.iter().map(|who| who.name()).collect();
    let expected = [
        ("internalTopic", "EventGrid Data Sender", publishers),
        ("hostStorage", "Storage Blob Data Owner", everyone.clone()),
        ("monitoring", "Monitoring Metrics Publisher", everyone),
    ];
    for (place, name, holders) in expected {
        let rows = list(&roles["assignments"][place]);
        for row in rows {
            let role = definition(&roles, "builtIn", text(row, "role"));
            assert_eq!(text(role, "roleName"), name, "{place}");
        }
        let assigned: Vec<_> = rows.iter().map(|row| text(row, "identity")).collect();
        assert_eq!(assigned, holders, "{place}");
    }
}

#[test]
fn containers_are_made_as_the_port_wants_them() {
    let resources = generated("resources");
    assert_eq!(resources["documents"]["database"], "proofline");
    let containers = list(&resources["documents"]["containers"]);
    let names: Vec<_> = containers.iter().map(|made| text(made, "name")).collect();
    assert_eq!(names, Container::ALL.map(Container::name));
    for (made, container) in containers.iter().zip(Container::ALL) {
        let key = json!({"kind": "MultiHash", "paths": ["/tenant", "/shard"], "version": 2});
        assert_eq!(made["partitionKey"], key);
        let ttl = if container.expires() { json!(-1) } else { Value::Null };
        assert_eq!(made["defaultTtl"], ttl, "{container:?}");
        let policy = &made["indexingPolicy"];
        let indexed: Vec<_> =
            list(&policy["includedPaths"]).iter().map(|path| text(path, "path")).collect();
        assert_eq!(indexed, ["/kind/?", "/k1/?", "/k2/?", "/id/?", "/expires_at/?"]);
        assert_eq!(policy["excludedPaths"], json!([{"path": "/*"}]));
    }
}

#[test]
fn everything_that_somebody_has_a_right_on_is_made() {
    let resources = generated("resources");
    assert_eq!(resources["blobContainers"], json!(Bucket::ALL.map(Bucket::name)));
    assert_eq!(resources["immutableBlobContainers"], json!(["anchors"]));
    assert_eq!(resources["secrets"], json!(Secret::ALL.map(Secret::name)));
    let queues =
        QueueName::ALL.map(|queue| [queue.name().to_owned(), queue.name().to_owned() + "-poison"]);
    assert_eq!(resources["queues"], json!(queues.concat()));
    let keys = list(&resources["keys"]);
    assert_eq!(keys.len(), KEYS.len());
    for (made, (purpose, _)) in keys.iter().zip(KEYS) {
        let name = purpose.name();
        let expected = if purpose.is_kept() {
            json!({"name": name, "kty": "EC", "curveName": "P-256", "keyOps": ["sign", "verify"]})
        } else {
            json!({
                "name": format!("wrap-{name}"), "kty": "RSA", "keySize": 3072,
                "keyOps": ["wrapKey", "unwrapKey"],
            })
        };
        assert_eq!(*made, expected);
    }
}
