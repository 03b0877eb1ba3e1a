//! `serve`: publish, obey commands and answer drill-downs.

use std::time::{Duration, Instant};

use protocol::keyset::ControlPlaneKeys;
use serde_json::json;

use super::{Bench, publish::door, session::Session};
use crate::{
    args::Serve,
    control_plane::{ControlPlane, Door},
    exit::{Exit, Failure},
    obedience::{Obedience, ObedienceError},
    progress::Progress,
    report::Report,
};

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(5);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(15);

/// How long the control plane's keys, and that this Runner counts, are taken as they were.
const REFRESH_AFTER: Duration = Duration::from_mins(5);

/// What one round did.
#[derive(Debug, Default)]
struct Round {
    commands: usize,
    receipted: usize,
    pause: Duration,
}

/// The control plane's keys, and when they were asked for.
type Known = Option<(ControlPlaneKeys, Instant)>;

pub(super) async fn serve(serve: &Serve, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let control_plane = session.control_plane(&session.enrolment()?.url)?;
    let (mut total, mut known): (Round, Known) = (Round::default(), None);
    loop {
        let pause = match round(&session, &control_plane, serve, bench, &mut known).await {
            Ok(done) => {
                total.commands += done.commands;
                total.receipted += done.receipted;
                done.pause
            }
            Err(failure) if serve.once || failure.exit == Exit::Usage => return Err(failure),
            Err(failure) => {
                // Whoever watches the terminal may help; the next round may do without.
                writeln!(bench.err, "{} ({})", failure.message, failure.code).unwrap_or_default();
                known = None;
                PAUSE_AFTER_FAILURE
            }
        };
        if serve.once || is_interrupted(pause).await {
            return Ok(report(&total));
        }
    }
}

async fn is_interrupted(pause: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => false,
        _ = tokio::signal::ctrl_c() => true,
    }
}

async fn round(
    session: &Session,
    control_plane: &ControlPlane<'_>,
    serve: &Serve,
    bench: &mut Bench<'_>,
    known: &mut Known,
) -> Result<Round, Failure> {
    let mut enrolment = session.enrolment()?;
    let fresh = known.take().filter(|(_, asked)| asked.elapsed() < REFRESH_AFTER);
    let keys = if let Some(fresh) = fresh {
        fresh
    } else {
        let (keys, _) = session.refresh_active(control_plane, &mut enrolment).await?;
        (keys, Instant::now())
    };
    let keys = &known.insert(keys).0;
    let door = door(serve.door, &serve.patience, &enrolment)?;
    let patience = Duration::from_secs(serve.patience.wait);
    let mut done = Round::default();
    done.receipted += send(control_plane, door.as_ref(), keys, patience).await?;
    deliver(session, control_plane).await?;
    done.commands = obey(session, control_plane, keys, serve, bench, &mut done.pause).await?;
    deliver(session, control_plane).await?;
    if done.commands > 0 {
        done.receipted += send(control_plane, door.as_ref(), keys, patience).await?;
    }
    Ok(done)
}

async fn send(
    control_plane: &ControlPlane<'_>,
    door: Option<&Door>,
    keys: &ControlPlaneKeys,
    patience: Duration,
) -> Result<usize, Failure> {
    match door {
        Some(door) => Ok(control_plane.publish(door, keys, patience).await?.receipted),
        None => Ok(0),
    }
}

/// Delivers the results that were not delivered yet.
async fn deliver(session: &Session, control_plane: &ControlPlane<'_>) -> Result<(), Failure> {
    for (command, result) in session.vault.undelivered()? {
        control_plane.deliver_result(command, &result).await?;
    }
    Ok(())
}

async fn obey(
    session: &Session,
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
    serve: &Serve,
    bench: &mut Bench<'_>,
    pause: &mut Duration,
) -> Result<usize, Failure> {
    let answer = control_plane.commands(serve.long_poll).await?;
    *pause = Duration::from_secs(u64::from(answer.poll_after_s)).clamp(PAUSE_MIN, PAUSE_MAX);
    let program = session.program()?;
    for waiting in &answer.commands {
        let obedience = Obedience {
            site: session.site(),
            key: &session.key,
            keys,
            control_plane,
            program: &program,
            now: control_plane.server_time()?,
        };
        let mut progress = Progress::new(serve.progress, &mut *bench.err);
        let result = obedience
            .obey(waiting.id, &waiting.envelope, &mut progress)
            .await
            .map_err(failure_of)?;
        control_plane.deliver_result(waiting.id, &result).await?;
    }
    Ok(answer.commands.len())
}

fn failure_of(error: ObedienceError) -> Failure {
    match error {
        ObedienceError::Vault(error) => error.into(),
        ObedienceError::Sign(error) => {
            Failure { exit: Exit::Error, code: "internal", message: error.to_string() }
        }
    }
}

fn report(total: &Round) -> Report {
    let Round { commands, receipted, .. } = total;
    let lines = vec![format!("{commands} commands answered, {receipted} statements receipted")];
    Report::done(lines, json!({ "commands": commands, "receipted": receipted }))
}
