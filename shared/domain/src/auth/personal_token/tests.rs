//! A token as text, what it may do, and what ends it.

use secrecy::ExposeSecret as _;

use super::{super::credential::tests::at, *};
use crate::TenantId;

fn text() -> PersonalTokenText {
    let tenant = TenantId::from_u128(0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F);
    let token = PersonalTokenId::from_u128(0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_3990);
    PersonalTokenText::new(tenant, token, [0xab; 32])
}

/// The CRC by Python: `zlib.crc32(text)`.
const TEXT: &str = "pfl_pat_01fwhe4ydgfk1shh6w1g60eecf01fwhe4ydgfk1shh6w1g60eecg_abababababababababababababababababababababababababababababababab53911fba";

fn wish() -> TokenWish {
    TokenWish {
        name: "nightly export".into(),
        scopes: vec![Permission::RunRead, Permission::AuditRead, Permission::RunRead],
        lifetime: Duration::from_hours(24 * 30),
    }
}

/// What the token was issued in.
const THEN: Epochs = Epochs { guard: 3, restore: 1 };

fn issue(wish: TokenWish) -> Result<PersonalToken, PersonalTokenError> {
    let grants = |permission| permission != Permission::ProcedurePublish;
    PersonalToken::issue(&text(), (UserId::from_u128(7), THEN), wish, grants, at(0))
        .map(|(token, _)| token)
}

#[test]
fn a_token_is_the_text_that_its_shape_says() {
    assert_eq!(text().expose().expose_secret(), TEXT);
    let read: PersonalTokenText = TEXT.parse().unwrap();
    assert_eq!((read.tenant, read.token), (text().tenant, text().token));
    assert!(issue(wish()).unwrap().admits(&read, THEN, at(0)));
    assert!(!format!("{read:?}").contains("abab"));
}

#[test]
fn every_single_change_of_the_text_is_refused() {
    for place in 0..TEXT.len() {
        for bit in 0..7 {
            let mut bytes = TEXT.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.parse::<PersonalTokenText>().is_err(), "{text}");
        }
    }
    for text in ["", "pfl_pat_", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", &TEXT[..TEXT.len() - 1]] {
        assert!(text.parse::<PersonalTokenText>().is_err(), "{text}");
    }
}

#[test]
fn a_token_has_some_of_its_users_permissions_and_none_that_is_sensitive() {
    let with = |scopes: Vec<Permission>| issue(TokenWish { scopes, ..wish() });
    let issued = issue(wish()).unwrap();
    assert_eq!(issued.scopes, [Permission::RunRead, Permission::AuditRead]);
    assert!(issued.allows(Permission::RunRead) && !issued.allows(Permission::RunnerRead));
    assert_eq!(with(vec![]), Err(PersonalTokenError::Scope));
    assert_eq!(with(vec![Permission::ProcedurePublish]), Err(PersonalTokenError::Beyond));
    for permission in Permission::ALL {
        let may = !permission.is_sensitive() && !permission.is_own();
        let refused = with(vec![permission]) == Err(PersonalTokenError::Scope);
        assert_eq!(may, !refused, "{permission:?}");
    }
}

#[test]
fn a_token_counts_for_a_day_to_a_year() {
    let of = |hours| issue(TokenWish { lifetime: Duration::from_hours(hours), ..wish() });
    assert_eq!(of(23), Err(PersonalTokenError::Lifetime));
    assert_eq!(of(365 * 24 + 1), Err(PersonalTokenError::Lifetime));
    let (day, year) = (of(24).unwrap(), of(365 * 24).unwrap());
    assert!(day.is_alive(THEN, at(86_399)) && !day.is_alive(THEN, at(86_400)));
    assert_eq!(year.ends_at, at(365 * 86_400));
}

#[test]
fn a_name_has_one_to_a_hundred_characters() {
    let named = |name: &str| issue(TokenWish { name: name.into(), ..wish() });
    assert!(named(&"n".repeat(100)).is_ok());
    for name in ["", "  ", "a\nb", &"n".repeat(101)] {
        assert_eq!(named(name), Err(PersonalTokenError::Name), "{name:?}");
    }
}

#[test]
fn another_secret_another_epoch_and_a_revocation_end_it() {
    let token = issue(wish()).unwrap();
    let other = PersonalTokenText::new(text().tenant, text().token, [0xac; 32]);
    assert!(!token.admits(&other, THEN, at(0)));
    for (guard, restore) in [(2, 1), (4, 1), (3, 0), (3, 2)] {
        assert!(!token.admits(&text(), Epochs { guard, restore }, at(0)), "{guard} {restore}");
    }
    let (revoked, event) = token.revoke(at(5)).unwrap();
    assert_eq!(event.kind, EventKind::TokenRevoked);
    assert!(!revoked.admits(&text(), THEN, at(5)));
    assert_eq!(revoked.revoke(at(6)), None);
}
