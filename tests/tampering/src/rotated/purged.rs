//! An epoch that has ended, and of which rows are gone: what the next epoch says of them, as the file of the ended one shows it.

mod witnessed;

use std::ops::Range;

use chain::{
    Hash, later,
    later::Shown,
    note::Signer,
    policy::Tier,
    proof,
    report::Kind,
    row::Row,
    tile::{Tile, encode_entries},
    tree::leaf_hash,
};
use serde_json::{Value, json};

use super::{Border, Case, SOUND, broken, case, epoch_1};
use crate::made_log::{MadeLog, root};

/// The rows that are gone.
const GONE: Range<usize> = 5..10;
/// When the next epoch's rows were sealed.
const LATER: &str = "2028-01-01T00:00:00.000000Z";
/// Rows that were sealed before this are over their time then.
const BEFORE: &str = "2026-12-01T00:00:00.000000Z";

/// The epoch that ended, with what the next one says of it.
pub(super) fn cases(border: &Border, rows: &[String]) -> Vec<Case> {
    let account = |epoch: Value| border.other(1, "log.purge", &said(&epoch));
    let set = |from: u64| {
        let said = json!({"epoch": 0, "from": from, "hold": "hld_1", "to": from + 2});
        border.other(2, "hold.set", &said)
    };
    let free = border.other(3, "hold.released", &json!({"hold": "hld_1"}));
    let by = |signer: &Signer, then: &[String]| shown(&border.new, signer, then);
    let own = &border.new.signer;
    let whole = |lines: &str| export(border, rows, 0..0, lines);
    let gone = |lines: &str| export(border, rows, GONE, lines);
    let held = [set(7), account(json!(0))];
    let freed = [set(7), free, account(json!(0))];
    let (unexplained, unproved) = (at(Some(5)), at(None));
    let good = by(own, &[account(json!(0))]);
    let twice = format!("{good}{good}");
    let stranger = by(&epoch_1(9).signer, &[account(json!(0))]);
    let altered = good.replace("2026-12-01", "2026-12-02");
    let policy = || border.old.policy(Tier::Signed);
    let mut cases = vec![
        case("purged by the next epoch", gone(&good), policy(), SOUND),
        case("held, released and then purged", gone(&by(own, &freed)), policy(), SOUND),
        case("purged, and nobody says so", gone(""), policy(), unexplained),
        case("a stranger says so", gone(&stranger), policy(), unexplained),
        case("it says so of itself", gone(&by(own, &[account(json!(1))])), policy(), unexplained),
        case("it says so of none", gone(&by(own, &[account(json!(null))])), policy(), unexplained),
        case("it says something else", gone(&altered), policy(), unexplained),
        case("a hold on two of them", gone(&by(own, &held)), policy(), at(Some(7))),
        case("nothing is gone", whole(&good), policy(), SOUND),
        case("a stranger's line", whole(&stranger), policy(), unproved),
        case("a line twice", whole(&twice), policy(), unproved),
        case("a line that is none", whole("{}\n"), policy(), unproved),
        case("a line with a member twice", whole(&doubled(&good)), policy(), unproved),
        case("half a character", whole(&halved(&good)), policy(), unproved),
        case("later rows of a log that goes on", goes_on(border, &good), policy(), unproved),
    ];
    cases.extend(witnessed::cases(border, rows, &good));
    cases
}

const fn at(seq: Option<u64>) -> (chain::report::Verdict, Option<(Option<u64>, Kind)>) {
    broken(seq, Kind::UnexplainedPurge)
}

fn said(epoch: &Value) -> Value {
    let hash = Hash::of(b"export").to_string();
    json!({"before": BEFORE, "epoch": epoch, "export": hash, "from": 1, "kept": [], "months": 13, "root": hash, "to": 20})
}

/// The lines that show these rows of the next epoch, whose heads `signer` signs.
fn shown(new: &MadeLog, signer: &Signer, then: &[String]) -> String {
    let mut prev = Hash::ZERO;
    let intents = [new.intent(0)].into_iter().chain(then.iter().cloned());
    let seal = |(seq, intent): (u64, String)| {
        let row = Row::seal(&intent, seq, &prev, LATER).unwrap();
        prev = leaf_hash(row.as_bytes());
        row
    };
    let rows: Vec<_> = (0..).zip(intents).map(seal).collect();
    let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let (origin, size) = (new.origin.clone(), rows.len() as u64);
    let head = chain::checkpoint::Checkpoint { origin, size, root: root(&rows) };
    let line = |(seq, row): (u64, &String)| {
        let proof = proof::inclusion(leaves.as_slice(), seq, size).unwrap();
        let shown = Shown { note: head.sign(signer).unwrap(), proof, row: row.clone() };
        serde_json::to_string(&shown).unwrap() + "\n"
    };
    (0..).zip(&rows).skip(1).map(line).collect()
}

/// The export of the epoch that ended, without these rows and with these lines.
fn export(border: &Border, rows: &[String], gone: Range<usize>, lines: &str) -> Vec<u8> {
    export_under(border, (rows, &border.old.head(rows)), gone, lines)
}

/// The same under a head that is signed already.
fn export_under(
    border: &Border,
    (rows, head): (&[String], &str),
    gone: Range<usize>,
    lines: &str,
) -> Vec<u8> {
    border.old.repack(&border.old.export_under(rows, head), |files| {
        let entry = |(place, row): (usize, &String)| {
            let bytes = row.as_bytes();
            if gone.contains(&place) { leaf_hash(bytes).0.to_vec() } else { bytes.to_vec() }
        };
        let entries: Vec<_> = rows.iter().enumerate().map(entry).collect();
        let tile: Tile = chain::tile::bundles(rows.len() as u64).next().unwrap();
        files.insert(tile.path(), encode_entries(&entries).unwrap());
        if !lines.is_empty() {
            files.insert(later::FILE.to_owned(), lines.as_bytes().to_vec());
        }
    })
}

fn goes_on(border: &Border, lines: &str) -> Vec<u8> {
    export(border, &border.old.rows(20), 0..0, lines)
}

fn doubled(line: &str) -> String {
    line.replacen("{\"note\"", "{\"row\":\"\",\"note\"", 1)
}

fn halved(line: &str) -> String {
    line.replacen("\"note\":\"", "\"note\":\"\\ud800", 1)
}
