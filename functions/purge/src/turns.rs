//! Whose turn it is: a sweep that does not come to the end of the tenants goes on behind the one that it began with last.

use std::{
    collections::BTreeSet,
    ops::Bound::{Excluded, Unbounded},
};

use domain::TenantId;
use ports::Container;
use serde::{Deserialize, Serialize};
use store::{Document, Found, Housekeeping, HousekeepingKind, Partition, StoreError};

const ID: &str = "turn";

/// The tenant with which a sweep began last. It is kept before its turn, so that one whose work kills the sweep does not have every turn.
#[derive(Debug, Deserialize, Serialize)]
struct Turn {
    tenant: TenantId,
}

impl Document for Turn {
    const CONTAINER: Container = Container::Purges;
    const KIND: &'static str = "turn";

    fn id(&self) -> String {
        ID.to_owned()
    }
}

/// The tenant with which a sweep began last.
pub(crate) async fn last(system: &Partition) -> Result<Option<TenantId>, StoreError> {
    Ok(system.find::<Turn>(ID).await?.map(|found| found.document.tenant))
}

/// All of them, first those that come after the last one.
pub(crate) fn in_turn(tenants: BTreeSet<TenantId>, last: Option<TenantId>) -> Vec<TenantId> {
    let Some(last) = last else { return tenants.into_iter().collect() };
    let after = tenants.range((Excluded(last), Unbounded));
    after.chain(tenants.range(..=last)).copied().collect()
}

/// Keeps that the turn of `tenant` begins.
pub(crate) async fn begin(system: &Partition, tenant: TenantId) -> Result<(), StoreError> {
    let keep = Housekeeping::new(HousekeepingKind::Cursor);
    let keep = match system.find::<Turn>(ID).await? {
        None => keep.create(&Turn { tenant }),
        Some(Found { etag, .. }) => keep.replace(&Turn { tenant }, etag),
    };
    match system.keep(keep).await {
        // Another sweep goes round as well.
        Ok(()) | Err(StoreError::Exists | StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_after_the_last_one_is_first() {
        let all: BTreeSet<_> = [1, 3, 5].map(TenantId::from_u128).into();
        let turns = |last: Option<u128>| {
            let turns = in_turn(all.clone(), last.map(TenantId::from_u128));
            turns.into_iter().map(|tenant| all.iter().position(|one| *one == tenant).unwrap())
        };
        let cases =
            [(None, [0, 1, 2]), (Some(1), [1, 2, 0]), (Some(4), [2, 0, 1]), (Some(5), [0, 1, 2])];
        for (last, expected) in cases {
            assert!(turns(last).eq(expected), "{last:?}");
        }
    }
}
