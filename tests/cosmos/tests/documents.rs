//! What every backend promises about documents, kept by Cosmos DB.

use std::collections::BTreeSet;

use azure_counterparts::cosmos_backend::CosmosBackend;
use system_tests::{
    contract::{batches, expiry, feeds, queries},
    document_contract_tests,
};

mod in_process {
    use super::{CosmosBackend, document_contract_tests};

    document_contract_tests!(CosmosBackend::in_process().await.unwrap());
}

mod over_loopback {
    use super::{CosmosBackend, document_contract_tests};

    document_contract_tests!(CosmosBackend::loopback().await.unwrap());
}

/// The data actions of the roles suffice, and the SDK uses no other: a batch of creations that is refused costs `items/read`, a query no metadata
/// that reading the container does not cost.
#[tokio::test]
async fn the_sdk_asks_for_no_data_action_that_the_roles_do_not_give() {
    let backend = CosmosBackend::loopback().await.unwrap();
    batches::a_batch_is_applied_whole_or_not_at_all(&backend).await;
    expiry::an_expired_id_can_be_created_again(&backend).await;
    queries::indexed_fields_narrow_a_query(&backend).await;
    feeds::dirty_names_each_partition_that_changed(&backend).await;
    let demands = backend.guard.as_ref().unwrap().demands();
    let actions: BTreeSet<_> = demands.iter().map(|demand| demand.action).collect();
    let expected = [
        "executeQuery",
        "items/create",
        "items/read",
        "items/replace",
        "readChangeFeed",
        "readMetadata",
    ];
    assert_eq!(actions, expected.into());
}
