//! Rows that were edited, deleted, moved, repeated or added.

use super::*;

#[test]
fn an_edited_row_is_named() {
    let both = |seq| [(Some(seq), Kind::RowHash); 2];
    assert_eq!(attack(|rows| rows[4] = rows[4].replace("ADMIN", "OWNER")), both(4));
    assert_eq!(
        attack(|rows| rows[0] = rows[0].replace("00:00:00.000000Z", "00:00:00.000001Z")),
        both(0)
    );
    // No row after the last confirms it; only the signed tree tells.
    let last = attack(|rows| rows[9] = rows[9].replace("ADMIN", "OWNER"));
    assert_eq!(last, [(Some(9), Kind::RowHash), (None, Kind::Signature)]);
}

#[test]
fn a_changed_link_is_named() {
    let attack = attack(|rows| {
        let start = rows[4].find("\"prev\":\"").unwrap() + 8;
        rows[4].replace_range(start..start + 4, "0000");
    });
    assert_eq!(attack, [(Some(4), Kind::RowHash), (Some(4), Kind::Link)]);
}

#[test]
fn a_deleted_row_is_named() {
    let both = |seq| [(Some(seq), Kind::SeqGap); 2];
    assert_eq!(attack(|rows| drop(rows.remove(4))), both(4));
    assert_eq!(attack(|rows| drop(rows.drain(4..7))), both(4));
    assert_eq!(attack(|rows| drop(rows.remove(0))), both(0));
    assert_eq!(attack(|rows| rows.truncate(7)), both(7));
}

#[test]
fn swapped_rows_are_named() {
    assert_eq!(attack(|rows| rows.swap(4, 6)), [(Some(4), Kind::SeqGap); 2]);
}

#[test]
fn a_row_that_is_there_twice_is_named() {
    assert_eq!(attack(|rows| rows.insert(5, rows[4].clone())), [(Some(4), Kind::SeqDup); 2]);
}

#[test]
fn a_row_of_another_tenant_is_named() {
    assert_eq!(
        attack(|rows| rows[4] = rows[4].replace(TENANT, "ten_b")),
        [(Some(4), Kind::Tenant); 2]
    );
}

#[test]
fn a_back_dated_row_is_named() {
    let dated =
        |rows: &mut Vec<String>| rows[4] = rows[4].replace("\"rx\":\"2026", "\"rx\":\"2025");
    assert_eq!(attack(dated), [(Some(4), Kind::RowHash), (Some(4), Kind::TimeRegress)]);
}

#[test]
fn rows_after_the_signed_head_are_named() {
    let appended = attack(|rows| *rows = sample::rows(12));
    assert_eq!(appended, [(Some(10), Kind::Root); 2]);
    let checkpoint = sample::checkpoint(&sample::rows(10)).sign(&log_signer()).unwrap();
    let report = verify(&forge(&sample::rows(12), &checkpoint), Some(&policy()));
    assert_eq!(report.unsigned_tail, 2);
}

/// A genuine signer seals a row that breaks a rule: the signature does not excuse it.
#[test]
fn a_signed_log_that_breaks_a_rule_is_broken() {
    let rows = [sample::rows(2), sample::rows(1)].concat();
    assert_eq!(found(&sample::bundle(&rows)), (Some(0), Kind::SeqDup));
}
