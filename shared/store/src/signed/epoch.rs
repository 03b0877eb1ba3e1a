//! In which epoch a log goes on.

use ports::{Blobs, Clock};

use super::{Alarm, SignedHead};
use crate::{Partition, StoreError};

/// In which epoch a log goes on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Epoch {
    /// Its number.
    pub number: u64,
    /// What was signed last of the epoch before, when this one is to begin because of it.
    pub after: Option<SignedHead>,
    /// Why that is so; or why nothing more is signed of this one.
    pub why: Option<Alarm>,
}

/// In which epoch the log of `partition` goes on when `restore` is the restore epoch, and `signed` was signed last.
///
/// A log goes on in the epoch that was signed last. It begins another one when the last signed row ends that epoch, as planned; or when somebody raised
/// the restore epoch since, and the database contradicts what was signed: that is how a restore is told from a rollback that nobody answers for.
/// Signer and sealer both ask this, and come to the same answer.
///
/// # Errors
/// When storage fails.
pub async fn epoch(
    blobs: &dyn Blobs,
    partition: &Partition,
    signed: Option<&SignedHead>,
    restore: u64,
    clock: &dyn Clock,
) -> Result<Epoch, StoreError> {
    let number = signed.map_or(0, |signed| signed.epoch);
    let raised = Alarm::read(blobs, partition.tenant(), number).await?;
    let why = match (raised, signed) {
        (None, Some(signed)) if signed.restore < restore => {
            signed.contradiction(partition, clock).await?
        }
        (raised, _) => raised,
    };
    if let (None, Some(signed)) = (&why, signed.filter(|signed| signed.ended.is_some())) {
        return Ok(Epoch { number: number + 1, after: Some(signed.clone()), why: None });
    }
    let is_answered_for = why.as_ref().is_some_and(|why| why.restore < restore);
    Ok(match signed.filter(|_| is_answered_for) {
        None => Epoch { number, after: None, why },
        Some(signed) => Epoch { number: number + 1, after: Some(signed.clone()), why },
    })
}
