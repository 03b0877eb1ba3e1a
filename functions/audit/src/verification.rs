//! Verifying the log as it is stored, piece by piece: every rule of rows, and that they are those under the signed head.
//!
//! A piece is bounded, so that no request takes long; where it ends, the next one goes on. Each piece is proved against the signed root by itself:
//! the tree before it and the tree after it must both be beginnings of the signed tree, and its rows must lead from the one to the other.
//!
//! It is the operator's own word about the operator's own store, and finds what went wrong there soon. What convinces somebody else is an export.

mod piece;
mod record;
mod signed;

use domain::{Class, Fault, TenantId, Timestamp};
use store::{Partition, StoreError};

use crate::{State, export::ExportError, projection};

pub(crate) use piece::{Piece, check};
pub(crate) use record::{Answer, FirstBad, Verdicts, VerificationRecord, event};

/// Rows that one piece has at the most, but for the rest of a commit.
pub(crate) const ROWS_MAX: u64 = 1 << 14;

/// Says aloud that a log does not hold. Whoever looks for `audit-verify-failed` finds every one.
pub(crate) fn alarm(tenant: TenantId, answer: &Answer) {
    let verdict = format!("{:?}", answer.verdict);
    let first_bad = answer.first_bad.as_ref().map(|bad| format!("{} {:?}", bad.kind, bad.seq));
    tracing::error!(tenant.id = %tenant, code = "audit-verify-failed", verdict, first_bad, "a log was verified, and it does not hold");
}

/// Says aloud that a log could not be verified.
pub(crate) fn alarm_unverified(tenant: TenantId, error: &VerificationError) {
    tracing::error!(tenant.id = %tenant, code = "audit-verify-failed", %error, "a log could not be verified");
}

/// Whether an epoch before the current one was cut off rather than ended. It is not what was signed of it, and the next epoch says so and why.
pub(crate) async fn was_cut_off(state: &State, log: &Partition) -> Result<bool, StoreError> {
    Ok(signed::last(state, log).await?.is_some_and(|signed| signed.ended.is_none()))
}

/// Compares the projection with rows that hold. Where it is read together with rows that cannot be, those are for whoever verifies them to name.
pub(crate) async fn compare(
    state: &State,
    log: &Partition,
    answer: &Answer,
    now: Timestamp,
) -> Result<(), StoreError> {
    if answer.verdict == Verdicts::Broken {
        return Ok(());
    }
    match projection::check(state, log, answer.from..answer.to, now).await {
        Ok(_) => Ok(()),
        Err(StoreError::Unreadable(why)) => {
            tracing::warn!(tenant.id = %log.tenant(), why, "what finds rows was not compared with all of them");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerificationError {
    /// The range is none.
    #[error("the first row is after the last; give from ≤ to, or leave both out")]
    Range,
    /// What is needed cannot be read.
    #[error(transparent)]
    Read(#[from] ExportError),
    /// Storage refused or did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for VerificationError {
    fn class(&self) -> Class {
        match self {
            Self::Range => Class::Invalid,
            Self::Read(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Range => "invalid-range",
            Self::Read(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
