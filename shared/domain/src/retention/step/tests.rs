//! The steps of a purge, and what each waits for.

use std::time::Duration;

use super::*;
use crate::{EventId, PurgeId};

const NOTICED: Timestamp = Timestamp::from_unix_s(1_795_219_200);
const EXPORT: ExportId = ExportId::from_u128(7);

fn plan(state: PurgeState) -> PurgePlan {
    PurgePlan {
        purge: PurgeId::from_u128(1),
        number: 1,
        epoch: 0,
        from: 1,
        to: 500,
        before: Timestamp::from_unix_s(1_700_000_000),
        months: 13,
        root: String::new(),
        noticed_at: NOTICED,
        held: Vec::new(),
        kept: Vec::new(),
        rest: None,
        state,
    }
}

fn recorded() -> PurgePlan {
    let event = EventId::from_u128(9);
    let reached = Reached::default();
    plan(PurgeState::Recorded {
        event,
        export: EXPORT,
        after: 550,
        current: 0,
        at: NOTICED,
        reached,
    })
}

fn after(days: u64) -> Timestamp {
    NOTICED.plus(Duration::from_hours(days * 24))
}

fn just_before(at: Timestamp) -> Timestamp {
    at.minus(Duration::from_micros(1))
}

#[test]
fn nothing_is_recorded_before_the_notice_is_over_or_agreed_to() {
    let exported = Facts { export: Some((EXPORT, 500)), ..Facts::default() };
    let witnessed = Facts { has_witness: true, ..exported.clone() };
    let step = |facts: &Facts, now| next_step(&plan(PurgeState::Noticed), facts, now);
    assert_eq!(step(&exported, just_before(after(60))), Step::Wait(Refused::Notice(after(60))));
    assert_eq!(step(&exported, after(60)), Step::Record(EXPORT));
    assert_eq!(step(&witnessed, just_before(after(30))), Step::Wait(Refused::Notice(after(30))));
    assert_eq!(step(&witnessed, after(30)), Step::Record(EXPORT));
    let agreed = Facts { acknowledged: true, ..exported };
    assert_eq!(step(&agreed, after(0)), Step::Record(EXPORT));
}

#[test]
fn a_tenant_that_wants_a_longer_notice_has_it_and_never_a_shorter_one() {
    let due = |has_witness, days| plan(PurgeState::Noticed).due_at(has_witness, days);
    assert_eq!((due(true, 14), due(true, 30), due(true, 31)), (after(30), after(30), after(31)));
    assert_eq!((due(false, 60), due(false, 365)), (after(60), after(365)));
    let wanted = Facts { export: Some((EXPORT, 500)), notice_days: 90, ..Facts::default() };
    let step = |now| next_step(&plan(PurgeState::Noticed), &wanted, now);
    assert_eq!(step(just_before(after(90))), Step::Wait(Refused::Notice(after(90))));
    assert_eq!(step(after(90)), Step::Record(EXPORT));
}

#[test]
fn nothing_is_recorded_without_an_export_of_every_row() {
    let step = |export| {
        let facts = Facts { acknowledged: true, export, ..Facts::default() };
        next_step(&plan(PurgeState::Noticed), &facts, after(99))
    };
    assert_eq!(step(None), Step::Wait(Refused::Export));
    assert_eq!(step(Some((EXPORT, 499))), Step::Wait(Refused::Export));
    assert_eq!(step(Some((EXPORT, 500))), Step::Record(EXPORT));
}

/// An export holds 2^23 rows: 8,388,608.
#[test]
fn a_purge_of_an_epoch_that_no_export_holds_waits_for_a_rotation_and_is_given_up_then() {
    let step = |rows| {
        let facts = Facts { acknowledged: true, rows, ..Facts::default() };
        next_step(&plan(PurgeState::Noticed), &facts, after(99))
    };
    for rows in [Rows::SoFar(8_388_608), Rows::InAll(8_388_608)] {
        assert_eq!(step(rows), Step::Wait(Refused::Export));
    }
    assert_eq!(step(Rows::SoFar(8_388_609)), Step::Wait(Refused::TooLong(8_388_609)));
    assert_eq!(step(Rows::InAll(8_388_609)), Step::Drop);
    let made = Facts { acknowledged: true, export: Some((EXPORT, 500)), ..Facts::default() };
    let grown = Facts { rows: Rows::SoFar(8_388_609), ..made };
    assert_eq!(next_step(&plan(PurgeState::Noticed), &grown, after(99)), Step::Record(EXPORT));
    assert_eq!(too_long(&recorded(), 8_388_609), None);
    assert!(Refused::TooLong(8_388_609).to_string().contains("let the operator rotate the log"));
}

#[test]
fn nothing_is_removed_before_the_row_that_says_so_is_signed_and_witnessed() {
    let step = |row, signed, witnessed, has_witness| {
        let intents = 500;
        let facts = Facts { has_witness, row, signed, witnessed, intents, ..Facts::default() };
        next_step(&recorded(), &facts, after(99))
    };
    assert_eq!(step(None, 900, 900, true), Step::Wait(Refused::Row));
    assert_eq!(step(Some(600), 600, 0, false), Step::Wait(Refused::Signature));
    assert_eq!(step(Some(600), 601, 0, false), Step::Remove);
    assert_eq!(step(Some(600), 601, 600, true), Step::Wait(Refused::Witness));
    assert_eq!(step(Some(600), 601, 601, true), Step::Remove);
}

/// An intent says what its row says.
#[test]
fn nothing_is_removed_before_the_intents_of_all_its_rows_are_gone() {
    let step = |intents| {
        let facts = Facts { row: Some(600), signed: 601, intents, ..Facts::default() };
        next_step(&recorded(), &facts, after(99))
    };
    assert_eq!(step(499), Step::Wait(Refused::Intents));
    assert_eq!((step(500), step(u64::MAX)), (Step::Remove, Step::Remove));
}

#[test]
fn what_is_over_stays_over() {
    let done = plan(PurgeState::Executed {
        rows: 490,
        kept: 9,
        event: EventId::from_u128(9),
        after: 550,
        current: 0,
        at: NOTICED,
    });
    assert_eq!(next_step(&done, &Facts::default(), after(99)), Step::Done);
    assert!(done.is_done() && !recorded().is_done());
    let dropped = plan(PurgeState::Dropped { at: NOTICED });
    assert_eq!(next_step(&dropped, &Facts::default(), after(99)), Step::Done);
    assert!(dropped.is_over() && done.is_over() && !dropped.is_done());
    assert_eq!((dropped.recorded(), recorded().is_over()), (None, false));
}

#[test]
fn a_purge_is_given_up_where_rows_are_kept_for_longer_now_or_nobody_would_believe_its_row() {
    let agreed = Facts { acknowledged: true, export: Some((EXPORT, 500)), ..Facts::default() };
    let keeping = |months| {
        let facts = Facts { months, ..agreed.clone() };
        next_step(&plan(PurgeState::Noticed), &facts, after(99))
    };
    assert_eq!(
        (keeping(12), keeping(13), keeping(14)),
        (Step::Record(EXPORT), Step::Record(EXPORT), Step::Drop)
    );
    let signed = Facts { row: Some(600), signed: 601, intents: 500, ..agreed };
    let step = |is_disbelieved, months| {
        let facts = Facts { months, is_disbelieved, ..signed.clone() };
        next_step(&recorded(), &facts, after(99))
    };
    assert_eq!(step(true, 13), Step::Drop);
    // What is recorded may be removed in part already.
    assert_eq!(step(false, 14), Step::Remove);
}
