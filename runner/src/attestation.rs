//! The signed statement about a run: identifiers, digests, outcomes and numbers, and nothing that was collected.

use domain::{Class, Fault};
use protocol::{
    Digest, Name,
    canonical::{self, CanonicalError},
    dsse::{Envelope, PAYLOAD_MAX, PayloadType},
    key::{Ed25519Key, KeyError, Signer as _},
    statement::{
        Check, Clock, Custody, Event, EventNumber, EventType, EvidenceReference, KeyStorage,
        Predicate, ProcedureReference, RunReference, RunnerReference, Statement, StatementError,
        Step, source_of,
    },
};

use crate::{
    admission::Admitted,
    enrolment::Identity,
    execution::{Run, StepRun},
    vault::{StatementState, Vault, VaultError},
};

/// What a statement says of the Runner itself.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The Runner's version.
    pub(crate) version: Name,
    /// The digest of its program.
    pub(crate) binary: Digest,
    /// The digest of its trust policy.
    pub(crate) trust_policy: Digest,
    /// What is known about its clock.
    pub(crate) clock: Clock,
}

/// Why a run was not attested.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttestationError {
    /// The statement would be longer than is carried.
    #[error("the statement has {0} bytes, {PAYLOAD_MAX} at most: split the procedure")]
    TooLong(usize),
    /// A name of the procedure cannot stand in a statement.
    #[error("'{0}' cannot be named in a statement: 1 to 64 letters, digits and ._-+/:@")]
    Name(String),
    /// The statement would contradict itself.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// It was not signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It was not kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Fault for AttestationError {
    fn class(&self) -> Class {
        match self {
            Self::TooLong(_) => Class::TooLarge,
            Self::Name(_) => Class::Invalid,
            Self::Statement(_) | Self::Canonical(_) => Class::Internal,
            Self::Key(error) => error.class(),
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "statement-too-long",
            Self::Name(_) => "procedure-unsound",
            Self::Statement(_) | Self::Canonical(_) => "internal",
            Self::Key(error) => error.code(),
            Self::Vault(error) => error.code(),
        }
    }
}

/// Signs the statement about `run` and appends it to the Runner's chain, in one transaction. Returns its number.
///
/// # Errors
/// [`AttestationError`]: then the chain is as it was.
pub(crate) fn attest(
    run: &Run,
    admitted: &Admitted,
    identity: &Identity,
    program: &Program,
    key: &Ed25519Key,
    vault: &Vault,
) -> Result<u64, AttestationError> {
    let state = if identity.is_enrolled { StatementState::Queued } else { StatementState::Local };
    vault.append_statement(identity.runner, run.id, run.ended, state, |sequence, prev| {
        let event = event(run, identity, sequence, prev);
        let statement = statement(run, admitted, identity, program, (event, key))?;
        statement.check()?;
        let payload = canonical::to_vec(&statement)?;
        if payload.len() > PAYLOAD_MAX {
            return Err(AttestationError::TooLong(payload.len()));
        }
        Ok(Envelope::sign(PayloadType::Statement, payload, &[key])?)
    })
}

fn event(run: &Run, identity: &Identity, sequence: u64, prev: Digest) -> Event {
    Event {
        id: EventNumber(sequence),
        source: source_of(identity.runner),
        event_type: EventType::RunCompleted,
        subject: run.id,
        time: run.ended,
        sequence,
        prev,
    }
}

fn statement(
    run: &Run,
    admitted: &Admitted,
    identity: &Identity,
    program: &Program,
    (event, key): (Event, &Ed25519Key),
) -> Result<Statement, AttestationError> {
    Ok(Statement::new(Predicate {
        tenant: identity.tenant,
        deployment: identity.deployment.clone(),
        event,
        runner: RunnerReference {
            id: identity.runner,
            kid: key.kid(),
            version: program.version.clone(),
            binary: program.binary,
            trust_policy: program.trust_policy,
            key_storage: KeyStorage::File,
        },
        procedure: ProcedureReference {
            version: admitted.version,
            digest: admitted.digest,
            signers: admitted.signers.clone(),
        },
        run: RunReference {
            id: run.id,
            trigger: run.trigger,
            started: run.started,
            ended: run.ended,
            monotonic_ms: u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
            clock: program.clock,
        },
        steps: run.steps.iter().map(step).collect::<Result<_, _>>()?,
        score: run.score().into(),
        evidence: run.steps.iter().filter_map(evidence).collect(),
    }))
}

fn step(ran: &StepRun) -> Result<Step, AttestationError> {
    let checks = ran.step.checks.iter().zip(&ran.judgement.checks);
    let checks = checks.map(|(check, outcome)| {
        Ok(Check {
            id: name(&check.id)?,
            outcome: *outcome,
            severity: check.severity,
            weight: check.weight,
        })
    });
    Ok(Step {
        id: name(&ran.step.id)?,
        outcome: ran.judgement.outcome,
        reason: ran.judgement.reason,
        checks: checks.collect::<Result<_, AttestationError>>()?,
        evidence: ran.evidence.iter().map(|record| record.header.evidence).collect(),
        tool: ran.tool.clone(),
    })
}

fn evidence(ran: &StepRun) -> Option<EvidenceReference> {
    let record = ran.evidence.as_ref()?;
    Some(EvidenceReference {
        id: record.header.evidence,
        step: record.header.step.clone(),
        root: record.root,
        leaves: record.header.leaves,
        bytes: record.bytes,
        custody: Custody::Runner,
        media_type: record.header.media_type.clone(),
    })
}

fn name(text: &str) -> Result<Name, AttestationError> {
    text.parse().map_err(|_| AttestationError::Name(text.to_owned()))
}
