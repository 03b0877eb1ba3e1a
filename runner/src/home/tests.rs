//! Who gets at a Runner's directory.

use protocol::key::Signer as _;

use super::*;
use crate::vault::tests::Counting;

#[test]
fn a_home_is_closed_to_others_and_its_keys_stay_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("home");
    let home = Home::create(&path, &*Counting::new()).unwrap();
    let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode(SIGNING_SEED), mode(VAULT_KEY)), (0o700, 0o600, 0o600));
    assert_eq!(mode(WITNESS_SEED), 0o600);
    let seed = home.witness_seed().unwrap().unwrap();
    assert_eq!(*home.made_witness_seed(&*Counting::new()).unwrap(), *seed);
    let kid = home.signing_key().unwrap().kid();
    assert_eq!(Home::open(&path).unwrap().signing_key().unwrap().kid(), kid);
    assert!(matches!(Home::create(&path, &*Counting::new()), Err(HomeError::Exists(_))));
}

#[test]
fn a_home_or_a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("home");
    let home = Home::create(&path, &*Counting::new()).unwrap();
    let open = |name: &str, mode| {
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    open(SIGNING_SEED, 0o640);
    assert!(matches!(home.signing_key(), Err(HomeError::Open(_))));
    open("", 0o750);
    assert!(matches!(Home::open(&path), Err(HomeError::Open(_))));
}
