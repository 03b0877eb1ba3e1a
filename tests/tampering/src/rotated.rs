//! A log that was rotated, and what is tried at its border: each with what a reader pinned, and what he must find.

mod purged;

use chain::{
    epoch::{self, Announced, Rotation},
    genesis::Previous,
    note::Signer,
    policy::{Policy, Tier},
    proof,
    report::{Kind, Verdict},
    tree::leaf_hash,
};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::made_log::{MadeLog, root, seal};

/// A file, what its reader pinned, and what he must find.
pub struct Case {
    /// What was done.
    pub name: &'static str,
    /// The file.
    pub export: Vec<u8>,
    /// What its reader pinned.
    pub policy: Option<Policy>,
    /// What he must find, and where.
    pub found: (Verdict, Option<(Option<u64>, Kind)>),
}

const SOUND: (Verdict, Option<(Option<u64>, Kind)>) = (Verdict::Ok, None);

const fn broken(seq: Option<u64>, kind: Kind) -> (Verdict, Option<(Option<u64>, Kind)>) {
    (Verdict::Broken, Some((seq, kind)))
}

/// Two epochs of one log, and keys that sign them.
struct Border {
    old: MadeLog,
    new: MadeLog,
    rotation: Rotation,
}

impl Border {
    fn new() -> Self {
        let (old, new) = (MadeLog::new(1), epoch_1(77));
        let rotation = Rotation {
            by: vec![old.signer.verifier_key().to_string()],
            keys: vec![new.signer.verifier_key().to_string()],
            next: new.origin.clone(),
            rotation: 1,
        };
        Self { old, new, rotation }
    }

    /// The rows of the old epoch, the last of which says this.
    fn ended(&self, said: &Rotation) -> Vec<String> {
        let end = self.other(40, epoch::ROTATE, &json!(said));
        seal((0..40).map(|number| self.old.intent(number)).chain([end]))
    }

    /// An intent of this log with another action and other details.
    fn other(&self, number: u64, action: &str, data: &Value) -> String {
        self.old.acted(number, action, data)
    }

    fn previous(&self, rows: &[String]) -> Previous {
        let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
        let size = leaves.len() as u64;
        let proof = proof::inclusion(leaves.as_slice(), size - 1, size).unwrap();
        Previous {
            announced: Some(Announced { proof, row: rows.last().unwrap().clone() }),
            epoch: 0,
            note: self.old.head(rows),
            root: root(rows),
            rows: size,
        }
    }

    /// The rows of the new epoch: its first, these, and some more.
    fn begun(&self, previous: &Previous, then: &[String]) -> Vec<String> {
        let data = json!({"hash": "sha256", "origin": self.new.origin, "previous": previous});
        let genesis = self.other(0, chain::genesis::ACTION, &data);
        let more = (1..5).map(|number| self.old.intent(number));
        seal([genesis].into_iter().chain(then.iter().cloned()).chain(more))
    }

    /// The same announcement with another key.
    fn thief(&self) -> Rotation {
        let key = epoch_1(9).signer.verifier_key().to_string();
        Rotation { keys: vec![key], ..self.rotation.clone() }
    }

    fn key_row(&self, said: &Rotation) -> String {
        self.other(50, epoch::KEY, &json!({"by": said.by, "keys": said.keys}))
    }

    /// What a reader has who pinned the old key and knows the new name.
    fn follower(&self) -> Policy {
        let (log, export) = (&self.rotation.by[0], self.old.exporter.verifier_key());
        format!("origin {}\nlog {log}\nexport {export}\n", self.new.origin).parse().unwrap()
    }
}

/// The log's next epoch, signed by the key of this seed.
fn epoch_1(key: u8) -> MadeLog {
    let MadeLog { tenant, origin, exporter, .. } = MadeLog::new(1);
    let origin = format!("{origin}/1");
    let signer = Signer::new(&origin, SigningKey::from_bytes(&[key; 32])).unwrap();
    MadeLog { tenant, origin, signer, exporter }
}

/// What is tried, and what is not.
pub fn cases() -> Vec<Case> {
    let border = Border::new();
    let rows = border.ended(&border.rotation);
    let mut cases = followed(&border, &rows);
    cases.extend(forged(&border, &rows));
    cases.extend(misplaced(&border, &rows));
    cases.extend(left_out(&border, &rows));
    cases.extend(purged::cases(&border, &rows));
    cases
}

fn case(
    name: &'static str,
    export: Vec<u8>,
    policy: Policy,
    found: (Verdict, Option<(Option<u64>, Kind)>),
) -> Case {
    Case { name, export, policy: Some(policy), found }
}

/// The log as it is, for who pinned one key or the other; and other keys.
fn followed(border: &Border, rows: &[String]) -> Vec<Case> {
    let Border { old, new, rotation } = border;
    let next = border.begun(&border.previous(rows), &[border.key_row(rotation)]);
    let (ended, begun) = (old.export(rows), new.export(&next));
    let (first, second) = (old.policy(Tier::Signed), new.policy(Tier::Signed));
    let stranger = epoch_1(9).export(&next);
    let signature = broken(None, Kind::Signature);
    vec![
        case("the epoch that ended", ended.clone(), first, SOUND),
        case("who pinned the old key follows", begun.clone(), border.follower(), SOUND),
        case("who pinned the new key", begun, second, SOUND),
        case("another key signs than was announced", stranger, border.follower(), signature),
        case("the old epoch for the new", ended, border.follower(), signature),
    ]
}

/// Epochs that the old log did not announce so.
fn forged(border: &Border, rows: &[String]) -> Vec<Case> {
    let (previous, stranger) = (border.previous(rows), epoch_1(9));
    let thief = border.thief();
    let row = border.ended(&thief).pop().unwrap();
    let proof = previous.announced.clone().unwrap().proof;
    let forged = Previous { announced: Some(Announced { proof, row }), ..previous.clone() };
    let forged = stranger.export(&border.begun(&forged, &[border.key_row(&thief)]));
    let lost = Previous { rows: previous.rows - 1, ..previous.clone() };
    let lost = border.new.export(&border.begun(&lost, &[border.key_row(&border.rotation)]));
    let same = epoch_1(42);
    let silent = Previous { announced: None, ..previous };
    let silent = same.export(&border.begun(&silent, &[]));
    let (at_row_0, at_row_1) = (broken(Some(0), Kind::Tenant), broken(Some(1), Kind::Profile));
    vec![
        case("an announcement that nobody signed", forged, border.follower(), at_row_0),
        case("an announcement, and lost rows", lost, border.follower(), at_row_0),
        case("no announcement, no alarm", silent, same.policy(Tier::Signed), at_row_1),
    ]
}

/// Rows at places where they must not be, or lacking where they must.
fn misplaced(border: &Border, rows: &[String]) -> Vec<Case> {
    let Border { old, new, rotation } = border;
    let unsaid = new.export(&border.begun(&border.previous(rows), &[]));
    let intents = |count| (0..count).map(|number| old.intent(number));
    let stray = seal(intents(7).chain([border.key_row(&border.thief())]));
    let end = border.other(3, epoch::ROTATE, &json!(rotation));
    let after = seal(intents(3).chain([end, old.intent(4)]));
    let (first, at) = (old.policy(Tier::Signed), |row| broken(Some(row), Kind::Profile));
    vec![
        case("a new key, and no row about it", unsaid, border.follower(), at(1)),
        case("a row about a key that nobody announced", old.export(&stray), first.clone(), at(7)),
        case("rows after the end", old.export(&after), first, at(4)),
    ]
}

/// The log without its end, for who saw that.
fn left_out(border: &Border, rows: &[String]) -> Vec<Case> {
    let old = &border.old;
    let seen = format!("{}seen {} {}\n", old.policy(Tier::Signed), rows.len(), root(rows));
    let seen: Policy = seen.parse().unwrap();
    let (before, other) = (old.export(&rows[..40]), old.export(&old.rows(50)));
    vec![
        case("before its end", before, seen.clone(), broken(None, Kind::Rollback)),
        case("another way on", other, seen, broken(None, Kind::Consistency)),
    ]
}
