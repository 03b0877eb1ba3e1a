//! Receipts and answers promise rows in the log. When the time of one is over, the Runner asks to see it, under the head that it witnessed itself.

mod judging;
mod owed;

use std::time::Duration;

use domain::{RunnerId, Timestamp};
use protocol::{
    dsse::Envelope,
    witness::{AlarmKind, PromisedRow},
};
use serde::{Deserialize, Serialize};

use super::{Evidence, Round, Seen, WitnessError};
use crate::control_plane::CallError;
use judging::{Clocks, check, is_broken, is_denial};
use owed::Owed;
pub(crate) use owed::read;

/// So long may the control plane, which shows heads, not answer for a promise: somebody who has no row to show might say anything else for ever.
const EXCUSED_FOR: Duration = Duration::from_hours(24);
/// Two looks that failed by chance, days apart, are no excuse that lasted.
const LOOKS_MIN: u32 = 3;
/// An app promises a row within a minute. Whoever names a later time than so long after this machine heard of it would owe nothing.
pub(crate) const SEAL_MAX: Duration = Duration::from_hours(1);
/// What is said of a row that is in an earlier epoch than the one that was asked for.
const ENDED: &str = "row-in-ended-epoch";
/// How many promises were kept, and how many are open although their time is over; or the evidence that one was broken.
pub(super) type Promises = Result<(usize, usize), Box<Evidence>>;

/// What the Runner has in its hands for a row.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// The receipt for a statement.
    Receipt {
        /// The Runner that made it.
        runner: RunnerId,
        /// The statement's number.
        sequence: u64,
        /// The receipt.
        receipt: Envelope,
    },
    /// A line of an answer, as it came.
    Line(String),
}

/// Looks in which nobody answered for some promise, one after another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Unanswered {
    /// The first of them.
    pub(crate) since: Timestamp,
    /// How many.
    pub(crate) looks: u32,
}

/// What came of a demand.
enum Demanded {
    /// The row is there, with this number.
    Kept(u64),
    /// Not there, and there may be a reason.
    Overdue,
    /// Nobody answers; why not.
    Unanswered(String),
    /// It is broken.
    Broken(AlarmKind, String, Option<PromisedRow>),
}

impl Round<'_> {
    /// Asks for the rows that receipts and answers promised, the newest first: so one for which nobody answers keeps nobody from those that come.
    ///
    /// # Errors
    /// [`WitnessError::Vault`]. When nobody answers, the promises stay open for a day.
    pub(super) async fn prove(&self, seen: &Seen) -> Result<Promises, WitnessError> {
        let (own, theirs) = (self.control_plane.clock.now(), self.control_plane.server_time()?);
        let clocks = Clocks { earlier: own.min(theirs), later: own.max(theirs) };
        let now = clocks.later;
        let (mut proved, mut overdue) = (0, 0);
        for owed in self.owed(now)? {
            match self.demand(&owed, seen, clocks).await? {
                Demanded::Kept(row) => {
                    let at = self.control_plane.clock.now();
                    self.vault.mark_kept(&owed.held, row, at)?;
                    proved += 1;
                }
                Demanded::Overdue => overdue += 1,
                Demanded::Broken(kind, what, row) => {
                    return Ok(Err(Box::new(evidence(owed, seen, kind, what, row))));
                }
                // Whoever does not answer for one does not answer for the next.
                Demanded::Unanswered(why) => {
                    return Ok(match self.excused(&owed, now, &why)? {
                        None => Ok((proved, overdue + 1)),
                        Some(what) => {
                            let kind = AlarmKind::PromiseBroken;
                            Err(Box::new(evidence(owed, seen, kind, what, None)))
                        }
                    });
                }
            }
        }
        self.vault.remember_unanswered(None)?;
        Ok(Ok((proved, overdue)))
    }

    async fn demand(
        &self,
        owed: &Owed,
        seen: &Seen,
        clocks: Clocks,
    ) -> Result<Demanded, WitnessError> {
        let Owed { held, seal_by, .. } = owed;
        let name = owed.name();
        Ok(match self.shown(owed, seen).await {
            Ok(demanded) => demanded,
            Err(CallError::Vault(error)) => return Err(error.into()),
            Err(CallError::Refused { code, .. }) if is_denial(&code, *seal_by, clocks, seen) => {
                let since = self.vault.denied_since(held, clocks.later)?;
                if is_broken(*seal_by, since, clocks) {
                    let size = seen.size;
                    let what = format!(
                        "{name} was promised a row by {seal_by}, and the log of {size} rows has none ({code})"
                    );
                    Demanded::Broken(AlarmKind::PromiseBroken, what, None)
                } else {
                    Demanded::Overdue
                }
            }
            // In an epoch that was over before the Runner's first look; or over its time.
            Err(CallError::Refused { code, .. }) if code == ENDED || code == "row-purged" => {
                Demanded::Overdue
            }
            Err(error) => Demanded::Unanswered(error.to_string()),
        })
    }

    /// The row, in the epoch that was seen or, as long as the control plane says that it is in one that is over, in those that were followed.
    async fn shown(&self, owed: &Owed, seen: &Seen) -> Result<Demanded, CallError> {
        let mut shown = self.shown_in(owed, seen).await;
        for end in &seen.ended {
            match shown {
                Err(CallError::Refused { code, .. }) if code == ENDED => {
                    shown = self.shown_in(owed, end).await;
                }
                shown => return shown,
            }
        }
        shown
    }

    /// The row, if it is shown in this epoch.
    async fn shown_in(&self, owed: &Owed, seen: &Seen) -> Result<Demanded, CallError> {
        let log = (seen.epoch(), seen.size);
        let shown = self.control_plane.promised_row(&owed.held, log).await?;
        Ok(match check(&shown, owed.intent, seen) {
            Ok(()) => Demanded::Kept(shown.index),
            Err(why) => {
                let name = owed.name();
                let what = format!("{name} was promised another row than the log holds: {why}");
                Demanded::Broken(AlarmKind::PromiseDiffers, what, Some(shown))
            }
        })
    }

    /// Notes that nobody answered for some promise; what to say when it was so for too long, whichever promise it was each time.
    fn excused(
        &self,
        owed: &Owed,
        now: Timestamp,
        why: &str,
    ) -> Result<Option<String>, WitnessError> {
        let known = self.vault.unanswered()?.unwrap_or(Unanswered { since: now, looks: 0 });
        // A clock that was ahead for one look begins no longer day.
        let (since, looks) = (known.since.min(now), known.looks.saturating_add(1));
        let unanswered = Unanswered { since, looks };
        self.vault.remember_unanswered(Some(unanswered))?;
        let is_over = looks >= LOOKS_MIN && now >= since.plus(EXCUSED_FOR);
        Ok(is_over.then(|| {
            let (name, by) = (owed.name(), owed.seal_by);
            format!(
                "{name} was promised a row by {by}, and nobody answers for such promises since {since}: {why}"
            )
        }))
    }
}

fn evidence(
    owed: Owed,
    seen: &Seen,
    kind: AlarmKind,
    what: String,
    row: Option<PromisedRow>,
) -> Evidence {
    let (receipt, promise) = match owed.held {
        Held::Receipt { receipt, .. } => (Some(receipt), None),
        Held::Line(line) => (None, Some(line)),
    };
    Evidence { seen: Some(seen.clone()), receipt, promise, row, ..Evidence::of(kind, what) }
}

#[cfg(test)]
mod tests;
