//! `witness`: look at the audit log, and what was found wrong with it.

use protocol::keyset::ControlPlaneKeys;
use serde_json::{Value, json};

use super::{Bench, session::Session};
use crate::{
    args::WitnessCommand,
    control_plane::ControlPlane,
    exit::{Exit, Failure},
    report::Report,
    witness::{Alarm, Cleared, Outcome, Round, WitnessError},
};

pub(super) const UNCERTIFIED: &str = "the customer has not certified this Runner's witness key: let the authority 'certify' it, and 'enrol' anew";
/// The longest reason for clearing an alarm, in characters.
const REASON_MAX: usize = 1_000;

pub(super) async fn witness(
    command: Option<WitnessCommand>,
    bench: &Bench<'_>,
) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    match command {
        None => {
            let mut enrolment = session.enrolment()?;
            let control_plane = session.control_plane(&enrolment.url)?;
            let (keys, _) = session.refresh_active(&control_plane, &mut enrolment).await?;
            Ok(report(&look(&session, &control_plane, &keys).await?))
        }
        Some(WitnessCommand::Show) => show(&session),
        Some(WitnessCommand::Clear { reason, start_over }) => clear(&session, reason, start_over),
    }
}

/// Looks once. A head that no known key signed is no alarm before the control plane's keys were asked for again: the logs' own may have changed.
pub(super) async fn look(
    session: &Session,
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
) -> Result<Outcome, Failure> {
    let certified = session.certified()?;
    let round = Round {
        home: &session.home,
        vault: &session.vault,
        control_plane,
        keys,
        is_asked_again: false,
        identity: &session.identity,
        key: &session.key,
        certified: certified.as_ref(),
    };
    match round.look().await {
        Err(WitnessError::Unlisted(_)) => {
            let mut enrolment = session.enrolment()?;
            let (keys, _) = session.refresh_active(control_plane, &mut enrolment).await?;
            Ok(Round { keys: &keys, is_asked_again: true, ..round }.look().await?)
        }
        looked => Ok(looked?),
    }
}

fn report(outcome: &Outcome) -> Report {
    match outcome {
        Outcome::NothingSigned => {
            let line = "There is no log yet: nothing was signed.".to_owned();
            let json = json!({ "state": "nothing_signed" });
            Report { exit: Exit::Inconclusive, lines: vec![line], json }
        }
        Outcome::Alarmed(alarm) => {
            let json = json!({ "state": "alarm", "alarm": about(alarm) });
            Report { exit: Exit::Fail, lines: alarm_lines(alarm), json }
        }
        Outcome::Sound { seen, is_cosigned, proved, overdue } => {
            let is_witnessed = seen.delivered.is_some() || *is_cosigned;
            let (exit, state, said) = match (is_witnessed, overdue) {
                (true, 0) => (Exit::Pass, "witnessed", "is witnessed"),
                (true, _) => (Exit::Inconclusive, "witnessed", "is witnessed, and owes rows"),
                (false, _) => (Exit::Inconclusive, "seen", "was seen and not cosigned"),
            };
            let mut lines = vec![
                format!("{} {said}: {} rows, root {}", seen.origin, seen.size, seen.root),
                format!("Watched since {}, when it had {} rows.", seen.first.at, seen.first.size),
                format!("{proved} promised rows were shown, {overdue} are overdue."),
            ];
            if !is_witnessed {
                lines.push(format!("Not cosigned: {UNCERTIFIED}."));
            }
            let json = json!({
                "state": state, "origin": seen.origin, "size": seen.size, "root": seen.root, "first": seen.first,
                "cosigned": is_cosigned, "proved": proved, "overdue": overdue,
            });
            Report { exit, lines, json }
        }
    }
}

fn show(session: &Session) -> Result<Report, Failure> {
    let key = session.certified()?.map(|certified| certified.public().to_string());
    let (lines, json) = standing(session)?;
    let shown = key.clone().unwrap_or_else(|| format!("none that counts: {UNCERTIFIED}"));
    let lines = [format!("Witness key:  {shown}")].into_iter().chain(lines).collect();
    Ok(Report::done(lines, json!({ "key": key, "witness": json })))
}

/// What the witness saw last and what stands against the log, for `witness show` and `status`.
pub(super) fn standing(session: &Session) -> Result<(Vec<String>, Value), Failure> {
    let seen = session.vault.seen()?;
    let alarm = session.vault.standing_alarm()?;
    let mut lines = vec![seen.as_ref().map_or_else(
        || "Audit log:    not looked at yet".to_owned(),
        |seen| {
            let cosigned =
                seen.delivered.map_or("not cosigned".to_owned(), |at| format!("cosigned {at}"));
            format!(
                "Audit log:    {} rows seen {}, {cosigned}; watched since {} ({} rows)",
                seen.size, seen.at, seen.first.at, seen.first.size
            )
        },
    )];
    let owed = session.vault.owed(session.identity.runner)?;
    lines.push(format!("Rows owed:    {owed} were promised and not shown yet"));
    lines.extend(alarm.iter().flat_map(alarm_lines));
    let seen = seen.map(|seen| {
        json!({
            "origin": seen.origin, "size": seen.size, "root": seen.root, "at": seen.at, "first": seen.first,
            "cosigned_at": seen.delivered,
        })
    });
    Ok((lines, json!({ "seen": seen, "owed": owed, "alarm": alarm.as_ref().map(about) })))
}

fn alarm_lines(alarm: &Alarm) -> Vec<String> {
    vec![
        alarm.line(),
        format!(
            "Evidence: alarms/{}; both heads are in it. Ask the operator, and keep the file.",
            alarm.file()
        ),
        "Nothing more is cosigned until somebody here has looked: 'witness clear --reason …'."
            .to_owned(),
    ]
}

fn about(alarm: &Alarm) -> Value {
    json!({
        "id": alarm.id, "kind": alarm.evidence.kind, "what": alarm.evidence.what, "at": alarm.at,
        "evidence": format!("alarms/{}", alarm.file()),
    })
}

fn clear(session: &Session, reason: String, starts_over: bool) -> Result<Report, Failure> {
    let length = reason.trim().chars().count();
    if !(1..=REASON_MAX).contains(&length) {
        return Err(Failure::usage(format!("say why, in 1 to {REASON_MAX} characters")));
    }
    let cleared = Cleared { reason, at: session.now(), starts_over };
    let count = session.vault.clear_alarms(&cleared)?;
    if count == 0 && !starts_over {
        return Err(Failure::usage("no alarm stands: there is nothing to clear"));
    }
    let then = if starts_over {
        "What was witnessed is given up; the next look is the first."
    } else {
        "The next look goes on from what was witnessed before the alarm."
    };
    let lines = vec![format!("{count} alarms are cleared. {then}")];
    Ok(Report::done(lines, json!({ "cleared": count, "started_over": starts_over })))
}
