//! Seats: a plan has so many. An invitation keeps one for its person, and whoever comes in takes one.

use domain::{EntitlementError, InvitationId, Quota};
use ports::Container;
use serde::{Deserialize, Serialize};
use store::{Change, Document, Found, ListOf, Partition, TenantRecord};
use web::{Caller, Problem, not_entitled};

use super::open;
use crate::records::UserRecord;

/// People counted in one read.
const PAGE: usize = 200;

/// Refuses one more open invitation: with the users they may not be more than the plan has seats for. One that is `sent_again` is not counted beside
/// itself.
///
/// # Errors
/// * `entitlement-required`.
pub(super) async fn require_one_more(
    caller: &Caller,
    sent_again: Option<InvitationId>,
) -> Result<(), Problem> {
    let entitlements = caller.tenant.entitlements();
    if entitlements.quota(Quota::Seats).is_none() {
        return Ok(());
    }
    let open = open(&caller.data, caller.now).await?;
    let others = open.iter().filter(|invitation| Some(invitation.invitation) != sent_again).count();
    let used = people(&caller.data).await?.saturating_add(others);
    refused(entitlements.require_one_more(Quota::Seats, used))
}

fn refused(found: Result<(), EntitlementError>) -> Result<(), Problem> {
    found.map_err(|error| not_entitled(&error))
}

/// How many came in where seats are counted: raised by each, so that of two who take the last seat at once one looks again, and finds none.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seats {
    taken: u64,
}

impl Seats {
    const ID: &'static str = "seats";
}

impl Document for Seats {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "seats";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// A seat for somebody who comes in, free when it was looked for.
pub(crate) enum Seat {
    /// The plan does not count them.
    Uncounted,
    /// Free as long as nobody else replaces this.
    Free(Option<Found<Seats>>),
}

impl Seat {
    /// Looks for a seat among those who came in already; open invitations keep nobody out who has one.
    ///
    /// # Errors
    /// * `entitlement-required`.
    pub(crate) async fn find(data: &Partition) -> Result<Self, Problem> {
        let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
        let entitlements = tenant.entitlements();
        if entitlements.quota(Quota::Seats).is_none() {
            return Ok(Self::Uncounted);
        }
        // Before people are counted: whoever comes in meanwhile replaces it.
        let before = data.find::<Seats>(Seats::ID).await?;
        refused(entitlements.require_one_more(Quota::Seats, people(data).await?))?;
        Ok(Self::Free(before))
    }

    /// `change`, by which somebody takes the seat: refused as a conflict when somebody else took one meanwhile.
    pub(crate) fn taken_by(self, change: Change) -> Change {
        match self {
            Self::Uncounted => change,
            Self::Free(None) => change.create(&Seats { taken: 1 }),
            Self::Free(Some(Found { document, etag })) => {
                change.replace(&Seats { taken: document.taken.saturating_add(1) }, etag)
            }
        }
    }
}

/// The tenant's people, from where they come in with the same write as the seat is taken.
async fn people(data: &Partition) -> Result<usize, Problem> {
    let (mut count, mut after) = (0_usize, None);
    loop {
        let of = ListOf { after, limit: PAGE, ..ListOf::default() };
        let page = data.list::<UserRecord>(of).await?;
        count = count.saturating_add(page.documents.len());
        after = page.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}
