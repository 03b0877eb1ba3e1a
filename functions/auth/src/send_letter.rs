//! Trigger `send_letter`: what waits in the queue of letters goes out.

use domain::{Actor, Class, EventKind, auth::PasswordReset};
use ports::{Letter, QueueName};
use serde_json::{Value, json};
use store::{Change, Guard, GuardState, StoreError, TenantRecord};
use web::{Job, Problem, Trigger};

use crate::{
    AuthState, accounts, guards,
    letters::{self, Topic},
    post::{Post, reset_ticket},
    records::ResetRecord,
};

pub(crate) const TRIGGER: Trigger =
    Trigger::queue("send_letter", QueueName::Letters, &[EventKind::PasswordResetRequested]);

/// Sends a letter; or, for somebody who forgot their password, writes and sends theirs. Delivered again, it is sent again: better twice than
/// never.
pub(crate) async fn handle(state: AuthState, job: Job, text: String) -> Result<Value, Problem> {
    let sent = match state.open_post(&text).await? {
        Post::Letter { to, subject, text, html } => Some(Letter { to, subject, text, html }),
        forgotten @ Post::Forgotten { .. } => reset_letter(&state, &job, forgotten).await?,
    };
    if let Some(letter) = &sent {
        state.mail.send(letter).await.map_err(|error| {
            tracing::warn!(error = %error, "a letter was not sent and is tried again");
            Problem::new(Class::Unavailable, "dependency-unavailable", "The letter was not sent.")
        })?;
    }
    Ok(json!({"sent": sent.is_some()}))
}

/// The letter with the link; `None` when there is no such account, or it may not sign in anyway.
async fn reset_letter(
    state: &AuthState,
    job: &Job,
    forgotten: Post,
) -> Result<Option<Letter>, Problem> {
    let Post::Forgotten { email, reset, secret, leaked } = forgotten else { return Ok(None) };
    let email = domain::auth::Email::parse(&email)?;
    let Some(account) = accounts::find(state, &email).await? else { return Ok(None) };
    let guard = guards::find(&account.data, account.user).await?;
    let is_barred = |guard: Guard| matches!(guard.state, GuardState::Locked | GuardState::Disabled);
    if guard.is_none_or(is_barred) {
        return Ok(None);
    }
    let ticket = reset_ticket(account.data.tenant(), reset, secret);
    let (record, event) = PasswordReset::issue(&ticket, account.user, job.now);
    let until = record.ends_at;
    let change = Change::new(event).create(&ResetRecord(record));
    match account.data.commit(&Actor::system("send_letter"), job.now, change).await {
        Ok(_) | Err(StoreError::Exists) => {}
        Err(error) => return Err(error.into()),
    }
    let link = state.link("reset", &ticket.expose());
    let topic = if leaked {
        Topic::PasswordLeaked { link: &link, until }
    } else {
        Topic::PasswordReset { link: &link, until }
    };
    let tenant = account.data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    Ok(Some(letters::write(email.as_str(), &tenant.name, &topic)))
}
