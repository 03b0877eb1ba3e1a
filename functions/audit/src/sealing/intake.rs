//! What there is to seal: a page of intents whose signatures hold, and how far that is.

use chain::{
    commit::{Cursors, Head, ROWS_MAX},
    intent::{SignedIntent, VerifiedIntent},
};
use domain::Timestamp;
use ports::{Container, Cursor, KeyPurpose, Stored};
use serde::Deserialize;
use store::{Partition, RUN_SHARDS, run_shard};

use super::{SealingError, own_rows};
use crate::State;

/// A page of intents.
pub(crate) struct Intake {
    /// At most a commit's worth.
    pub(crate) page: Vec<VerifiedIntent>,
    /// Where every source stands after it.
    pub(crate) cursors: Cursors,
}

/// Where a tenant's intents are, and whose key signs there.
fn sources() -> impl Iterator<Item = (Container, String, KeyPurpose)> {
    let fixed = [
        (Container::Access, "0", KeyPurpose::AuthIntent),
        (Container::Access, "h", KeyPurpose::AuthIntent),
        (Container::Auth, "0", KeyPurpose::AuthIntent),
        (Container::Runs, "0", KeyPurpose::RunsIntent),
        (Container::Audit, "0", KeyPurpose::AuditIntent),
    ];
    let fixed =
        fixed.into_iter().map(|(container, shard, purpose)| (container, shard.to_owned(), purpose));
    fixed.chain(
        (0..RUN_SHARDS).map(|number| (Container::Runs, run_shard(number), KeyPurpose::RunsIntent)),
    )
}

impl Intake {
    /// Reads from `cursors` on, until a commit is full or every source is at its end.
    pub(crate) async fn read(
        state: &State,
        partition: &Partition,
        head: &Head,
        cursors: Cursors,
    ) -> Result<Self, SealingError> {
        let mut intake = Self { page: Vec::new(), cursors };
        // The first row of a log, and rows about what is missing, must fit as well.
        let room = ROWS_MAX - 1 - head.instances.gaps().len().min(ROWS_MAX / 2);
        for (container, shard, purpose) in sources() {
            if intake.page.len() >= room {
                break;
            }
            intake.read_source(state, partition, container, &shard, purpose, room).await?;
        }
        Ok(intake)
    }

    #[expect(clippy::too_many_arguments, reason = "one source is named by three of them")]
    async fn read_source(
        &mut self,
        state: &State,
        partition: &Partition,
        container: Container,
        shard: &str,
        purpose: KeyPurpose,
        room: usize,
    ) -> Result<(), SealingError> {
        let name = format!("{}/{shard}", container.name());
        loop {
            let after = self.cursors.get(&name).cloned().map(Cursor);
            let changes =
                partition.changes(container, shard, after.as_ref(), room - self.page.len()).await?;
            for stored in &changes.documents {
                self.page.extend(admit(state, partition, stored, purpose).await?);
            }
            self.cursors.insert(name.clone(), changes.cursor.0);
            if !changes.more || self.page.len() >= room {
                return Ok(());
            }
        }
    }
}

#[derive(Deserialize)]
struct MayCarry {
    intent: Option<SignedIntent>,
}

/// The intent that a document carries, if its signature holds and it is this tenant's; else a row that says that it does not.
async fn admit(
    state: &State,
    partition: &Partition,
    stored: &Stored,
    purpose: KeyPurpose,
) -> Result<Option<VerifiedIntent>, SealingError> {
    let carried = serde_json::from_str::<MayCarry>(&stored.document.body);
    let Ok(MayCarry { intent: Some(signed) }) = carried else { return Ok(None) };
    let key = state.ed25519(purpose).await?;
    let verified = key.and_then(|key| signed.verify(&key).ok());
    let tenant = partition.tenant();
    match verified.filter(|verified| verified.intent().tenant == tenant.to_string()) {
        Some(verified) => Ok(Some(verified)),
        None => Ok(Some(own_rows::changed(state, tenant, now(state), &stored.document.id)?)),
    }
}

fn now(state: &State) -> Timestamp {
    state.ports.clock.now()
}
