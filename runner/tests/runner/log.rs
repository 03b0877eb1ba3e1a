//! An audit log made of the formats alone, which can be told to show another history.

use chain::{
    Hash,
    checkpoint::Checkpoint,
    epoch::Announced,
    genesis::{Genesis, Previous},
    intent::Source,
    note::Signer,
    proof,
    row::Row,
    tree::leaf_hash,
};
use protocol::{
    Digest,
    dsse::Envelope,
    key::{Ed25519Key, Jwk, PublicKey, Signer as _},
    witness::{CheckpointAnswer, CosignedHead, NextEpoch, PromisedRow, WitnessAlarm},
};
use serde_json::{Value, json};

const SEED: [u8; 32] = [42; 32];
/// Of the key that signs the next epoch, when that is another one.
const NEXT_SEED: [u8; 32] = [43; 32];
const SALT: &str = "b1946ac92492d2347c6235b400000008";
const AT: &str = "2026-11-21T00:00:00.001234Z";

fn jwk(seed: &[u8; 32]) -> Jwk {
    Ed25519Key::from_seed(seed).public().jwk()
}

#[derive(Default)]
pub(crate) struct Log {
    /// Its name.
    pub(crate) origin: String,
    /// Which epoch it says that it is.
    pub(crate) epoch: u64,
    /// Its rows, in order.
    pub(crate) rows: Vec<String>,
    /// The name and the rows of the epoch before.
    pub(crate) ended: (String, Vec<String>),
    /// Shown as row 0 of this epoch, instead of it.
    pub(crate) first: Option<String>,
    /// Sign with a key that nobody pinned.
    pub(crate) is_forged: bool,
    /// Another key signs the next epoch, which so many more lists of keys do not name yet.
    pub(crate) unlisted_in: Option<usize>,
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
    /// Numbers of rows where looks for a promised row end before they found it, the last one first.
    pub(crate) unfinished: Vec<u64>,
    /// Shown for a promise, instead of the row.
    pub(crate) instead: Option<PromisedRow>,
}

impl Log {
    pub(crate) fn grow(&mut self, count: usize, word: &str) {
        for _ in 0..count {
            self.rows.push(format!("{word} {}", self.rows.len()));
        }
    }

    /// Ends the epoch as planned. The log goes on in the next, whose row 0 shows that.
    pub(crate) fn rotate(&mut self) {
        let name = format!("{}/1", self.origin);
        let key = |name: &str| self.signer(name).verifier_key().to_string();
        let data =
            json!({"by": [key(&self.origin)], "keys": [key(&name)], "next": &name, "rotation": 1});
        let intent = json!({
            "act": {"id": "audit", "kind": "system"}, "action": "log.rotate", "at": AT, "data": data, "id": "aud_8",
            "out": "ok", "reason": "planned", "salt": SALT, "src": {"app": "audit", "inst": "7f9c", "n": 1},
            "t": "ten_a", "target": {"id": &self.origin, "kind": "log"}, "v": 1,
        });
        let seq = self.rows.len() as u64;
        self.rows.push(Row::seal(&intent.to_string(), seq, &Hash::ZERO, AT).unwrap());
        let (note, leaves, size) = (self.head(), leaves(&self.rows), seq + 1);
        let proof = proof::inclusion(leaves.as_slice(), seq, size).unwrap();
        let row = self.rows.last().unwrap().clone();
        let root = proof::root(leaves.as_slice(), size).unwrap();
        let announced = Some(Announced { proof, row });
        self.begin(name, &Previous { announced, epoch: 0, note, root, rows: size });
    }

    /// Goes on in a log of that name, whose row 0 shows this end of the one before.
    pub(crate) fn begin(&mut self, name: String, previous: &Previous) {
        let (app, instance) = ("audit".to_owned(), "7f9c".to_owned());
        let source = Source { app, instance, number: 1, prev: None, void: Vec::new() };
        let genesis = Genesis {
            origin: &name,
            tenant: "ten_a",
            keys: &[],
            id: "aud_9",
            at: AT,
            salt: SALT,
            source,
            previous: Some(previous),
        };
        let intent = genesis.intent().to_text().unwrap();
        let row = Row::seal(&intent, 0, &Hash::ZERO, AT).unwrap();
        self.ended = (self.origin.clone(), std::mem::replace(&mut self.rows, vec![row]));
        (self.origin, self.epoch) = (name, 1);
    }

    /// The keys that sign the log, for one list of them.
    pub(crate) fn listed(&mut self) -> Vec<Jwk> {
        let is_listed = self.unlisted_in == Some(0);
        self.unlisted_in = self.unlisted_in.map(|lists| lists.saturating_sub(1));
        let next = is_listed.then(|| jwk(&NEXT_SEED));
        std::iter::once(jwk(&SEED)).chain(next).collect()
    }

    fn signer(&self, name: &str) -> Signer {
        let seed = match self.unlisted_in {
            _ if self.is_forged => [66; 32],
            Some(_) if name.ends_with("/1") => NEXT_SEED,
            Some(_) | None => SEED,
        };
        Signer::from_seed(name, &seed).unwrap()
    }

    fn head(&self) -> String {
        self.head_of(&self.origin, &self.rows)
    }

    pub(crate) fn head_of(&self, origin: &str, rows: &[String]) -> String {
        let size = rows.len() as u64;
        let root = proof::root(leaves(rows).as_slice(), size).unwrap();
        let checkpoint = Checkpoint { origin: origin.to_owned(), size, root };
        checkpoint.sign(&self.signer(origin)).unwrap()
    }

    /// The head, or the end of the epoch before and how the log goes on.
    fn shown(&self, path: &str) -> CheckpointAnswer {
        let from: u64 = asked(path, "from").unwrap();
        let (name, ended) = &self.ended;
        if ended.is_empty() || asked(path, "epoch") != Some(0) {
            let (checkpoint, epoch) = (self.head(), self.epoch);
            let proof = continues(&self.rows, from);
            return CheckpointAnswer { checkpoint, epoch, proof, next: None };
        }
        let first = proof::inclusion(leaves(&self.rows).as_slice(), 0, self.rows.len() as u64);
        let row = self.first.clone().unwrap_or_else(|| self.rows[0].clone());
        let next = NextEpoch { checkpoint: self.head(), row, proof: path_of(first) };
        let (checkpoint, proof) = (self.head_of(name, ended), continues(ended, from));
        CheckpointAnswer { checkpoint, epoch: 0, proof, next: Some(next) }
    }

    pub(crate) fn answer(&mut self, path: &str, body: &[u8], key: &PublicKey) -> (u16, Value) {
        if path.starts_with("/api/runs/v1/witness/checkpoint?") {
            self.looks += 1;
            if self.rows.is_empty() {
                return (409, json!({ "type": "/problems/nothing-signed" }));
            }
            return (200, json!(self.shown(path)));
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
    pub(crate) fn prove(&mut self, path: &str) -> (u16, Value) {
        if let Some(next) = self.unfinished.pop() {
            return (409, json!({ "type": "/problems/search-unfinished", "next": next }));
        }
        if let Some((status, code)) = self.excuse {
            return (status, json!({ "type": format!("/problems/{code}") }));
        }
        if let Some(instead) = &self.instead {
            return (200, json!(instead));
        }
        let is_ended = asked(path, "epoch") < Some(self.epoch);
        let rows = if is_ended { &self.ended.1 } else { &self.rows };
        let is_promised = |row: &String| row.starts_with('{') && !row.contains("\"action\":\"log.");
        let Some(index) = rows.iter().position(is_promised) else {
            let is_there = self.ended.1.iter().any(is_promised);
            let code = if is_there { "row-in-ended-epoch" } else { "row-not-found" };
            return (409, json!({ "type": format!("/problems/{code}") }));
        };
        let (row, index) = (rows[index].clone(), index as u64);
        let proof = proof::inclusion(leaves(rows).as_slice(), index, asked(path, "size").unwrap());
        (200, json!(PromisedRow { row, index, proof: path_of(proof) }))
    }
}

/// A number in the query of a path.
fn asked(path: &str, name: &str) -> Option<u64> {
    let mut pairs = path.split(['?', '&']).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.parse().unwrap())
}

fn leaves(rows: &[String]) -> Vec<Hash> {
    rows.iter().map(|row| leaf_hash(row.as_bytes())).collect()
}

fn continues(rows: &[String], from: u64) -> Vec<Digest> {
    path_of(proof::consistency(leaves(rows).as_slice(), from, rows.len() as u64))
}

fn path_of(hashes: Option<Vec<Hash>>) -> Vec<Digest> {
    hashes.unwrap_or_default().into_iter().map(|Hash(hash)| Digest(hash)).collect()
}
