//! Whoever shows the password of an account whose second factor was never set up gets no further with it: a letter goes to the account's address,
//! with a link that does (threat T14).

use domain::{
    Actor,
    auth::{Email, LoginError, Recovery, Ticket},
    kind,
};
use store::{Change, TenantRecord};
use web::{Problem, Visitor};

use crate::{
    AuthState,
    accounts::Account,
    guards,
    letters::{self, Topic},
    records::RecoveryRecord,
};

/// The refusal, once the letter is posted. Whoever tries too often gets the same, and no letter.
pub(crate) async fn refuse(
    state: &AuthState,
    account: &Account,
    email: &str,
    visitor: Visitor,
) -> Problem {
    match post(state, account, email, visitor).await {
        Ok(()) => LoginError::EnrolmentUnfinished.into(),
        Err(problem) => problem,
    }
}

async fn post(
    state: &AuthState,
    account: &Account,
    email: &str,
    visitor: Visitor,
) -> Result<(), Problem> {
    let (data, now, email) = (&account.data, visitor.now, Email::parse(email)?);
    guards::of(data, account.user).await?;
    if !state.limit_letters(visitor.address, &email, now).await? {
        return Ok(());
    }
    let ticket = Ticket::<kind::Recovery>::new(data.tenant(), state.id(now), state.random());
    let (recovery, event) = Recovery::offer(&ticket, account.user, now);
    let until = recovery.ends_at;
    let change = Change::new(event).create(&RecoveryRecord(recovery));
    data.commit(&Actor::user(account.user), now, change).await?;
    let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    let link = state.link("recovery", &ticket.expose());
    let topic = Topic::EnrolmentUnfinished { link: &link, until };
    state.post(&letters::write(email.as_str(), &tenant.name, &topic).into()).await
}
