//! Files of rows of later epochs that name as many keys as they can, and then have as many signature lines: no line may be looked at with all of them.

use std::fmt::Write as _;

use chain::{
    Hash,
    checkpoint::Checkpoint,
    epoch::ROTATE,
    later::{FILE, Shown},
    note::{SIGNATURES_MAX, Signer},
    row::Row,
    tree::leaf_hash,
};
use ed25519_dalek::SigningKey;
use serde_json::json;
use tampering::made_log::{MadeLog, SEALED_AT, seal};

/// Keys for which a row has room, whatever the rules say.
const IN_A_ROW: usize = 400;

/// Whoever signs every epoch.
fn signer(log: &MadeLog, epoch: usize) -> Signer {
    Signer::new(&name(log, epoch), SigningKey::from_bytes(&[77; 32])).unwrap()
}

fn name(log: &MadeLog, epoch: usize) -> String {
    if epoch == 0 { log.origin.clone() } else { format!("{}/{epoch}", log.origin) }
}

/// The row that ends an epoch; it names so many keys, those from `first` on and then the signer's.
fn rotate(log: &MadeLog, epoch: usize, (first, count): (usize, usize)) -> String {
    let next = name(log, epoch + 1);
    let key = |number: usize| {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let key = Signer::new(&next, SigningKey::from_bytes(&seed)).unwrap();
        key.verifier_key().to_string()
    };
    let own = signer(log, epoch + 1).verifier_key().to_string();
    let keys: Vec<_> = (first..first + count - 1).map(key).chain([own]).collect();
    let by = [signer(log, epoch).verifier_key().to_string()];
    let said = json!({"by": by, "keys": keys, "next": next, "rotation": epoch});
    log.acted(epoch as u64 + 1, ROTATE, &said)
}

/// A log that has ended, and a file that shows of each later epoch one row, under a head with as many lines as it can have.
fn export(log: &MadeLog, rows: impl Iterator<Item = String>) -> Vec<u8> {
    let ended = seal([log.intent(0), rotate(log, 0, (0, 1))]);
    let lines: Vec<_> = (1..).zip(rows).map(|(epoch, row)| line(log, epoch, &row)).collect();
    log.repack(&log.export(&ended), |files| {
        drop(files.insert(FILE.to_owned(), lines.concat().into_bytes()));
    })
}

fn line(log: &MadeLog, epoch: usize, intent: &str) -> String {
    let row = Row::seal(intent, 0, &Hash::ZERO, SEALED_AT).unwrap();
    let head = Checkpoint { origin: name(log, epoch), size: 1, root: leaf_hash(row.as_bytes()) };
    let mut note = head.sign(&signer(log, epoch)).unwrap();
    for _ in 1..SIGNATURES_MAX {
        writeln!(note, "— {} AAAAAAA=", head.origin).unwrap();
    }
    serde_json::to_string(&Shown { note, proof: Vec::new(), row }).unwrap() + "\n"
}

/// Rows with more keys than a row may name, and then heads.
pub(super) fn many_keys(log: &MadeLog, count: usize) -> Vec<u8> {
    let rows = count.div_ceil(IN_A_ROW * 8);
    let named = (1..=rows).map(|epoch| rotate(log, epoch, (epoch * IN_A_ROW, IN_A_ROW)));
    export(log, named.chain((0..count / 500).map(|number| log.intent(number as u64 + 1))))
}

/// Rotations that name as many keys as they may.
pub(super) fn many_rotations(log: &MadeLog, count: usize) -> Vec<u8> {
    export(log, (1..=count / 125).map(|epoch| rotate(log, epoch, (epoch * 8, 8))))
}
