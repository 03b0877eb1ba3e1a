//! Events that are verified, kept and receipted; or not, as it was told.

use domain::Timestamp;
use protocol::{
    Digest, V1, cloudevent,
    dsse::Envelope,
    receipt::{Promise, Receipt},
    routes::{EventResult, EventStatus, EventsAnswer},
};

use super::ControlPlane;

impl ControlPlane {
    /// Verifies events, keeps them, and answers with receipts.
    pub(super) fn hold(&self, body: &[u8]) -> EventsAnswer {
        let mut results = Vec::new();
        for entry in cloudevent::parse_batch(body).unwrap() {
            let event = entry.event.unwrap();
            let mut state = self.state.lock().unwrap();
            let verified = event.verify(state.key.as_ref().unwrap()).unwrap();
            let sequence = verified.statement.predicate.event.sequence;
            if state.loses == Some(sequence) {
                continue;
            }
            if state.rejects {
                let (status, code) = (EventStatus::Rejected, Some("checks-mismatch".to_owned()));
                results.push(EventResult { id: entry.id, status, code, receipt: None });
                continue;
            }
            if state.takes_at_most.is_some_and(|most| state.held.len() >= most) {
                let (status, code) =
                    (EventStatus::Deferred, Some("entitlement-required".to_owned()));
                results.push(EventResult { id: entry.id, status, code, receipt: None });
                continue;
            }
            let status = if state.held.contains_key(&sequence) {
                EventStatus::Duplicate
            } else {
                EventStatus::Accepted
            };
            let kind = (state.forges_receipts, state.promise);
            let receipt = self.sign_receipt(&event, &verified.payload, kind);
            let held = state.held.entry(sequence).or_insert((verified.payload, receipt));
            let receipt = Some(held.1.clone());
            results.push(EventResult { id: entry.id, status, code: None, receipt });
        }
        EventsAnswer { results, next_expected_sequence: 1, missing: Vec::new() }
    }

    fn sign_receipt(
        &self,
        event: &cloudevent::CloudEvent,
        payload: &[u8],
        (forged, promise): (bool, Option<(Digest, i64)>),
    ) -> Envelope {
        let (intent, seal_by) = promise.unwrap_or((Digest::ZERO, i64::from(u32::MAX)));
        let promise = Promise { intent, seal_by: Timestamp::from_unix_s(seal_by) };
        let receipt = Receipt {
            v: V1,
            tenant: event.tenantid,
            runner: event.runnerid,
            source: event.source.clone(),
            id: event.id,
            sequence: event.sequence.0,
            payload_sha256: Digest::of(payload),
            received_at: Timestamp::default(),
            promise,
        };
        let key = if forged { &self.command } else { &self.receipt };
        Envelope::sign_message(&receipt, &[key]).unwrap()
    }
}
