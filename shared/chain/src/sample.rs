//! A small log for tests, and values that other implementations computed from it.

use std::{collections::BTreeMap, sync::Mutex};

use ed25519_dalek::SigningKey;

use crate::{
    Hash,
    anchor::PinnedAnchors,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    genesis::Genesis,
    instances::Gap,
    intent::{Intent, Party, SignedIntent, Source, VerifiedIntent},
    note::Signer,
    policy::{Policy, Tier},
    quorum::Quorum,
    remark::Remark,
    row::Row,
    tile::Levels,
    tree::leaf_hash,
};

pub(crate) const TENANT: &str = "ten_01jd5x0000e008000000000001";
pub(crate) const ORIGIN: &str = "audit.example.com/ten_01jd5x0000e008000000000001";
pub(crate) const RX: &str = "2026-11-21T00:00:00.210000Z";

/// Written with Python: `json.dumps(intent, sort_keys=True, separators=(",", ":"))`, after six others, each with the SHA-256 of the one before.
pub(crate) const INTENT_7: &str = r#"{"act":{"id":"usr_01jd5x0000e008000000000002","kind":"user"},"action":"role.changed","at":"2026-11-21T00:00:00.001234Z","data":{"new":"ADMIN","old":"REVIEWER"},"id":"aud_01jd5x0000e008000000000007","out":"ok","reason":"ticket 4711","salt":"b1946ac92492d2347c6235b400000007","src":{"app":"auth","inst":"7f9c","n":7,"prev":"12070980741f4cf12825af744dfb2ba8879e8a8287f3eadd2409cea4fd0ce14c"},"t":"ten_01jd5x0000e008000000000001","target":{"id":"usr_01jd5x0000e008000000000003","kind":"user"},"v":1}"#;
/// `hashlib.sha256(INTENT_7).hexdigest()`.
pub(crate) const INTENT_7_SHA256: &str =
    "ff52556a989be36c492234a837ef8dee3450540aad9493fca260813c078dbbb9";
/// `Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32).sign(b"proofline-intent-v1\0" + INTENT_7)` of Python's `cryptography`.
pub(crate) const INTENT_7_SIGNATURE: &str =
    "IpBrGVZVd9CjR/q9l0QECoTalvmgK5c4zGfX6EfVVoVwj3bOxDMuRBs/sLh4I1RTp9O7IDr3Zh8KJ7cWP+KQCQ==";
/// `base64url(sha256('{"crv":"Ed25519","kty":"OKP","x":"…"}'))` of that key, with Python.
pub(crate) const APP_KID: &str = "--6IM5l0OosLj9yWskISYhUA3n_3CURQkmrYMSha_ck";
/// The same intent with `prev` = SHA-256 of "abc", `rx` = [`RX`] and `seq` = 1234; written with Python.
pub(crate) const ROW_1234: &str = r#"{"act":{"id":"usr_01jd5x0000e008000000000002","kind":"user"},"action":"role.changed","at":"2026-11-21T00:00:00.001234Z","data":{"new":"ADMIN","old":"REVIEWER"},"id":"aud_01jd5x0000e008000000000007","out":"ok","prev":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","reason":"ticket 4711","rx":"2026-11-21T00:00:00.210000Z","salt":"b1946ac92492d2347c6235b400000007","seq":1234,"src":{"app":"auth","inst":"7f9c","n":7,"prev":"12070980741f4cf12825af744dfb2ba8879e8a8287f3eadd2409cea4fd0ce14c"},"t":"ten_01jd5x0000e008000000000001","target":{"id":"usr_01jd5x0000e008000000000003","kind":"user"},"v":1}"#;
/// `(printf '\0'; cat row) | sha256sum`.
pub(crate) const ROW_1234_HASH: &str =
    "63ce478ccb40eb4b5e17cdbe20dade0f7a6edfadd8aab58a3174050714d8c30e";

pub(crate) fn app_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn log_signer() -> Signer {
    Signer::new(ORIGIN, SigningKey::from_bytes(&[42; 32])).unwrap()
}

pub(crate) fn policy() -> Policy {
    let log_keys = vec![log_signer().verifier_key()];
    Policy {
        origin: ORIGIN.to_owned(),
        log_keys,
        export_keys: Vec::new(),
        anchors: PinnedAnchors::default(),
        quorum: Quorum::default(),
        seen: Vec::new(),
        retention: 0,
        tier: Tier::Signed,
    }
}

/// The `number`th intent of instance `auth/7f9c`.
pub(crate) fn intent(number: u64) -> Intent {
    let party = |id: &str| Party { id: id.to_owned(), kind: "user".to_owned(), obo: None };
    let data = [("new", "ADMIN"), ("old", "REVIEWER")];
    Intent {
        act: party("usr_01jd5x0000e008000000000002"),
        action: "role.changed".to_owned(),
        at: "2026-11-21T00:00:00.001234Z".to_owned(),
        data: data.map(|(key, value)| (key.to_owned(), value.into())).into(),
        id: format!("aud_01jd5x0000e008{number:012}"),
        out: "ok".to_owned(),
        pd: BTreeMap::new(),
        reason: Some("ticket 4711".to_owned()),
        salt: format!("b1946ac92492d2347c6235b4{number:08}"),
        src: Source {
            app: "auth".to_owned(),
            instance: "7f9c".to_owned(),
            number,
            prev: number.checked_sub(2).map(digest),
            void: Vec::new(),
        },
        tenant: TENANT.to_owned(),
        target: party("usr_01jd5x0000e008000000000003"),
        version: 1,
    }
}

/// The digest of intent `place` + 1 of that instance.
fn digest(place: u64) -> Hash {
    static DIGESTS: Mutex<Vec<Hash>> = Mutex::new(Vec::new());
    let place = usize::try_from(place).unwrap();
    let known = DIGESTS.lock().unwrap().get(place).copied();
    known.unwrap_or_else(|| {
        let digest = Hash::of(intent(place as u64 + 1).to_text().unwrap().as_bytes());
        let mut known = DIGESTS.lock().unwrap();
        if known.len() == place {
            known.push(digest);
        }
        digest
    })
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
        source: alone("audit", "sealer-c41d"),
        previous: None,
    };
    genesis.intent()
}

/// The only intent of its instance.
fn alone(app: &str, instance: &str) -> Source {
    let (app, instance) = (app.to_owned(), instance.to_owned());
    Source { app, instance, number: 1, prev: None, void: Vec::new() }
}

/// The intent of row `place`: the genesis, then one after the other of [`intent`].
pub(crate) fn verified(place: u64) -> VerifiedIntent {
    verify(&if place == 0 { genesis() } else { intent(place) })
}

/// An intent whose `data` has so many bytes more.
pub(crate) fn verified_of(number: u64, bytes: usize) -> VerifiedIntent {
    let data = BTreeMap::from([("filler".to_owned(), "x".repeat(bytes).into())]);
    verify(&Intent { data, src: alone("auth", &format!("{number}")), ..intent(number) })
}

/// The row of the sealer's own that records a gap.
pub(crate) fn incomplete(gap: &Gap) -> VerifiedIntent {
    remark(&Remark::Missing(gap.clone()))
}

/// The row of the sealer's own that notes a remark.
pub(crate) fn remark(remark: &Remark) -> VerifiedIntent {
    let (action, data) = (remark.action().to_owned(), remark.to_data());
    let reason = Some(remark.reason().to_owned());
    verify(&Intent { action, data, reason, src: alone("audit", "sealer-c41e"), ..intent(1) })
}

pub(crate) fn verify(intent: &Intent) -> VerifiedIntent {
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

/// As [`seal`], with a time for each row.
pub(crate) fn seal_at(intents: &[(VerifiedIntent, &str)]) -> Vec<String> {
    let mut prev = Hash::ZERO;
    let seal = |(seq, (intent, rx)): (u64, &(VerifiedIntent, &str))| {
        let row = Row::seal(intent.text(), seq, &prev, rx).unwrap();
        prev = leaf_hash(row.as_bytes());
        row
    };
    (0..).zip(intents).map(seal).collect()
}

/// The intent `number` with another action and other details.
pub(crate) fn acted<const N: usize>(
    number: u64,
    action: &str,
    data: [(&'static str, serde_json::Value); N],
) -> VerifiedIntent {
    let data = data.map(|(key, value)| (key.to_owned(), value)).into();
    verify(&Intent { action: action.to_owned(), data, ..intent(number) })
}

/// What an export has of these rows when those of `gone` were purged.
pub(crate) fn entries(rows: &[String], gone: &[u64]) -> Vec<Vec<u8>> {
    let entry = |(seq, row): (u64, &String)| {
        if gone.contains(&seq) {
            leaf_hash(row.as_bytes()).0.to_vec()
        } else {
            row.clone().into_bytes()
        }
    };
    (0..).zip(rows).map(entry).collect()
}

/// The export of `entries` under the signed head of `rows`, with further files.
pub(crate) fn bundle_of(
    rows: &[String],
    entries: &[Vec<u8>],
    files: BTreeMap<String, Vec<u8>>,
) -> Vec<u8> {
    let checkpoint = checkpoint(rows).sign(&log_signer()).unwrap();
    bundle_with(&checkpoint, entries, files)
}

/// The same under a head that is signed already.
pub(crate) fn bundle_with(
    checkpoint: &str,
    entries: &[Vec<u8>],
    files: BTreeMap<String, Vec<u8>>,
) -> Vec<u8> {
    let log_keys = [log_signer().verifier_key()];
    let app_keys = [app_key().verifying_key()];
    let export = Export { tenant: TENANT, checkpoint, log_keys: &log_keys, app_keys: &app_keys };
    let draft = Draft::with_files(&export, entries, files).unwrap();
    let statement = log_signer().sign(draft.statement()).unwrap();
    draft.whole(&statement, entries).unwrap()
}

pub(crate) fn checkpoint(rows: &[String]) -> Checkpoint {
    let leaves = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let root = Levels::new(leaves).root();
    Checkpoint { origin: ORIGIN.to_owned(), size: rows.len() as u64, root }
}

/// The export of these rows, signed by [`log_signer`].
pub(crate) fn bundle(rows: &[String]) -> Vec<u8> {
    bundle_under(rows, &checkpoint(rows).sign(&log_signer()).unwrap())
}

/// The same under a head that is signed already.
pub(crate) fn bundle_under(rows: &[String], checkpoint: &str) -> Vec<u8> {
    let draft = draft(rows, checkpoint);
    let statement = log_signer().sign(draft.statement()).unwrap();
    draft.whole(&statement, rows).unwrap()
}

pub(crate) fn draft(rows: &[String], checkpoint: &str) -> Draft {
    let log_keys = [log_signer().verifier_key()];
    let app_keys = [app_key().verifying_key()];
    let export = Export { tenant: TENANT, checkpoint, log_keys: &log_keys, app_keys: &app_keys };
    Draft::of(&export, rows).unwrap()
}
