//! What an answer promises is in the log, and what waits for the log does not go on without it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use axum::{body::Body, http::Request};
use domain::{EventId, TenantId};
use ports::{Container, Identity};
use serde_json::{Value, json};
use store::{Partition, Sealed, SystemCap, log};
use system_tests::{
    doubles::{Fault, Faulty},
    sign_up::Owner,
    world::{Answer, World},
};
use web::Access;

const EXPORTS: &str = "/api/audit/v1/audit/exports";

/// The events and digests that an answer promises.
fn promised(answer: &Answer) -> Vec<(EventId, String)> {
    answer.promised().into_iter().map(|(event, intent)| (event.parse().unwrap(), intent)).collect()
}

fn data(world: &World, tenant: TenantId) -> Partition {
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
    SystemCap::mint(world.store.ports(Identity::Audit), None).partition(tenant, "test")
}

/// The rows of a log, by the events' ids. What was purged is passed over.
async fn rows(world: &World, tenant: TenantId) -> BTreeMap<EventId, String> {
    let data = data(world, tenant);
    let size = log::last(&data).await.unwrap().map_or(0, |last| last.size);
    let (mut rows, mut at) = (BTreeMap::new(), 0);
    while at < size {
        let commits = log::commits_since(&data, at, size, 100).await.unwrap();
        assert!(!commits.is_empty(), "the log ends with the commit that was read");
        for commit in commits {
            at = commit.size;
            for row in commit.rows {
                let parsed: Value = serde_json::from_str(&row).unwrap();
                rows.insert(parsed["id"].as_str().unwrap().parse().unwrap(), row);
            }
        }
    }
    rows
}

/// Every tenant that has a log.
async fn tenants(world: &World) -> BTreeSet<TenantId> {
    let documents = world.store.ports(Identity::Signer).documents;
    let dirty = documents.dirty(Container::Log, None, 1000).await.unwrap();
    dirty.partitions.into_iter().map(|partition| partition.tenant).collect()
}

fn digest(row: &str) -> String {
    chain::Hash::of(chain::row::intent_text(row).unwrap().as_bytes()).to_string()
}

/// An export that is asked for with a key.
async fn export(world: &World, owner: &Owner, key: Option<&str>, body: &Value) -> Answer {
    let request = Request::post(EXPORTS)
        .header("authorization", format!("Bearer {}", owner.access))
        .header("content-type", "application/json");
    let request =
        key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn every_answer_to_a_change_promises_a_row_and_the_row_comes() {
    let world = World::new().await;
    world.whole_story().await;
    // A sealer is woken at most once a second, by a clock that no test decides; what came in between, the timer finds.
    for _ in 0..2 {
        let swept = world.invoke("sweep_intents", &json!({"Data": {"timer": {}}})).await;
        assert_eq!(swept.status, 200, "{}", swept.json());
        world.settle().await;
    }
    let (mut silent, mut loud) = (BTreeSet::new(), BTreeSet::new());
    let mut promises = BTreeMap::new();
    for answer in world.answers() {
        let name = format!("{:?} {}", answer.endpoint.method, answer.endpoint.path);
        let is_known = matches!(answer.endpoint.access, Access::Requires(_) | Access::Runner);
        assert!(is_known || answer.promised.is_empty(), "{name} promises something to anyone");
        if is_known && answer.status.is_success() && !answer.endpoint.audits.is_empty() {
            let side = if answer.promised.is_empty() { &mut silent } else { &mut loud };
            side.insert(name.clone());
        }
        promises.extend(
            answer.promised.into_iter().map(|(event, intent)| (event, (intent, name.clone()))),
        );
    }
    // Its receipts promise, one for each event.
    let expected = BTreeSet::from(["Post /v1/runner/events".to_owned()]);
    assert_eq!(silent.difference(&loud).cloned().collect::<BTreeSet<_>>(), expected);
    assert!(loud.len() > 10, "{loud:?}");

    let mut sealed = BTreeMap::new();
    for tenant in tenants(&world).await {
        let rows = rows(&world, tenant).await;
        sealed.extend(rows.iter().map(|(event, row)| (event.to_string(), digest(row))));
    }
    promises.retain(|event, (intent, _)| sealed.get(event) != Some(intent));
    assert_eq!(promises, BTreeMap::new(), "promised, and not in a log");
}

#[tokio::test]
async fn the_row_that_comes_is_the_one_that_was_promised() {
    let world = World::new().await;
    let owner = world.owner().await;
    let answer = export(&world, &owner, None, &json!({})).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    world.settle().await;
    let rows = rows(&world, owner.tenant).await;
    let promised = promised(&answer);
    assert_eq!(promised.len(), 2, "that it was asked for, and that it was laid out");
    for (event, intent) in promised {
        assert_eq!(digest(&rows[&event]), intent);
    }
}

#[tokio::test]
async fn who_is_refused_is_promised_nothing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = format!("{EXPORTS}/exp_00000000000000000000000000/content");
    let answer = world.call("GET", &path, Some(&owner.access), None).await;
    assert_eq!((answer.status.as_u16(), promised(&answer)), (404, vec![]));
    let login = json!({"email": "nobody@example.com", "password": "correct horse battery"});
    let answer = world.call("POST", "/api/auth/v1/logins", None, Some(&login)).await;
    assert_eq!((answer.status.as_u16(), promised(&answer)), (401, vec![]));
}

#[tokio::test]
async fn an_export_holds_the_row_that_says_who_made_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let made = export(&world, &owner, None, &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let id = made.json()["export"].as_str().unwrap().to_owned();
    let path = format!("{EXPORTS}/{id}/content");
    let file = world.call("GET", &path, Some(&owner.access), None).await.bytes;
    let own = format!("\"target\":{{\"id\":\"{id}\",\"kind\":\"export\"}}");
    assert!(file.windows(own.len()).any(|window| window == own.as_bytes()));
}

#[tokio::test]
async fn an_export_that_is_not_sealed_in_time_is_asked_for_again_and_made_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    world.idle(true);
    let before = world.now();
    let late = export(&world, &owner, None, &json!({})).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (503, "not-sealed-yet"));
    assert_eq!(late.headers["retry-after"], "2");
    let waited = world.now().since(before);
    assert_eq!(waited.as_secs(), 10);
    let [(event, intent)] = promised(&late).try_into().unwrap();
    assert_eq!(late.json()["event"], event.to_string());
    let key = late.json()["idempotency_key"].as_str().unwrap().to_owned();
    world.idle(false);
    let made = export(&world, &owner, Some(&key), &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(promised(&made)[0], (event, intent.clone()), "the same promise");
    let again = export(&world, &owner, Some(&key), &json!({})).await;
    assert_eq!((again.status, again.json()), (made.status, made.json()));
    // The same key with other words is refused: it says what it was given for.
    let other = export(&world, &owner, Some(&key), &json!({"format": "csv"})).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency-mismatch"));
    world.settle().await;
    let rows = rows(&world, owner.tenant).await;
    assert_eq!(digest(&rows[&event]), intent);
    let id = made.json()["export"].as_str().unwrap().to_owned();
    let about = rows.values().filter(|row| row.contains(&id)).count();
    assert_eq!(about, 2, "asked for once, laid out once");
}

#[tokio::test]
async fn an_idempotency_key_that_is_no_key_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let longest = "k".repeat(64);
    for (key, status) in [
        ("two words of a key", 400),
        ("", 400),
        ("fifteen-letters", 400),
        (&"k".repeat(65), 400),
        (&longest, 201),
    ] {
        let answer = export(&world, &owner, Some(key), &json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{key}: {}", answer.json());
    }
}

/// The sealer dies between a commit and its receipts: whoever is woken next makes them.
#[tokio::test]
async fn a_receipt_that_was_not_made_is_made_by_the_next_sealer() {
    let counted = OnceLock::new();
    let world = World::with_ports(|mut ports| {
        if ports.identity == Identity::Audit {
            let documents = Faulty::new(Arc::clone(&ports.documents));
            ports.documents = Arc::<Faulty>::clone(&documents);
            counted.set(documents).ok().unwrap();
        }
        ports
    })
    .await;
    let owner = world.owner().await;
    world.settle().await;
    world.idle(true);
    let late = export(&world, &owner, None, &json!({})).await;
    let [(event, _)] = promised(&late).try_into().unwrap();
    let envelope = json!({"Data": {"message": format!("\"{}\"", owner.tenant)}});
    // The first write of the sealer is the commit, the second the receipt.
    counted.get().unwrap().fail_commit(2, Fault::NotApplied);
    let died = world.invoke("seal_intents", &envelope).await;
    assert_eq!(died.status, 503, "{}", died.json());
    let row = rows(&world, owner.tenant).await[&event].clone();
    assert_eq!(data(&world, owner.tenant).sealed(event).await.unwrap(), None);
    assert_eq!(world.invoke("seal_intents", &envelope).await.status, 200);
    let sealed = data(&world, owner.tenant).sealed(event).await.unwrap().unwrap();
    let parsed: Value = serde_json::from_str(&row).unwrap();
    let hash = chain::tree::leaf_hash(row.as_bytes()).to_string();
    let rx = parsed["rx"].as_str().unwrap().parse().unwrap();
    assert_eq!(sealed, Sealed { event, epoch: 0, seq: parsed["seq"].as_u64().unwrap(), hash, rx });
    assert!(Container::Sealed.expires());
}
