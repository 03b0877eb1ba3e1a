//! `resources.json`: what must be there before an app starts. The apps make none of it; they look whether it is there.

use ports::{Bucket, Container, KEYS, KeyPurpose, QueueName, Secret};
use serde_json::{Value, json};

use super::DATABASE;

/// What queries of `ports::Query` read; every further index costs request units at each write.
const INDEXED: [&str; 5] = ["/kind/?", "/k1/?", "/k2/?", "/id/?", "/expires_at/?"];
/// The sizes that NIST SP 800-57 part 1 (table 2) puts at 128 bits of strength.
const RSA_BITS: u32 = 3072;
const CURVE: &str = "P-256";

pub(super) fn resources() -> Value {
    let queues =
        QueueName::ALL.into_iter().flat_map(|queue| [queue.name().to_owned(), queue.poison()]);
    json!({
        "documents": {"database": DATABASE, "containers": Container::ALL.map(container)},
        "blobContainers": Bucket::ALL.map(Bucket::name),
        "immutableBlobContainers":
            Bucket::ALL.into_iter().filter(|bucket| bucket.is_immutable()).map(Bucket::name).collect::<Vec<_>>(),
        "queues": queues.collect::<Vec<_>>(),
        "keys": KEYS.iter().map(|(purpose, _)| key(*purpose)).collect::<Vec<_>>(),
        "secrets": Secret::ALL.map(Secret::name),
    })
}

fn container(container: Container) -> Value {
    let indexed = INDEXED.map(|path| json!({"path": path}));
    let mut made = json!({
        "name": container.name(),
        "partitionKey": {"paths": ["/tenant", "/shard"], "kind": "MultiHash", "version": 2},
        "indexingPolicy": {
            "indexingMode": "consistent",
            "automatic": true,
            "includedPaths": indexed,
            "excludedPaths": [{"path": EVERYTHING_ELSE}],
        },
    });
    if container.expires()
        && let Value::Object(members) = &mut made
    {
        // On, and nothing expires that does not say so itself.
        members.insert("defaultTtl".to_owned(), json!(-1));
    }
    made
}

/// Cosmos DB wants the root as a path; what is included is more precise and wins.
const EVERYTHING_ELSE: &str = "/*";

fn key(purpose: KeyPurpose) -> Value {
    let name = purpose.vault_name();
    if purpose.is_kept() {
        json!({"name": name, "kty": "EC", "curveName": CURVE, "keyOps": ["sign", "verify"]})
    } else {
        json!({"name": name, "kty": "RSA", "keySize": RSA_BITS, "keyOps": ["wrapKey", "unwrapKey"]})
    }
}
