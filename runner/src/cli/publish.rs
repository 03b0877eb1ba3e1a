//! `publish`: send what waits.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Bench, session::Session};
use crate::{
    args::{DoorChoice, Patience, Publish},
    control_plane::{Door, Published},
    enrolment::Enrolment,
    exit::{Exit, Failure},
    report::Report,
};

/// What became of the queue, and which way it went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome(pub(super) Published);

impl Outcome {
    pub(super) fn to_json(self) -> Value {
        let Published { receipted, waiting, rejected } = self.0;
        json!({ "receipted": receipted, "waiting": waiting, "rejected": rejected })
    }
}

pub(super) async fn publish(publish: &Publish, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let outcome = publish_through(&session, publish.door, &publish.patience).await?;
    Ok(report(outcome))
}

pub(super) fn report(outcome: Outcome) -> Report {
    let Published { receipted, waiting, rejected } = outcome.0;
    let exit = match (rejected, waiting) {
        (0, 0) => Exit::Pass,
        (0, _) => Exit::Inconclusive,
        _ => Exit::Refused,
    };
    let lines = vec![format!("{receipted} receipted, {waiting} waiting, {rejected} rejected")];
    Report { exit, lines, json: outcome.to_json() }
}

pub(super) async fn publish_through(
    session: &Session,
    choice: DoorChoice,
    patience: &Patience,
) -> Result<Outcome, Failure> {
    let mut enrolment = session.enrolment()?;
    let Some(door) = door(choice, patience, &enrolment)? else {
        return Ok(Outcome(Published::default()));
    };
    let control_plane = session.control_plane(&enrolment.url)?;
    let (keys, _) = session.refresh_active(&control_plane, &mut enrolment).await?;
    let wait = Duration::from_secs(patience.wait);
    Ok(Outcome(control_plane.publish(&door, &keys, wait).await?))
}

/// The door that was chosen; none for `none`.
pub(super) fn door(
    choice: DoorChoice,
    patience: &Patience,
    enrolment: &Enrolment,
) -> Result<Option<Door>, Failure> {
    match choice {
        DoorChoice::None => Ok(None),
        DoorChoice::Https => Ok(Some(Door::Https)),
        DoorChoice::Eventgrid => {
            let topic = patience.topic.clone().or_else(|| enrolment.topic.clone());
            let missing = || Failure::usage("give the topic's address with --topic");
            Ok(Some(Door::EventGrid(topic.ok_or_else(missing)?)))
        }
    }
}
