//! A log of any size with the shape of a real one, for counterparts and measurements. Its keys are no secret.

use std::collections::BTreeMap;

use chain::{
    Hash,
    anchor::PinnedAnchors,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    cosignature::Witness,
    genesis::Genesis,
    intent::{Intent, Party, Source},
    note::Signer,
    policy::{Policy, Tier},
    purge::{self, Kept, Purge},
    quorum::Quorum,
    row::Row,
    tile::Levels,
    tree::leaf_hash,
};
use ed25519_dalek::SigningKey;

const TENANT: &str = "ten_01jd5x0000e008000000000001";
const ORIGIN: &str = "audit.example.com/ten_01jd5x0000e008000000000001";
const AT: &str = "2026-11-21T00:00:00.001234Z";
const SEALED_AT: &str = "2026-11-21T00:00:00.210000Z";
/// When the rows that were purged were announced, and until when they had to be sealed for that.
const PURGED_AT: &str = "2028-01-01T00:00:00.000000Z";
const BEFORE: &str = "2026-12-01T00:00:00.000000Z";
/// 2028-01-01T00:00:01Z: after the last row of any.
const COSIGNED_AT_S: u64 = 1_830_297_601;

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
    /// A log of `size` rows as long as real ones are, 625 bytes; at least one, the genesis.
    pub(crate) fn new(size: u64) -> anyhow::Result<Self> {
        Self::of(rows(&signer()?, size, intent)?)
    }

    /// The same with rows of 500 bytes, of which goals are stated: they say nothing of their own, and each is the first word of a process.
    #[cfg(any(test, feature = "tables"))]
    pub(crate) fn short(size: u64) -> anyhow::Result<Self> {
        let short = |number| {
            let intent = intent(number);
            let instance = format!("{number:04x}");
            let source = Source { instance, number: 1, prev: None, ..intent.src };
            Intent { src: source, data: BTreeMap::new(), ..intent }
        };
        Self::of(rows(&signer()?, size, short)?)
    }

    fn of(rows: Vec<String>) -> anyhow::Result<Self> {
        let entries: Vec<_> = rows.iter().map(|row| row.clone().into_bytes()).collect();
        Self::export(rows, &entries)
    }

    /// The log of `size` old rows and one that says that all but the first and every tenth of them are gone, which they are.
    pub(crate) fn purged(size: u64) -> anyhow::Result<Self> {
        let mut rows = rows(&signer()?, size, intent)?;
        let account = Purge {
            before: BEFORE.to_owned(),
            epoch: Some(0),
            export: Hash::of(b"export"),
            from: 1,
            kept: Kept::beside(&(1..size), (1..size).filter(|seq| seq % 10 != 0)).0,
            months: 13,
            root: Hash::of(b"root"),
            to: size,
        };
        let members = account.members().map(|(name, value)| (name.to_owned(), value));
        let intent =
            Intent { action: purge::ACTION.to_owned(), data: members.into(), ..intent(size) };
        let prev = rows.last().map_or(Hash::ZERO, |row| leaf_hash(row.as_bytes()));
        rows.push(Row::seal(&intent.to_text()?, size, &prev, PURGED_AT)?);
        let entry = |(seq, row): (u64, &String)| match seq % 10 {
            0 => row.clone().into_bytes(),
            _ if seq == size => row.clone().into_bytes(),
            _ => leaf_hash(row.as_bytes()).0.to_vec(),
        };
        let entries: Vec<_> = (0..).zip(&rows).map(entry).collect();
        Self::export(rows, &entries)
    }

    fn export(rows: Vec<String>, entries: &[Vec<u8>]) -> anyhow::Result<Self> {
        let signer = signer()?;
        let log_keys = [signer.verifier_key()];
        let size = rows.len() as u64;
        let root = Levels::new(rows.iter().map(|row| leaf_hash(row.as_bytes())).collect()).root();
        let head = Checkpoint { origin: ORIGIN.to_owned(), size, root };
        let witness = witness()?;
        let cosigned = witness.cosign(&head.to_text(), COSIGNED_AT_S)?;
        let checkpoint = head.sign(&signer)? + &cosigned;
        let export =
            Export { tenant: TENANT, checkpoint: &checkpoint, log_keys: &log_keys, app_keys: &[] };
        let draft = Draft::of(&export, entries)?;
        let statement = signer.sign(draft.statement())?;
        let bundle = draft.whole(&statement, entries)?;
        let policy = Policy {
            origin: ORIGIN.to_owned(),
            log_keys: log_keys.into(),
            export_keys: Vec::new(),
            anchors: PinnedAnchors::default(),
            seen: Vec::new(),
            retention: 0,
            quorum: Quorum::of_one("build-1", witness.public())?,
            tier: Tier::Witnessed,
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

/// Who cosigns them: programs that do not know cosignatures must pass that line over.
fn witness() -> anyhow::Result<Witness> {
    Ok(Witness::from_seed("audit.example.com/witness/build-1", &[99; 32])?)
}

fn rows(signer: &Signer, size: u64, intent: impl Fn(u64) -> Intent) -> anyhow::Result<Vec<String>> {
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
        previous: None,
    };
    genesis.intent()
}

fn intent(number: u64) -> Intent {
    let party =
        |id: &str, kind: &str| Party { id: id.to_owned(), kind: kind.to_owned(), obo: None };
    let data = [("procedure", "access-review"), ("score", "87"), ("verdict", "fail")];
    Intent {
        act: party("rnr_01jd5x0000e008000000000002", "runner"),
        action: "run.completed".to_owned(),
        at: AT.to_owned(),
        data: data.map(|(key, value)| (key.to_owned(), value.into())).into(),
        id: format!("aud_01jd5x0000e008{number:012}"),
        out: "ok".to_owned(),
        pd: BTreeMap::new(),
        reason: None,
        salt: format!("b1946ac92492d2347c6235b4{number:08}"),
        src: source("runs", number),
        tenant: TENANT.to_owned(),
        target: party("run_01jd5x0000e008000000000003", "run"),
        version: 1,
    }
}

fn source(app: &str, number: u64) -> Source {
    // As long as a real one: what it names is for the sealer to check, and this log had none.
    let prev = (number > 1).then(|| Hash::of(&(number - 1).to_be_bytes()));
    Source { app: app.to_owned(), instance: "7f9c".to_owned(), number, prev, void: Vec::new() }
}

#[cfg(test)]
mod tests {
    use chain::report::Verdict;

    use super::*;

    #[test]
    fn a_sample_log_is_a_log() {
        let purged = SampleLog::purged(600).unwrap();
        let report = chain::verify::bundle(&purged.bundle, Some(&purged.policy));
        assert_eq!((report.verdict, report.purged.rows), (Verdict::Ok, 540), "{report:?}");
        for size in [1, 257] {
            let log = SampleLog::new(size).unwrap();
            let report = chain::verify::bundle(&log.bundle, Some(&log.policy));
            assert_eq!((report.verdict, report.size), (Verdict::Ok, size), "{report:?}");
        }
    }

    #[test]
    fn short_rows_make_a_log_and_are_as_long_as_goals_say() {
        let log = SampleLog::short(257).unwrap();
        let report = chain::verify::bundle(&log.bundle, Some(&log.policy));
        assert_eq!((report.verdict, report.size), (Verdict::Ok, 257), "{report:?}");
        let bytes = log.rows[1..].concat().len() / 256;
        assert!((480..=520).contains(&bytes), "{bytes} bytes");
    }
}
