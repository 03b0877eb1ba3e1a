//! The sixteen, one after the other.

use std::ops::Range;

use chain::{
    Hash, disclosure, policy::Tier, report::Kind, row::Row, tile::encode_entries, tree::leaf_hash,
};

use super::{Attack, ROWS, ROWS_BEFORE, STRUCK, Scene};
use crate::made_log::{PD_FIELD, PD_SALT, PD_VALUE, SEALED_AT, intent_of, seal_again};

const K: usize = 147;
const LEFT: &str = "the rows as they are then, everything around them made anew";
const ANEW: &str =
    "every row from there on numbered and linked anew, under a head signed by himself";
const KEPT: &str =
    "every row from there on numbered and linked anew, under the head that was signed";

const fn row(seq: u64, kind: Kind) -> (Option<u64>, Kind) {
    (Some(seq), kind)
}

const fn left(
    number: u8,
    name: &'static str,
    first_bad: (Option<u64>, Kind),
    make: fn(&Scene) -> Vec<u8>,
) -> Attack {
    Attack { number, name, how: LEFT, tier: Tier::Chained, first_bad, make }
}

const fn anew(number: u8, name: &'static str, make: fn(&Scene) -> Vec<u8>) -> Attack {
    let first_bad = (None, Kind::Signature);
    Attack { number, name, how: ANEW, tier: Tier::Signed, first_bad, make }
}

/// Every attack.
pub const ALL: &[Attack] = &[
    left(1, "edit a field", row(STRUCK, Kind::RowHash), |scene| scene.left(|rows| edit(rows))),
    anew(1, "edit a field", |scene| scene.anew(|rows| edit(rows))),
    left(
        2,
        "edit a field that other logs leave unhashed: the time",
        row(STRUCK, Kind::RowHash),
        |scene| {
            scene.left(|rows| {
                replace(rows, "\"at\":\"2026-11-20T00:02:27", "\"at\":\"2026-11-20T00:02:28");
            })
        },
    ),
    left(
        2,
        "edit a field that other logs leave unhashed: the sealing time",
        row(STRUCK, Kind::RowHash),
        |scene| {
            scene.left(|rows| {
                replace(rows, "\"rx\":\"2026-11-21T00:00:00.2", "\"rx\":\"2026-11-21T00:00:00.3");
            })
        },
    ),
    left(
        2,
        "edit a field that other logs leave unhashed: the salt",
        row(STRUCK, Kind::RowHash),
        |scene| scene.left(|rows| replace(rows, "\"salt\":\"b1946", "\"salt\":\"b1945")),
    ),
    anew(2, "edit a field that other logs leave unhashed: the time", |scene| {
        scene.anew(|rows| {
            replace(rows, "\"at\":\"2026-11-20T00:02:27", "\"at\":\"2026-11-20T00:02:28");
        })
    }),
    left(3, "delete a row in the middle", row(STRUCK, Kind::SeqGap), |scene| scene.left(delete)),
    anew(3, "delete a row in the middle", |scene| scene.anew(delete)),
    left(4, "delete the last rows", row(ROWS - 20, Kind::SeqGap), |scene| scene.left(cut)),
    anew(4, "delete the last rows", |scene| scene.anew(cut)),
    Attack {
        how: KEPT,
        ..left(5, "delete the last rows, then append others", (None, Kind::Root), |scene| {
            scene.kept(|rows| cut_and_append(rows))
        })
    },
    anew(5, "delete the last rows, then append others", |scene| {
        scene.anew(|rows| cut_and_append(rows))
    }),
    left(6, "swap two rows", row(STRUCK, Kind::SeqGap), |scene| scene.left(|rows| swap(rows))),
    anew(6, "swap two rows", |scene| scene.anew(|rows| swap(rows))),
    left(7, "insert a back-dated row", row(STRUCK, Kind::SeqDup), |scene| scene.left(insert)),
    anew(7, "insert a back-dated row", |scene| scene.anew(insert)),
    left(8, "duplicate a row", row(STRUCK, Kind::SeqDup), |scene| scene.left(duplicate)),
    anew(8, "duplicate a row", |scene| scene.anew(duplicate)),
    left(9, "put a row of another tenant in its place", row(STRUCK, Kind::Tenant), |scene| {
        let foreign = scene.other.rows(STRUCK + 1).swap_remove(K);
        scene.left(|rows| rows[K] = foreign)
    }),
    anew(9, "put a row of another tenant in its place, under this tenant's name", |scene| {
        let foreign = scene.other.rows(STRUCK + 1).swap_remove(K);
        let renamed =
            foreign.replace(&scene.other.tenant, &scene.log.tenant).replace("7f9c", "a1b2");
        scene.anew(|rows| rows[K] = renamed)
    }),
    Attack {
        number: 9,
        name: "hand out another tenant's log",
        how: "whole, and signed by the same signer under its own name",
        tier: Tier::Signed,
        first_bad: (None, Kind::Signature),
        make: |scene| scene.other.export(&scene.other.rows(ROWS)),
    },
    Attack {
        how: KEPT,
        ..left(10, "chain everything anew", (None, Kind::Root), |scene| {
            scene.kept(|rows| edit(rows))
        })
    },
    anew(10, "chain everything anew", |scene| scene.anew(|rows| edit(rows))),
    Attack {
        number: 13,
        name: "swap the signing key",
        how: "a log of the same rows signed by his own key under the log's name, and his key in row 0",
        tier: Tier::Signed,
        first_bad: (None, Kind::Signature),
        make: |scene| {
            let rows = scene.stranger.rows(ROWS);
            scene.log.lay_out(&rows, &scene.stranger.head(&rows))
        },
    },
    left(
        16,
        "spell a row in another way that means the same",
        row(STRUCK, Kind::Profile),
        |scene| scene.left(|rows| replace(rows, "\"out\":", "\"out\": ")),
    ),
    Attack {
        how: "one member twice, so that two readers read two things, and signed by the log's own key",
        ..left(16, "say two things in one row", row(STRUCK, Kind::Profile), |scene| {
            let ambiguous = ambiguous(&scene.rows);
            scene.log.lay_out(&ambiguous, &scene.log.head(&ambiguous))
        })
    },
    left(16, "move the border between two rows", row(STRUCK, Kind::Profile), |scene| {
        scene.left(|rows| {
            let next = rows[K + 1].split_off(1);
            let begin = std::mem::replace(&mut rows[K + 1], next);
            rows[K].push_str(&begin);
        })
    }),
    left(16, "pass two leaves off as one row", row(ROWS - 2, Kind::Profile), |scene| {
        scene.left(|rows| {
            let hashes = rows.split_off(K.max(rows.len() - 2));
            rows.push(hashes.concat());
        })
    }),
    Attack {
        number: 10,
        name: "chain everything anew",
        how: "with the log's key as well: all of it is signed",
        tier: Tier::Witnessed,
        first_bad: (None, Kind::Consistency),
        make: |scene| scene.signed(|rows| edit(rows)),
    },
    Attack {
        number: 11,
        name: "restore yesterday's backup",
        how: "rows and head as they were signed and witnessed then",
        tier: Tier::Witnessed,
        first_bad: (None, Kind::Rollback),
        make: |scene| {
            let rows = scene.log.rows(ROWS_BEFORE);
            scene.log.export_under(&rows, &scene.log.witnessed_head(&rows))
        },
    },
    Attack {
        number: 12,
        name: "show the inspector another history than the tenant",
        how: "with the log's key: both are signed",
        tier: Tier::Witnessed,
        first_bad: (None, Kind::Consistency),
        make: |scene| scene.signed(|rows| cut_and_append(rows)),
    },
    left(
        14,
        "purge rows that nothing accounts for",
        row(STRUCK, Kind::UnexplainedPurge),
        |scene| {
            scene.log.repack(&scene.sound(), |files| {
                let entries = purged(&scene.rows, K..K + 10);
                files.insert(
                    "tile/entries/000".to_owned(),
                    encode_entries(&entries[..256]).unwrap(),
                );
            })
        },
    ),
    Attack {
        how: "the file that holds them is gone, the rest as it was signed",
        ..left(14, "purge rows that nothing accounts for", row(0, Kind::SeqGap), |scene| {
            scene.log.repack(&scene.sound(), |files| drop(files.remove("tile/entries/000")))
        })
    },
    anew(14, "purge rows, and write the row that accounts for it", |scene| {
        scene.anew(|rows| drop(rows.drain(K..K + 10)))
    }),
    Attack {
        how: "a purge left them as they are, and the row that says that they are held; both are gone",
        ..left(
            14,
            "purge rows that are held, with a purge that took others",
            row(STRUCK, Kind::UnexplainedPurge),
            Scene::purged_too_far,
        )
    },
    Attack {
        how: "with the log's key: the row that accounts for them bears a time to come",
        tier: Tier::Witnessed,
        ..left(
            14,
            "purge rows before their time",
            row(1, Kind::UnexplainedPurge),
            Scene::purged_ahead_of_time,
        )
    },
    left(15, "alter a personal detail", row(STRUCK, Kind::Disclosure), |scene| {
        scene.disclosed(&shown("203.0.113.8"))
    }),
    left(
        15,
        "call a personal detail erased that is not",
        row(ROWS - 1, Kind::Disclosure),
        |scene| scene.disclosed("{\"erased_by\":299,\"field\":\"ip\",\"seq\":147}\n"),
    ),
    left(15, "alter what a row commits to", row(STRUCK, Kind::RowHash), |scene| {
        scene.left(|rows| recommit(rows))
    }),
    anew(15, "alter a personal detail and what the row commits to", |scene| {
        scene.anew(|rows| recommit(rows))
    }),
];

impl Scene {
    /// The rows changed, everything around them made anew, the head as it was signed.
    fn left(&self, edit: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
        let mut rows = self.rows.clone();
        edit(&mut rows);
        self.log.lay_out(&rows, &self.head)
    }

    /// And the rows linked anew.
    fn kept(&self, edit: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
        let mut rows = self.rows.clone();
        edit(&mut rows);
        self.log.lay_out(&seal_again(&rows), &self.head)
    }

    /// And signed by the log's own key.
    fn signed(&self, edit: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
        let mut rows = self.rows.clone();
        edit(&mut rows);
        self.log.export(&seal_again(&rows))
    }

    /// The sound export with a file of personal details.
    pub fn disclosed(&self, lines: &str) -> Vec<u8> {
        self.log.repack(&self.sound(), |files| {
            files.insert(disclosure::FILE.to_owned(), lines.as_bytes().to_vec());
        })
    }

    /// And a head of their own, by another key under the same name.
    fn anew(&self, edit: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
        let mut rows = self.rows.clone();
        edit(&mut rows);
        let rows = seal_again(&rows);
        self.log.lay_out(&rows, &self.stranger.head(&rows))
    }
}

fn edit(rows: &mut [String]) {
    replace(rows, "ADMIN", "OWNER");
}

fn replace(rows: &mut [String], from: &str, to: &str) {
    let changed = rows[K].replacen(from, to, 1);
    assert_ne!(rows[K], changed, "the row has {from}");
    rows[K] = changed;
}

/// The rows, of some only the hashes.
fn purged(rows: &[String], gone: Range<usize>) -> Vec<Vec<u8>> {
    let entry = |(place, row): (usize, &String)| {
        if gone.contains(&place) {
            leaf_hash(row.as_bytes()).0.to_vec()
        } else {
            row.clone().into_bytes()
        }
    };
    rows.iter().enumerate().map(entry).collect()
}

/// The personal detail of row [`STRUCK`], as an export shows it.
pub fn shown(value: &str) -> String {
    let salt = Hash(PD_SALT);
    format!(
        "{{\"field\":\"{PD_FIELD}\",\"salt\":\"{salt}\",\"seq\":{STRUCK},\"value\":\"{value}\"}}\n"
    )
}

fn recommit(rows: &mut [String]) {
    let [old, new] = [PD_VALUE, "203.0.113.8"]
        .map(|value| disclosure::commitment(&PD_SALT, PD_FIELD, value).to_string());
    replace(rows, &old, &new);
}

fn delete(rows: &mut Vec<String>) {
    rows.remove(K);
}

fn cut(rows: &mut Vec<String>) {
    rows.truncate(rows.len() - 20);
}

fn cut_and_append(rows: &mut [String]) {
    let last = rows.len() - 20;
    for row in &mut rows[last..] {
        *row = row.replace("ADMIN", "OWNER");
    }
}

fn swap(rows: &mut [String]) {
    rows.swap(K, K + 2);
}

fn insert(rows: &mut Vec<String>) {
    let invented = rows[K].replace("ADMIN", "OWNER").replace("2026-11-20", "2026-11-19");
    rows.insert(K, invented);
}

fn duplicate(rows: &mut Vec<String>) {
    rows.insert(K, rows[K].clone());
}

/// Sealed by somebody who does not look: row [`STRUCK`] has a member twice.
fn ambiguous(rows: &[String]) -> Vec<String> {
    let mut all = rows[..=K].to_vec();
    replace(&mut all, "\"new\":\"ADMIN\"", "\"new\":\"ADMIN\",\"new\":\"OWNER\"");
    let mut prev = leaf_hash(all[K].as_bytes());
    for (seq, row) in (STRUCK + 1..).zip(&rows[K + 1..]) {
        let next = Row::seal(&intent_of(row), seq, &prev, SEALED_AT).unwrap();
        prev = leaf_hash(next.as_bytes());
        all.push(next);
    }
    all
}
