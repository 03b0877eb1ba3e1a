//! Making leads again where they are not as the rows say.

use std::{collections::BTreeMap, ops::AddAssign};

use store::{
    Housekeeping, HousekeepingKind, Partition, StoreError,
    leads::{self, Lead},
    log,
};

use super::{WRITES_MAX, leads_to};
use crate::purged::Kept;

/// What was not as the log says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Mended {
    /// Leads that were missing.
    pub(crate) made: u64,
    /// Leads that said something else, or led to nothing.
    pub(crate) changed: u64,
}

impl AddAssign for Mended {
    fn add_assign(&mut self, other: Self) {
        self.made += other.made;
        self.changed += other.changed;
    }
}

/// Makes the leads to these rows, which follow on each other in one segment, as they must be. What was wrong.
pub(super) async fn mend(log: &Partition, rows: &[(u64, Kept)]) -> Result<Mended, StoreError> {
    let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
        return Ok(Mended::default());
    };
    let stored = leads::stored(log, &(*first..last + 1)).await?;
    let mut stored: BTreeMap<_, _> =
        stored.into_iter().map(|stored| (stored.document.id.clone(), stored)).collect();
    let (mut writes, mut mended) = (Vec::new(), Mended::default());
    for lead in leads_to(rows)? {
        match stored.remove(&store::Document::id(&lead)) {
            None => {
                mended.made += 1;
                writes.push((lead, None));
            }
            Some(found) if lead.is(&found) => {}
            Some(found) => {
                mended.changed += 1;
                writes.push((lead, Some(found.etag)));
            }
        }
    }
    // What is left belongs to no row. There is no right to remove it here; it can be made to lead nowhere.
    for (id, found) in stored {
        let nowhere = Lead::nowhere(&id, *first);
        if !nowhere.is(&found) {
            mended.changed += 1;
            writes.push((nowhere, Some(found.etag)));
        }
    }
    let place = log.in_shard(log::shard(log, *first));
    for some in writes.chunks(WRITES_MAX) {
        let keep = Housekeeping::new(HousekeepingKind::Index);
        let keep = some.iter().fold(keep, |keep, (lead, etag)| match etag {
            None => keep.create(lead),
            Some(etag) => keep.replace(lead, etag.clone()),
        });
        place.keep(keep).await?;
    }
    Ok(mended)
}
