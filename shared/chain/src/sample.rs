//! A small log for tests, and values that other implementations computed from it.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use crate::{
    Hash,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    genesis::Genesis,
    instances::{Gap, INCOMPLETE_ACTION},
    intent::{Intent, Party, SignedIntent, Source, VerifiedIntent},
    note::Signer,
    policy::{Policy, Tier},
    row::Row,
    tile::Levels,
    tree::leaf_hash,
};

pub(crate) const TENANT: &str = "ten_01jd5x0000e008000000000001";
pub(crate) const ORIGIN: &str = "audit.example.com/ten_01jd5x0000e008000000000001";
pub(crate) const RX: &str = "2026-11-21T00:00:00.210000Z";

/// Written with Python: `json.dumps(intent, sort_keys=True, separators=(",", ":"))`.
pub(crate) const INTENT_7: &str = r#"{"act":{"id":"usr_01jd5x0000e008000000000002","kind":"user"},"action":"role.changed","at":"2026-11-21T00:00:00.001234Z","data":{"new":"ADMIN","old":"REVIEWER"},"id":"aud_01jd5x0000e008000000000007","out":"ok","reason":"ticket 4711","salt":"b1946ac92492d2347c6235b400000007","src":{"app":"auth","inst":"7f9c","n":7},"t":"ten_01jd5x0000e008000000000001","target":{"id":"usr_01jd5x0000e008000000000003","kind":"user"},"v":1}"#;
/// `hashlib.sha256(INTENT_7).hexdigest()`.
pub(crate) const INTENT_7_SHA256: &str =
    "3db369ea8fa8b39154eff144fc8156b33736b2817b97f863e17321b30e52f693";
/// `Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32).sign(b"proofline-intent-v1\0" + INTENT_7)` of Python's `cryptography`.
pub(crate) const INTENT_7_SIGNATURE: &str =
    "ylm0+Rjz2+emtUPDstsR6VL3nI30qhcpdNyXz1X5HpUN36P4h9DeYC6Bm22JnGoRjBToNLlkK4xENDknPyh+BA==";
/// `base64url(sha256('{"crv":"Ed25519","kty":"OKP","x":"…"}'))` of that key, with Python.
pub(crate) const APP_KID: &str = "--6IM5l0OosLj9yWskISYhUA3n_3CURQkmrYMSha_ck";
/// The same intent with `prev` = SHA-256 of "abc", `rx` = [`RX`] and `seq` = 1234; written with Python.
pub(crate) const ROW_1234: &str = r#"{"act":{"id":"usr_01jd5x0000e008000000000002","kind":"user"},"action":"role.changed","at":"2026-11-21T00:00:00.001234Z","data":{"new":"ADMIN","old":"REVIEWER"},"id":"aud_01jd5x0000e008000000000007","out":"ok","prev":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","reason":"ticket 4711","rx":"2026-11-21T00:00:00.210000Z","salt":"b1946ac92492d2347c6235b400000007","seq":1234,"src":{"app":"auth","inst":"7f9c","n":7},"t":"ten_01jd5x0000e008000000000001","target":{"id":"usr_01jd5x0000e008000000000003","kind":"user"},"v":1}"#;
/// `(printf '\0'; cat row) | sha256sum`.
pub(crate) const ROW_1234_HASH: &str =
    "1eb4bd6b043eb6ea3f22c502989ca7e4295a817282a61db89ff3785e01975d30";

pub(crate) fn app_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn log_signer() -> Signer {
    Signer::new(ORIGIN, SigningKey::from_bytes(&[42; 32])).unwrap()
}

pub(crate) fn policy() -> Policy {
    let log_keys = vec![log_signer().verifier_key()];
    Policy { origin: ORIGIN.to_owned(), log_keys, export_keys: Vec::new(), tier: Tier::Signed }
}

/// The `number`th intent of instance `auth/7f9c`.
pub(crate) fn intent(number: u64) -> Intent {
    let party = |id: &str| Party { id: id.to_owned(), kind: "user".to_owned() };
    let data = [("new", "ADMIN"), ("old", "REVIEWER")];
    Intent {
        act: party("usr_01jd5x0000e008000000000002"),
        action: "role.changed".to_owned(),
        at: "2026-11-21T00:00:00.001234Z".to_owned(),
        data: data.map(|(key, value)| (key.to_owned(), value.into())).into(),
        id: format!("aud_01jd5x0000e008{number:012}"),
        out: "ok".to_owned(),
        reason: Some("ticket 4711".to_owned()),
        salt: format!("b1946ac92492d2347c6235b4{number:08}"),
        src: Source {
            app: "auth".to_owned(),
            instance: "7f9c".to_owned(),
            number,
            void: Vec::new(),
        },
        tenant: TENANT.to_owned(),
        target: party("usr_01jd5x0000e008000000000003"),
        version: 1,
    }
}

pub(crate) fn genesis() -> Intent {
    let keys = [log_signer().verifier_key().to_string()];
    let genesis = Genesis {
        origin: ORIGIN,
        tenant: TENANT,
        keys: &keys,
        id: "aud_01jd5x0000e008000000000000",
        at: "2026-11-21T00:00:00.000000Z",
        salt: "b1946ac92492d2347c6235b400000000",
        source: sealer(1),
    };
    genesis.intent()
}

fn sealer(number: u64) -> Source {
    Source { app: "audit".to_owned(), instance: "c41d".to_owned(), number, void: Vec::new() }
}

/// The intent of row `place`: the genesis, then one after the other of [`intent`].
pub(crate) fn verified(place: u64) -> VerifiedIntent {
    verify(&if place == 0 { genesis() } else { intent(place) })
}

/// An intent whose `data` has so many bytes more.
pub(crate) fn verified_of(number: u64, bytes: usize) -> VerifiedIntent {
    let data = BTreeMap::from([("filler".to_owned(), "x".repeat(bytes).into())]);
    verify(&Intent { data, ..intent(number) })
}

pub(crate) fn incomplete(gap: &Gap) -> VerifiedIntent {
    let action = INCOMPLETE_ACTION.to_owned();
    verify(&Intent { action, data: gap.to_data(), src: sealer(2), ..intent(1) })
}

fn verify(intent: &Intent) -> VerifiedIntent {
    let signed = SignedIntent::sign(intent.to_text().unwrap(), &app_key());
    signed.verify(&app_key().verifying_key()).unwrap()
}

/// The first `count` rows of the log.
pub(crate) fn rows(count: u64) -> Vec<String> {
    seal(&(0..count).map(verified).collect::<Vec<_>>())
}

pub(crate) fn seal(intents: &[VerifiedIntent]) -> Vec<String> {
    let mut prev = Hash::ZERO;
    let seal = |(seq, intent): (u64, &VerifiedIntent)| {
        let row = Row::seal(intent.text(), seq, &prev, RX).unwrap();
        prev = leaf_hash(row.as_bytes());
        row
    };
    (0..).zip(intents).map(seal).collect()
}

pub(crate) fn checkpoint(rows: &[String]) -> Checkpoint {
    let leaves = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let root = Levels::new(leaves).root();
    Checkpoint { origin: ORIGIN.to_owned(), size: rows.len() as u64, root }
}

/// The export of these rows, signed by [`log_signer`].
pub(crate) fn bundle(rows: &[String]) -> Vec<u8> {
    let checkpoint = checkpoint(rows).sign(&log_signer()).unwrap();
    let draft = draft(rows, &checkpoint);
    let statement = log_signer().sign(draft.statement()).unwrap();
    draft.finish(&statement).unwrap()
}

pub(crate) fn draft(rows: &[String], checkpoint: &str) -> Draft {
    let log_keys = [log_signer().verifier_key()];
    let app_keys = [app_key().verifying_key()];
    let export =
        Export { tenant: TENANT, rows, checkpoint, log_keys: &log_keys, app_keys: &app_keys };
    Draft::new(&export).unwrap()
}
