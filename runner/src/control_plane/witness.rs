//! The log as a witness sees it, and what the witness says of it.

use protocol::{
    dsse::Envelope,
    routes::{
        ENVELOPE_MEDIA_TYPE, PROMISED_ROW, WITNESS_ALARMS, WITNESS_CHECKPOINT, WITNESS_COSIGNATURES,
    },
    strict_json::JsonError,
    witness::{CheckpointAnswer, CosignedAnswer, CosignedHead, PromisedRow},
};
use serde::Serialize;

use super::{CallError, ControlPlane};
use crate::witness::Held;

/// What is answered when there are more rows to look through than one answer may read.
const UNFINISHED: &str = "search-unfinished";
/// How often that is followed for one row: far more than the longest log takes.
const SEARCHES_MAX: usize = 1 << 10;

impl ControlPlane<'_> {
    /// The last head of the tenant's log, and that it continues the one of `from` rows; for who knows an `epoch` that ended as planned, the end of
    /// that one and how the log goes on.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn checkpoint(
        &self,
        from: u64,
        epoch: Option<u64>,
    ) -> Result<CheckpointAnswer, CallError> {
        let epoch = epoch.map(|epoch| format!("&epoch={epoch}")).unwrap_or_default();
        self.get(&format!("{WITNESS_CHECKPOINT}?from={from}{epoch}")).await
    }

    /// Hands a cosignature in.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn cosigned(&self, head: &CosignedHead) -> Result<CosignedAnswer, CallError> {
        self.post(WITNESS_COSIGNATURES, "application/json", bytes(head)?).await
    }

    /// Hands an alarm in.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn alarm(&self, alarm: &Envelope) -> Result<(), CallError> {
        self.deliver(WITNESS_ALARMS, ENVELOPE_MEDIA_TYPE, bytes(alarm)?).await
    }

    /// The row that a receipt or a line of an answer promised, and that it is in an epoch of the log as far as it has `size` rows.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn promised_row(
        &self,
        held: &Held,
        (epoch, size): (u64, u64),
    ) -> Result<PromisedRow, CallError> {
        let (name, bytes) = match held {
            Held::Receipt { receipt, .. } => ("receipt", bytes(receipt)?),
            Held::Line(line) => ("promise", line.as_bytes().to_vec()),
        };
        let shown = protocol::to_base64url(&bytes);
        let path = format!("{PROMISED_ROW}?size={size}&epoch={epoch}&{name}={shown}");
        let mut from = String::new();
        for _ in 0..SEARCHES_MAX {
            match self.get(&format!("{path}{from}")).await {
                Err(CallError::Refused { code, next: Some(next), .. }) if code == UNFINISHED => {
                    from = format!("&from={next}");
                }
                answered => return answered,
            }
        }
        Err(CallError::Unreachable("it looks for a promised row and comes to no end".to_owned()))
    }
}

fn bytes(message: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(message).map_err(|error| JsonError::Shape(error.to_string()).into())
}
