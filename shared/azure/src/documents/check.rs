//! Whether the deployment made what we need.

use azure_data_cosmos::{
    DatabaseClient,
    models::{ContainerProperties, PartitionKeyKind, TimeToLive},
    options::ReadContainerOptions,
};
use futures::FutureExt as _;
use ports::{Container, DOCUMENT_RIGHTS, Identity};
use url::Url;

use super::{answer::within, limits};
use crate::OpenError;

/// The partition key of every container.
const KEY_PATHS: [&str; 2] = ["/tenant", "/shard"];

/// Checks each container that `identity` has rights on.
pub(super) async fn containers(
    database: &DatabaseClient,
    endpoint: &Url,
    identity: Identity,
) -> Result<(), OpenError> {
    for (_, container, _) in DOCUMENT_RIGHTS.iter().filter(|(who, ..)| *who == identity) {
        let read = async {
            let client =
                database.container_client(container.name(), Some(limits::of_opening())).await?;
            let options = ReadContainerOptions::default()
                .with_operation_options(limits::of_every_operation());
            client.read(Some(options)).await?.into_model()
        };
        let what = || format!("container {}", container.name());
        let properties =
            within(read.boxed()).await.map_err(|failure| failure.on_opening(endpoint, what()))?;
        right_key(*container, &properties)?;
        right_time_to_live(*container, properties.default_ttl)?;
    }
    Ok(())
}

fn right_key(container: Container, properties: &ContainerProperties) -> Result<(), OpenError> {
    let key = &properties.partition_key;
    if key.paths() == KEY_PATHS && key.kind() == PartitionKeyKind::MultiHash {
        return Ok(());
    }
    Err(OpenError::Differs {
        what: format!("partition key of container {}", container.name()),
        is: format!("{:?} [{}]", key.kind(), key.paths().join(", ")),
        should: format!("MultiHash [{}]", KEY_PATHS.join(", ")),
    })
}

/// On where documents may expire, for each document by itself. Anywhere else what is written stays, whatever a document says.
fn right_time_to_live(container: Container, found: TimeToLive) -> Result<(), OpenError> {
    let should = if container.expires() { TimeToLive::NoDefault } else { TimeToLive::Forever };
    if found == should {
        return Ok(());
    }
    Err(OpenError::Differs {
        what: format!("time to live of container {}", container.name()),
        is: in_words(found),
        should: in_words(should),
    })
}

fn in_words(time_to_live: TimeToLive) -> String {
    match time_to_live {
        TimeToLive::Forever => "off".to_owned(),
        TimeToLive::NoDefault => "on without a default".to_owned(),
        TimeToLive::Seconds(seconds) => format!("{seconds} seconds for every document"),
        other => format!("{other:?}"),
    }
}
