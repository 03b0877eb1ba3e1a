//! What there is to seal: a page of intents whose signatures hold, and how far that is.

use chain::{
    commit::{Cursors, Head, ROWS_MAX},
    intent::{SignedIntent, VerifiedIntent},
};
use domain::Timestamp;
use ports::{Changes, Container, Cursor, KeyPurpose, Stored};
use serde::Deserialize;
use store::{Partition, RUN_SHARDS, run_shard};

use super::{SealingError, own_rows};
use crate::{State, details};

/// A page of intents.
pub(crate) struct Intake {
    /// At most a commit's worth.
    pub(crate) page: Vec<VerifiedIntent>,
    /// Where every source stands after it.
    pub(crate) cursors: Cursors,
    /// Whether every source was read to its end: only then is missing what none of them gave.
    pub(crate) is_all: bool,
}

/// A container, its shard, and whose key signs there.
type Source = (Container, String, KeyPurpose);

/// Where a tenant's intents are, and whose key signs there.
fn sources() -> impl Iterator<Item = Source> {
    let fixed = [
        (Container::Access, "0", KeyPurpose::AuthIntent),
        (Container::Access, "h", KeyPurpose::AuthIntent),
        (Container::Auth, "0", KeyPurpose::AuthIntent),
        (Container::Runs, "0", KeyPurpose::RunsIntent),
        (Container::Audit, "0", KeyPurpose::AuditIntent),
        (Container::Disclosures, "0", KeyPurpose::AuditIntent),
        (Container::Purges, "0", KeyPurpose::PurgeIntent),
    ];
    let fixed =
        fixed.into_iter().map(|(container, shard, purpose)| (container, shard.to_owned(), purpose));
    fixed.chain(
        (0..RUN_SHARDS).map(|number| (Container::Runs, run_shard(number), KeyPurpose::RunsIntent)),
    )
}

impl Intake {
    /// Reads from `cursors` on, until a commit is full or every source is at its end; of all sources what happened first.
    ///
    /// An instance writes to many sources. Were one of them read before the others, its numbers would be sealed with a hole for each intent
    /// in the others, every commit would carry all the holes, and a long enough backlog could never be sealed.
    pub(crate) async fn read(
        state: &State,
        partition: &Partition,
        head: &Head,
        cursors: Cursors,
    ) -> Result<Self, SealingError> {
        // The first row of a log, and rows about what is missing, must fit as well.
        let room = ROWS_MAX - 1 - head.instances.gaps().len().min(ROWS_MAX / 2);
        let mut ahead = Vec::new();
        for source in sources() {
            ahead.push(Ahead::look(partition, source, &cursors, room).await?);
        }
        let shares =
            oldest(&ahead.iter().map(|ahead| ahead.times.as_slice()).collect::<Vec<_>>(), room);
        let mut intake = Self { page: Vec::new(), cursors, is_all: true };
        for (ahead, share) in ahead.into_iter().zip(shares) {
            intake.is_all &= share == ahead.changes.documents.len() && !ahead.changes.more;
            intake.take(state, partition, ahead, share).await?;
        }
        Ok(intake)
    }

    /// Takes the first `count` documents of a source, and notes where it stands after them.
    async fn take(
        &mut self,
        state: &State,
        partition: &Partition,
        ahead: Ahead,
        count: usize,
    ) -> Result<(), SealingError> {
        let Ahead { source, name, from, changes, .. } = ahead;
        let (container, shard, purpose) = source;
        let changes = match count {
            all if all == changes.documents.len() => changes,
            // Not taken at all: what was passed over on the way there holds no intent.
            0 => Changes {
                documents: Vec::new(),
                cursor: from.unwrap_or(Cursor(String::new())),
                more: true,
            },
            // Only a page says where the source stands after it; so it is this page's documents that count.
            some => partition.changes(container, &shard, from.as_ref(), some).await?,
        };
        for stored in &changes.documents {
            self.page.extend(admit(state, partition, stored, purpose).await?);
        }
        if !changes.cursor.0.is_empty() {
            self.cursors.insert(name, changes.cursor.0);
        }
        Ok(())
    }
}

/// What a source holds next.
struct Ahead {
    source: Source,
    /// Its name among the cursors.
    name: String,
    /// Where `changes` begin.
    from: Option<Cursor>,
    changes: Changes,
    /// For each document: when what it carries happened, and not before those that stand before it; and whether it carries anything.
    times: Vec<(String, bool)>,
}

impl Ahead {
    /// Looks at up to `room` documents, the first that carry an intent among them.
    async fn look(
        partition: &Partition,
        source: Source,
        cursors: &Cursors,
        room: usize,
    ) -> Result<Self, SealingError> {
        let (container, shard, _) = &source;
        let name = format!("{}/{shard}", container.name());
        let mut from = cursors.get(&name).cloned().map(Cursor);
        loop {
            let changes = partition.changes(*container, shard, from.as_ref(), room).await?;
            let times = times(&changes.documents);
            if !changes.more || times.iter().any(|(_, carries)| *carries) {
                return Ok(Self { source, name, from, changes, times });
            }
            from = Some(changes.cursor);
        }
    }
}

/// When each document's event happened, as it says itself; one that says nothing stands where it stands.
fn times(documents: &[Stored]) -> Vec<(String, bool)> {
    let mut last = String::new();
    let time = |stored: &Stored| {
        let carried = serde_json::from_str::<MayCarry>(&stored.document.body).ok();
        let signed = carried.and_then(|carried| carried.intent);
        let at =
            signed.as_ref().and_then(|signed| serde_json::from_str::<Timed>(&signed.intent).ok());
        last = at.map_or_else(|| last.clone(), |timed| timed.at.max(last.clone()));
        (last.clone(), signed.is_some())
    };
    documents.iter().map(time).collect()
}

/// How many documents to take of each source, so that the `room` oldest that carry something are taken, each source in its order.
fn oldest(sources: &[&[(String, bool)]], room: usize) -> Vec<usize> {
    let mut shares = vec![0; sources.len()];
    let mut taken = 0;
    loop {
        let next = sources.iter().zip(&shares).enumerate();
        let next = next.filter_map(|(place, (times, share))| Some((times.get(*share)?, place)));
        let Some(((_, carries), place)) = next.min() else { return shares };
        taken += usize::from(*carries);
        if taken > room {
            return shares;
        }
        if let Some(share) = shares.get_mut(place) {
            *share += 1;
        }
    }
}

#[derive(Deserialize)]
struct Timed {
    at: String,
}

#[derive(Deserialize)]
struct MayCarry {
    intent: Option<SignedIntent>,
    /// Personal details, sealed to this app.
    parcel: Option<String>,
}

/// The intent that a document carries, if its signature holds and it is this tenant's; else a row that says that it does not.
async fn admit(
    state: &State,
    partition: &Partition,
    stored: &Stored,
    purpose: KeyPurpose,
) -> Result<Option<VerifiedIntent>, SealingError> {
    let carried = serde_json::from_str::<MayCarry>(&stored.document.body);
    let Ok(MayCarry { intent: Some(signed), parcel }) = carried else { return Ok(None) };
    let key = state.ed25519(purpose).await?;
    let verified = key.and_then(|key| signed.verify(&key).ok());
    let tenant = partition.tenant();
    match verified.filter(|verified| verified.intent().tenant == tenant.to_string()) {
        Some(verified) => {
            if let Some(parcel) = parcel {
                details::keep(state, partition, verified.intent(), &parcel).await?;
            }
            Ok(Some(verified))
        }
        None => Ok(Some(own_rows::changed(state, partition, now(state), &stored.document.id)?)),
    }
}

fn now(state: &State) -> Timestamp {
    state.ports.clock.now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[u32]) -> Vec<(String, bool)> {
        times.iter().map(|time| (format!("{time:04}"), true)).collect()
    }

    #[test]
    fn of_all_sources_what_happened_first_is_taken() {
        let (busy, other, empty) = (at(&[1, 2, 3, 7, 8, 9]), at(&[4, 5, 6]), at(&[]));
        let sources = [busy.as_slice(), &other, &empty];
        let shares = |room| oldest(&sources, room);
        assert_eq!([shares(3), shares(5), shares(7)], [[3, 0, 0], [3, 2, 0], [4, 3, 0]]);
        assert_eq!(shares(100), [6, 3, 0]);
    }

    #[test]
    fn what_carries_nothing_takes_no_room() {
        let mut source = at(&[1, 1, 2, 2, 3]);
        source[1].1 = false;
        source[3].1 = false;
        assert_eq!(oldest(&[&source], 2), [4]);
    }
}
