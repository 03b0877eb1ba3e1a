//! Altered exports by the thousand, from a seed, so that each can be looked at again.

use crate::made_log::{Files, MadeLog};

/// Fixed, so that a run can be repeated; another number is another hunt.
const SEED: u64 = 0x5eed_0001;
/// Rows of the log that is altered.
pub const ROWS: u64 = 12;

/// The `number`th altered export of the log's first rows: its bytes, its files or one of its rows, in turn.
pub fn of(log: &MadeLog, number: u64) -> Vec<u8> {
    let mut chance = Chance(SEED + number);
    let rows = log.rows(ROWS);
    let export = log.export(&rows);
    match number % 3 {
        0 => {
            let mut bytes = export;
            mutate(&mut bytes, &mut chance);
            bytes
        }
        1 => mutate_files(log, &export, &mut chance),
        _ => mutate_row(log, &rows, &mut chance),
    }
}

/// Whether the mutant is a log that its own key signed: other words in a row, which are a row all the same.
pub const fn is_signed_anew(number: u64) -> bool {
    number % 3 == 2
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// Alters some bytes anywhere.
fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(bytes.len() + 1);
    let end = bytes.len().min(at + chance.below(64));
    match chance.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let copy = bytes[at..end].to_vec();
            let to = chance.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        3 => {
            let noise: Vec<_> =
                (0..chance.below(40)).map(|_| chance.next().to_le_bytes()[0]).collect();
            bytes.splice(at..end, noise);
        }
        // Lengths at their limits.
        4 => {
            let limit = [[0xff; 4], [0; 4], [0, 0, 0, 0x80], [0xff, 0xff, 0, 0]][chance.below(4)];
            bytes.splice(at..bytes.len().min(at + 4), limit);
        }
        5 => {
            const WORDS: [&[u8]; 8] = [
                b"\"seq\":",
                b"{}",
                b"[[[[",
                b"\n\n",
                b"\xe2\x80\x94 ",
                b"\\u0000",
                b"PK\x05\x06",
                b"18446744073709551615",
            ];
            bytes.splice(at..at, WORDS[chance.below(WORDS.len())].to_vec());
        }
        6 => bytes[at..end].reverse(),
        _ => {
            bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << chance.below(8));
        }
    }
}

/// Alters the files of an export, so that the container and the manifest hold and what lies deeper is reached.
fn mutate_files(log: &MadeLog, export: &[u8], chance: &mut Chance) -> Vec<u8> {
    log.repack(export, |files| {
        let paths: Vec<_> =
            files.keys().filter(|path| !path.starts_with("manifest")).cloned().collect();
        let path = &paths[chance.below(paths.len())];
        match chance.below(6) {
            0 if path != "checkpoint" => drop(files.remove(path)),
            1 => swap(files, path, &paths[chance.below(paths.len())]),
            2 => drop(files.insert(format!("{path}x"), vec![0; chance.below(300)])),
            _ => mutate(files.get_mut(path).unwrap(), chance),
        }
    })
}

fn swap(files: &mut Files, one: &str, other: &str) {
    let (first, second) = (files[one].clone(), files[other].clone());
    files.insert(one.to_owned(), second);
    files.insert(other.to_owned(), first);
}

/// Alters a row, and has the log's own key sign what comes of it.
fn mutate_row(log: &MadeLog, rows: &[String], chance: &mut Chance) -> Vec<u8> {
    let mut rows = rows.to_vec();
    let struck = chance.below(rows.len());
    let mut bytes = rows[struck].clone().into_bytes();
    mutate(&mut bytes, chance);
    rows[struck] = String::from_utf8_lossy(&bytes).chars().take(60_000).collect();
    log.lay_out(&rows, &log.head(&rows))
}
