//! What is owed: promises whose time is over.

use std::collections::BTreeSet;

use domain::Timestamp;
use protocol::{
    Digest,
    dsse::{Envelope, PAYLOAD_MAX},
    key::PublicKey,
    keyset::ListedKey,
    promise::{AnswerPromise, SignedPromise},
    receipt::Receipt,
    strict_json,
};

use super::{Held, Round, SEAL_MAX, WitnessError};
use crate::vault::End;

/// For how many promises of each kind one look asks, from each end of what is owed: so neither does one that nobody answers for keep anybody from those
/// that come, nor do those that come keep anybody from what is owed for long.
const ASKED_MAX: usize = 50;

/// A promise whose time is over.
pub(super) struct Owed {
    pub(super) held: Held,
    pub(super) intent: Digest,
    pub(super) seal_by: Timestamp,
}

impl Owed {
    pub(super) fn name(&self) -> String {
        match &self.held {
            Held::Receipt { sequence, .. } => format!("statement {sequence}"),
            Held::Line(line) => {
                let event = line.split(", ").next().unwrap_or_default();
                event.replace("event=", "the event ")
            }
        }
    }
}

impl Round<'_> {
    /// The promises whose time is over at `now`.
    pub(super) fn owed(&self, now: Timestamp) -> Result<Vec<Owed>, WitnessError> {
        let mut owed = self.receipts(now)?;
        let keys = self.vault.promising(self.keys)?;
        for (line, seal_by) in self.lines(now)? {
            match signed(&line, &keys) {
                Some(AnswerPromise { intent, .. }) => {
                    owed.push(Owed { held: Held::Line(line), intent, seal_by });
                }
                // Nobody can be held to what no key signed that was ever listed.
                None => self.vault.forget_promise(&line)?,
            }
        }
        Ok(owed)
    }

    fn receipts(&self, now: Timestamp) -> Result<Vec<Owed>, WitnessError> {
        let runner = self.identity.runner;
        let mut known = BTreeSet::new();
        let mut owed = Vec::new();
        for end in [End::Newest, End::Oldest] {
            let due = self.vault.unproved(runner, (end, ASKED_MAX), |sequence, receipt, at| {
                let promise = read(&receipt)?.promise;
                let seal_by = promise.seal_by.min(at.plus(SEAL_MAX));
                let held = Held::Receipt { runner, sequence, receipt };
                let owed = Owed { held, intent: promise.intent, seal_by };
                (seal_by <= now).then_some((sequence, owed))
            })?;
            let new = due.into_iter().filter(|(sequence, _)| known.insert(*sequence));
            owed.extend(new.map(|(_, owed)| owed));
        }
        Ok(owed)
    }

    fn lines(&self, now: Timestamp) -> Result<Vec<(String, Timestamp)>, WitnessError> {
        let mut lines = self.vault.open_promises(now, (End::Newest, ASKED_MAX))?;
        lines.extend(self.vault.open_promises(now, (End::Oldest, ASKED_MAX))?);
        let mut known = BTreeSet::new();
        lines.retain(|(line, _)| known.insert(line.clone()));
        Ok(lines)
    }
}

/// What a line promises, if the app that it names signed it with one of `keys`.
fn signed(line: &str, keys: &[ListedKey]) -> Option<AnswerPromise> {
    let signed = SignedPromise::parse(line).ok()?;
    let own = keys.iter().filter(|key| key.app.as_ref() == Some(&signed.promise.app));
    let own: Vec<_> = own.filter_map(|key| PublicKey::from_jwk(&key.jwk).ok()).collect();
    signed.verify(&own).ok().cloned()
}

/// The receipt; its signature was checked when it was kept.
pub(crate) fn read(receipt: &Envelope) -> Option<Receipt> {
    strict_json::parse(receipt.unverified_payload(), PAYLOAD_MAX).ok()
}
