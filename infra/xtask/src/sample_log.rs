//! A log of any size with the shape of a real one, for counterparts and measurements. Its keys are no secret.

use chain::{
    Hash,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    genesis::Genesis,
    intent::{Intent, Party, Source},
    note::Signer,
    policy::{Policy, Tier},
    row::Row,
    tile::Levels,
    tree::leaf_hash,
};
use ed25519_dalek::SigningKey;

const TENANT: &str = "ten_01jd5x0000e008000000000001";
const ORIGIN: &str = "audit.example.com/ten_01jd5x0000e008000000000001";
const AT: &str = "2026-11-21T00:00:00.001234Z";
const SEALED_AT: &str = "2026-11-21T00:00:00.210000Z";

/// An exported log and what its reader pinned.
pub(crate) struct SampleLog {
    /// Whose log it is.
    #[cfg(feature = "tables")]
    pub(crate) tenant: &'static str,
    /// The export.
    pub(crate) bundle: Vec<u8>,
    /// The rows that are in it.
    #[cfg(feature = "tables")]
    pub(crate) rows: Vec<String>,
    /// The policy that names its key.
    pub(crate) policy: Policy,
}

impl SampleLog {
    /// A log of `size` rows of about 500 bytes; at least one, the genesis.
    pub(crate) fn new(size: u64) -> anyhow::Result<Self> {
        let signer = signer()?;
        let log_keys = [signer.verifier_key()];
        let rows = rows(&signer, size)?;
        let root = Levels::new(rows.iter().map(|row| leaf_hash(row.as_bytes())).collect()).root();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&signer)?;
        let export = Export {
            tenant: TENANT,
            rows: &rows,
            checkpoint: &checkpoint,
            log_keys: &log_keys,
            app_keys: &[],
        };
        let draft = Draft::new(&export)?;
        let statement = signer.sign(draft.statement())?;
        let bundle = draft.finish(&statement)?;
        let policy = Policy {
            origin: ORIGIN.to_owned(),
            log_keys: log_keys.into(),
            export_keys: Vec::new(),
            tier: Tier::Signed,
        };
        Ok(Self {
            bundle,
            policy,
            #[cfg(feature = "tables")]
            tenant: TENANT,
            #[cfg(feature = "tables")]
            rows,
        })
    }
}

/// Who signs the sample logs and the exports of them.
pub(crate) fn signer() -> anyhow::Result<Signer> {
    Ok(Signer::new(ORIGIN, SigningKey::from_bytes(&[42; 32]))?)
}

fn rows(signer: &Signer, size: u64) -> anyhow::Result<Vec<String>> {
    let mut rows = Vec::new();
    let mut prev = Hash::ZERO;
    for seq in 0..size {
        let intent = if seq == 0 { genesis(signer) } else { intent(seq) };
        let row = Row::seal(&intent.to_text()?, seq, &prev, SEALED_AT)?;
        prev = leaf_hash(row.as_bytes());
        rows.push(row);
    }
    Ok(rows)
}

fn genesis(signer: &Signer) -> Intent {
    let keys = [signer.verifier_key().to_string()];
    let genesis = Genesis {
        origin: ORIGIN,
        tenant: TENANT,
        keys: &keys,
        id: "aud_01jd5x0000e008000000000000",
        at: AT,
        salt: "b1946ac92492d2347c6235b400000000",
        source: source("audit", 1),
    };
    genesis.intent()
}

fn intent(number: u64) -> Intent {
    let party = |id: &str, kind: &str| Party { id: id.to_owned(), kind: kind.to_owned() };
    let data = [("procedure", "access-review"), ("score", "87"), ("verdict", "fail")];
    Intent {
        act: party("rnr_01jd5x0000e008000000000002", "runner"),
        action: "run.completed".to_owned(),
        at: AT.to_owned(),
        data: data.map(|(key, value)| (key.to_owned(), value.into())).into(),
        id: format!("aud_01jd5x0000e008{number:012}"),
        out: "ok".to_owned(),
        reason: None,
        salt: format!("b1946ac92492d2347c6235b4{number:08}"),
        src: source("runs", number),
        tenant: TENANT.to_owned(),
        target: party("run_01jd5x0000e008000000000003", "run"),
        version: 1,
    }
}

fn source(app: &str, number: u64) -> Source {
    Source { app: app.to_owned(), instance: "7f9c".to_owned(), number, void: Vec::new() }
}

#[cfg(test)]
mod tests {
    use chain::report::Verdict;

    use super::*;

    #[test]
    fn a_sample_log_is_a_log() {
        for size in [1, 257] {
            let log = SampleLog::new(size).unwrap();
            let report = chain::verify::bundle(&log.bundle, Some(&log.policy));
            assert_eq!((report.verdict, report.size), (Verdict::Ok, size), "{report:?}");
        }
    }
}
