//! A database that was set back: what the signer refuses, and how the log goes on once somebody answers for it.

use std::path::Path;

use chain::{
    bundle::{Draft, Export},
    genesis,
    note::{Signer, VerifierKey},
    policy::{Policy, Tier},
    report::Verdict,
    row::Row,
    verify,
};
use domain::Role;
use ed25519_dalek::{SigningKey, VerifyingKey};
use ports::{Identity, KeyPurpose};
use protocol::key::Jwk;
use serde_json::json;
use store::{PublicKeys, SignedHead};
use system_tests::{
    ended,
    sign_up::Owner,
    signing::{blobs, grow, head, refused_everywhere, rows_of, seal, sign, sign_directory, signed},
    world::World,
};
use tempfile::TempDir;

/// Copies what a server left behind in `data`; with the database that `snapshot` is.
fn restored(data: &Path, snapshot: &Path) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(data, dir.path());
    for rest in ["store.sqlite-wal", "store.sqlite-shm"] {
        std::fs::remove_file(dir.path().join(rest)).ok();
    }
    std::fs::copy(snapshot, dir.path().join("store.sqlite")).unwrap();
    dir
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// A backup of the database, as it is now.
fn backup(world: &World, to: &Path) {
    let database = rusqlite::Connection::open(world.data().join("store.sqlite")).unwrap();
    database.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}

/// What is left of a deployment whose database was set back, its owner, and what was signed before.
struct Restored {
    dir: TempDir,
    owner: Owner,
    before: SignedHead,
    now: domain::Timestamp,
}

async fn restored_deployment() -> Restored {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let files = tempfile::tempdir().unwrap();
    let snapshot = files.path().join("snapshot");
    backup(&world, &snapshot);
    grow(&world, &owner.access, 3).await;
    let before = signed(&world, owner.tenant).await;
    let dir = restored(&world.data(), &snapshot);
    Restored { dir, owner, before, now: world.now() }
}

/// A backup was put back and nobody said so: the signer refuses, and says so wherever the log is asked for.
#[tokio::test]
async fn a_restored_database_is_refused_until_the_restore_epoch_is_raised() {
    let Restored { dir, owner, before, now } = restored_deployment().await;
    let world = World::set_to(dir.path(), now, &[]).await;
    assert_eq!(sign(&world, owner.tenant).await.status, 500);
    refused_everywhere(&world, &owner.access, owner.tenant, "log-rolled-back").await;
    let me = world.call("GET", "/api/auth/v1/me", Some(&owner.access), None).await;
    assert_eq!(me.status, 200, "nobody said that anything was restored");
    // The alarm stays when the log seems to be well again, and nothing is signed on.
    assert_eq!(sign(&world, owner.tenant).await.status, 500);
    assert_eq!(signed(&world, owner.tenant).await, before);
    // The directory goes on without it.
    assert_eq!(sign_directory(&world).await.status, 200);
}

/// Raised, every session is over; and the log goes on in a new epoch, which begins with what was signed of the one before.
#[tokio::test]
async fn a_raised_restore_epoch_ends_sessions_and_begins_a_new_epoch_of_the_log() {
    let Restored { dir, owner, before, now } = restored_deployment().await;
    let world = World::set_to(dir.path(), now, &[("PROOFLINE_RESTORE_EPOCH", "1")]).await;
    let me = world.call("GET", "/api/auth/v1/me", Some(&owner.access), None).await;
    assert_eq!(me.status, 401, "a token of before");
    let refresh = json!({"refresh_token": owner.refresh});
    let refreshed = world.call("POST", "/api/auth/v1/tokens/refresh", None, Some(&refresh)).await;
    assert_eq!(refreshed.status, 401, "a session of before");
    seal(&world, owner.tenant).await;
    world.settle().await;
    let after = signed(&world, owner.tenant).await;
    assert_eq!((after.epoch, after.restore), (1, 1));
    let head = head(&after.note);
    assert_eq!(head.origin, format!("control.example/log/{}/1", owner.tenant));
    let rows = rows_of(&world, owner.tenant, 1).await;
    let first = Row::parse(&rows[0]).unwrap();
    let previous = genesis::previous_of(&first).unwrap();
    assert_eq!((previous.epoch, &previous.note), (0, &before.note));
    assert!(previous.rows < before.size, "the database lost rows");
    let second = Row::parse(&rows[1]).unwrap();
    assert_eq!(second.action, "log.alarm");
    assert!(rows[1].contains(&head.origin), "{}", rows[1]);
    // What the database still had is not sealed a second time.
    assert!(rows.iter().all(|row| !row.contains("tenant.created")), "{rows:?}");
    verified(&world, &owner, &rows, &after.note).await;
    // The old epoch stays alarmed, and the new one is not.
    let alarm = store::Alarm::read(&*blobs(&world), owner.tenant, 0).await.unwrap().unwrap();
    assert_eq!((alarm.code.as_str(), alarm.restore), ("log-rolled-back", 0));
    assert_eq!(store::Alarm::read(&*blobs(&world), owner.tenant, 1).await.unwrap(), None);
    epochs_are_read(&world, &owner, &head.origin).await;
}

/// The backup is older than the row that ended the epoch, and that end was signed: the log goes on all the same, with the key that it had.
#[tokio::test]
async fn a_restore_to_before_a_signed_end_goes_on_with_the_key_that_the_log_had() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let files = tempfile::tempdir().unwrap();
    let snapshot = files.path().join("snapshot");
    backup(&world, &snapshot);
    let rotated = ended::rotated(&world.data(), world.now(), "1").await;
    rotated.idle(true);
    let path = "/api/audit/v1/audit/events?limit=1";
    assert_eq!(rotated.call("GET", path, Some(&owner.access), None).await.status, 200);
    seal(&rotated, owner.tenant).await;
    assert_eq!(sign(&rotated, owner.tenant).await.status, 200);
    let end = signed(&rotated, owner.tenant).await;
    assert_eq!((end.epoch, end.ended), (0, Some(1)));

    let dir = restored(&world.data(), &snapshot);
    let settings = [("PROOFLINE_RESTORE_EPOCH", "1"), ("PROOFLINE_LOG_ROTATION", "1")];
    let world = World::set_to(dir.path(), world.now(), &settings).await;
    seal(&world, owner.tenant).await;
    world.settle().await;
    let after = signed(&world, owner.tenant).await;
    assert_eq!((after.epoch, after.rotation, after.ended), (1, 0, None));
    let rows = rows_of(&world, owner.tenant, 1).await;
    let previous = genesis::previous_of(&Row::parse(&rows[0]).unwrap()).unwrap();
    assert_eq!((previous.note, previous.announced), (end.note, None));
    assert_eq!(store::Alarm::read(&*blobs(&world), owner.tenant, 1).await.unwrap(), None);
}

/// The second restore is of a backup that is older than the epoch which the first one began: what was sealed by then is known from the epoch before.
#[tokio::test]
async fn a_restore_to_before_the_epoch_began_seals_nothing_a_second_time() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let files = tempfile::tempdir().unwrap();
    let snapshot = files.path().join("snapshot");
    backup(&world, &snapshot);
    let known = rows_of(&world, owner.tenant, 0).await.len();
    grow(&world, &owner.access, 3).await;
    let mut dir = restored(&world.data(), &snapshot);
    for epoch in ["1", "2"] {
        let settings = [("PROOFLINE_RESTORE_EPOCH", epoch)];
        let world = World::set_to(dir.path(), world.now(), &settings).await;
        seal(&world, owner.tenant).await;
        world.settle().await;
        let signed = signed(&world, owner.tenant).await;
        assert_eq!(signed.epoch.to_string(), epoch);
        let rows = rows_of(&world, owner.tenant, signed.epoch).await;
        assert!(known > 3 && rows.len() <= 3, "of {known} rows before: {rows:#?}");
        assert!(rows.iter().all(|row| !row.contains("tenant.created")), "{rows:#?}");
        drop(world);
        dir = restored(dir.path(), &snapshot);
    }
}

/// Rows of both epochs are found, each by its own number, and none of one that the log never had.
async fn epochs_are_read(world: &World, owner: &Owner, origin: &str) {
    let reader = world.person_since(owner.tenant, Role::Owner, 1).await;
    let path = "/api/audit/v1/audit/events";
    let read = async |query: &str| {
        world.call("GET", &format!("{path}{query}"), Some(&reader.token), None).await
    };
    let before = origin.strip_suffix("/1").unwrap();
    for (query, origin) in [("", origin), ("epoch=1", origin), ("epoch=0", before)] {
        let page = read(&format!("?limit=1&{query}")).await.json();
        assert_eq!(page["rows"][0]["row"]["data"]["origin"], origin, "{page}");
        let found = read(&format!("?action=log.&{query}")).await.json();
        assert_eq!(found["rows"][0], page["rows"][0], "{query}");
    }
    for path in ["?epoch=2", "/0?epoch=2"] {
        assert_eq!(read(path).await.code(), "invalid-filter", "{path}");
    }
    let raw = read("/0?epoch=1").await.json();
    assert_eq!(raw["seq"], 0, "{raw}");
    // What was refused is shown by nobody as if it were proved.
    assert_eq!(read("/0?epoch=0").await.code(), "log-refused");
}

/// An inspector verifies the new epoch with the key that he pinned, and believes no other beginning of it.
async fn verified(world: &World, owner: &Owner, rows: &[String], checkpoint: &str) {
    let keys = PublicKeys::read(&world.store.ports(Identity::Audit)).await.unwrap();
    let Some(Jwk::Ed25519(key)) = keys.jwk(KeyPurpose::Checkpoint) else { panic!("no key") };
    let origin = head(checkpoint).origin;
    let log = VerifierKey::new(&origin, VerifyingKey::from_bytes(key).unwrap()).unwrap();
    let exporter = Signer::new("exports", SigningKey::from_bytes(&[5; 32])).unwrap();
    let tenant = owner.tenant.to_string();
    let export = Export { tenant: &tenant, checkpoint, log_keys: &[], app_keys: &[] };
    let draft = Draft::of(&export, rows).unwrap();
    let statement = exporter.sign(draft.statement()).unwrap();
    let file = draft.whole(&statement, rows).unwrap();
    let export = exporter.verifier_key();
    let policy: Policy = format!("origin {origin}\nlog {log}\nexport {export}\n").parse().unwrap();
    let report = verify::bundle(&file, Some(&policy));
    // What was lost with the database is said in the log, which is therefore not whole.
    assert!([Verdict::Ok, Verdict::Incomplete].contains(&report.verdict), "{report:?}");
    assert_eq!((report.tier, report.first_bad), (Tier::Signed, None));
}

/// What was refused before the epoch was raised goes on in a new epoch once it is.
#[tokio::test]
async fn an_alarmed_log_goes_on_in_a_new_epoch_once_somebody_answers_for_it() {
    let Restored { dir, owner, now, .. } = restored_deployment().await;
    let world = World::set_to(dir.path(), now, &[]).await;
    assert_eq!(sign(&world, owner.tenant).await.status, 500);
    drop(world);
    let world = World::set_to(dir.path(), now, &[("PROOFLINE_RESTORE_EPOCH", "1")]).await;
    seal(&world, owner.tenant).await;
    world.settle().await;
    assert_eq!(signed(&world, owner.tenant).await.epoch, 1);
}

/// An untouched database goes on as it was when the epoch is raised: nothing contradicts what was signed.
#[tokio::test]
async fn a_log_that_holds_goes_on_in_its_epoch() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.settle().await;
    let before = signed(&world, owner.tenant).await;
    let dir = tempfile::tempdir().unwrap();
    copy(&world.data(), dir.path());
    let world = World::set_to(dir.path(), world.now(), &[("PROOFLINE_RESTORE_EPOCH", "1")]).await;
    sign(&world, owner.tenant).await;
    let after = signed(&world, owner.tenant).await;
    assert_eq!((after.epoch, after.restore, after.size), (0, 1, before.size));
    assert_eq!(head(&after.note).root, head(&before.note).root);
}

/// An app with a setting of before a restore serves nothing, from outside or by trigger.
#[tokio::test]
async fn an_app_that_is_behind_serves_nothing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let dir = tempfile::tempdir().unwrap();
    copy(&world.data(), dir.path());
    let now = world.now();
    drop(World::set_to(dir.path(), now, &[("PROOFLINE_RESTORE_EPOCH", "2")]).await);
    for epoch in ["0", "1"] {
        let world = World::set_to(dir.path(), now, &[("PROOFLINE_RESTORE_EPOCH", epoch)]).await;
        for app in ["auth", "runs", "audit", "signer", "purge"] {
            let answer = world.call("GET", &format!("/api/{app}/v1/me"), None, None).await;
            let found = (answer.status.as_u16(), answer.code());
            assert_eq!(found, (503, "restore-epoch-behind".to_owned()), "{app} at {epoch}");
        }
        assert_eq!(sign(&world, owner.tenant).await.status, 503);
    }
    let world = World::set_to(dir.path(), now, &[("PROOFLINE_RESTORE_EPOCH", "2")]).await;
    assert_ne!(world.call("GET", "/api/auth/v1/me", None, None).await.status, 503);
}
