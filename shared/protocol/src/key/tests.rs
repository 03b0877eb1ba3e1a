use serde_json::json;

use super::*;
use crate::samples::{root_key, runner_key};

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// RFC 8037 appendices A.1 to A.3.
#[test]
fn an_ed25519_key_has_the_thumbprint_of_rfc_8037() {
    let key = Ed25519Key::from_seed(&bytes(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    ));
    let jwk =
        json!({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    assert_eq!(serde_json::to_value(key.public().jwk()).unwrap(), jwk);
    assert_eq!(key.kid().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

/// RFC 8032 §7.1, tests 1 and 2.
#[test]
fn an_ed25519_key_signs_as_in_rfc_8032() {
    for (seed, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ] {
        let (key, message) = (Ed25519Key::from_seed(&bytes(seed)), hex::decode(message).unwrap());
        assert_eq!(hex::encode(key.sign(&message).unwrap()), signature);
        assert_eq!(key.public().verify(&message, &bytes::<64>(signature)), Ok(()));
    }
}

/// RFC 6979 appendix A.2.5, SHA-256, message "sample"; the thumbprint computed with Python `hashlib`.
#[test]
fn an_es256_key_is_that_of_its_scalar() {
    let key = Es256Key::from_scalar(&bytes(
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
    ))
    .unwrap();
    let jwk = Jwk::P256 {
        x: bytes("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"),
        y: bytes("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
    };
    assert_eq!(key.public().jwk(), jwk);
    assert_eq!(key.kid().to_string(), "DOvxvJiAdIqVWIkFt5hDtCunXLF0BV4-JGv4f-ALSm0");
    let signature: [u8; 64] = bytes(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
    assert_eq!(key.public().verify(b"sample", &signature), Ok(()));
    assert_eq!(key.public().verify(b"sampl", &signature), Err(KeyError::Signature));
}

/// Computed with Python `hashlib` and cryptography 50.0.2, which also made the signature.
#[test]
fn a_seed_always_gives_the_same_es256_key() {
    let key = Es256Key::from_seed(&std::array::from_fn(|i| u8::try_from(i).unwrap())).unwrap();
    assert_eq!(key.kid().to_string(), "SggJZmAq6-AjX4M9NAQlP7J1X1VAnXBEAtvu0F3uoRQ");
    let signature: [u8; 64] = bytes(
        "79277c0d854a86e885bb235cd4ecbe32cdd129e43571ca4e6640b349264caa289528fd1b38eb9b7ab921a9625512d1331c13bdd416fe7941ce8218ba652a81e1",
    );
    assert_eq!(key.public().verify(b"sample", &signature), Ok(()));
    assert_eq!(key.public().verify(b"sample", &key.sign(b"sample").unwrap()), Ok(()));
}

/// Made with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkcs8 -topk8 -nocrypt -outform
/// DER` (3.0.19); coordinates from `openssl pkey -text`.
#[test]
fn a_key_of_openssl_is_read() {
    let der = hex::decode("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042038f50cfc74b930def61e79ea03687ccafe80672794a883df03cba7fdd6e029fda14403420004f62a6c3183d13145a4b0dd835b95dc6eb511194b5cc2663ca691303ebee99c2692c7b7ff38185c408cc6d7b026ce8b2e94ba0b41059a19b9fcde935383b13477").unwrap();
    let key = Es256Key::from_pkcs8(&der).unwrap();
    let jwk = Jwk::P256 {
        x: bytes("f62a6c3183d13145a4b0dd835b95dc6eb511194b5cc2663ca691303ebee99c26"),
        y: bytes("92c7b7ff38185c408cc6d7b026ce8b2e94ba0b41059a19b9fcde935383b13477"),
    };
    assert_eq!(key.public().jwk(), jwk);
    assert_eq!(Es256Key::from_pkcs8(&der[1..]).unwrap_err(), KeyError::Private);
}

#[test]
fn a_scalar_out_of_range_is_refused() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    assert_eq!(Es256Key::from_scalar(&[0; 32]).unwrap_err(), KeyError::Private);
    assert_eq!(Es256Key::from_scalar(&bytes(order)).unwrap_err(), KeyError::Private);
    let mut below: [u8; 32] = bytes(order);
    below[31] -= 1;
    assert!(Es256Key::from_scalar(&below).is_ok());
}

#[test]
fn a_jwk_has_its_own_members_and_no_others() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let good = json!({"kty":"OKP","crv":"Ed25519","x":x});
    assert!(serde_json::from_value::<Jwk>(good).is_ok());
    for bad in [
        json!({"kty":"OKP","crv":"Ed25519","x":x,"d":x}),
        json!({"kty":"OKP","crv":"Ed25519","x":x,"alg":"none"}),
        json!({"kty":"OKP","crv":"Ed25519","x":x,"y":x}),
        json!({"kty":"EC","crv":"Ed25519","x":x}),
        json!({"kty":"EC","crv":"P-256","x":x}),
        json!({"kty":"oct","crv":"Ed25519","x":x}),
        json!({"kty":"OKP","crv":"Ed448","x":x}),
        json!({"kty":"OKP","crv":"Ed25519","x":format!("{x}=")}),
        json!({"kty":"OKP","crv":"Ed25519","x":"AAAA"}),
    ] {
        assert!(serde_json::from_value::<Jwk>(bad.clone()).is_err(), "{bad}");
    }
}

/// Points of small order (RFC 8032 §5.1.7, "Taming the many `EdDSAs`" table 1) verify signatures that nobody made.
#[test]
fn a_point_that_would_verify_anything_is_refused() {
    for x in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ] {
        assert_eq!(PublicKey::from_jwk(&Jwk::Ed25519(bytes(x))), Err(KeyError::Point), "{x}");
    }
    let off_curve = Jwk::P256 { x: [1; 32], y: [1; 32] };
    assert_eq!(PublicKey::from_jwk(&off_curve), Err(KeyError::Point));
    assert_eq!(PublicKey::from_jwk(&Jwk::X25519([9; 32])), Err(KeyError::Kind));
}

#[test]
fn a_pinned_key_is_that_key() {
    let (ours, other) = (runner_key(), root_key());
    let jwk = ours.public().jwk();
    assert_eq!(PublicKey::pinned(&jwk, &ours.kid()).unwrap(), *ours.public());
    assert_eq!(PublicKey::pinned(&jwk, &other.kid()), Err(KeyError::Unexpected));
}

#[test]
fn a_signature_of_another_length_or_algorithm_is_refused() {
    let (ours, other) = (runner_key(), root_key());
    let signature = ours.sign(b"message").unwrap();
    for bad in [&signature[..63], &[signature.as_slice(), &[0]].concat(), &[]] {
        assert_eq!(ours.public().verify(b"message", bad), Err(KeyError::Signature));
        assert_eq!(other.public().verify(b"message", bad), Err(KeyError::Signature));
    }
    let es256 = other.sign(b"message").unwrap();
    assert_eq!(ours.public().verify(b"message", &es256), Err(KeyError::Signature));
    assert_eq!(other.public().verify(b"message", &signature), Err(KeyError::Signature));
}

#[test]
fn private_keys_are_not_printed() {
    assert_eq!(format!("{:?}", runner_key()), format!("Ed25519Key({})", runner_key().kid()));
    assert_eq!(format!("{:?}", root_key()), format!("Es256Key({})", root_key().kid()));
}
