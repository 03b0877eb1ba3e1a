//! Who is shown personal details, and until when: a file that shows them is withdrawn once somebody was erased after it was made.

use domain::{Class, Permission};
use store::{
    Found, Guard, Housekeeping, HousekeepingKind, Partition, StoreError, retention::LastErasure,
};
use web::{Caller, Problem};

use crate::{State, export::ExportRecord};

/// How often it is noted that somebody is erased, while others note the same.
const ATTEMPTS_MAX: usize = 4;

/// Whoever looks after personal data may see it; the right to export is not enough.
pub(crate) async fn require_right(caller: &Caller) -> Result<(), Problem> {
    let guard = caller.data.get::<Guard>(&caller.user.to_string()).await?.document;
    if guard.grants(Permission::ErasureExecute) {
        return Ok(());
    }
    let detail = "Personal details are shown to whoever may erase them. Export without \"details\", or ask a data protection officer.";
    Err(Problem::new(Class::Forbidden, "forbidden", detail))
}

/// Refuses a file that shows details to whoever may not see them, and to everybody once somebody was erased: nobody knows whose details it shows.
pub(crate) async fn require_shown(caller: &Caller, record: &ExportRecord) -> Result<(), Problem> {
    if !record.details {
        return Ok(());
    }
    require_right(caller).await?;
    match LastErasure::of(&caller.data).await? {
        Some(at) if record.created_at <= at => {
            let detail = "The file showed personal details, and some of the tenant's were erased since: it is removed. Export again.";
            Err(Problem::new(Class::NotFound, "export-withdrawn", detail))
        }
        Some(_) | None => Ok(()),
    }
}

/// Withdraws every file of the tenant that shows details and was asked for until now. `purge` removes them.
pub(crate) async fn withdraw(state: &State, data: &Partition) -> Result<(), StoreError> {
    let record = LastErasure { at: state.ports.clock.now() };
    for _ in 0..ATTEMPTS_MAX {
        let keep = Housekeeping::new(HousekeepingKind::Follower);
        let keep = match data.find::<LastErasure>(LastErasure::ID).await? {
            None => keep.create(&record),
            Some(Found { document, .. }) if record.at <= document.at => return Ok(()),
            Some(Found { etag, .. }) => keep.replace(&record, etag),
        };
        match data.keep(keep).await {
            Err(StoreError::Exists | StoreError::Conflict) => {}
            other => return other,
        }
    }
    Err(StoreError::Conflict)
}
