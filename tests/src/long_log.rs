//! Logs that are longer than a test can wait for apps to write them.

use chain::{
    commit::{Commit, Head, ROWS_MAX, segment},
    intent::{Intent, SignedIntent, VerifiedIntent},
    row::Row,
    tree::leaf_hash,
};
use domain::{TenantId, Timestamp};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use store::{Partition, log};

/// What a row says that no app said: of an instance of the sealer that never was, whose first word it is.
pub fn made_up(
    tenant: TenantId,
    number: u64,
    (action, data): (&str, Value),
    at: Timestamp,
) -> VerifiedIntent {
    let party = json!({"id": "x", "kind": "system"});
    let text = json!({
        "act": party, "action": action, "at": at.to_string(), "data": data, "id": format!("aud_{number}"), "out": "ok",
        "salt": "0".repeat(32), "src": {"app": "audit", "inst": format!("sealer-{number}"), "n": 1}, "t": tenant.to_string(),
        "target": party, "v": 1,
    });
    let key = SigningKey::from_bytes(&[7; 32]);
    let text = Intent::parse(&text.to_string()).unwrap().to_text().unwrap();
    SignedIntent::sign(text, &key).verify(&key.verifying_key()).unwrap()
}

/// Continues `log` from `head` until it has `size` rows, by the same commit again and again: its rows say what `intents` say; what each has of its
/// own is its number, its link and its hash.
pub async fn lengthen(log: &Partition, head: &mut Head, intents: &[VerifiedIntent], size: u64) {
    while head.tree.size() < size {
        let first = head.tree.size();
        // A commit lies in one segment.
        let room = (first..size).take_while(|seq| segment(*seq) == segment(first));
        let mut rows = Vec::new();
        for (_, intent) in room.take(ROWS_MAX).zip(intents) {
            let row = Row::seal(intent.text(), head.tree.size(), &head.last, &head.rx).unwrap();
            head.last = leaf_hash(row.as_bytes());
            head.tree.push(head.last);
            rows.push(row);
        }
        let commit = Commit {
            cursors: head.cursors.clone(),
            edge: head.tree.edge().to_vec(),
            first,
            instances: head.instances.clone(),
            last: head.last,
            rows,
            rx: head.rx.clone(),
            size: head.tree.size(),
        };
        log.in_shard(log::shard(log, first)).append(&log::LogCommit(commit)).await.unwrap();
    }
}
