//! Writes a made-up log of so many rows into a folder, as other implementations can check it (`tests/interop/go`).
//!
//! `cargo run -p chain --example sample_export -- DIR ROWS` writes `log.audit.zip`, `vkey`, `policy.txt`, `proofs.json` and,
//! unless the log is empty, `row.tlog-proof` for the row in its middle.
//! The keys are constants: nobody may trust such a log.

use std::{error::Error, fs, path::Path};

use chain::{
    Hash,
    anchor::PinnedAnchors,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    genesis::Genesis,
    intent::{Intent, Source},
    note::Signer,
    policy::{Policy, Tier},
    proof,
    quorum::Quorum,
    row::Row,
    row_proof::RowProof,
    tile::Levels,
    tree::leaf_hash,
};
use ed25519_dalek::SigningKey;
use serde_json::json;

const ORIGIN: &str = "audit.example.com/ten_01jd5x0000e008000000000001";
const TENANT: &str = "ten_01jd5x0000e008000000000001";
const AT: &str = "2026-11-21T00:00:00.001234Z";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, count] = arguments.as_slice() else { return Err("usage: DIR ROWS".into()) };
    let signer = Signer::new(ORIGIN, SigningKey::from_bytes(&[42; 32]))?;
    let rows = rows(count.parse()?, &signer)?;
    let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let root = Levels::new(leaves.clone()).root();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: rows.len() as u64, root };
    let policy = Policy {
        origin: ORIGIN.to_owned(),
        log_keys: vec![signer.verifier_key()],
        export_keys: Vec::new(),
        anchors: PinnedAnchors::default(),
        quorum: Quorum::default(),
        seen: Vec::new(),
        retention: 0,
        tier: Tier::Signed,
    };
    let folder = Path::new(folder);
    fs::write(folder.join("log.audit.zip"), export(&rows, &checkpoint, &signer)?)?;
    fs::write(folder.join("vkey"), signer.verifier_key().to_string())?;
    fs::write(folder.join("policy.txt"), policy.to_string())?;
    fs::write(folder.join("proofs.json"), proofs(&leaves))?;
    let index = leaves.len() / 2;
    if let Some(row) = rows.get(index) {
        let proof = row_proof(row, index as u64, &leaves, &checkpoint.sign(&signer)?);
        fs::write(folder.join("row.tlog-proof"), proof.ok_or("the row is in the log")?)?;
    }
    Ok(())
}

fn rows(count: u64, signer: &Signer) -> Result<Vec<String>, Box<dyn Error>> {
    let (mut rows, mut prev) = (Vec::new(), Hash::ZERO);
    for seq in 0..count {
        let row = Row::seal(&intent(seq, signer).to_text()?, seq, &prev, AT)?;
        prev = leaf_hash(row.as_bytes());
        rows.push(row);
    }
    Ok(rows)
}

fn intent(seq: u64, signer: &Signer) -> Intent {
    let keys = [signer.verifier_key().to_string()];
    let source = Source {
        app: "audit".to_owned(),
        instance: format!("sealer-{seq:016x}"),
        number: 1,
        prev: None,
        void: Vec::new(),
    };
    let (id, salt) = (format!("aud_{seq:026}"), format!("{seq:032x}"));
    let begin = Genesis {
        origin: ORIGIN,
        tenant: TENANT,
        keys: &keys,
        id: &id,
        at: AT,
        salt: &salt,
        source,
        previous: None,
    };
    let begin = begin.intent();
    if seq == 0 {
        return begin;
    }
    let data = [("new", "ADMIN"), ("old", "REVIEWER «é»")];
    let data = data.map(|(key, value)| (key.to_owned(), value.into()));
    Intent { action: "role.changed".to_owned(), data: data.into(), ..begin }
}

fn export(
    rows: &[String],
    checkpoint: &Checkpoint,
    signer: &Signer,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let checkpoint = checkpoint.sign(signer)?;
    let log_keys = [signer.verifier_key()];
    let export =
        Export { tenant: TENANT, checkpoint: &checkpoint, log_keys: &log_keys, app_keys: &[] };
    let draft = Draft::of(&export, rows)?;
    let statement = signer.sign(draft.statement())?;
    Ok(draft.whole(&statement, rows)?)
}

fn row_proof(row: &str, index: u64, leaves: &[Hash], checkpoint: &str) -> Option<String> {
    let hashes = proof::inclusion(leaves, index, leaves.len() as u64)?;
    let row = Some(row.as_bytes().to_vec());
    Some(RowProof { row, index, hashes, checkpoint }.to_text())
}

/// Proofs for some rows and some earlier sizes; hashes in base64.
fn proofs(leaves: &[Hash]) -> String {
    let size = leaves.len() as u64;
    let base64 = |hashes: Vec<Hash>| hashes.into_iter().map(Hash::to_base64).collect::<Vec<_>>();
    let places = [0, size / 3, size / 2, size.saturating_sub(1)];
    let inclusion = places.into_iter().filter_map(|index| {
        let proof = proof::inclusion(leaves, index, size)?;
        Some(json!({ "index": index, "proof": base64(proof) }))
    });
    let consistency = places.into_iter().filter(|earlier| *earlier > 0).filter_map(|earlier| {
        let proof = proof::consistency(leaves, earlier, size)?;
        let root = proof::root(leaves, earlier)?.to_base64();
        Some(json!({ "size": earlier, "root": root, "proof": base64(proof) }))
    });
    let (inclusion, consistency): (Vec<_>, Vec<_>) = (inclusion.collect(), consistency.collect());
    json!({ "inclusion": inclusion, "consistency": consistency }).to_string()
}
