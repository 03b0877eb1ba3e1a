//! Everything that is signed, with what proves it. The rows are read twice: what the file says of them stands before them.

use std::collections::BTreeMap;

use chain::{
    anchor::TIMESTAMP,
    bundle::{self, Draft, Export, Layout, Piece, Summary},
    disclosure, later as accounts,
    note::{Signer, VerifierKey},
};
use ports::KeyPurpose;
use store::{Partition, SignedHead};

use super::{
    ExportError,
    file::ExportFile,
    reading::{Reading, entry},
};
use crate::{
    State, anchor,
    details::{self, Detailed},
    later,
    purged::Kept,
};

/// The verifier as a page that works from its file, so that whoever holds an export needs nothing else.
const VERIFY_PAGE: &[u8] = include_bytes!("../../../../inspector/page/verify.html");

/// Writes it. Whether it shows a time stamp of an authority.
pub(super) async fn write(
    state: &State,
    log: &Partition,
    head: &SignedHead,
    with_details: bool,
    file: &mut ExportFile,
) -> Result<bool, ExportError> {
    let read = Read::of(state, log, head.size).await?;
    let mut files = anchor::files(state, log, head).await?;
    let stamped = files.contains_key(TIMESTAMP);
    if with_details {
        files.insert(disclosure::FILE.to_owned(), disclosures(state, log, &read.detailed).await?);
    }
    if read.is_purged {
        let rows = later::rows(state, log).await?;
        files.extend((!rows.is_empty()).then(|| (accounts::FILE.to_owned(), rows)));
    }
    files.insert(bundle::PAGE.to_owned(), VERIFY_PAGE.to_vec());
    let layout = signed(state, log, head, read.summary, files).await?;
    lay_out(layout, Reading::of(state, log, 0..head.size)?, file).await?;
    Ok(stamped)
}

/// What is known after the first reading.
#[derive(Default)]
struct Read {
    summary: Summary,
    /// What may have personal details.
    detailed: Detailed,
    is_purged: bool,
}

impl Read {
    async fn of(state: &State, log: &Partition, size: u64) -> Result<Self, ExportError> {
        let mut read = Self::default();
        let mut reading = Reading::of(state, log, 0..size)?;
        for seq in 0..size {
            let Some(kept) = reading.next().await? else { break };
            match &kept {
                Kept::Row(row) => read.detailed.add(seq, row),
                Kept::Hash(_) => read.is_purged = true,
            }
            read.summary.push(&entry(kept)).map_err(bundle::BundleError::from)?;
        }
        Ok(read)
    }
}

async fn disclosures(
    state: &State,
    log: &Partition,
    detailed: &Detailed,
) -> Result<Vec<u8>, ExportError> {
    let shown = details::disclosures(state, log, detailed).await?;
    if shown.len() > disclosure::FILE_BYTES_MAX {
        return Err(ExportError::Details { bytes: shown.len() });
    }
    Ok(shown)
}

/// Sums up what was read, and signs that.
async fn signed(
    state: &State,
    log: &Partition,
    head: &SignedHead,
    summary: Summary,
    files: BTreeMap<String, Vec<u8>>,
) -> Result<Layout, ExportError> {
    let (log_keys, app_keys) = keys(state, log, head).await?;
    let export = Export {
        tenant: &log.tenant().to_string(),
        checkpoint: &head.note,
        log_keys: &log_keys,
        app_keys: &app_keys,
    };
    let draft = Draft::new(&export, summary, files)?;
    let name = format!("{}/export", state.origin(log.tenant(), log.epoch()));
    let note = Signer::new(&name, state.export_key.clone())?.sign(draft.statement())?;
    Ok(draft.finish(&note)?)
}

async fn lay_out(
    mut layout: Layout,
    mut rows: Reading<'_>,
    file: &mut ExportFile,
) -> Result<(), ExportError> {
    while let Some(piece) = layout.next_piece()? {
        let bytes = match piece {
            Piece::Ready(bytes) => bytes,
            Piece::Rows(range) => layout.fill(&rows.entries(range.end - range.start).await?)?,
        };
        file.append(&bytes).await?;
    }
    Ok(())
}

/// The public keys that go with an export, for information.
async fn keys(
    state: &State,
    log: &Partition,
    signed: &SignedHead,
) -> Result<(Vec<VerifierKey>, Vec<ed25519_dalek::VerifyingKey>), ExportError> {
    let origin = state.origin(log.tenant(), log.epoch());
    let mut log_keys = Vec::new();
    if let Some(key) = state.log_key(signed).await? {
        log_keys.push(VerifierKey::new(&origin, key)?);
    }
    let mut app_keys = Vec::new();
    for purpose in [KeyPurpose::AuthIntent, KeyPurpose::RunsIntent, KeyPurpose::AuditIntent] {
        app_keys.extend(state.ed25519(purpose).await?);
    }
    Ok((log_keys, app_keys))
}
