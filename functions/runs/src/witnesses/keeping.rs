//! Keeping what witnesses cosigned, and recording what there is to know of it.

use std::time::Duration;

use domain::{Actor, AuditEvent, Fault as _, Timestamp, runner::RunnerState};
use store::{Change, Cosignatures, Cosigned, CosignedError, Partition, Recorded, StoreError};

use super::{Head, WitnessError, alarm_event, cosigned_event, event_id, is_due};
use crate::{RunsState, runners::RunnerRecord};

/// A cosignature may be so much later than now, by clocks that differ.
const SKEW_MAX: Duration = Duration::from_mins(5);
/// Witnesses of one tenant write the same blob.
const TRIES: usize = 8;

/// Who keeps, for which tenant and in whose name.
pub(crate) struct Keeping<'a> {
    pub(crate) state: &'a RunsState,
    pub(crate) data: &'a Partition,
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
}

impl Keeping<'_> {
    /// Keeps the cosignature as the newest of its witness, over the epoch whose head is `last`.
    ///
    /// # Errors
    /// [`WitnessError`]: it is from the future, or goes back, or contradicts what the witness cosigned before, which is recorded.
    pub(crate) async fn keep(&self, cosigned: Cosigned, last: &Head) -> Result<(), WitnessError> {
        let seconds = i64::try_from(cosigned.time).unwrap_or(i64::MAX);
        let (time, now) = (Timestamp::from_unix_s(seconds), self.now);
        if time > now.plus(SKEW_MAX) {
            return Err(WitnessError::Time { time, now });
        }
        if cosigned.size > last.size {
            // It is signed, and we do not know it any more: what the signer keeps was rolled back.
            self.alarm(&cosigned.origin, "witness-ahead", cosigned.size).await?;
        }
        for _ in 1..TRIES {
            match self.try_to_keep(cosigned.clone(), last.epoch).await {
                Err(WitnessError::Store(StoreError::Conflict)) => {}
                other => return other,
            }
        }
        self.try_to_keep(cosigned, last.epoch).await
    }

    /// Recorded before it is kept, so that no witness counts unrecorded.
    async fn try_to_keep(&self, mut cosigned: Cosigned, epoch: u64) -> Result<(), WitnessError> {
        let (blobs, log) = (&*self.state.ports.blobs, (self.data.tenant(), epoch));
        let (mut kept, etag) = Cosignatures::of(blobs, log).await?;
        self.make_room(&mut kept, &cosigned).await?;
        let before = kept.last(&cosigned.witness).filter(|known| known.origin == cosigned.origin);
        let recorded = before.and_then(|known| known.recorded);
        let (size, now) = (cosigned.size, self.now);
        match kept.clone().keep(cosigned.clone()) {
            Ok(()) => {}
            Err(error @ CosignedError::Conflict { .. }) => {
                self.alarm(&cosigned.origin, error.code(), size).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        if is_due(recorded, size, now) {
            let event = cosigned_event(&cosigned);
            let fact = ["cosigned", &cosigned.origin, &cosigned.witness, &size.to_string()];
            self.record(&fact, event).await?;
            cosigned.recorded = Some(Recorded { size, at: now });
        }
        kept.keep(cosigned)?;
        Ok(kept.store(blobs, log, etag.as_ref()).await?)
    }

    /// Forgets one witness that does not count any more, where there is no room for that of `next`.
    async fn make_room(
        &self,
        kept: &mut Cosignatures,
        next: &Cosigned,
    ) -> Result<(), WitnessError> {
        for old in kept.first_to_go(next) {
            if old.origin != next.origin || !self.is_current(&old).await? {
                kept.forget(&old.witness);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether a witness may still cosign: one of others that is asked, or a Runner that was not revoked, with the key that it has now.
    async fn is_current(&self, cosigned: &Cosigned) -> Result<bool, WitnessError> {
        let Some(runner) = cosigned.runner else {
            let mut asked = self.state.witnesses.iter();
            return Ok(asked.any(|witness| witness.key.to_string() == cosigned.witness));
        };
        let found = self.data.find::<RunnerRecord>(&runner.to_string()).await?;
        let found = found.filter(|found| found.document.state != RunnerState::Revoked);
        Ok(found.is_some_and(|found| {
            let key = self.state.witness_key(self.data.tenant(), &found.document);
            key.is_ok_and(|key| key.to_string() == cosigned.witness)
        }))
    }

    /// Records that the log `origin` is other than it was signed or witnessed.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn alarm(
        &self,
        origin: &str,
        code: &str,
        size: u64,
    ) -> Result<(), WitnessError> {
        self.record(&[code, origin, &size.to_string()], alarm_event(origin, code, size)).await
    }

    /// Records a fact once, however often it is told.
    async fn record(&self, fact: &[&str], event: AuditEvent) -> Result<(), WitnessError> {
        let change = Change::new(event).beside::<RunnerRecord>();
        let id = Some(event_id(fact));
        match self.data.commit_as(id, &self.actor, self.now, change).await {
            Ok(_) | Err(StoreError::Exists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
