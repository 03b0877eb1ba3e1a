//! The protocol keeps its promises in every order of events, and each of its rules is needed for that.

use sealing_model::{
    Budget, Protocol, Rule, Scenario,
    promises::{LINEAR, NO_FALSE_ALARM, ONCE, ONE_HISTORY, ROWS_FIRST, SEALED},
};
use stateright::{Checker as _, HasDiscoveries, Model as _};

const THREADS: usize = 2;

/// Three sealers that are woken at once, of which one may die, and one answer of storage that is lost.
fn races() -> Scenario {
    Scenario {
        writers: vec![(0, 1), (1, 1)],
        sources: 2,
        sealers: 3,
        budget: Budget { wakes: 3, crashes: 1, lost_answers: 1, ..Budget::default() },
        ..Scenario::new()
    }
}

/// Three changes of one process on their way at once, of which one is refused and one may be late, or lost.
fn gaps() -> Scenario {
    Scenario {
        writers: vec![(0, 3)],
        room: 1,
        budget: Budget { wakes: 2, refusals: 1, lost_answers: 1, ticks: 1, ..Budget::default() },
        ..Scenario::new()
    }
}

/// Storage that refuses one change after the other.
fn refusals() -> Scenario {
    Scenario {
        writers: vec![(0, 3)],
        budget: Budget { wakes: 2, refusals: 2, ..Budget::default() },
        ..Scenario::new()
    }
}

/// Two sealers while an intent is missing, is said to be missing, and comes.
fn late() -> Scenario {
    Scenario {
        writers: vec![(0, 2)],
        sealers: 2,
        budget: Budget { wakes: 3, lost_answers: 1, ticks: 1, ..Budget::default() },
        ..Scenario::new()
    }
}

/// A process that dies and comes back, and two sources that give again what they gave before.
fn restarts() -> Scenario {
    Scenario {
        writers: vec![(0, 2), (1, 1)],
        sources: 2,
        sealers: 2,
        budget: Budget { wakes: 2, crashes: 1, repetitions: 1, lost_hints: 1, ..Budget::default() },
        ..Scenario::new()
    }
}

/// Two signers, and an operator who puts an older state of the log in place.
fn signing() -> Scenario {
    Scenario {
        writers: vec![(0, 1), (0, 1)],
        signers: 2,
        budget: Budget { wakes: 3, signings: 3, rollbacks: 1, ticks: 1, ..Budget::default() },
        ..Scenario::new()
    }
}

/// Every order of events of `scenario`.
fn holds(scenario: Scenario) {
    let checker = Protocol::new(scenario).checker().threads(THREADS).spawn_dfs().join();
    checker.assert_properties();
}

/// The checker finds an order of events in which `promise` is broken.
fn breaks(promise: &'static str, scenario: Scenario, rule: Rule) {
    let broken = HasDiscoveries::AnyOf([promise].into());
    let protocol = Protocol::new(scenario.without(rule));
    let checker = protocol.checker().threads(THREADS).finish_when(broken).spawn_dfs().join();
    assert!(checker.discovery(promise).is_some(), "without {rule:?}: {promise}");
}

#[test]
fn three_sealers_that_race_die_and_hear_nothing_make_one_line() {
    holds(races());
}

#[test]
fn what_is_missing_is_waited_for_and_what_is_void_is_not_missing() {
    holds(gaps());
    holds(refusals());
}

#[test]
fn what_was_said_to_be_missing_and_comes_is_sealed() {
    holds(late());
}

#[test]
fn a_process_that_comes_back_and_a_source_that_repeats_itself_change_nothing() {
    holds(restarts());
}

#[test]
fn what_is_signed_has_one_history_although_the_log_is_rolled_back() {
    holds(signing());
}

#[test]
fn a_log_whose_commits_can_be_replaced_forks() {
    breaks(LINEAR, races(), Rule::CommitsAreCreated);
}

#[test]
fn a_sealer_that_forgets_numbers_seals_twice() {
    breaks(ONCE, restarts(), Rule::NumbersAreRemembered);
}

#[test]
fn cursors_that_are_stored_before_the_rows_skip_what_a_dead_sealer_had_read() {
    breaks(ROWS_FIRST, races(), Rule::CursorsComeWithRows);
    breaks(SEALED, races(), Rule::CursorsComeWithRows);
}

#[test]
fn a_sealer_that_does_not_wait_raises_false_alarms() {
    breaks(NO_FALSE_ALARM, gaps(), Rule::MissingNumbersAreWaitedFor);
}

/// A sealer that was woken long ago meets a gap at the end of its work.
#[test]
fn a_gap_that_is_dated_back_is_a_false_alarm() {
    breaks(NO_FALSE_ALARM, late(), Rule::WaitingBeginsWhenSeen);
}

/// What closes the gap lies in the feed, behind what fits in one commit.
#[test]
fn a_sealer_that_has_not_read_everything_cannot_say_what_is_missing() {
    breaks(NO_FALSE_ALARM, gaps(), Rule::MissingIsWhatNoSourceHas);
}

#[test]
fn a_number_that_may_be_stored_must_not_be_void() {
    breaks(NO_FALSE_ALARM, gaps(), Rule::OnlyRefusedNumbersAreVoid);
}

#[test]
fn void_numbers_whose_declaration_is_refused_are_declared_again() {
    breaks(NO_FALSE_ALARM, refusals(), Rule::VoidIsSaidUntilStored);
}

#[test]
fn void_numbers_of_a_process_that_rests_are_declared_too() {
    breaks(NO_FALSE_ALARM, gaps(), Rule::OwedVoidIsSaid);
}

#[test]
fn a_process_that_comes_back_under_its_old_name_contradicts_itself() {
    breaks(SEALED, restarts(), Rule::InstancesAreNew);
}

#[test]
fn intents_that_come_late_must_be_sealed() {
    breaks(SEALED, late(), Rule::LateIntentsAreSealed);
}

#[test]
fn a_signer_that_does_not_compare_signs_two_histories() {
    breaks(ONE_HISTORY, signing(), Rule::SignerCompares);
}

#[test]
fn a_signer_that_forgets_what_another_signed_signs_two_histories() {
    breaks(ONE_HISTORY, signing(), Rule::SignerIsGuarded);
}
