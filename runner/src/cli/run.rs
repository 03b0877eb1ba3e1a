//! `run`: execute one signed procedure, attest it, and publish the statement where asked to.

use std::path::Path;

use protocol::{Digest, dsse::Envelope, statement::Trigger};
use serde_json::{Value, json};

use super::{
    Bench,
    keys::read_text,
    procedures::signed,
    publish::{Outcome, publish_through},
    session::Session,
};
use crate::{
    admission::{self, Admitted},
    args::{self, DoorChoice},
    attestation,
    control_plane::{BundleError, CallError},
    execution,
    exit::{Exit, Failure},
    progress::Progress,
    report::Report,
};

pub(super) async fn run(run: &args::Run, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let envelope = find(run, &session).await?;
    let admitted = admission::admit(&envelope, &session.policy, &session.vault)?;
    let program = session.program()?;
    let mut progress = Progress::new(run.progress, &mut *bench.err);
    let site = session.site();
    let done = execution::execute(&admitted, Trigger::Local, &site, &mut progress).await?;
    let Session { identity, key, vault, .. } = &session;
    let sequence = attestation::attest(&done, &admitted, identity, &program, key, vault)?;
    let published = match run.publish {
        DoorChoice::None => Ok(None),
        door @ (DoorChoice::Https | DoorChoice::Eventgrid) => {
            publish_through(&session, door, &run.patience).await.map(Some)
        }
    };
    if let Err(failure) = &published {
        // The statement is safe in the queue; the run has its own outcome.
        let message = &failure.message;
        writeln!(bench.err, "not published yet, kept in the queue: {message}").unwrap_or_default();
    }
    Ok(report(&done, &admitted, sequence, published))
}

/// The procedure: a file, or by its digest what the control plane has, or what is known where nobody can be asked.
async fn find(run: &args::Run, session: &Session) -> Result<Envelope, Failure> {
    let Ok(digest) = run.procedure.parse::<Digest>() else {
        let text = read_text(Path::new(&run.procedure))?;
        let message = format!("{} is not a signed procedure", run.procedure);
        return signed(&text).ok_or_else(|| Failure::refused("unsigned", message));
    };
    let known = session.vault.procedure(digest)?.map(|known| known.envelope);
    if run.offline {
        let message =
            format!("the procedure {digest} is not known here, and offline none is fetched");
        return known.ok_or_else(|| Failure::usage(message));
    }
    let enrolment = session.enrolment()?;
    match (session.control_plane(&enrolment.url)?.bundle(digest).await, known) {
        (Ok(envelope), _) => Ok(envelope),
        (Err(BundleError::Call(CallError::Unreachable(_))), Some(known)) => Ok(known),
        (Err(BundleError::Call(error)), _) => Err(error.into()),
        (Err(BundleError::Admission(error)), _) => Err(error.into()),
    }
}

fn report(
    run: &execution::Run,
    admitted: &Admitted,
    sequence: u64,
    published: Result<Option<Outcome>, Failure>,
) -> Report {
    let (outcome, score) = (run.outcome(), run.score());
    let counts: Vec<_> =
        score.counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let lines = vec![
        format!("Run {}: {outcome}", run.id),
        format!(
            "Score {}.{:02} % · coverage {}.{:02} % · {}",
            score.score_bp / 100,
            score.score_bp % 100,
            score.coverage_bp / 100,
            score.coverage_bp % 100,
            counts.join(", ")
        ),
        format!("Statement {sequence} of procedure {}", admitted.digest),
    ];
    let (published, publish_error) = match published {
        Ok(published) => (published.map(Outcome::to_json), None),
        Err(failure) => (None, Some(json!({ "code": failure.code, "message": failure.message }))),
    };
    let json = json!({
        "run": run.id, "outcome": outcome, "score": score, "sequence": sequence,
        "procedure": { "digest": admitted.digest, "version": admitted.version, "key": admitted.procedure.key },
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
        "published": published, "publish_error": publish_error,
    });
    Report { exit: Exit::of_run(outcome), lines, json }
}

fn step(ran: &execution::StepRun) -> Value {
    let checks: Vec<_> = ran
        .step
        .checks
        .iter()
        .zip(&ran.judgement.checks)
        .map(|(check, outcome)| json!({ "id": check.id, "outcome": outcome }))
        .collect();
    let evidence = ran.evidence.as_ref().map(|record| {
        json!({ "id": record.header.evidence, "root": record.root, "leaves": record.header.leaves })
    });
    let execution::StepRun { step, judgement, .. } = ran;
    json!({
        "id": step.id, "outcome": judgement.outcome, "reason": judgement.reason, "checks": checks,
        "evidence": evidence,
    })
}
