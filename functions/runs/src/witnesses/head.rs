//! What is signed of an epoch of a tenant's log.

use chain::{checkpoint::Checkpoint, note::Note};
use domain::TenantId;
use ports::Blobs;
use store::{CosignedError, SignedHead};

use super::WitnessError;

/// The last head of an epoch of a tenant's log.
pub(crate) struct Head {
    pub(crate) note: String,
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) epoch: u64,
}

impl Head {
    /// That of the epoch in which the log goes on.
    ///
    /// # Errors
    /// [`WitnessError::NothingSigned`]; others when it cannot be read.
    pub(crate) async fn of(blobs: &dyn Blobs, tenant: TenantId) -> Result<Self, WitnessError> {
        let (signed, _) =
            SignedHead::read(blobs, tenant).await?.ok_or(WitnessError::NothingSigned)?;
        Self::read(signed)
    }

    /// That of an epoch which ended as planned; `None` of any other.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn ended(
        blobs: &dyn Blobs,
        tenant: TenantId,
        epoch: u64,
    ) -> Result<Option<Self>, WitnessError> {
        let ended = SignedHead::read_ended(blobs, tenant, epoch).await?;
        ended.filter(|ended| ended.ended.is_some()).map(Self::read).transpose()
    }

    /// That of the epoch with this name, in which the log goes on or which ended as planned.
    ///
    /// # Errors
    /// [`CosignedError::OtherLog`]: it has no such epoch; others when it cannot be read.
    pub(crate) async fn named(
        blobs: &dyn Blobs,
        tenant: TenantId,
        origin: &str,
    ) -> Result<Self, WitnessError> {
        let current = Self::of(blobs, tenant).await?;
        if current.origin == origin {
            return Ok(current);
        }
        for epoch in (0..current.epoch).rev() {
            let ended = Self::ended(blobs, tenant, epoch).await?;
            if let Some(ended) = ended.filter(|ended| ended.origin == origin) {
                return Ok(ended);
            }
        }
        Err(CosignedError::OtherLog.into())
    }

    fn read(signed: SignedHead) -> Result<Self, WitnessError> {
        let text = Note::parse(signed.note.as_bytes())?.text;
        let Checkpoint { origin, size, .. } = Checkpoint::parse(text)?;
        Ok(Self { origin, size, epoch: signed.epoch, note: signed.note })
    }
}
