//! What the log says and no record that is there shows: users and tenants whose record is gone, and sessions that were ended and live on.

use domain::{Timestamp, auth::Session};
use store::{Document, Guard, Partition, StoreError, TenantRecord};

use super::{Verdict, told::Told};

/// What looking for them gave.
pub(super) async fn verdicts(
    data: &Partition,
    told: &Told,
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let mut verdicts = Vec::new();
    let mut note = |id: &str, why: Option<&'static str>| {
        verdicts.extend(why.map(|why| Verdict::of(id, why, [told.changed_at(id), None], now)));
    };
    for user in told.users() {
        note(user, is_gone::<Guard>(data, user).await?.then_some("removed"));
    }
    if told.knows_tenant() {
        let is_gone = is_gone::<TenantRecord>(data, TenantRecord::ID).await?;
        note(TenantRecord::ID, is_gone.then_some("removed"));
    }
    // One that was ended earlier is over by now, whatever is stored of it.
    for session in told.ended_since(now.minus(Session::LIFETIME)) {
        note(session, of_ended(data, session, now).await?);
    }
    Ok(verdicts)
}

/// Whether a record that nothing of ours removes is not there.
async fn is_gone<T: Document>(data: &Partition, id: &str) -> Result<bool, StoreError> {
    match data.find::<T>(id).await {
        Ok(found) => Ok(found.is_none()),
        // It is there, and was compared.
        Err(StoreError::Forged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is wrong with a session that somebody ended; one that is gone signs nobody in.
async fn of_ended(
    data: &Partition,
    session: &str,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    match data.find::<Session>(session).await {
        Ok(None) => Ok(None),
        Ok(Some(found)) => {
            let lives_on = found.document.revoked_at.is_none() && now < found.document.ends_at;
            Ok(lives_on.then_some("session"))
        }
        Err(StoreError::Forged(_)) => Ok(Some("refused")),
        Err(error) => Err(error),
    }
}
