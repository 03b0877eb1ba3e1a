//! Executing an admitted procedure: step by step in the planned order, each within its limits.
//!
//! What a step collects is sealed into the vault at once; the statement about the run is appended when all steps ended. A process
//! that ends in between leaves sealed evidence and no statement: nothing half done is ever published.

use std::{
    collections::BTreeSet,
    io,
    time::{Duration, Instant},
};

use domain::{
    Class, EvidenceId, Fault, RunId, Timestamp,
    procedure::{self, PlanError, Step},
    run::{Outcome, ReasonCode, Score, score},
};
use ports::{Clock, Randomness};
use protocol::{
    commitment::Header,
    statement::{Tool, Trigger},
    trust_policy::TrustPolicy,
};

use crate::{
    admission::Admitted,
    connector::{self, Bounds, CollectError, Collected},
    enrolment::Identity,
    judge::{self, Judgement},
    progress::{Ended, Progress},
    vault::{EvidenceRecord, Vault, VaultError},
};

const SECONDS_PER_DAY: u64 = 86_400;

/// What a run needs.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// What the customer allows.
    pub(crate) policy: &'a TrustPolicy,
    /// Where evidence is kept.
    pub(crate) vault: &'a Vault,
    /// Who runs.
    pub(crate) identity: &'a Identity,
    /// The time.
    pub(crate) clock: &'a dyn Clock,
    /// Random bytes.
    pub(crate) randomness: &'a dyn Randomness,
}

/// A run that ended.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The run.
    pub(crate) id: RunId,
    /// What started it.
    pub(crate) trigger: Trigger,
    /// When it started.
    pub(crate) started: Timestamp,
    /// When it ended.
    pub(crate) ended: Timestamp,
    /// How long it took.
    pub(crate) took: Duration,
    /// Each step, in the order of execution.
    pub(crate) steps: Vec<StepRun>,
}

/// A step that ended.
#[derive(Clone, Debug)]
pub(crate) struct StepRun {
    /// The step.
    pub(crate) step: Step,
    /// How it and its checks ended.
    pub(crate) judgement: Judgement,
    /// What it collected.
    pub(crate) evidence: Option<EvidenceRecord>,
    /// With which program.
    pub(crate) tool: Option<Tool>,
}

/// Why a run did not take place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutionError {
    /// The steps have no order.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There is no scratch directory.
    #[error("no scratch directory can be made: check the temporary directory")]
    Scratch(#[from] io::Error),
    /// The vault does not keep what was collected.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A name of the procedure is no name.
    #[error("'{0}' cannot be named in a statement")]
    Name(String),
}

impl Fault for ExecutionError {
    fn class(&self) -> Class {
        match self {
            Self::Plan(_) | Self::Name(_) => Class::Invalid,
            Self::Scratch(_) => Class::Internal,
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Plan(_) | Self::Name(_) => "procedure-unsound",
            Self::Scratch(_) => "scratch-unavailable",
            Self::Vault(error) => error.code(),
        }
    }
}

impl Run {
    /// How the run ended: as its gravest step.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::of_parts(self.steps.iter().map(|step| step.judgement.outcome))
    }

    /// What the run is worth.
    pub(crate) fn score(&self) -> Score {
        let checks: Vec<_> = self
            .steps
            .iter()
            .flat_map(|ran| ran.step.checks.iter().zip(&ran.judgement.checks))
            .map(|(check, outcome)| (*outcome, check.severity, check.weight))
            .collect();
        score(&checks)
    }
}

/// Executes `admitted` and keeps what it collects.
///
/// # Errors
/// [`ExecutionError`]: the run did not take place, or what it collected cannot be kept.
pub(crate) async fn execute(
    admitted: &Admitted,
    trigger: Trigger,
    site: &Site<'_>,
    progress: &mut Progress<'_>,
) -> Result<Run, ExecutionError> {
    let plan = procedure::plan(&admitted.procedure)?;
    let (started, begun) = (site.clock.now(), Instant::now());
    let id: RunId = site.randomness.id(started);
    let mut steps: Vec<StepRun> = Vec::with_capacity(plan.len());
    let mut collected = BTreeSet::new();
    for (place, step) in plan.iter().enumerate() {
        let step_begun = Instant::now();
        let is_ready = step.needs.iter().all(|need| collected.contains(need.as_str()));
        let (ran, detail) = if is_ready {
            run_step(step, id, started, site).await?
        } else {
            let (outcome, reason) = (Outcome::Inconclusive, ReasonCode::DependencyFailed);
            (without_evidence(step, judge::all(step, outcome, reason)), None)
        };
        if ran.evidence.is_some() {
            collected.insert(step.id.as_str());
        }
        progress.ended(&Ended {
            ordinal: place + 1,
            total: plan.len(),
            id: &step.id,
            title: &step.title,
            outcome: ran.judgement.outcome,
            reason: ran.judgement.reason,
            detail: detail.as_deref(),
            took: step_begun.elapsed(),
            at: site.clock.now(),
        });
        steps.push(ran);
    }
    // A clock that was set back in between must not make the run end before it started.
    let ended = site.clock.now().max(started);
    Ok(Run { id, trigger, started, ended, took: begun.elapsed(), steps })
}

async fn run_step(
    step: &Step,
    run: RunId,
    started: Timestamp,
    site: &Site<'_>,
) -> Result<(StepRun, Option<String>), ExecutionError> {
    match collect(step, started, site).await? {
        Ok(collected) => {
            let evidence = keep(step, run, &collected, site)?;
            let judgement = judge::judge(step, &collected.value, started.unix_s());
            let evidence = Some(evidence);
            Ok((StepRun { step: step.clone(), judgement, evidence, tool: collected.tool }, None))
        }
        Err(error) => {
            let judgement = judge::all(step, Outcome::Error, error.reason);
            Ok((without_evidence(step, judgement), Some(error.to_string())))
        }
    }
}

async fn collect(
    step: &Step,
    started: Timestamp,
    site: &Site<'_>,
) -> Result<Result<Collected, CollectError>, ExecutionError> {
    let scratch = tempfile::Builder::new().prefix("proofline-step-").tempdir()?;
    let bounds = Bounds {
        timeout: Duration::from_secs(u64::from(step.timeout_s)),
        max_bytes: step.evidence.max_bytes,
        now: started,
        scratch: scratch.path(),
    };
    Ok(connector::collect(&step.connector, site.policy, &bounds).await)
}

fn keep(
    step: &Step,
    run: RunId,
    collected: &Collected,
    site: &Site<'_>,
) -> Result<EvidenceRecord, ExecutionError> {
    let now = site.clock.now();
    let evidence: EvidenceId = site.randomness.id(now);
    let named = |text: &str| text.parse().map_err(|_| ExecutionError::Name(text.to_owned()));
    let header = Header {
        evidence,
        run,
        step: named(&step.id)?,
        tenant: site.identity.tenant,
        runner: site.identity.runner,
        media_type: named("application/json")?,
        leaves: 0,
    };
    let days = u64::from(step.evidence.retain_days);
    let retain_until = now.plus(Duration::from_secs(days.saturating_mul(SECONDS_PER_DAY)));
    Ok(site.vault.keep_evidence(header, &collected.value, retain_until)?)
}

fn without_evidence(step: &Step, judgement: Judgement) -> StepRun {
    StepRun { step: step.clone(), judgement, evidence: None, tool: None }
}
