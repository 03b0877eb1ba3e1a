//! The samples were made with OpenSSL 3.0: `openssl ts -query -sha256 -cert`, answered by `openssl ts -reply` with keys made for it.

use super::*;

const STAMPED: &[u8] = include_bytes!("samples/stamped");
const P256: &[u8] = include_bytes!("samples/p256.tsr");
const RSA: &[u8] = include_bytes!("samples/rsa.tsr");
const P256_KEY: &str = include_str!("samples/p256.spki");
const RSA_KEY: &str = include_str!("samples/rsa.spki");
const P384_KEY: &str = include_str!("samples/p384.spki");
/// The answer to a request that asked for a digest of MD5.
const REFUSED: &str = "30373035020102302c0c2a4d6573736167652064696765737420616c676f726974686d206973206e6f7420737570706f727465642e03020780";
/// `openssl ts -query -data stamped -sha256 -cert`.
const QUERY: &str = "30430201013031300d0609608648016503040201050004206fd67f8463f4ae8864f4222120e31948d92701766a050ca8cbed33a8ef277dbc0208422a82bee019029f0101ff";

fn key(text: &str) -> AuthorityKey {
    text.parse().unwrap()
}

/// Whether the answer is about the sample, and signed by the key.
fn check(answer: &[u8], key_of: &str) -> Result<String, TimestampError> {
    let stamp = Timestamp::parse(answer)?;
    stamp.covers(STAMPED)?;
    let keys = [key(key_of)];
    stamp.verify(&keys)?;
    Ok(stamp.time().to_owned())
}

#[test]
fn what_openssl_stamped_is_believed() {
    assert_eq!(check(P256, P256_KEY).as_deref(), Ok("2026-11-21T09:43:04Z"));
    assert_eq!(check(RSA, RSA_KEY).as_deref(), Ok("2026-11-21T09:41:37Z"));
    assert_eq!(key(RSA_KEY).to_string(), RSA_KEY);
    let keys = [key(P256_KEY), key(RSA_KEY)];
    let stamp = Timestamp::parse(RSA).unwrap();
    assert_eq!(stamp.verify(&keys), Ok(&keys[1]));
}

#[test]
fn other_bytes_and_other_keys_are_refused() {
    assert_eq!(check(P256, RSA_KEY), Err(TimestampError::Signature));
    assert_eq!(check(RSA, P256_KEY), Err(TimestampError::Signature));
    let stamp = Timestamp::parse(P256).unwrap();
    assert_eq!(stamp.covers(b"something else"), Err(TimestampError::Digest));
    assert_eq!(stamp.verify(&[]), Err(TimestampError::Signature));
}

#[test]
fn an_authority_that_refuses_did_not_stamp() {
    let answer = hex::decode(REFUSED).unwrap();
    assert_eq!(check(&answer, P256_KEY), Err(TimestampError::Refused));
}

/// An altered byte either makes it no stamp of this, or lies in what nobody looks at: certificates and other names.
#[test]
fn an_altered_byte_does_not_change_what_is_believed() {
    for (answer, key, time) in
        [(P256, P256_KEY, "2026-11-21T09:43:04Z"), (RSA, RSA_KEY, "2026-11-21T09:41:37Z")]
    {
        let mut refused = 0;
        for place in 0..answer.len() {
            let mut altered = answer.to_vec();
            altered[place] ^= 1;
            match check(&altered, key) {
                Ok(still) => assert_eq!(still, time),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > answer.len() / 3, "{refused} of {}", answer.len());
        for end in 0..answer.len() {
            assert!(Timestamp::parse(&answer[..end]).is_err(), "{end}");
        }
        assert!(Timestamp::parse(&[answer, b"\0"].concat()).is_err());
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    for text in [P384_KEY, "", "AAAA", &P256_KEY[..120], &RSA_KEY.replace('A', "B")] {
        assert_eq!(text.parse::<AuthorityKey>(), Err(TimestampError::Key), "{text}");
    }
}

#[test]
fn a_request_is_that_of_openssl() {
    let expected = hex::decode(QUERY).unwrap();
    let nonce = *b"\x42\x2a\x82\xbe\xe0\x19\x02\x9f";
    assert_eq!(request(&Hash::of(STAMPED), nonce), expected);
}

#[test]
fn an_answer_repeats_the_nonce_of_its_request() {
    let nonce = *b"\x42\x2a\x82\xbe\xe0\x19\x02\x9f";
    let stamp = Timestamp::parse(P256).unwrap();
    assert!(stamp.answers(nonce));
    assert!(!stamp.answers([7; 8]));
    assert!(!Timestamp::parse(RSA).unwrap().answers(nonce));
    let asked = request(&Hash::of(STAMPED), [0xff; 8]);
    assert_eq!(
        asked[asked.len() - 13..asked.len() - 3],
        [2, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    );
}

#[test]
fn times_have_one_form() {
    assert_eq!(date_time(b"20261121000102Z").as_deref(), Some("2026-11-21T00:01:02Z"));
    assert_eq!(date_time(b"20261121000102.25Z").as_deref(), Some("2026-11-21T00:01:02Z"));
    for text in [
        b"20261121000102".as_slice(),
        b"202611210001Z",
        b"20261121000102+0100",
        b"2026112100010aZ",
        b"\xff",
    ] {
        assert_eq!(date_time(text), None);
    }
}

/// Lengths of X.690 §8.1.3: attributes are longer than 127 bytes with some authorities.
#[test]
fn an_element_has_the_length_of_der() {
    for (bytes, head) in [
        (0, b"\x31\x00".as_slice()),
        (127, b"\x31\x7f"),
        (128, b"\x31\x81\x80"),
        (256, b"\x31\x82\x01\x00"),
    ] {
        let whole = element(SET, &[&vec![7; bytes]]);
        assert_eq!((&whole[..head.len()], whole.len()), (head, head.len() + bytes));
    }
}

/// What an authority of tests answers about `bytes`, and its key.
pub(crate) fn stamp(seed: u8, bytes: &[u8], time: &[u8]) -> (Vec<u8>, AuthorityKey) {
    let (public, signing) = crate::ecdsa::tests::key("authority", seed);
    let hash = element(SEQUENCE, &[&element(OID, &[oid::SHA_256])]);
    let imprint = element(SEQUENCE, &[&hash, &element(OCTET_STRING, &[&Hash::of(bytes).0])]);
    let (one, time) = (b"\x02\x01\x01", element(GENERALIZED_TIME, &[time]));
    let info = element(SEQUENCE, &[one, &element(OID, &[b"\x2a\x03"]), &imprint, one, &time]);
    let attribute = |name, tag, value: &[u8]| {
        element(SEQUENCE, &[&element(OID, &[name]), &element(SET, &[&element(tag, &[value])])])
    };
    let attributes = [
        attribute(oid::CONTENT_TYPE, OID, oid::TST_INFO),
        attribute(oid::MESSAGE_DIGEST, OCTET_STRING, &Hash::of(&info).0),
    ]
    .concat();
    let signature: p256::ecdsa::Signature =
        p256::ecdsa::signature::Signer::sign(&signing, &element(SET, &[&attributes]));
    let signature = element(OCTET_STRING, &[signature.to_der().as_bytes()]);
    let attributes = element(CONTEXT_0, &[&attributes]);
    let signer = [one, b"\x30\x00".as_slice(), &hash, &attributes, b"\x30\x00", &signature];
    let info = element(CONTEXT_0, &[&element(OCTET_STRING, &[&info])]);
    let info = element(SEQUENCE, &[&element(OID, &[oid::TST_INFO]), &info]);
    let signers = element(SET, &[&element(SEQUENCE, &signer)]);
    let data = element(SEQUENCE, &[one, &element(SET, &[&hash]), &info, &signers]);
    let kind = element(OID, &[oid::SIGNED_DATA]);
    let token = element(SEQUENCE, &[&kind, &element(CONTEXT_0, &[&data])]);
    let answer = element(SEQUENCE, &[&element(SEQUENCE, &[b"\x02\x01\x00"]), &token]);
    let key = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, public.to_der());
    (answer, key.parse().unwrap())
}
