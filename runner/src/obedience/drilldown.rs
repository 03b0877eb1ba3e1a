//! Drill-downs: raw values for a viewer whom the customer listed, sealed so that the carrier cannot read them.

use std::time::Duration;

use domain::Timestamp;
use protocol::{
    Base64, Digest,
    command::{CommandOutcome, DrilldownBody, RefusalCode},
    commitment::Disclosure,
    drilldown::{AnswerError, ViewerRequest, seal_answer},
    dsse::PAYLOAD_MAX,
};

use super::{Done, Obedience, ObedienceError};
use crate::vault::{Disclosed, NonceUse, VaultError};

const DAY_S: i64 = 86_400;
/// A result travels in an envelope of 256 KiB: three quarters of that, less room for the other fields.
const SEALED_BYTES_MAX: usize = PAYLOAD_MAX / 4 * 3 - 1_024;

impl Obedience<'_> {
    /// Answers or refuses. Order: the viewer's key, signature and time, addressee, purpose; whether it is new; the evidence; the quota.
    pub(super) fn drill_down(
        &self,
        body: &DrilldownBody,
        command_sha256: Digest,
    ) -> Result<Done, ObedienceError> {
        let refused = |code| Ok(Done::refused(code, command_sha256));
        let asked = match self.site.policy.admit(body, self.site.identity.runner, self.moment.asked)
        {
            Ok(asked) => asked,
            Err(code) => return refused(code),
        };
        let request_sha256 = asked.request_sha256;
        match self.disclose(body, &asked, command_sha256)? {
            Ok(sealed) => Ok(Done {
                outcome: CommandOutcome::Done,
                code: None,
                request_sha256,
                sealed: Some(Base64(sealed)),
            }),
            Err(code) => Ok(Done::refused(code, request_sha256)),
        }
    }

    fn disclose(
        &self,
        body: &DrilldownBody,
        asked: &ViewerRequest,
        command: Digest,
    ) -> Result<Result<Vec<u8>, RefusalCode>, VaultError> {
        let vault = self.site.vault;
        let used = self.use_up(asked.kid, asked.nonce, command, asked.remember_until)?;
        if used == NonceUse::Other {
            return Ok(Err(RefusalCode::Replay));
        }
        let disclosure = match self.disclosure(asked)? {
            Ok(disclosure) => disclosure,
            Err(code) => return Ok(Err(code)),
        };
        // The ledger first: what was disclosed is never missing from it.
        let noted = Disclosed {
            drilldown: body.drilldown,
            evidence: asked.request.evidence,
            viewer: asked.kid,
            purpose: asked.request.purpose.clone(),
            at: self.moment.now,
            request: asked.request_sha256,
        };
        let max = self.site.policy.drilldown.max_per_day;
        if !vault.note_disclosure(&noted, start_of_day(self.moment.now), max)? {
            return Ok(Err(RefusalCode::QuotaExceeded));
        }
        let ikm = self.site.randomness.bytes();
        let hpke_public = &asked.request.hpke_public;
        let sealed =
            seal_answer(hpke_public, &ikm, &asked.request_sha256, body.drilldown, &disclosure);
        Ok(sealed.map_err(|error| code_of(&error)).and_then(|sealed| {
            if sealed.len() <= SEALED_BYTES_MAX {
                Ok(sealed)
            } else {
                Err(RefusalCode::AnswerTooLarge)
            }
        }))
    }

    fn disclosure(
        &self,
        asked: &ViewerRequest,
    ) -> Result<Result<Disclosure, RefusalCode>, VaultError> {
        let unknown = RefusalCode::EvidenceUnknown;
        let opened = match self.site.vault.open_evidence(asked.request.evidence) {
            Ok(opened) => opened,
            Err(VaultError::Missing(_)) => return Ok(Err(unknown)),
            Err(other) => return Err(other),
        };
        let header = opened.commitment.header();
        let identity = self.site.identity;
        if header.runner != identity.runner || header.tenant != identity.tenant {
            return Ok(Err(unknown));
        }
        Ok(opened.commitment.disclose(&asked.request.paths).map_err(|_| unknown))
    }
}

fn code_of(error: &AnswerError) -> RefusalCode {
    match error {
        AnswerError::TooLarge => RefusalCode::AnswerTooLarge,
        AnswerError::Key => RefusalCode::Malformed,
        AnswerError::Sealed
        | AnswerError::Canonical(_)
        | AnswerError::Json(_)
        | AnswerError::Mismatch
        | AnswerError::Commitment(_) => RefusalCode::Internal,
    }
}

fn start_of_day(now: Timestamp) -> Timestamp {
    let into_the_day = u64::try_from(now.unix_s().rem_euclid(DAY_S)).unwrap_or(0);
    Timestamp::from_unix_s(now.unix_s()).minus(Duration::from_secs(into_the_day))
}
