//! Removing what leads to rows whose bodies are gone, so that nothing of them is left where rows are looked for.

use ports::{Container, PartitionKey, REMOVALS_MAX};
use store::{StoreError, leads, log};

use crate::tick::Work;

/// Removes the leads to these rows, which lie in one segment. Those that are not there are removed already.
pub(crate) async fn remove(work: &Work<'_>, rows: &[u64]) -> Result<(), StoreError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let place = PartitionKey::new(work.partition.tenant(), log::shard(&work.partition, *first));
    let ids: Vec<_> = rows.iter().flat_map(|row| leads::ids(*row)).collect();
    for some in ids.chunks(REMOVALS_MAX) {
        let removal = &work.state.ports.removal;
        removal.remove_documents(Container::LogSearch, &place, some).await?;
    }
    Ok(())
}
