//! Each tenant's own keys: rotated without a pause, read by every process in time, and of no use to another tenant.

use std::{sync::Arc, time::Duration};

use domain::{TenantId, Timestamp};
use local::Store;
use ports::{Identity, KeyPurpose};
use seal::Place;
use store::{FieldError, FieldKeys, KEPT_FOR, KNOWN_AFTER, ROTATED_AFTER};
use system_tests::doubles::{ManualClock, SeededRandomness};
use tempfile::TempDir;

/// 2026-11-21T00:00:00Z.
const START: Timestamp = Timestamp::from_unix_s(1_795_219_200);
const TENANT: TenantId = TenantId::from_u128(7);
const PLACE: Place<'static> =
    Place { tenant: "t7", container: "auth", record: "usr_1", field: "email" };

struct Deployment {
    clock: Arc<ManualClock>,
    store: Store,
    _folder: TempDir,
}

impl Deployment {
    fn open() -> Self {
        let (clock, folder) = (ManualClock::new(START), TempDir::new().unwrap());
        let store =
            Store::open(folder.path(), Arc::clone(&clock) as _, SeededRandomness::new(7)).unwrap();
        Self { clock, store, _folder: folder }
    }

    /// One process of `auth`.
    fn process(&self) -> FieldKeys {
        FieldKeys::new(self.store.ports(Identity::Auth), KeyPurpose::AuthFields)
    }

    fn later(&self, by: Duration) {
        self.clock.advance(by);
    }
}

async fn sealed(keys: &FieldKeys) -> (u32, Vec<u8>) {
    let sealed = keys.seal(TENANT, &PLACE, b"ada@customer.example").await.unwrap();
    (seal::key_version(&sealed).unwrap(), sealed)
}

async fn opens(keys: &FieldKeys, sealed: &[u8]) -> bool {
    let opened = keys.open(TENANT, &PLACE, sealed).await;
    opened.is_ok_and(|plaintext| plaintext.as_slice() == b"ada@customer.example")
}

#[tokio::test]
async fn a_quarter_of_a_year_later_the_next_version_is_made_and_the_old_one_still_opens() {
    let deployment = Deployment::open();
    let keys = deployment.process();
    let (first, old) = sealed(&keys).await;
    deployment.later(ROTATED_AFTER.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!((first, sealed(&keys).await.0), (1, 1));
    deployment.later(KEPT_FOR);
    // Made now, and used when every process knows it.
    assert_eq!(sealed(&keys).await.0, 1);
    deployment.later(KNOWN_AFTER.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!(sealed(&keys).await.0, 1);
    assert!(!keys.is_outdated(TENANT, &old).await.unwrap());
    deployment.later(Duration::from_micros(1));
    let (second, fresh) = sealed(&keys).await;
    assert_eq!(second, 2);
    assert!(opens(&keys, &old).await && opens(&keys, &fresh).await);
    assert!(keys.is_outdated(TENANT, &old).await.unwrap());
    assert!(!keys.is_outdated(TENANT, &fresh).await.unwrap());
}

/// Two processes, one of which reads at the worst moment: at no time does either fail to open what the other sealed.
#[tokio::test]
async fn no_process_meets_a_field_that_it_cannot_open() {
    let deployment = Deployment::open();
    let (a, b) = (deployment.process(), deployment.process());
    sealed(&a).await;
    deployment.later(ROTATED_AFTER.checked_sub(Duration::from_mins(5)).unwrap());
    for minute in 0..60 {
        deployment.later(Duration::from_mins(1));
        let (by_a, by_b) = (sealed(&a).await.1, sealed(&b).await.1);
        assert!(opens(&a, &by_b).await && opens(&b, &by_a).await, "minute {minute}");
    }
    assert_eq!((sealed(&a).await.0, sealed(&b).await.0), (2, 2));
}

/// The first version is made by whoever comes first, and by nobody else.
#[tokio::test]
async fn processes_that_begin_at_once_share_the_first_version() {
    let deployment = Deployment::open();
    let processes: Vec<_> = (0..8).map(|_| deployment.process()).collect();
    let mut all = Vec::new();
    for keys in &processes {
        all.push(sealed(keys).await.1);
    }
    for keys in &processes {
        for sealed in &all {
            assert!(opens(keys, sealed).await);
        }
    }
}

#[tokio::test]
async fn a_field_opens_for_its_own_tenant_and_place_alone() {
    let deployment = Deployment::open();
    let keys = deployment.process();
    let (_, field) = sealed(&keys).await;
    let elsewhere = keys.open(TenantId::from_u128(8), &PLACE, &field).await;
    assert!(matches!(elsewhere, Err(FieldError::Open(seal::OpenError::Key))), "{elsewhere:?}");
    let moved = Place { record: "usr_2", ..PLACE };
    assert!(keys.open(TENANT, &moved, &field).await.is_err());
}

/// Another version in the header is looked for once, and not found: the field is not opened under a key that was not its own.
#[tokio::test]
async fn a_version_that_does_not_exist_opens_nothing() {
    let deployment = Deployment::open();
    let keys = deployment.process();
    let (_, mut field) = sealed(&keys).await;
    field[5] = 9;
    let opened = keys.open(TENANT, &PLACE, &field).await;
    assert!(matches!(opened, Err(FieldError::Open(seal::OpenError::KeyVersion(9)))));
}
