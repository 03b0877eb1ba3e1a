//! The command from outside: files in, words and exit status out.

mod tiers;
mod usage;

use std::{ffi::OsString, fs, process::ExitCode};

use chain::{
    Hash,
    anchor::PinnedAnchors,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    genesis::Genesis,
    intent::Source,
    note::Signer,
    policy::{Policy, Tier},
    quorum::Quorum,
    row::Row,
    row_proof::RowProof,
    tree::{leaf_hash, node_hash},
};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use super::{Args, execute};

const ORIGIN: &str = "audit.example.com/ten_a";

struct Desk {
    folder: TempDir,
}

impl Desk {
    /// An export of `rows` rows (0 or 1), and the policy that pins its key.
    fn new(rows: usize) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("log.audit.zip", &export(rows));
        desk.write("policy.txt", policy(&signer(42)).as_bytes());
        desk
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn verify(&self, policy: Option<&str>, json: bool) -> (u8, String) {
        let policy = policy.map(|name| self.path(name));
        let args = Args { path: self.path("log.audit.zip"), policy, row: None, tier: None, json };
        let mut out = Vec::new();
        let status = execute(&args, &mut out);
        (status, String::from_utf8(out).unwrap())
    }
}

fn signer(seed: u8) -> Signer {
    Signer::new(ORIGIN, SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn policy(signer: &Signer) -> String {
    let log_keys = vec![signer.verifier_key()];
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
    .to_string()
}

fn row() -> String {
    let source = Source {
        app: "audit".to_owned(),
        instance: "a1".to_owned(),
        number: 1,
        prev: None,
        void: Vec::new(),
    };
    let genesis = Genesis {
        origin: ORIGIN,
        tenant: "ten_a",
        keys: &[],
        id: "aud_0",
        at: "2026-11-21T00:00:00.000000Z",
        salt: "b1946ac92492d2347c6235b400000000",
        source,
        previous: None,
    };
    let intent = genesis.intent().to_text().unwrap();
    Row::seal(&intent, 0, &Hash::ZERO, "2026-11-21T00:00:00.000000Z").unwrap()
}

fn export(rows: usize) -> Vec<u8> {
    let rows = vec![row(); rows];
    let root = rows.first().map_or(Hash::of(b""), |row| leaf_hash(row.as_bytes()));
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: rows.len() as u64, root };
    let checkpoint = checkpoint.sign(&signer(42)).unwrap();
    let export = Export { tenant: "ten_a", checkpoint: &checkpoint, log_keys: &[], app_keys: &[] };
    let draft = Draft::of(&export, &rows).unwrap();
    let signed = signer(42).sign(draft.statement()).unwrap();
    draft.whole(&signed, &rows).unwrap()
}

#[test]
fn a_whole_log_is_ok_and_says_what_was_checked() {
    let (status, text) = Desk::new(1).verify(Some("policy.txt"), false);
    assert_eq!(status, 0, "{text}");
    let hash = leaf_hash(row().as_bytes()).to_string();
    let key = signer(42).verifier_key().to_string();
    for said in [
        "OK: audit.example.com/ten_a is whole and unchanged.",
        "1 of 1 checked",
        &hash,
        &key,
        "tier       signed",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn an_altered_row_is_broken_and_named() {
    let desk = Desk::new(1);
    let mut bytes = export(1);
    let place = bytes.windows(17).position(|window| window == b"ion\":\"log.genesis").unwrap();
    bytes[place + 6] = b'L';
    desk.write("log.audit.zip", &bytes);
    let (status, text) = desk.verify(Some("policy.txt"), false);
    assert_eq!(status, 1, "{text}");
    let hash = leaf_hash(row().as_bytes());
    for said in ["BROKEN", "row_hash at row 0", &format!("expected   {hash}"), "got        "] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn without_a_policy_a_log_is_incomplete_and_the_text_says_what_to_do() {
    let (status, text) = Desk::new(1).verify(None, false);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("INCOMPLETE") && text.contains("--policy"), "{text}");
}

#[test]
fn an_empty_log_is_never_ok() {
    let (status, text) = Desk::new(0).verify(Some("policy.txt"), false);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("NOTHING TO CHECK"), "{text}");
}

#[test]
fn the_proof_of_one_row_is_read_like_an_export() {
    let desk = Desk::new(1);
    let (leaf, other) = (leaf_hash(row().as_bytes()), leaf_hash(b"another"));
    let root = node_hash(&leaf, &other);
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 2, root };
    let checkpoint = checkpoint.sign(&signer(42)).unwrap();
    let held = Some(row().into_bytes());
    let proof = RowProof { row: held, index: 0, hashes: vec![other], checkpoint: &checkpoint };
    desk.write("log.audit.zip", proof.to_text().as_bytes());
    let (status, text) = desk.verify(Some("policy.txt"), false);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("OK: the row stands in") && !text.contains("whole"), "{text}");
    assert!(text.contains("1 of 2 checked") && text.contains("Only row 0 was checked"), "{text}");
    let without = RowProof { row: None, ..proof };
    desk.write("log.audit.zip", without.to_text().as_bytes());
    assert_eq!(desk.verify(Some("policy.txt"), false).0, 1);
    desk.write("row.json", row().as_bytes());
    let [proof, row, policy] = ["log.audit.zip", "row.json", "policy.txt"]
        .map(|name| desk.path(name).display().to_string());
    let (status, text, _) = run(&[&proof, "--row", &row, "--policy", &policy]);
    assert_eq!(status, ExitCode::SUCCESS, "{text}");
}

/// 10 GB of nothing: there is a verdict, at once and without holding it in memory.
#[test]
fn a_file_that_is_too_large_for_an_export_is_broken() {
    let desk = Desk::new(1);
    let file = fs::OpenOptions::new().write(true).open(desk.path("log.audit.zip")).unwrap();
    file.set_len(10_000_000_000).unwrap();
    let (status, text) = desk.verify(Some("policy.txt"), false);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("wrong      container") && text.contains("too large"), "{text}");
}

#[test]
fn another_key_is_broken() {
    let desk = Desk::new(1);
    desk.write("policy.txt", policy(&signer(43)).as_bytes());
    let (status, text) = desk.verify(Some("policy.txt"), false);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("wrong      signature"), "{text}");
}

#[test]
fn the_report_is_json_when_asked_for() {
    let report = |desk: &Desk| {
        let (_, text) = desk.verify(Some("policy.txt"), true);
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let desk = Desk::new(1);
    let ok = report(&desk);
    assert_eq!((&ok["verdict"], &ok["tier"]), (&"ok".into(), &"signed".into()));
    assert_eq!((&ok["rows_checked"], &ok["first_bad"]), (&1.into(), &serde_json::Value::Null));
    assert_eq!(ok["checkpoint"]["origin"], ORIGIN);
    desk.write("log.audit.zip", b"");
    assert_eq!(report(&desk)["first_bad"]["kind"], "signature");
    desk.write("policy.txt", b"nonsense");
    assert!(report(&desk)["error"].as_str().unwrap().contains("line 1"));
}

fn run(args: &[&str]) -> (ExitCode, String, String) {
    let args = ["audit-verify"].iter().chain(args).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = super::run(args, &mut out, &mut err);
    (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}
