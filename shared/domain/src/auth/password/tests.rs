//! Hashes that other implementations give, and what is no password of a record.

use super::*;

fn pepper() -> Pepper {
    let key = std::array::from_fn(|n| u8::try_from(n).unwrap());
    Pepper { id: "pp-1".into(), key: SecretBox::new(Box::new(key)) }
}

fn typed(text: &str) -> Password {
    Password::typed(text).unwrap()
}

fn record(text: &str) -> PasswordRecord {
    let salt = std::array::from_fn(|n| u8::try_from(n + 16).unwrap());
    PasswordRecord::make(&pepper(), &NewPassword::choose(typed(text), &[]).unwrap(), salt)
}

fn accepts(record: &PasswordRecord, text: &str) -> bool {
    PasswordRecord::verify(&pepper(), &typed(text), Some(record)).unwrap()
}

/// The table of Openwall's `crypt_blowfish`, in `wrapper.c`, and the same through libxcrypt (Perl's `crypt`).
#[test]
fn bcrypt_gives_the_hashes_of_openwall() {
    for (password, hash) in [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ] {
        assert!(bcrypt::non_truncating_verify(password, hash).unwrap(), "{password}");
        assert!(!bcrypt::non_truncating_verify("U*u", hash).unwrap(), "{password}");
    }
}

/// RFC 4231 §4.2 and §4.3: test cases 1 and 2 of HMAC-SHA-384.
#[test]
fn hmac_sha_384_gives_the_macs_of_rfc_4231() {
    let mac = |key: &[u8], data: &[u8]| {
        let mut mac = Hmac::<Sha384>::new_from_slice(key).unwrap();
        mac.update(data);
        hex::encode(mac.finalize().into_bytes())
    };
    assert_eq!(
        mac(&[0x0b; 20], b"Hi There"),
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"
    );
    assert_eq!(
        mac(b"Jefe", b"what do ya want for nothing?"),
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
    );
}

/// Python with libxcrypt: `crypt.crypt(b64encode(hmac.new(bytes(range(32)), NFC(password), 'sha384').digest()), '$2b$12$' + salt)`
/// with the salt `bytes(range(16, 32))` in bcrypt's own base64.
#[test]
fn a_record_holds_the_hash_that_libxcrypt_gives() {
    for (password, hash) in [
        (
            "correct horse battery staple",
            "$2b$12$C/CQCvOTDfaWEPmZF/ycFupMH0TEu4f5TCxD1oEetPnyjR3tyAOUq",
        ),
        ("caf\u{e9} sur la place", "$2b$12$C/CQCvOTDfaWEPmZF/ycFuxun1hkWjiDBpeokoDLiuf2xaTXsZl2G"),
        ("nul\0nul\0nul\0nul", "$2b$12$C/CQCvOTDfaWEPmZF/ycFuhfnF9VEZxo4hqaGRhtqIDz3hkEfr4vS"),
    ] {
        let json = serde_json::to_value(record(password)).unwrap();
        let expected =
            serde_json::json!({"alg": "bcrypt12/hmac-sha384/v1", "pepper": "pp-1", "hash": hash});
        assert_eq!(json, expected, "{password:?}");
    }
}

/// Threat T05.
#[test]
fn neither_length_nor_nul_makes_two_passwords_equal() {
    let long = record(&format!("{}X", "a".repeat(99)));
    assert!(accepts(&long, &format!("{}X", "a".repeat(99))));
    assert!(!accepts(&long, &format!("{}Y", "a".repeat(99))));
    assert!(!accepts(&record("nul\0nul\0nul\0nul"), "nul\0nul\0nul\0nux"));
}

/// Threat T06.
#[test]
fn composition_does_not_matter_and_a_trailing_space_does() {
    let record = record("caf\u{e9} sur la place");
    assert!(accepts(&record, "cafe\u{301} sur la place"));
    assert!(!accepts(&record, "caf\u{e9} sur la place "));
    assert!(!accepts(&record, "CAF\u{c9} sur la place"));
}

/// Threat T07.
#[test]
fn without_the_pepper_the_hash_accepts_nothing() {
    let record = record("correct horse battery staple");
    let other = Pepper { key: SecretBox::new(Box::new([9; 32])), ..pepper() };
    let password = typed("correct horse battery staple");
    assert_eq!(PasswordRecord::verify(&other, &password, Some(&record)), Ok(false));
    let renamed = Pepper { id: "pp-2".into(), ..pepper() };
    assert!(PasswordRecord::verify(&renamed, &password, Some(&record)).is_err());
}

/// One comparison with a well-formed hash of the same cost, whose outcome says nothing.
#[test]
fn an_unknown_user_costs_the_same_work() {
    let known = record("correct horse battery staple");
    let mut compared = Vec::new();
    for record in [Some(&known), None] {
        let compare = |input: &[u8], hash: &str| {
            let cost = hash.parse::<bcrypt::HashParts>().unwrap().get_cost();
            compared.push((input.to_vec(), cost));
            Ok(true)
        };
        let right = PasswordRecord::verify_by(compare, &pepper(), &typed("correct horse"), record);
        assert_eq!(right, Ok(record.is_some()));
    }
    assert_eq!(compared, [compared[0].clone(), compared[0].clone()]);
    assert_eq!(compared[0].1, COST);
    assert!(!bcrypt::non_truncating_verify("x", DUMMY).unwrap());
}

#[test]
fn a_password_of_128_code_points_is_taken_and_one_of_129_is_not() {
    assert!(Password::typed(&"\u{1f40e}".repeat(128)).is_ok());
    assert_eq!(Password::typed(&"a".repeat(129)).err(), Some(PasswordError::TooLong));
    // Counted after NFC: 256 code points typed, 128 composed.
    assert!(Password::typed(&"e\u{301}".repeat(128)).is_ok());
}

/// Apache's `htpasswd -nbBC 10 ada <base64>` (apache2-utils 2.4.71-1~deb12u1), with the first MAC of RFC 4231 in base64 as what is hashed: key 20 times 0b, "Hi There".
#[test]
fn a_hash_that_htpasswd_made_at_a_lower_cost_is_compared_and_is_not_current() {
    let former = format!(r#"{{"alg":"{}","pepper":"pp-0","hash":"{HTPASSWD}"}}"#, FORMER[1]);
    let record: PasswordRecord = serde_json::from_str(&former).unwrap();
    let mut key = [0; 32];
    key[..20].fill(0x0b);
    // HMAC fills a short key with zeros (RFC 2104 §2).
    let pepper = Pepper { id: "pp-0".into(), key: SecretBox::new(Box::new(key)) };
    let verify = |text| PasswordRecord::verify(&pepper, &typed(text), Some(&record)).unwrap();
    assert!(verify("Hi There") && !verify("Hi there"));
    assert!(!record.is_current(&pepper));
    let again = PasswordRecord::remake(&pepper, &typed("Hi There"), [7; 16]);
    assert!(again.is_current(&pepper) && again.hash.starts_with("$2b$12$"));
    assert!(PasswordRecord::verify(&pepper, &typed("Hi There"), Some(&again)).unwrap());
    let newer = Pepper { id: "pp-1".into(), ..pepper };
    assert!(!again.is_current(&newer));
    let unknown = former.replace("bcrypt10", "bcrypt09");
    let unknown: PasswordRecord = serde_json::from_str(&unknown).unwrap();
    let old = Pepper { id: "pp-0".into(), ..newer };
    assert!(PasswordRecord::verify(&old, &typed("Hi There"), Some(&unknown)).is_err());
}

const HTPASSWD: &str = "$2y$10$OlENZrB0VvD4TO3zEr3Re.YFBOAlyS0p47O4FrHLtzIdq6nFI/D4K";

#[test]
fn debug_does_not_show_it() {
    assert!(!format!("{:?}", typed("hunter2hunter2")).contains("hunter2"));
}
