//! `serve`: publish, obey commands and answer drill-downs.

use std::time::{Duration, Instant};

use protocol::{keyset::ControlPlaneKeys, routes::WaitingCommand};
use serde_json::json;

use super::{Bench, publish::door, session::Session, witness};
use crate::{
    args::Serve,
    control_plane::{ControlPlane, Door},
    exit::{Exit, Failure},
    moment::Moment,
    obedience::{Obedience, ObedienceError},
    progress::Progress,
    report::Report,
    witness::Outcome,
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
    alarm: Option<String>,
    failures: Vec<Failure>,
}

impl Round {
    /// What a part of the round did. One that fails keeps no other from its work.
    fn take<T: Default>(&mut self, part: Result<T, Failure>) -> T {
        part.unwrap_or_else(|failure| {
            self.failures.push(failure);
            T::default()
        })
    }
}

/// The control plane's keys, and when they were asked for.
type Known = Option<(ControlPlaneKeys, Instant)>;

pub(super) async fn serve(serve: &Serve, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let control_plane = session.control_plane(&session.enrolment()?.url)?;
    let (mut total, mut known): (Round, Known) = (Round::default(), None);
    let mut watch = Watch { every: Duration::from_secs(serve.witness_every), looked: None };
    loop {
        let done = round(&session, &control_plane, serve, bench, &mut known, &mut watch).await;
        let mut done =
            done.unwrap_or_else(|failure| Round { failures: vec![failure], ..Round::default() });
        for failure in &done.failures {
            // Whoever watches the terminal may help; the next round may do without.
            writeln!(bench.err, "{} ({})", failure.message, failure.code).unwrap_or_default();
            known = None;
            done.pause = PAUSE_AFTER_FAILURE;
        }
        let mut failures = done.failures.into_iter();
        if let Some(failure) = failures.find(|failure| serve.once || failure.is_usage()) {
            return Err(failure);
        }
        total.commands += done.commands;
        total.receipted += done.receipted;
        total.alarm = done.alarm.or(total.alarm);
        if serve.once || is_interrupted(done.pause).await {
            return Ok(report(&total));
        }
    }
}

/// When the audit log was looked at, and how often that is done.
struct Watch {
    every: Duration,
    looked: Option<Instant>,
}

impl Watch {
    /// Whether it is time to look.
    fn is_due(&self) -> bool {
        !self.every.is_zero() && self.looked.is_none_or(|looked| looked.elapsed() >= self.every)
    }
}

/// Looks at the audit log. An alarm is said each time and stops nothing else: what was collected must still arrive.
async fn watch_log(
    session: &Session,
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
    bench: &mut Bench<'_>,
    watch: &mut Watch,
) -> Option<String> {
    if !watch.is_due() {
        return None;
    }
    let looked = witness::look(session, control_plane, keys).await;
    watch.looked = Some(Instant::now());
    let (said, alarm) = match looked {
        Ok(Outcome::Sound { overdue: 0, .. } | Outcome::NothingSigned) => return None,
        Ok(Outcome::Sound { overdue, .. }) => (
            format!("{overdue} promised rows are overdue: the audit log does not show them yet"),
            None,
        ),
        Ok(Outcome::Alarmed(alarm)) => (alarm.line(), Some(alarm.line())),
        Err(failure) => (
            format!("the audit log was not witnessed: {} ({})", failure.message, failure.code),
            None,
        ),
    };
    writeln!(bench.err, "{said}").unwrap_or_default();
    alarm
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
    watch: &mut Watch,
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
    done.receipted += done.take(send(control_plane, door.as_ref(), keys, patience).await);
    done.take(deliver(session, control_plane).await);
    done.alarm = watch_log(session, control_plane, keys, bench, watch).await;
    let obeyed = obey(session, control_plane, keys, serve, bench, &mut done.pause).await;
    done.commands = done.take(obeyed);
    done.take(deliver(session, control_plane).await);
    if done.commands > 0 {
        done.receipted += done.take(send(control_plane, door.as_ref(), keys, patience).await);
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

/// Delivers the results that were not delivered yet. One that is refused keeps no later one from its way.
async fn deliver(session: &Session, control_plane: &ControlPlane<'_>) -> Result<(), Failure> {
    let mut delivered = Ok(());
    for (command, result) in session.vault.undelivered()? {
        match control_plane.deliver_result(command, &result).await {
            Err(error) if error.may_pass() => return Err(error.into()),
            other => delivered = delivered.and(other),
        }
    }
    Ok(delivered?)
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
    if answer.commands.is_empty() {
        return Ok(0);
    }
    // Whoever has the turn answers; a second answer to one command could only be a wrong one.
    let Some(_turn) = session.home.take_turn()? else { return Ok(0) };
    obey_all(session, control_plane, keys, serve, bench, &answer.commands).await?;
    Ok(answer.commands.len())
}

async fn obey_all(
    session: &Session,
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
    serve: &Serve,
    bench: &mut Bench<'_>,
    commands: &[WaitingCommand],
) -> Result<(), Failure> {
    let program = session.program()?;
    let mut delivered = Ok(());
    for waiting in commands {
        let moment = moment(session, bench)?;
        let site = session.site();
        let key = &session.key;
        let obedience = Obedience { site, key, keys, control_plane, program: &program, moment };
        let mut progress = Progress::new(serve.progress, &mut *bench.err);
        let result = obedience
            .obey(waiting.id, &waiting.envelope, &mut progress)
            .await
            .map_err(failure_of)?;
        delivered = delivered.and(control_plane.deliver_result(waiting.id, &result).await);
    }
    Ok(delivered?)
}

/// The time at which a command is judged; it is said when the control plane has quite another.
fn moment(session: &Session, bench: &mut Bench<'_>) -> Result<Moment, Failure> {
    let moment = session.vault.moment(session.now())?;
    if moment.is_off {
        let line = "the control plane's clock is minutes off this machine's: whether a command still counts is judged by this machine's; see 'status' and set the clock that is wrong";
        writeln!(bench.err, "{line}").unwrap_or_default();
    }
    Ok(moment)
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
    let Round { commands, receipted, alarm, .. } = total;
    let mut lines = vec![format!("{commands} commands answered, {receipted} statements receipted")];
    lines.extend(alarm.clone());
    let exit = if alarm.is_some() { Exit::Fail } else { Exit::Pass };
    let json = json!({ "commands": commands, "receipted": receipted, "alarm": alarm });
    Report { exit, lines, json }
}
