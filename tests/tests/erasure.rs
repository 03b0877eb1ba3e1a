//! Personal details: committed to, shown to whoever may see them, erased for good; rows and proofs never change.

use std::time::Duration;

use chain::{
    disclosure::{self, commitment},
    report::{Report, Verdict},
    verify,
};
use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target, UserId};
use ed25519_dalek::VerifyingKey;
use ports::{Identity, KeyPurpose};
use protocol::key::Jwk;
use serde_json::{Value, json};
use store::PublicKeys;
use system_tests::{
    people::Person,
    purging,
    world::{Answer, DEPLOYMENT, World},
    writing::AUTH,
};

const IP: &str = "203.0.113.77";
const AGENT: &str = "canary-agent/7";

/// An event about `subject`, as `auth` records one.
async fn record(world: &World, person: &Person, subject: UserId, ip: &str) {
    let event = AuditEvent::new(EventKind::LoginSucceeded, Target::new("user", subject))
        .personal("ip", subject, ip)
        .personal("agent", subject, AGENT);
    world.write(AUTH, person.tenant, &Actor::user(subject), [event]).await;
}

async fn seal(world: &World, person: &Person) {
    world.clock.advance(Duration::from_secs(1));
    for function in ["seal_intents", "sign_checkpoint"] {
        let quoted = serde_json::to_string(&person.tenant.to_string()).unwrap();
        let answer = world.invoke(function, &json!({"Data": {"message": quoted}})).await;
        assert_eq!(answer.status, 200, "{function}: {}", answer.json());
    }
}

async fn call(world: &World, who: &Person, method: &str, path: &str, body: Value) -> Answer {
    let path = format!("/api/audit/v1/audit/{path}");
    let body = Some(body).filter(|body| !body.is_null());
    world.call(method, &path, Some(&who.token), body.as_ref()).await
}

async fn export(world: &World, who: &Person) -> (Vec<u8>, Report) {
    let made = call(world, who, "POST", "exports", json!({"details": true})).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let path = format!("exports/{}/content", made.json()["export"].as_str().unwrap());
    let file = call(world, who, "GET", &path, Value::Null).await.bytes;
    let keys = PublicKeys::read(&world.store.ports(Identity::Audit)).await.unwrap();
    let key = |purpose| match keys.jwk(purpose) {
        Some(Jwk::Ed25519(bytes)) => VerifyingKey::from_bytes(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    let origin = format!("{DEPLOYMENT}/log/{}", who.tenant);
    let log = chain::note::VerifierKey::new(&origin, key(KeyPurpose::Checkpoint)).unwrap();
    let name = format!("{origin}/export");
    let signer = chain::note::VerifierKey::new(&name, key(KeyPurpose::Export)).unwrap();
    let policy = format!("origin {origin}\nlog {log}\nexport {signer}\n").parse().unwrap();
    let report = verify::bundle(&file, Some(&policy));
    assert_eq!(report.verdict, Verdict::Ok, "{report:?}");
    (file, report)
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// The file that shows details.
fn shown(bundle: &[u8]) -> Vec<Value> {
    let archive = chain::container::read(bundle);
    let file = archive.files[disclosure::FILE];
    let lines = str::from_utf8(file).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn on_disk(folder: &std::path::Path, word: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            on_disk(&path, word)
        } else {
            holds(&std::fs::read(&path).unwrap(), word)
        }
    })
}

/// What finds rows, as it is stored.
fn led_to(world: &World) -> Vec<String> {
    let database = rusqlite::Connection::open(world.data().join("store.sqlite")).unwrap();
    let select =
        "SELECT id || ' ' || k1 || ' ' || k2 || ' ' || body FROM documents WHERE kind = 'lead'";
    let mut select = database.prepare(select).unwrap();
    let leads: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(!leads.is_empty());
    leads
}

async fn erase(world: &World, who: &Person, subject: UserId) -> Answer {
    let body = json!({"subject": subject.to_string(), "reason": "asked for by letter"});
    call(world, who, "POST", "erasures", body).await
}

#[tokio::test]
async fn details_are_committed_to_shown_to_whoever_may_see_them_and_erased() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let subject = world.person(owner.tenant, Role::Viewer).await.user;
    record(&world, &owner, subject, IP).await;
    seal(&world, &owner).await;
    purging::project(&world).await;
    // Neither intent, nor row, nor what finds it, nor what is kept holds a detail in the clear.
    assert!(!on_disk(&world.data(), IP) && !on_disk(&world.data(), AGENT));
    let (file, report) = export(&world, &owner).await;
    assert_eq!((report.disclosed, report.erased), (2, 0));
    let lines = shown(&file);
    assert_eq!(lines[1]["value"], IP);
    let salt: [u8; 32] =
        hex::decode(lines[1]["salt"].as_str().unwrap()).unwrap().try_into().unwrap();
    assert!(holds(&file, &commitment(&salt, "ip", IP).to_string()), "the row commits to it");
    let root = report.root;

    let answer = erase(&world, &owner, subject).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    assert_eq!((&answer.json()["events"], &answer.json()["details"]), (&json!(1), &json!(2)));
    seal(&world, &owner).await;
    let (file, report) = export(&world, &owner).await;
    assert_eq!((report.disclosed, report.erased), (0, 2), "gone, and not as if never collected");
    assert!(!holds(&file, IP) && !holds(&file, AGENT));
    assert!(holds(&file, &commitment(&salt, "ip", IP).to_string()), "the row is as it was");
    assert_ne!(report.root, root, "the log went on");

    // What is collected after the erasure is another matter.
    record(&world, &owner, subject, "198.51.100.9").await;
    seal(&world, &owner).await;
    let (file, report) = export(&world, &owner).await;
    assert_eq!((report.disclosed, report.erased), (2, 2));
    assert!(holds(&file, "198.51.100.9") && !holds(&file, IP));
    // And what finds rows says of nobody more than the rows do.
    purging::project(&world).await;
    let path = format!("events?target={subject}");
    let page = call(&world, &owner, "GET", &path, Value::Null).await.json();
    assert_eq!(page["rows"].as_array().unwrap().len(), 2, "{page}");
    assert!(
        led_to(&world)
            .iter()
            .all(|lead| ![IP, AGENT, "198.51.100.9"].iter().any(|word| lead.contains(word)))
    );
}

/// What was recorded before an erasure and is sealed after it must not come back.
#[tokio::test]
async fn an_intent_from_before_the_erasure_is_not_kept_after_it() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let subject = UserId::from_u128(7);
    record(&world, &owner, subject, IP).await;
    world.clock.advance(Duration::from_secs(1));
    let answer = erase(&world, &owner, subject).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    seal(&world, &owner).await;
    let (file, report) = export(&world, &owner).await;
    assert_eq!(report.disclosed, 0);
    assert!(!holds(&file, IP));
}

/// The intents of one tenant that still have a parcel, which opens with a key that no erasure destroys.
fn parcels(world: &World) -> i64 {
    let database = rusqlite::Connection::open(world.data().join("store.sqlite")).unwrap();
    let count = "SELECT count(*) FROM documents WHERE kind = 'intent' AND body LIKE '%\"parcel\"%'";
    database.query_row(count, [], |row| row.get(0)).unwrap()
}

/// The sealed parcels of others, and of whoever is erased if they are not sealed into the log yet, stay until they are.
#[tokio::test]
async fn what_was_on_its_way_to_the_log_of_whoever_is_erased_is_removed() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let (subject, other) = (UserId::from_u128(7), UserId::from_u128(8));
    record(&world, &owner, subject, IP).await;
    record(&world, &owner, other, "198.51.100.9").await;
    seal(&world, &owner).await;
    record(&world, &owner, subject, IP).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(parcels(&world), 3);
    assert_eq!(erase(&world, &owner, subject).await.status, 201);
    world.tick("sweep_purges").await;
    assert_eq!(parcels(&world), 2, "that of the other, and one that is not sealed");
    seal(&world, &owner).await;
    world.tick("sweep_purges").await;
    assert_eq!(parcels(&world), 1);
    assert_eq!(export(&world, &owner).await.1.disclosed, 2, "of the other");
}

/// The address is known before there is a user: it is about the invitation, whose number the user takes.
#[tokio::test]
async fn the_address_that_was_invited_is_erased_with_the_person() {
    const ADDRESS: &str = "bob@invited.example";
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let body = json!({"email": ADDRESS, "role": "auditor"});
    let path = "/api/auth/v1/invitations";
    let invited = world.call("POST", path, Some(&owner.token), Some(&body)).await;
    assert_eq!(invited.status, 201, "{}", invited.json());
    let user = invited.json()["invitation"].as_str().unwrap().replace("inv_", "usr_");
    seal(&world, &owner).await;
    assert!(holds(&export(&world, &owner).await.0, ADDRESS));
    let answer = erase(&world, &owner, user.parse().unwrap()).await;
    assert_eq!((&answer.json()["events"], &answer.json()["details"]), (&json!(1), &json!(1)));
    seal(&world, &owner).await;
    let (file, report) = export(&world, &owner).await;
    assert_eq!((report.disclosed, report.erased), (0, 1));
    assert!(!holds(&file, ADDRESS));
}

/// Nobody knows whose details a file shows but whoever reads it.
#[tokio::test]
async fn a_file_with_details_is_for_whoever_may_see_them_and_for_nobody_once_somebody_is_erased() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let auditor = world.person(owner.tenant, Role::Auditor).await;
    let subject = UserId::from_u128(7);
    record(&world, &owner, subject, IP).await;
    seal(&world, &owner).await;
    let make = async |details: bool| {
        let made = call(&world, &owner, "POST", "exports", json!({"details": details})).await;
        format!("exports/{}/content", made.json()["export"].as_str().unwrap())
    };
    let (with, without) = (make(true).await, make(false).await);
    let get = async |who: &Person, path: &str| {
        let answer = call(&world, who, "GET", path, Value::Null).await;
        let is_ok = answer.status == 200;
        if is_ok { "ok".to_owned() } else { answer.code() }
    };
    assert_eq!(
        (get(&auditor, &with).await.as_str(), get(&owner, &with).await.as_str()),
        ("forbidden", "ok")
    );
    assert_eq!(get(&auditor, &without).await, "ok");
    let exports = world.data().join("blobs/exports");
    assert!(on_disk(&exports, IP));

    assert_eq!(erase(&world, &owner, subject).await.status, 201);
    assert_eq!(get(&owner, &with).await, "export-withdrawn");
    assert_eq!(
        (get(&owner, &without).await, get(&auditor, &without).await),
        ("ok".to_owned(), "ok".to_owned())
    );
    world.drain().await;
    assert!(!on_disk(&exports, IP), "removed as soon as it was withdrawn");
    assert_eq!(get(&auditor, &without).await, "ok");
    seal(&world, &owner).await;
    assert_eq!(get(&owner, &make(true).await).await, "ok", "what is left to show is shown");
}

#[tokio::test]
async fn a_hold_forbids_erasure_until_it_is_released() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let subject = UserId::from_u128(7);
    record(&world, &owner, subject, IP).await;
    seal(&world, &owner).await;
    let hold = call(&world, &owner, "POST", "holds", json!({"from": 1, "reason": "case 7"})).await;
    let refused = erase(&world, &owner, subject).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "legal-hold"));
    assert!(
        refused.json()["detail"].as_str().unwrap().contains(hold.json()["hold"].as_str().unwrap())
    );
    seal(&world, &owner).await;
    assert_eq!(export(&world, &owner).await.1.disclosed, 2, "nothing was destroyed");
    let path = format!("holds/{}", hold.json()["hold"].as_str().unwrap());
    assert_eq!(call(&world, &owner, "DELETE", &path, Value::Null).await.status, 200);
    assert_eq!(erase(&world, &owner, subject).await.status, 201);
}

#[tokio::test]
async fn details_are_shown_to_whoever_may_erase_them_and_to_nobody_else() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Business).await;
    for (role, status) in
        [(Role::Owner, 201), (Role::Dpo, 201), (Role::Admin, 403), (Role::Auditor, 403)]
    {
        let person = world.person(tenant, role).await;
        let made = call(&world, &person, "POST", "exports", json!({"details": true})).await;
        assert_eq!(made.status.as_u16(), status, "{role:?}: {}", made.json());
    }
    let admin = world.person(tenant, Role::Admin).await;
    assert_eq!(erase(&world, &admin, UserId::from_u128(7)).await.status, 403);
}
