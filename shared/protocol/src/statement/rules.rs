//! What every statement must fulfil beyond its shape.

use std::{collections::BTreeSet, hash::Hash};

use domain::{Class, Fault};

use super::{
    EventNumber, EvidenceReference, Predicate, PredicateType, Sha256Digest, Statement,
    StatementType, Subject, source_of,
};
use crate::{Digest, Name};

/// The most steps of a run.
pub const STEPS_MAX: usize = 200;
/// The most checks of a run, in all steps together.
pub const CHECKS_MAX: usize = 1000;
/// The most evidence items of a run.
pub const EVIDENCE_MAX: usize = 1000;

/// Why a statement contradicts itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatementError {
    /// `subject` is not made of the evidence and the procedure.
    #[error("the statement's subject is not its evidence and its procedure")]
    Subject,
    /// `event` does not fit `runner` and `run`.
    #[error("the statement's event does not name its own Runner, run and sequence")]
    Event,
    /// Sequence 0; or a first statement with a predecessor, or a later one without.
    #[error("the statement's sequence and predecessor contradict each other")]
    Sequence,
    /// More steps, checks or evidence than allowed.
    #[error(
        "a run has at most {STEPS_MAX} steps, {CHECKS_MAX} checks and {EVIDENCE_MAX} evidence items"
    )]
    TooMany,
    /// A step, a check of a step, or an evidence item comes twice.
    #[error("the statement has a step, check or evidence item twice")]
    Twice,
    /// A step and an evidence item do not name each other.
    #[error("the statement's steps and evidence do not name each other")]
    Evidence,
    /// It ended before it started.
    #[error("the run ended before it started")]
    Times,
}

impl Fault for StatementError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "validation"
    }
}

impl Statement {
    /// The statement that says `predicate`, with the subject that follows from it.
    pub fn new(predicate: Predicate) -> Self {
        Self {
            statement_type: StatementType::V1,
            subject: subject_of(&predicate),
            predicate_type: PredicateType::ProcedureRunV1,
            predicate,
        }
    }

    /// Checks that the statement does not contradict itself. Whether the Runner may say so, and whether its score is
    /// right, is for others.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn check(&self) -> Result<(), StatementError> {
        let predicate = &self.predicate;
        check_limits(predicate)?;
        check_event(predicate)?;
        check_evidence(predicate)?;
        if self.subject != subject_of(predicate) {
            return Err(StatementError::Subject);
        }
        if predicate.run.ended < predicate.run.started {
            return Err(StatementError::Times);
        }
        Ok(())
    }
}

fn subject_of(predicate: &Predicate) -> Vec<Subject> {
    let evidence = predicate.evidence.iter().map(|item| subject(&item.id, item.root));
    let procedure = &predicate.procedure;
    evidence.chain([subject(&procedure.version, procedure.digest)]).collect()
}

fn subject(id: &impl ToString, sha256: Digest) -> Subject {
    let name: Name =
        id.to_string().parse().expect("an identifier is 30 letters, digits and underscores");
    Subject { name, digest: Sha256Digest { sha256 } }
}

fn check_limits(predicate: &Predicate) -> Result<(), StatementError> {
    let checks: usize = predicate.steps.iter().map(|step| step.checks.len()).sum();
    let fits = predicate.steps.len() <= STEPS_MAX
        && checks <= CHECKS_MAX
        && predicate.evidence.len() <= EVIDENCE_MAX;
    if fits { Ok(()) } else { Err(StatementError::TooMany) }
}

fn check_event(predicate: &Predicate) -> Result<(), StatementError> {
    let event = &predicate.event;
    let names_its_own = event.id == EventNumber(event.sequence)
        && event.source == source_of(predicate.runner.id)
        && event.subject == predicate.run.id;
    let is_first = event.sequence == 1;
    match () {
        () if !names_its_own => Err(StatementError::Event),
        () if event.sequence == 0 => Err(StatementError::Sequence),
        () if is_first != (event.prev == Digest::ZERO) => Err(StatementError::Sequence),
        () => Ok(()),
    }
}

fn check_evidence(predicate: &Predicate) -> Result<(), StatementError> {
    let steps_differ = all_differ(predicate.steps.iter().map(|step| &step.id));
    let checks_differ =
        predicate.steps.iter().all(|step| all_differ(step.checks.iter().map(|check| &check.id)));
    let evidence_differs = all_differ(predicate.evidence.iter().map(|item| item.id));
    if !(steps_differ && checks_differ && evidence_differs) {
        return Err(StatementError::Twice);
    }
    let named: Vec<_> = predicate
        .steps
        .iter()
        .flat_map(|step| step.evidence.iter().map(move |id| (*id, &step.id)))
        .collect();
    let held: BTreeSet<_> = predicate.evidence.iter().map(owner).collect();
    if named.len() == held.len() && named.into_iter().collect::<BTreeSet<_>>() == held {
        Ok(())
    } else {
        Err(StatementError::Evidence)
    }
}

fn owner(item: &EvidenceReference) -> (domain::EvidenceId, &Name) {
    (item.id, &item.step)
}

fn all_differ<T: Eq + Hash>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = std::collections::HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}
