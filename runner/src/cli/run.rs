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
    attestation, execution,
    exit::{Exit, Failure},
    progress::Progress,
    report::Report,
};

pub(super) async fn run(run: &args::Run, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let admitted = admit(run, &session).await?;
    let program = session.program()?;
    let mut progress = Progress::new(run.progress, &mut *bench.err);
    let site = session.site();
    let done = execution::execute(&admitted, Trigger::Local, &site, &mut progress).await?;
    let Session { identity, key, vault, .. } = &session;
    let sequence = attestation::attest(&done, &admitted, identity, &program, key, vault)?;
    let published = match run.publish {
        DoorChoice::None => Ok(None),
        door => publish_through(&session, door, &run.patience).await.map(Some),
    };
    if let Err(failure) = &published {
        // The statement is safe in the queue; the run has its own outcome.
        let message = &failure.message;
        writeln!(bench.err, "not published yet, kept in the queue: {message}").unwrap_or_default();
    }
    Ok(report(&done, &admitted, sequence, published))
}

async fn admit(run: &args::Run, session: &Session) -> Result<Admitted, Failure> {
    let (envelope, version) = find(run, session).await?;
    let version = run.version_id.or(version);
    Ok(admission::admit(&envelope, version, &session.policy, &session.vault)?)
}

/// The procedure: a file, or by its digest what is known, or what the control plane has.
async fn find(
    run: &args::Run,
    session: &Session,
) -> Result<(Envelope, Option<domain::VersionId>), Failure> {
    let Ok(digest) = run.procedure.parse::<Digest>() else {
        let text = read_text(Path::new(&run.procedure))?;
        let unsigned = || {
            let message = format!("{} is not a signed procedure", run.procedure);
            Failure::refused("unsigned", message)
        };
        return Ok((signed(&text).ok_or_else(unsigned)?, None));
    };
    if let Some(known) = session.vault.procedure(digest)? {
        return Ok((known.envelope, Some(known.version)));
    }
    if run.offline {
        let message = format!("the procedure {digest} is not known here, and offline none is fetched");
        return Err(Failure::usage(message));
    }
    let enrolment = session.enrolment()?;
    let bundle = session.control_plane(&enrolment.url)?.bundle(digest).await?;
    let found = Digest::of(bundle.envelope.unverified_payload());
    if found != digest {
        return Err(admission::AdmissionError::Digest { wanted: digest, found }.into());
    }
    Ok((bundle.envelope, bundle.version))
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
        Ok(published) => (published.map(|published| published.to_json()), None),
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
