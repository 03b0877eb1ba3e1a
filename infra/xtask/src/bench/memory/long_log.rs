//! A log that is too long for memory, written file by file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write as _},
    ops::Range,
    path::Path,
};

use anyhow::Context;
use chain::{
    Hash,
    bundle::{Draft, Export, Piece, Summary},
    checkpoint::Checkpoint,
    policy::{Policy, Tier},
    quorum::Quorum,
    row::Row,
    tree::{CompactRange, leaf_hash},
};

use crate::sample_log::{SampleLog, signer};

/// Writes a log of `size` rows to `path`, as the product lays out an export; the policy that names its key.
pub(super) fn write(path: &Path, size: u64) -> anyhow::Result<Policy> {
    let sample = SampleLog::new(3)?;
    let (mut summary, mut root) = (Summary::default(), CompactRange::default());
    for row in Rows::of(&sample, size)? {
        summary.push(row.as_bytes())?;
        root.push(leaf_hash(row.as_bytes()));
    }
    let (signer, origin) = (signer()?, sample.policy.origin.clone());
    let checkpoint = Checkpoint { origin, size, root: root.root() }.sign(&signer)?;
    let log_keys = [signer.verifier_key()];
    let export = Export {
        tenant: sample.tenant,
        checkpoint: &checkpoint,
        log_keys: &log_keys,
        app_keys: &[],
    };
    let draft = Draft::new(&export, summary, BTreeMap::new())?;
    let note = signer.sign(draft.statement())?;
    let mut layout = draft.finish(&note)?;
    let (mut file, mut rows) = (BufWriter::new(File::create(path)?), Rows::of(&sample, size)?);
    while let Some(piece) = layout.next_piece()? {
        let bytes = match piece {
            Piece::Ready(bytes) => bytes,
            Piece::Rows(range) => {
                let count = usize::try_from(range.end - range.start)?;
                layout.fill(&rows.by_ref().take(count).collect::<Vec<_>>())?
            }
        };
        file.write_all(&bytes)?;
    }
    file.flush()?;
    // Nobody witnessed this one.
    Ok(Policy { quorum: Quorum::default(), tier: Tier::Signed, ..sample.policy })
}

/// The rows of a long log, made one after the other.
struct Rows {
    genesis: String,
    /// Row 1 of the sample, in pieces: what stands between its numbers and its link.
    pattern: Pattern,
    left: Range<u64>,
    prev: Hash,
}

impl Rows {
    fn of(sample: &SampleLog, size: u64) -> anyhow::Result<Self> {
        let genesis = sample.rows.first().context("no row")?.clone();
        let pattern = Pattern::of(sample.rows.get(1).context("no row")?)?;
        Ok(Self { genesis, pattern, left: 0..size, prev: Hash::ZERO })
    }
}

impl Iterator for Rows {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let seq = self.left.next()?;
        let row = if seq == 0 { self.genesis.clone() } else { self.pattern.row(seq, &self.prev) };
        self.prev = leaf_hash(row.as_bytes());
        Some(row)
    }
}

/// A row with its number and its link cut out.
struct Pattern {
    until_prev: String,
    until_seq: String,
    rest: String,
}

impl Pattern {
    fn of(text: &str) -> anyhow::Result<Self> {
        let row = Row::parse(text)?;
        let (until_prev, rest) = text.split_once(row.prev).context("no link")?;
        let (until_seq, rest) = rest.split_once("\"seq\":1,").context("no number")?;
        let owned = |part: &str| part.to_owned();
        Ok(Self { until_prev: owned(until_prev), until_seq: owned(until_seq), rest: owned(rest) })
    }

    fn row(&self, seq: u64, prev: &Hash) -> String {
        let Self { until_prev, until_seq, rest } = self;
        format!("{until_prev}{prev}{until_seq}\"seq\":{seq},{rest}")
    }
}

#[cfg(test)]
mod tests {
    use chain::{report::Verdict, verify};

    use super::*;

    #[test]
    fn a_long_log_is_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.audit.zip");
        for size in [1, 2, 256, 700] {
            let policy = write(&path, size).unwrap();
            let report = verify::bundle(&std::fs::read(&path).unwrap(), Some(&policy));
            assert_eq!((report.verdict, report.size), (Verdict::Ok, size), "{report:?}");
        }
    }
}
