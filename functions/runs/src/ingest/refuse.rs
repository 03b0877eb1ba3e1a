//! Events that do not count: answered with a stable code, and recorded.

use domain::{AuditEvent, EventKind, Fault as _, Target};
use protocol::routes::{EventResult, EventStatus};
use store::{Change, StoreError};

use super::{Door, Ingestion, Refusal, result};
use crate::statements::StatementRecord;

impl Ingestion<'_> {
    /// Records a refusal in the tenant's log, at most once a minute, Runner and code: a Runner in a loop does not fill it. What the Runner has
    /// nothing to do with is not the tenant's business.
    pub(super) async fn refuse(
        &self,
        id: String,
        refusal: &Refusal,
    ) -> Result<EventResult, StoreError> {
        let (runner, code) = (self.runner.runner, refusal.code());
        let answer =
            EventResult { code: Some(code.to_owned()), ..result(id, EventStatus::Rejected) };
        if self.door == Door::EventGrid && !refusal.is_signed() {
            return Ok(answer);
        }
        let event = AuditEvent::denied(EventKind::RunRejected, Target::new("runner", runner), code);
        let what = format!("run-rejected|{runner}|{code}|{}", self.now.unix_s() / 60);
        self.record_once(&what, Change::new(event).beside::<StatementRecord>()).await?;
        Ok(answer)
    }
}
