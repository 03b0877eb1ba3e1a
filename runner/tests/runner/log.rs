//! An audit log made of the formats alone, which can be told to show another history.

use chain::{Hash, checkpoint::Checkpoint, note::Signer, proof, tree::leaf_hash};
use protocol::{
    Digest,
    dsse::Envelope,
    key::{Ed25519Key, Jwk, PublicKey, Signer as _},
    witness::{CheckpointAnswer, CosignedHead, PromisedRow, WitnessAlarm},
};
use serde_json::{Value, json};

const SEED: [u8; 32] = [42; 32];

/// The public half of the key that signs the log.
pub(crate) fn key() -> Jwk {
    Ed25519Key::from_seed(&SEED).public().jwk()
}

#[derive(Default)]
pub(crate) struct Log {
    /// Its name.
    pub(crate) origin: String,
    /// Which epoch it says that it is.
    pub(crate) epoch: u64,
    /// Its rows, in order.
    pub(crate) rows: Vec<String>,
    /// Sign with a key that nobody pinned.
    pub(crate) is_forged: bool,
    /// Statuses to answer to the next cosignatures.
    pub(crate) failures: Vec<u16>,
    /// What was cosigned.
    pub(crate) cosigned: Vec<CosignedHead>,
    /// What the Runner found wrong.
    pub(crate) alarms: Vec<WitnessAlarm>,
    /// How often the head was asked for.
    pub(crate) looks: usize,
    /// In the head of the answer to a cosignature: a promise.
    pub(crate) promise: Option<String>,
    /// Answered to every demand, instead of a row.
    pub(crate) excuse: Option<(u16, &'static str)>,
    /// Shown for a promise, instead of the row.
    pub(crate) instead: Option<PromisedRow>,
}

impl Log {
    pub(crate) fn grow(&mut self, count: usize, word: &str) {
        for _ in 0..count {
            self.rows.push(format!("{word} {}", self.rows.len()));
        }
    }

    fn leaves(&self) -> Vec<Hash> {
        self.rows.iter().map(|row| leaf_hash(row.as_bytes())).collect()
    }

    fn head(&self) -> String {
        let seed = if self.is_forged { [66; 32] } else { SEED };
        let signer = Signer::from_seed(&self.origin, &seed).unwrap();
        let size = self.rows.len() as u64;
        let root = proof::root(self.leaves().as_slice(), size).unwrap();
        Checkpoint { origin: self.origin.clone(), size, root }.sign(&signer).unwrap()
    }

    pub(crate) fn answer(&mut self, path: &str, body: &[u8], key: &PublicKey) -> (u16, Value) {
        if let Some(from) = path.strip_prefix("/api/runs/v1/witness/checkpoint?from=") {
            self.looks += 1;
            if self.rows.is_empty() {
                return (409, json!({ "type": "/problems/nothing-signed" }));
            }
            let size = self.rows.len() as u64;
            let proof = proof::consistency(self.leaves().as_slice(), from.parse().unwrap(), size);
            let proof = proof.unwrap_or_default().into_iter().map(|Hash(hash)| Digest(hash));
            let (checkpoint, epoch) = (self.head(), self.epoch);
            let answer = CheckpointAnswer { checkpoint, epoch, proof: proof.collect() };
            return (200, json!(answer));
        }
        if path.ends_with("/cosignatures") {
            if let Some(status) = self.failures.pop() {
                return (status, json!({ "type": "/problems/unavailable" }));
            }
            self.cosigned.push(serde_json::from_slice(body).unwrap());
            return (200, json!({ "size": self.rows.len() }));
        }
        let alarm = WitnessAlarm::verify(&Envelope::from_json(body).unwrap(), key).unwrap();
        self.alarms.push(alarm);
        (200, json!({}))
    }

    /// The last row, with its proof in the log of the size that is asked for.
    pub(crate) fn prove(&self, path: &str) -> (u16, Value) {
        if let Some((status, code)) = self.excuse {
            return (status, json!({ "type": format!("/problems/{code}") }));
        }
        if let Some(instead) = &self.instead {
            return (200, json!(instead));
        }
        let size = path.split("size=").nth(1).unwrap().split('&').next().unwrap();
        let size: u64 = size.parse().unwrap();
        let Some(index) = self.rows.iter().position(|row| row.starts_with('{')) else {
            return (409, json!({ "type": "/problems/row-not-found" }));
        };
        let (row, index) = (self.rows[index].clone(), index as u64);
        let proof = proof::inclusion(self.leaves().as_slice(), index, size).unwrap();
        let proof = proof.into_iter().map(|Hash(hash)| Digest(hash)).collect();
        (200, json!(PromisedRow { row, index, proof }))
    }
}
