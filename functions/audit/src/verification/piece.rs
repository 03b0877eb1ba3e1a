//! One piece of a log, walked along and proved.

mod proving;
mod purged_rows;
mod reading;
mod way;

use chain::{
    checkpoint::Checkpoint,
    policy::Tier,
    report::{Finding, Kind, Verdict},
};
use domain::Timestamp;
use store::{AnchorRecord, Cosignatures, Partition, StoreError, log};

use super::{VerificationError, signed};
use crate::State;
use way::walk;

/// What became of one piece.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) epoch: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) next: Option<u64>,
    pub(crate) rows_checked: u64,
    pub(crate) first_bad: Option<Finding>,
    pub(crate) purged: u64,
    pub(crate) unsigned_tail: u64,
    pub(crate) signed: Option<Checkpoint>,
    pub(crate) witness_age_s: Option<u64>,
    pub(crate) anchor_age_s: Option<u64>,
    /// How many rows the newest head covers that a witness cosigned, and the newest that the directory has with a time stamp.
    witnessed: u64,
    stamped: u64,
    pub(crate) notes: Vec<String>,
    /// Whether a row says that something is missing.
    incomplete: bool,
}

impl Piece {
    pub(crate) fn verdict(&self) -> Verdict {
        let covered = self.signed.as_ref().map_or(0, |signed| signed.size);
        match &self.first_bad {
            Some(_) => Verdict::Broken,
            None if self.from == self.to => Verdict::NothingToCheck,
            None if self.incomplete || self.to > covered => Verdict::Incomplete,
            None => Verdict::Ok,
        }
    }

    pub(crate) fn tier(&self) -> Tier {
        match (&self.signed, &self.first_bad) {
            (Some(signed), None) if self.to > signed.size => Tier::Chained,
            (Some(_), None) if self.to <= self.witnessed => Tier::Witnessed,
            (Some(_), None) if self.to <= self.stamped => Tier::Timestamped,
            (Some(_), None) => Tier::Signed,
            (Some(_) | None, _) => Tier::Chained,
        }
    }

    /// Of two findings, the one about the earlier row; one about a row before one that is about none.
    fn blame(&mut self, finding: Finding) {
        let rank = |finding: &Finding| (finding.seq.is_none(), finding.seq, finding.kind);
        if self.first_bad.as_ref().is_none_or(|known| rank(&finding) < rank(known)) {
            self.first_bad = Some(finding);
        }
    }
}

/// Verifies the rows of `range`, or as many of them as one piece has. Without a range: all that is signed.
pub(crate) async fn check(
    state: &State,
    log: &Partition,
    from: Option<u64>,
    to: Option<u64>,
    now: Timestamp,
) -> Result<Piece, VerificationError> {
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(VerificationError::Range);
    }
    let refusal = signed::refusal(state, log).await?;
    let mut piece = Piece { epoch: log.epoch(), first_bad: refusal, ..Piece::default() };
    let signed = match signed::head(state, log).await? {
        Ok(signed) => signed,
        Err(finding) => {
            piece.blame(finding);
            None
        }
    };
    piece.signed = signed.as_ref().map(|signed| signed.head.clone());
    let covered = signed.as_ref().map(|signed| signed.head.size);
    let size = end(log, &mut piece).await?;
    piece.unsigned_tail = size.saturating_sub(covered.unwrap_or(0));
    if let Some(covered) = covered.filter(|covered| *covered > size) {
        let (expected, got) =
            (format!("{covered} rows, as they were signed"), format!("{size} rows"));
        piece.blame(Finding::at(size, Kind::SeqGap, expected, got));
    }
    piece.from = from.unwrap_or(0).min(size);
    let wanted = to.or(covered).unwrap_or(size).min(size).max(piece.from);
    piece.to = piece.from;
    walk(state, log, signed.as_ref(), &mut piece, wanted).await?;
    ages(state, log, &mut piece, now).await?;
    Ok(piece)
}

/// How long the log is, by its last commit.
async fn end(log: &Partition, piece: &mut Piece) -> Result<u64, VerificationError> {
    match log::head(log).await {
        Ok(head) => Ok(head.tree.size()),
        Err(StoreError::Unreadable(why)) => {
            piece.blame(Finding::of(Kind::Profile, "a log with an end", why));
            Ok(0)
        }
        Err(error) => Err(error.into()),
    }
}

/// How long ago somebody else vouched for the log.
async fn ages(
    state: &State,
    log: &Partition,
    piece: &mut Piece,
    now: Timestamp,
) -> Result<(), VerificationError> {
    let (blobs, tenant) = (&*state.ports.blobs, log.tenant());
    let origin = state.origin(tenant, log.epoch());
    let (kept, _) = Cosignatures::of(blobs, (tenant, log.epoch())).await?;
    let now_s = u64::try_from(now.unix_s()).unwrap_or(0);
    let newest = kept.newest(&origin);
    piece.witness_age_s = newest.map(|cosigned| now_s.saturating_sub(cosigned.time));
    piece.witnessed = newest.map_or(0, |cosigned| cosigned.size);
    let anchor = AnchorRecord::read(blobs, tenant).await?;
    let Some(anchor) = anchor.filter(|anchor| anchor.epoch == log.epoch()) else { return Ok(()) };
    piece.stamped = if crate::anchor::is_stamped(state, &anchor).await? { anchor.size } else { 0 };
    let waiting = match piece.signed.as_ref().filter(|signed| anchor.size < signed.size) {
        Some(_) => log::holding(log, anchor.size).await,
        None => Ok(None),
    };
    // Since when a commit waits that cannot be read is not known; what is wrong with it is for the walk to say.
    let waiting = match waiting {
        Err(StoreError::Unreadable(_)) => None,
        waiting => waiting?,
    };
    let since = waiting.and_then(|commit| commit.rx.parse::<Timestamp>().ok());
    piece.anchor_age_s = Some(since.map_or(0, |since| now.since(since).as_secs()));
    Ok(())
}
