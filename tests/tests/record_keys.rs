//! The next key of what guards read: made by itself, known to every process before it signs, and alone when everything is signed with it; nobody is
//! refused on the way, whoever is killed.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ports::{
    Container, Documents, Identity, NewDocument, PartitionKey, Ports, StorageError, Write,
};
use serde_json::{Value, json};
use store::{
    KNOWN_AFTER, ROTATED_AFTER, Records, SETTLED_AFTER, StoreError, SystemCap, TenantRecord,
};
use system_tests::{
    doubles::{Asked, Between, Fault, Faulty, Through},
    record_keys::{kid, next_key, signed_by, tick, told},
    sign_up::{EMAIL, Owner, PASSWORD},
    world::World,
};

const TICK: Duration = Duration::from_mins(10);

async fn alarms(world: &World) -> u64 {
    let compared = world.invoke("compare_access", &json!({"Data": {"timer": {}}})).await;
    assert_eq!(compared.status, 200, "{}", compared.json());
    compared.json()["ReturnValue"]["differences"].as_u64().unwrap()
}

/// Signed in with both factors.
async fn sign_in(world: &World, owner: &Owner) -> Value {
    world.clock.advance(Duration::from_secs(30));
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let login = world.call("POST", "/api/auth/v1/logins", None, Some(&body)).await.json();
    let path = format!("/api/auth/v1/logins/{}/totp", login["login"].as_str().unwrap());
    let code = json!({"code": world.code(&owner.secret)});
    world.call("POST", &path, None, Some(&code)).await.json()
}

async fn refreshed(world: &World, tokens: &Value) -> Value {
    let body = json!({"refresh_token": tokens["refresh_token"]});
    world.call("POST", "/api/auth/v1/tokens/refresh", None, Some(&body)).await.json()
}

/// Three apps, each of which reads the tenant, the guard and the session.
async fn is_admitted(world: &World, tokens: &Value, what: &str) {
    let token = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{what}: {tokens}"));
    for path in
        ["/api/auth/v1/tenant", "/api/runs/v1/runners", "/api/audit/v1/audit/events?limit=1"]
    {
        let answer = world.call("GET", path, Some(token), None).await;
        assert_eq!(answer.status, 200, "{what}: {path}: {}", answer.json());
    }
}

/// Every ten minutes of four hours: the job, the comparison, and two processes that people use, one of which was there before.
#[tokio::test]
async fn records_come_to_be_signed_with_the_next_key_and_nobody_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let elsewhere = world.elsewhere(|ports| ports).await;
    let first = kid(&world, 1).await.unwrap();
    world.clock.advance(ROTATED_AFTER);
    let mut tokens = sign_in(&world, &owner).await;
    for tick_number in 0..24 {
        world.clock.advance(TICK);
        let what = format!("tick {tick_number}");
        assert_eq!(tick(&world).await, 200, "{what}");
        is_admitted(&world, &tokens, &what).await;
        tokens = refreshed(&elsewhere, &tokens).await;
        is_admitted(&elsewhere, &tokens, &what).await;
        world.drain().await;
        assert_eq!(alarms(&world).await, 0, "{what}");
    }
    let second = kid(&world, 2).await.unwrap();
    let signed = signed_by(&world).await;
    assert_eq!(signed.keys().collect::<Vec<_>>(), [&second], "{signed:?}");
    let row = |state: &str| (2, second.clone(), state.to_owned());
    assert_eq!(told(&world).await, [row("made"), row("begun"), row("alone")]);
    // Whoever pinned the first key follows the line, and whoever pins the second needs no other.
    for pinned in [&[] as &[&str], &[&first], &[&second], &[&first, &second]] {
        assert_eq!(world.reads_pinned(owner.tenant, pinned).await, Ok(()), "{pinned:?}");
    }
}

/// At every write of the job: nothing written and the process gone, or written and the process gone.
#[tokio::test]
async fn whoever_is_killed_at_any_write_goes_on_where_he_was() {
    let once = OnceLock::new();
    let wrap = |ports| through(&once, ports);
    let mut world = World::with_ports(wrap).await;
    world.owner().await;
    world.settle().await;
    let (faulty, mut version) = (once.get().unwrap(), 1);
    for nth in 1.. {
        let fault = if nth % 2 == 0 { Fault::NotApplied } else { Fault::AppliedButUnanswered };
        version += 1;
        faulty.reset_counts();
        faulty.fail_commit(nth, fault);
        world.clock.advance(ROTATED_AFTER);
        let _killed = tick(&world).await;
        if faulty.counts().commits >= nth {
            world.restart_with(wrap).await;
            assert_eq!(tick(&world).await, 200, "making, {nth}");
        }
        world.clock.advance(KNOWN_AFTER + SETTLED_AFTER);
        let _killed = tick(&world).await;
        let is_over = faulty.counts().commits < nth;
        world.restart_with(wrap).await;
        let what = format!("{fault:?} at write {nth}");
        assert_eq!(tick(&world).await, 200, "{what}");
        let kid = kid(&world, version).await.unwrap();
        let signed = signed_by(&world).await;
        assert_eq!(signed.keys().collect::<Vec<_>>(), [&kid], "{what}: {signed:?}");
        world.settle().await;
        assert_eq!(alarms(&world).await, 0, "{what}");
        if is_over {
            assert!(nth > 20, "every write of a rotation had its turn: {nth}");
            break;
        }
    }
    let told = told(&world).await;
    for version in 2..=u64::from(version) {
        for state in ["made", "begun", "alone"] {
            let rows = told.iter().filter(|row| row.0 == version && row.2 == state).count();
            assert_eq!(rows, 1, "{state} of {version}: {told:#?}");
        }
    }
}

/// The one double that stands before the documents of `auth`, in each of its processes.
fn through(once: &OnceLock<Arc<Faulty>>, ports: Ports) -> Ports {
    match ports.identity {
        Identity::Auth => {
            let faulty = once.get_or_init(|| Faulty::new(Arc::clone(&ports.documents)));
            let documents: Arc<dyn Documents> = Arc::<Faulty>::clone(faulty);
            Ports { documents, ..ports }
        }
        Identity::Runs | Identity::Audit | Identity::Signer | Identity::Purge => ports,
    }
}

/// A record as it was before, put back by somebody who kept a copy: the key under it is retired, in a process that never saw another one.
#[tokio::test]
async fn what_a_retired_key_signed_is_refused_by_whoever_never_saw_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ports = world.store.ports(Identity::Auth);
    let place = PartitionKey::new(owner.tenant, "0");
    let read =
        async || ports.documents.read(Container::Access, &place, "tenant").await.unwrap().unwrap();
    let copy = read().await.document;
    next_key(&world).await;
    assert_eq!(tick(&world).await, 200);
    let write = vec![Write::Replace(copy, read().await.etag)];
    ports.documents.commit(Container::Access, &place, write).await.unwrap();
    assert_eq!(world.reads_pinned(owner.tenant, &[]).await, Ok(()), "until every process knows");
    world.clock.advance(KNOWN_AFTER);
    let refused = Err(StoreError::Forged("it is signed by a key that does not count"));
    assert_eq!(world.reads_pinned(owner.tenant, &[]).await, refused);
}

/// Documents whose lists stop answering.
struct Deaf {
    inner: Arc<dyn Documents>,
    is_deaf: AtomicBool,
}

impl Between for Deaf {
    fn inner(&self) -> &dyn Documents {
        &*self.inner
    }

    fn before(&self, asked: Asked) -> Result<(), StorageError> {
        if asked == Asked::Query && self.is_deaf.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable("a test says so".to_owned()));
        }
        Ok(())
    }
}

/// A process whose keyring does not answer reads on, signs for an hour, and not a minute longer: by then another key may have taken over.
#[tokio::test]
async fn nobody_signs_with_a_key_that_may_be_retired_meanwhile() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ports = world.store.ports(Identity::Auth);
    let is_deaf = AtomicBool::default();
    let deaf = Arc::new(Through(Deaf { inner: Arc::clone(&ports.documents), is_deaf }));
    let documents: Arc<dyn Documents> = Arc::<Through<Deaf>>::clone(&deaf);
    let ports = Ports { documents, ..ports };
    let records = Records::of_holder(&ports, Vec::new()).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
    let cap = SystemCap::mint(ports, None).with_records(Arc::clone(&records));
    let (data, place) = (cap.partition(owner.tenant, "test"), (owner.tenant, "0"));
    let document = NewDocument {
        id: "tenant".to_owned(),
        kind: "tenant".to_owned(),
        k1: None,
        k2: None,
        body: "{}".to_owned(),
        expires_at: None,
    };
    deaf.is_deaf.store(true, Ordering::SeqCst);
    world.clock.advance(SETTLED_AFTER.checked_sub(Duration::from_secs(1)).unwrap());
    assert!(records.sign(place, document.clone(), 1, None).await.is_ok());
    world.clock.advance(Duration::from_secs(1));
    let refused = records.sign(place, document.clone(), 1, None).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(data.get::<TenantRecord>(TenantRecord::ID).await.is_ok());
    deaf.is_deaf.store(false, Ordering::SeqCst);
    assert!(records.sign(place, document, 1, None).await.is_ok(), "at once");
}
