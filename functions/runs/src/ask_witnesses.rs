//! Queue `witness`: a tenant's log grew, and witnesses of others are to cosign its head. The message is the tenant's identifier.
//!
//! `signer` sends it once a minute at most for each log that grew, behind its own work: no signature waits for a witness, and a witness that
//! does not answer delays nobody but itself.

use domain::{Actor, Class, EventKind, TenantId};
use ports::QueueName;
use serde_json::{Value, json};
use store::{Cosignatures, Cosigned, StoreError, proofs};
use web::{Job, Problem, Trigger};

use crate::{
    RunsState,
    log_witness::{Answered, LogWitness},
    witnesses::{Head, Keeping, WitnessError, path},
};

/// How often a witness may say that it knows another size, for one head.
const TRIES: usize = 3;

pub(crate) const TRIGGER: Trigger = Trigger::queue(
    "ask_witnesses",
    QueueName::Witness,
    &[EventKind::CheckpointCosigned, EventKind::LogAlarm],
);

pub(crate) async fn handle(state: RunsState, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let data = job.cap.partition(tenant, TRIGGER.name);
    let actor = Actor::system(TRIGGER.name);
    let keeping = Keeping { state: &state, data: &data, actor, now: job.now };
    let mut cosigned = 0;
    for witness in &*state.witnesses {
        match ask(&keeping, witness).await {
            Ok(is_new) => cosigned += usize::from(is_new),
            // The others are asked all the same, and this one again when the log grows.
            Err(WitnessError::Store(error @ StoreError::Unavailable(_))) => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(%tenant, witness = witness.key.name(), %error, "a witness did not cosign");
            }
        }
    }
    Ok(json!({ "cosigned": cosigned }))
}

/// Has one witness cosign the end of the epoch before, if it watched that one, and the last head; whether it did so now.
async fn ask(keeping: &Keeping<'_>, witness: &LogWitness) -> Result<bool, WitnessError> {
    let (blobs, tenant) = (&*keeping.state.ports.blobs, keeping.data.tenant());
    let ended = ask_for_end(keeping, witness).await.unwrap_or_else(|error| {
        // It may not know the log by that name any more.
        tracing::warn!(%tenant, witness = witness.key.name(), %error, "a witness did not cosign the end of an epoch");
        false
    });
    // As it is now: what the witness was asked took its time.
    let head = Head::of(blobs, tenant).await?;
    let size = known(keeping, &head, witness).await?;
    Ok(ask_for(keeping, &head, size, witness).await? || ended)
}

/// Has one witness cosign the end of the epoch before, if it watched that one; whether it did so now.
async fn ask_for_end(keeping: &Keeping<'_>, witness: &LogWitness) -> Result<bool, WitnessError> {
    let (blobs, tenant) = (&*keeping.state.ports.blobs, keeping.data.tenant());
    let Some(before) = Head::of(blobs, tenant).await?.epoch.checked_sub(1) else {
        return Ok(false);
    };
    let Some(end) = Head::ended(blobs, tenant, before).await? else { return Ok(false) };
    let size = known(keeping, &end, witness).await?;
    Ok(size > 0 && ask_for(keeping, &end, size, witness).await?)
}

/// How many rows of an epoch a witness cosigned.
async fn known(
    keeping: &Keeping<'_>,
    head: &Head,
    witness: &LogWitness,
) -> Result<u64, WitnessError> {
    let log = (keeping.data.tenant(), head.epoch);
    let (kept, _) = Cosignatures::of(&*keeping.state.ports.blobs, log).await?;
    let known = kept.last(&witness.key.to_string()).filter(|known| known.origin == head.origin);
    Ok(known.map_or(0, |known| known.size))
}

/// Has a witness that knows `old` rows of an epoch cosign its head.
async fn ask_for(
    keeping: &Keeping<'_>,
    head: &Head,
    mut old: u64,
    witness: &LogWitness,
) -> Result<bool, WitnessError> {
    let (state, log) = (keeping.state, (keeping.data.tenant(), head.epoch));
    if old >= head.size {
        if old > head.size {
            // It cosigned more than the signer knows of.
            keeping.alarm(&head.origin, "witness-ahead", old).await?;
        }
        return Ok(false);
    }
    for _ in 0..TRIES {
        let proof = proofs::consistency(&*state.ports.blobs, log, (old, head.size)).await?;
        match witness.ask(old, &path(proof), &head.note).await? {
            Answered::Cosigned(lines) => {
                let cosigned = read(state, head, witness, &lines).await?;
                keeping.keep(cosigned, head).await?;
                return Ok(true);
            }
            Answered::Knows(size) if size > head.size => {
                // It cosigned more of this log than there is.
                keeping.alarm(&head.origin, "witness-ahead", size).await?;
                return Ok(false);
            }
            Answered::Knows(size) => old = size,
            Answered::Fork => {
                keeping.alarm(&head.origin, "witness-fork", head.size).await?;
                return Ok(false);
            }
        }
    }
    Ok(false)
}

/// The line by the witness' own key, among those that it answered; others are passed over.
async fn read(
    state: &RunsState,
    head: &Head,
    witness: &LogWitness,
    lines: &str,
) -> Result<Cosigned, WitnessError> {
    let log = state.log_keys(&head.origin).await?;
    let mut refused = None;
    for line in lines.split_inclusive('\n') {
        match Cosigned::read(&head.note, line, &log, &witness.key, None) {
            Ok(cosigned) => return Ok(cosigned),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(store::CosignedError::Missing).into())
}
