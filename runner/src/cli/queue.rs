//! `queue`: statements and what became of them.

use serde_json::{Value, json};

use super::{
    Bench,
    publish::{publish_through, report},
    session::Session,
};
use crate::{
    args::Queue,
    exit::Failure,
    report::Report,
    vault::{QueuedStatement, StatementState},
};

const ALL: [StatementState; 5] = [
    StatementState::Local,
    StatementState::Queued,
    StatementState::Sent,
    StatementState::Receipted,
    StatementState::Rejected,
];

pub(super) async fn queue(queue: &Queue, bench: &Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    match queue {
        Queue::Ls => {
            let statements = session.vault.statements(session.identity.runner, &ALL, usize::MAX)?;
            let lines = statements.iter().map(line).collect();
            let json = statements.iter().map(describe).collect::<Vec<_>>();
            Ok(Report::done(lines, json!({ "statements": json })))
        }
        Queue::Flush(publish) => {
            session.vault.requeue_sent(session.identity.runner)?;
            Ok(report(publish_through(&session, publish.door, &publish.patience).await?))
        }
    }
}

fn line(statement: &QueuedStatement) -> String {
    let QueuedStatement { sequence, run, recorded_at, state, code, .. } = statement;
    let code = code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{sequence:>8}  {}{code}  {recorded_at}  {run}", state.name())
}

fn describe(statement: &QueuedStatement) -> Value {
    let QueuedStatement { sequence, run, recorded_at, state, code, receipt, .. } = statement;
    json!({
        "sequence": sequence, "run": run, "recorded_at": recorded_at, "state": state.name(), "code": code,
        "receipt": receipt,
    })
}
