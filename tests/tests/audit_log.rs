//! What people do is in the log, and whoever holds one file and a pinned key can tell.

use std::collections::BTreeMap;

use chain::{policy::Tier, report::Verdict, verify};
use ports::Identity;
use serde_json::json;
use system_tests::{
    doubles::{Fault, Faulty},
    pinned::{export, first_policy},
    sign_up::Owner,
    world::World,
};

/// How often each action is in the log.
async fn actions(world: &World, owner: &Owner) -> BTreeMap<String, usize> {
    let path = "/api/audit/v1/audit/events?limit=200";
    let page = world.call("GET", path, Some(&owner.access), None).await.json();
    let mut actions = BTreeMap::new();
    for row in page["rows"].as_array().unwrap_or_else(|| panic!("{page}")) {
        *actions.entry(row["row"]["action"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    actions
}

#[tokio::test]
async fn an_export_is_verified_with_a_pinned_key_and_is_incomplete_without() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let file = export(&world, &owner.access, &json!({})).await;
    let policy = first_policy(&world, owner.tenant, "").await;
    let report = verify::bundle(&file, Some(&policy));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
    assert!(report.rows_checked >= 5, "{report:?}");
    assert_eq!(verify::bundle(&file, None).verdict, Verdict::Incomplete);

    let mut altered = file.clone();
    let place = altered.windows(9).position(|window| window == b"\"tenant.c").unwrap();
    altered[place + 1] ^= 1;
    let report = verify::bundle(&altered, Some(&policy));
    assert_eq!(report.verdict, Verdict::Broken);
    assert!(report.first_bad.unwrap().seq.is_some(), "the row is named");
}

#[tokio::test]
async fn each_step_of_the_sign_up_is_one_row() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let actions = actions(&world, &owner).await;
    for action in [
        "log.genesis",
        "tenant.created",
        "iam.user.invited",
        "iam.user.created",
        "auth.mfa.enrolled",
        "auth.session.created",
    ] {
        assert_eq!(actions.get(action), Some(&1), "{action}: {actions:?}");
    }
    assert_eq!(actions.get("log.incomplete"), None);
}

#[tokio::test]
async fn nothing_is_exported_before_it_is_in_the_log() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.idle(true);
    let answer = world
        .call("POST", "/api/audit/v1/audit/exports", Some(&owner.access), Some(&json!({})))
        .await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "not-sealed-yet"));
}

/// An operator with every right on the database shortens the log. What was signed before is not signed away.
#[tokio::test]
async fn the_signer_refuses_a_log_that_was_rolled_back() {
    let mut world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let database = world.data().join("store.sqlite");
    let lost = rusqlite::Connection::open(&database).unwrap();
    let deleted = lost.execute("DELETE FROM documents WHERE partition IN (SELECT partition FROM partitions WHERE container = 'log')", []).unwrap();
    assert!(deleted > 0);
    world.restart().await;
    let quoted = serde_json::to_string(&owner.tenant.to_string()).unwrap();
    let answer = world.invoke("sign_checkpoint", &json!({"Data": {"message": quoted}})).await;
    assert_eq!(answer.status, 500);
}

/// Every write of the sign-up fails once: not applied, or applied and not answered. It ends well either way, and once.
#[tokio::test]
async fn a_write_that_fails_or_is_not_answered_changes_nothing_in_the_end() {
    every_write_fails_once(Identity::Auth, 5).await;
}

/// The same for every write of the sealer, and for the export.
#[tokio::test]
async fn a_sealer_whose_writes_fail_or_are_not_answered_seals_everything_once() {
    every_write_fails_once(Identity::Audit, 4).await;
}

async fn every_write_fails_once(identity: Identity, at_least: usize) {
    let fault_free = sign_up_with(identity, None).await;
    assert!(fault_free >= at_least, "{fault_free} commits");
    for nth in 1..=fault_free {
        for fault in [Fault::NotApplied, Fault::AppliedButUnanswered] {
            sign_up_with(identity, Some((nth, fault))).await;
        }
    }
}

async fn sign_up_with(identity: Identity, fault: Option<(usize, Fault)>) -> usize {
    let faulty = std::sync::OnceLock::new();
    let world = World::with_ports(|mut ports| {
        if ports.identity == identity {
            let documents = Faulty::new(std::sync::Arc::clone(&ports.documents));
            ports.documents = std::sync::Arc::<Faulty>::clone(&documents);
            faulty.set(documents).ok().unwrap();
        }
        ports
    })
    .await;
    let faulty = faulty.get().unwrap();
    faulty.reset_counts();
    if let Some((nth, fault)) = fault {
        faulty.fail_commit(nth, fault);
    }
    let owner = world.owner().await;
    world.settle().await;
    let me = world.call("GET", "/api/auth/v1/me", Some(&owner.access), None).await;
    assert_eq!(me.status, 200, "{fault:?}: {}", me.json());
    let actions = actions(&world, &owner).await;
    for action in [
        "tenant.created",
        "iam.user.invited",
        "iam.user.created",
        "auth.mfa.enrolled",
        "auth.session.created",
    ] {
        assert_eq!(actions.get(action), Some(&1), "{fault:?} {action}: {actions:?}");
    }
    assert_eq!(actions.get("log.incomplete"), None, "{fault:?}: {actions:?}");
    let report = verify::bundle(
        &export(&world, &owner.access, &json!({})).await,
        Some(&first_policy(&world, owner.tenant, "").await),
    );
    assert_eq!(report.verdict, Verdict::Ok, "{fault:?}: {report:?}");
    faulty.counts().commits
}
