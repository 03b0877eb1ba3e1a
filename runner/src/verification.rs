//! Judging a run again from the vault: the same procedure and the same evidence give the same outcomes and the same score.

use domain::{Class, Fault, RunId, procedure, run::Outcome};
use protocol::{
    dsse::{self, EnvelopeError},
    key::PublicKey,
    statement::{self, Statement, StatementError},
    trust_policy::TrustPolicy,
};

use crate::{
    admission::{self, AdmissionError},
    judge,
    vault::{Vault, VaultError},
};

/// What was found when a run was judged again.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    /// What the Runner stated.
    pub(crate) statement: Statement,
    /// How many evidence items were opened and matched their roots.
    pub(crate) evidence: usize,
    /// How many checks were evaluated again.
    pub(crate) checks: usize,
    /// What does not match, one sentence each; empty when all does.
    pub(crate) mismatches: Vec<String>,
}

/// Why a run cannot be judged again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerificationError {
    /// The statement is not this Runner's.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The statement contradicts itself.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The procedure cannot be read.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The vault does not have it.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Fault for VerificationError {
    fn class(&self) -> Class {
        match self {
            Self::Envelope(error) => error.class(),
            Self::Statement(error) => error.class(),
            Self::Admission(error) => error.class(),
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Envelope(error) => error.code(),
            Self::Statement(error) => error.code(),
            Self::Admission(error) => error.code(),
            Self::Vault(error) => error.code(),
        }
    }
}

/// Judges `run` again.
///
/// # Errors
/// [`VerificationError`]: it cannot be judged at all. What can be and differs is in [`Verification::mismatches`].
pub(crate) fn verify(
    run: RunId,
    key: &PublicKey,
    policy: &TrustPolicy,
    vault: &Vault,
) -> Result<Verification, VerificationError> {
    let stored = vault.statement_of(run)?;
    let statement: Statement = dsse::open(&stored.envelope, key)?;
    statement.check()?;
    let predicate = &statement.predicate;
    let known =
        vault.procedure(predicate.procedure.digest)?.ok_or(VaultError::Missing("procedure"))?;
    let read = admission::read(&known.envelope, policy)?;
    let mut found = Verification { evidence: 0, checks: 0, mismatches: Vec::new(), statement };
    let predicate = &found.statement.predicate.clone();
    let planned = procedure::plan(&read.procedure).unwrap_or_default();
    let names_agree = planned.len() == predicate.steps.len()
        && planned.iter().zip(&predicate.steps).all(|(step, stated)| step.id == stated.id.as_str());
    if read.digest != predicate.procedure.digest || !names_agree {
        found.mismatches.push("the steps are not those of the signed procedure".to_owned());
    }
    for (step, stated) in planned.into_iter().zip(&predicate.steps) {
        verify_step(step, stated, vault, &mut found);
    }
    if predicate.recomputed_score() != predicate.score {
        found.mismatches.push("the score does not follow from the outcomes".to_owned());
    }
    Ok(found)
}

fn verify_step(
    step: &procedure::Step,
    stated: &statement::Step,
    vault: &Vault,
    found: &mut Verification,
) {
    let id = &step.id;
    let weights_agree = step.checks.len() == stated.checks.len()
        && step.checks.iter().zip(&stated.checks).all(|(check, said)| {
            let same_weight = check.severity == said.severity && check.weight == said.weight;
            check.id == said.id.as_str() && same_weight
        });
    if !weights_agree {
        found.mismatches.push(format!("step {id}: the checks are not those of the procedure"));
    }
    let Some(evidence) = stated.evidence.first() else {
        if stated.checks.iter().any(|check| check.outcome == Outcome::Pass) {
            found.mismatches.push(format!("step {id}: a check passed without evidence"));
        }
        return;
    };
    let opened = match vault.open_evidence(*evidence) {
        Ok(opened) => opened,
        Err(error) => return found.mismatches.push(format!("step {id}: {evidence}: {error}")),
    };
    let predicate = &found.statement.predicate;
    let stated_root = predicate.evidence.iter().find(|item| item.id == *evidence);
    if stated_root.is_none_or(|item| item.root != opened.commitment.root()) {
        found.mismatches.push(format!("step {id}: {evidence} has another root than was stated"));
    }
    let judged = judge::judge(step, &opened.value, found.statement.predicate.run.started.unix_s());
    let outcomes: Vec<_> = stated.checks.iter().map(|check| check.outcome).collect();
    if (judged.outcome, judged.reason) != (stated.outcome, stated.reason)
        || judged.checks != outcomes
    {
        found
            .mismatches
            .push(format!("step {id}: judged {} and stated {}", judged.outcome, stated.outcome));
    }
    found.evidence += 1;
    found.checks += judged.checks.len();
}
