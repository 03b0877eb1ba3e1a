//! What another implementation computes, and what does not open.

use super::*;

const PLACE: Place<'_> = Place {
    tenant: "ten_01fwhe4ydgfk1shh6w1g60eecf",
    container: "access",
    record: "usr_01fwhe4ydgfk1shh6w1g60eecf",
    field: "mfa.secret",
};
const SECRET: &[u8] = b"JBSWY3DPEHPK3PXP";

fn key() -> FieldKey {
    FieldKey::new(7, std::array::from_fn(|i| u8::try_from(i).unwrap()))
}

fn sealed() -> Vec<u8> {
    let salt = std::array::from_fn(|i| 0xa0 + u8::try_from(i).unwrap());
    let nonce = std::array::from_fn(|i| 0xc0 + u8::try_from(i).unwrap());
    seal(&key(), &PLACE, salt, nonce, SECRET).unwrap()
}

/// Computed with Python cryptography 50.0.2 (`HKDF`, `AESGCM`) from the description at [`seal`] and [`Place`].
#[test]
fn a_sealed_field_has_the_bytes_that_another_implementation_computes() {
    let expected = "010100000007a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\
                    d782245bb716b7561bf11153ba801f42c0c1c2c3c4c5c6c7c8c9cacb\
                    2a0f1fd4d01292f710d890ca40b374e6805bdfbe441570afdbaacdc6d2e93272";
    assert_eq!(hex::encode(sealed()), expected);
    assert_eq!(sealed().len(), SECRET.len() + OVERHEAD);
    assert_eq!(open(&key(), &PLACE, &sealed()).unwrap().as_slice(), SECRET);
    assert_eq!(key_version(&sealed()), Ok(7));
}

/// `McGrew` and Viega, "The Galois/Counter Mode of Operation", test case 16; checked with Python cryptography
/// 50.0.2.
#[test]
fn the_cipher_is_aes_256_gcm() {
    let bytes = |text: &str| hex::decode(text).unwrap();
    let key: [u8; 32] = bytes(&"feffe9928665731c6d6a8f9467308308".repeat(2)).try_into().unwrap();
    let nonce: [u8; 12] = bytes("cafebabefacedbaddecaf888").try_into().unwrap();
    let plaintext = bytes(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let payload = Payload { msg: &plaintext, aad: &associated };
    let ciphertext = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), payload).unwrap();
    let expected = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                    8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece\
                    0f4e1768cddf8853bb2d551b";
    assert_eq!(hex::encode(ciphertext), expected);
}

#[test]
fn a_field_opens_at_its_own_place_only() {
    let elsewhere = [
        Place { tenant: "ten_01fwhe4ydgfk1shh6w1g60eecg", ..PLACE },
        Place { container: "connectors", ..PLACE },
        Place { record: "usr_01fwhe4ydgfk1shh6w1g60eecg", ..PLACE },
        Place { field: "mfa.secret2", ..PLACE },
        Place { record: "usr_01fwhe4ydgfk1shh6w1g60eecfm", field: "fa.secret", ..PLACE },
    ];
    for place in elsewhere {
        let refused = open(&key(), &place, &sealed()).unwrap_err();
        let tenant_differs = place.tenant != PLACE.tenant;
        let expected = if tenant_differs { OpenError::Key } else { OpenError::Authentication };
        assert_eq!(refused, expected, "{place:?}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    for bit in 0..sealed().len() * 8 {
        let mut changed = sealed();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&key(), &PLACE, &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn every_truncation_and_every_extension_is_found() {
    for length in 0..sealed().len() {
        assert!(open(&key(), &PLACE, &sealed()[..length]).is_err(), "length {length}");
    }
    assert!(open(&key(), &PLACE, &[sealed().as_slice(), &[0]].concat()).is_err());
    assert_eq!(key_version(&sealed()[..OVERHEAD - 1]), Err(OpenError::Format));
    assert_eq!(key_version(&sealed()[..OVERHEAD]), Ok(7));
}

#[test]
fn another_format_another_version_and_another_key_are_told_apart() {
    let mut other = sealed();
    other[0] = 2;
    assert_eq!(open(&key(), &PLACE, &other), Err(OpenError::Format));
    other = sealed();
    other[1] = 2;
    assert_eq!(open(&key(), &PLACE, &other), Err(OpenError::Format));
    let newer = FieldKey::new(8, *key().material);
    assert_eq!(open(&newer, &PLACE, &sealed()), Err(OpenError::KeyVersion(7)));
    let foreign = FieldKey::new(7, [9; 32]);
    assert_eq!(open(&foreign, &PLACE, &sealed()), Err(OpenError::Key));
}

#[test]
fn an_empty_field_can_be_sealed_and_keys_are_not_printed() {
    let empty = seal(&key(), &PLACE, [1; 16], [2; 12], b"").unwrap();
    assert_eq!(empty.len(), OVERHEAD);
    assert_eq!(open(&key(), &PLACE, &empty).unwrap().as_slice(), b"");
    assert_eq!(format!("{:?}", key()), "FieldKey(version 7)");
}
