//! Ending an epoch of a log as planned: the row that says so, and what the next epoch begins with.

use std::time::Duration;

use chain::{
    commit::{Commit, Head},
    epoch::{self, Announced, Rotation},
    genesis::Previous,
    intent::VerifiedIntent,
    note::VerifierKey,
};
use domain::Timestamp;
use ports::KeyPurpose;
use store::{Alarm, Partition, SignedHead, StoreError, log, log_key_version, proofs};

use super::{SealingError, beginning::Beginning, own_rows};
use crate::State;

/// How long a key is known before a log announces it: longer than Runners, and who lists keys for them, take a list of keys as it was.
const KNOWN_AFTER: Duration = Duration::from_mins(20);

/// Whether the commit ends its epoch: nothing is sealed after it.
pub(super) fn is_end(last: &Commit) -> bool {
    last.rows.last().is_some_and(|row| epoch::rotation_in(row).is_some())
}

/// The row that ends the epoch of `log`, if the operator asked for that and it was not done yet.
///
/// Nothing is ended that was not signed, or that the signer refused.
pub(super) async fn due(
    state: &State,
    log: &Partition,
    now: Timestamp,
) -> Result<Option<VerifiedIntent>, SealingError> {
    if !state.may_be_rotated(log.tenant()) {
        return Ok(None);
    }
    let (blobs, tenant) = (&*state.ports.blobs, log.tenant());
    let Some((signed, _)) = SignedHead::read(blobs, tenant).await? else { return Ok(None) };
    let is_due = signed.epoch == log.epoch()
        && signed.ended.is_none()
        && signed.rotation < state.rotation
        && Alarm::read(blobs, tenant, log.epoch()).await?.is_none();
    if !is_due {
        return Ok(None);
    }
    let by = log_key(state, log, signed.rotation).await?;
    let next = log.in_epoch(log.epoch() + 1);
    // The signer makes the next key when it starts with the new setting; until then there is nothing to announce.
    let (Some(by), Some(key)) = (by, log_key(state, &next, state.rotation).await?) else {
        return Ok(None);
    };
    let made = state.made_at(KeyPurpose::Checkpoint, log_key_version(state.rotation));
    if made.is_none_or(|at| now.since(at) < KNOWN_AFTER) {
        return Ok(None);
    }
    let said = Rotation {
        by: vec![by],
        keys: vec![key],
        next: state.origin(tenant, next.epoch()),
        rotation: state.rotation,
    };
    Ok(Some(own_rows::rotate(state, log, now, &said)?))
}

/// How the epoch begins that the last row of `signed` announced. Its rows are not sealed a second time.
pub(super) async fn begin(
    state: &State,
    log: &Partition,
    now: Timestamp,
    signed: SignedHead,
) -> Result<Beginning, SealingError> {
    let old = log.in_epoch(signed.epoch);
    let last = log::commit_at(&old, signed.commit).await?;
    let last = last.ok_or_else(|| log::missing(signed.commit))?;
    let unreadable = || StoreError::Unreadable("the row that ended the log's epoch".to_owned());
    let row = last.rows.last().ok_or_else(unreadable)?;
    let said = epoch::rotation_in(row).ok_or_else(unreadable)?;
    let index = signed.size.saturating_sub(1);
    let blobs = &*state.ports.blobs;
    let proof = proofs::inclusion(blobs, (old.tenant(), old.epoch()), index, signed.size).await?;
    let kept = log::head_of(&last)?;
    let previous = Previous {
        announced: Some(Announced { proof, row: row.clone() }),
        epoch: signed.epoch,
        note: signed.note,
        root: kept.tree.root(),
        rows: kept.tree.size(),
    };
    let genesis = own_rows::genesis(state, log, now, (said.rotation, Some(&previous))).await?;
    let mut rows = vec![genesis];
    if said.changes_keys() {
        rows.push(own_rows::key(state, log, now, &said)?);
    }
    let Head { rx, cursors, instances, .. } = kept;
    let head = Head { rx, cursors, instances, ..Head::default() };
    Ok(Beginning { head, rows, at_once: true })
}

/// The key that signs `log` in a rotation, as verifier key; `None` while the signer has not made it.
pub(super) async fn log_key(
    state: &State,
    log: &Partition,
    rotation: u32,
) -> Result<Option<String>, SealingError> {
    let version = log_key_version(rotation);
    let key = state.ed25519_version(KeyPurpose::Checkpoint, version).await?;
    let origin = state.origin(log.tenant(), log.epoch());
    Ok(key.map(|key| VerifierKey::new(&origin, key)).transpose()?.map(|key| key.to_string()))
}
