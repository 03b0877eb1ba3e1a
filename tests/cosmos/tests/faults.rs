//! What documents promise when the network or Cosmos DB fails.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use azure::{AzureDocuments, OpenError};
use azure_counterparts::{
    cosmos_backend::{CosmosBackend, settings},
    emulator::{
        DATABASE, Emulator, EmulatorHost, FixedToken, Guard,
        faults::{lost_answers, rule, throttling},
    },
    identity::{Tokens, Trouble, client_id},
};
use azure_data_cosmos::fault_injection::{
    FaultInjectionErrorType as Error, FaultInjectionRule, FaultOperationType as Operation,
};
use domain::{TenantId, Timestamp};
use ports::{
    CommitError, Container, Cursor, Documents, Etag, Identity, NewDocument, PartitionKey, Refusal,
    StorageError, Write,
};
use system_tests::{
    contract_tests,
    doubles::{ManualClock, SeededRandomness},
};

/// The longest that anything may take: our own limit, and something for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const PLACE: Container = Container::Runs;

mod with_a_fifth_of_the_answers_lost {
    use super::{CosmosBackend, contract_tests, lost_answers};

    contract_tests! { CosmosBackend::with_faults(|| lost_answers(0.2)).await.unwrap() =>
        batches::a_document_reads_back_as_it_was_written,
        batches::a_batch_is_applied_whole_or_not_at_all,
        batches::the_first_write_that_is_refused_is_named,
        batches::a_create_that_comes_again_is_refused_and_changes_nothing,
        batches::a_replace_needs_the_version_that_is_there,
        batches::every_version_has_another_etag,
        queries::a_page_has_one_kind_in_the_order_of_ids,
        queries::indexed_fields_narrow_a_query,
        expiry::a_document_expires_on_the_microsecond,
        expiry::an_expired_id_can_be_created_again,
        feeds::a_feed_gives_the_latest_version_in_the_order_of_the_commits,
        feeds::a_feed_goes_on_from_an_old_cursor,
        feeds::dirty_names_each_partition_that_changed,
        lost_answers::a_create_only_document_tells_what_became_of_a_lost_answer,
        concurrency::of_many_creates_of_one_id_one_wins,
    }
}

mod with_a_fifth_throttled {
    use super::{CosmosBackend, contract_tests, throttling};

    contract_tests! { CosmosBackend::with_faults(|| throttling(0.2)).await.unwrap() =>
        batches::a_document_reads_back_as_it_was_written,
        batches::a_batch_is_applied_whole_or_not_at_all,
        batches::the_first_write_that_is_refused_is_named,
        batches::a_replace_needs_the_version_that_is_there,
        queries::indexed_fields_narrow_a_query,
        expiry::an_expired_id_can_be_created_again,
        feeds::a_feed_goes_on_from_an_old_cursor,
        concurrency::of_many_creates_of_one_id_one_wins,
    }
}

fn document(id: &str, body: &str) -> NewDocument {
    NewDocument {
        id: id.to_owned(),
        kind: "k".to_owned(),
        k1: None,
        k2: None,
        body: body.to_owned(),
        expires_at: None,
    }
}

fn create(id: &str) -> Write {
    Write::Create(document(id, "{\"v\":1}"))
}

fn partition() -> PartitionKey {
    PartitionKey::new(TenantId::from_u128(7), "0")
}

/// Documents of `runs` over a network with `rules`, and over one that never fails.
async fn documents(rules: Vec<Arc<FaultInjectionRule>>) -> (AzureDocuments, AzureDocuments) {
    let emulator = Emulator::in_process().await.unwrap();
    let randomness = SeededRandomness::new(3);
    let over = async |rules| {
        let client = emulator.client_with(rules).await.unwrap();
        let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
        let randomness = Arc::<SeededRandomness>::clone(&randomness);
        AzureDocuments::over(&client, DATABASE, Identity::Runs, clock, randomness)
    };
    (over(rules).await, over(Vec::new()).await)
}

async fn commit(documents: &AzureDocuments, writes: Vec<Write>) -> Result<Vec<Etag>, CommitError> {
    documents.commit(PLACE, &partition(), writes).await
}

async fn etag(documents: &AzureDocuments, id: &str) -> Option<Etag> {
    documents.read(PLACE, &partition(), id).await.unwrap().map(|stored| stored.etag)
}

#[tokio::test]
async fn a_batch_whose_answer_is_lost_is_answered_with_its_own_versions() {
    let lost = rule(Operation::BatchItem, Error::ResponseTimeoutAfterService, 1.0);
    let lost = Arc::new(lost.with_hit_limit(1).build());
    lost.disable();
    let (faulty, sound) = documents(vec![Arc::clone(&lost)]).await;
    let first = commit(&sound, vec![create("a")]).await.unwrap().remove(0);
    lost.enable();
    let replaced = Write::Replace(document("a", "{\"v\":2}"), first);
    let etags = commit(&faulty, vec![replaced, create("b")]).await.unwrap();
    assert_eq!(lost.hit_count(), 1);
    for (etag_given, id) in etags.into_iter().zip(["a", "b"]) {
        assert_eq!(Some(etag_given), etag(&sound, id).await);
    }
}

#[tokio::test]
async fn a_refusal_is_believed_when_the_answer_before_it_was_lost() {
    let lost = rule(Operation::BatchItem, Error::ResponseTimeout, 1.0).with_hit_limit(1).build();
    let (faulty, sound) = documents(vec![Arc::new(lost)]).await;
    commit(&sound, vec![create("a")]).await.unwrap();
    let refused = commit(&faulty, vec![create("b"), create("a")]).await;
    assert_eq!(refused, Err(CommitError::Refused { index: 1, refusal: Refusal::Exists }));
    assert_eq!(etag(&sound, "b").await, None);
}

#[tokio::test]
async fn what_is_throttled_for_ever_is_throttled_and_not_applied() {
    let throttled = Arc::new(rule(Operation::BatchItem, Error::TooManyRequests, 1.0).build());
    let (faulty, sound) = documents(vec![throttled]).await;
    let begun = Instant::now();
    let refused = commit(&faulty, vec![create("a")]).await;
    assert_eq!(refused, Err(CommitError::Storage(StorageError::Throttled)));
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(etag(&sound, "a").await, None);
}

/// "Throttled" promises that nothing was applied.
#[tokio::test]
async fn a_batch_that_was_applied_before_it_was_throttled_is_not_called_throttled() {
    let lost = rule(Operation::BatchItem, Error::ResponseTimeoutAfterService, 1.0);
    let throttled = rule(Operation::BatchItem, Error::TooManyRequests, 1.0);
    let rules = vec![Arc::new(lost.with_hit_limit(1).build()), Arc::new(throttled.build())];
    let (faulty, sound) = documents(rules).await;
    let unknown = commit(&faulty, vec![create("a")]).await;
    assert!(
        matches!(unknown, Err(CommitError::Storage(StorageError::Unavailable(_)))),
        "{unknown:?}"
    );
    assert!(etag(&sound, "a").await.is_some());
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_starts_from_the_beginning() {
    let emulator = Emulator::in_process().await.unwrap();
    let client = emulator.client().await.unwrap();
    let open = |identity| {
        let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
        AzureDocuments::over(&client, DATABASE, identity, clock, SeededRandomness::new(3))
    };
    let (writer, feed) = (open(Identity::Runs), open(Identity::Audit));
    commit(&writer, vec![create("a")]).await.unwrap();
    for cursor in ["42", "", "c1.", "c1.!", "c1.e30", "c2.e30"] {
        let cursor = Cursor(cursor.to_owned());
        let changes = feed.changes(PLACE, &partition(), Some(&cursor), 9).await.unwrap();
        assert_eq!(changes.documents.len(), 1, "{cursor:?}");
        let dirty = feed.dirty(PLACE, Some(&cursor), 9).await.unwrap();
        assert_eq!(dirty.partitions, [partition()], "{cursor:?}");
    }
}

async fn connect(host: &EmulatorHost, token: String) -> Result<AzureDocuments, OpenError> {
    let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
    AzureDocuments::connect(
        &settings(host),
        Arc::new(FixedToken(token)),
        Identity::Runs,
        clock,
        SeededRandomness::new(3),
    )
    .await
}

#[tokio::test]
async fn cosmos_that_goes_away_is_unavailable_in_time_and_comes_back_to_the_same_client() {
    let host = EmulatorHost::start(0, None).await.unwrap();
    let documents = connect(&host, "anyone".to_owned()).await.unwrap();
    commit(&documents, vec![create("a")]).await.unwrap();
    let emulator = host.emulator.clone();
    drop(host);
    let begun = Instant::now();
    let read = documents.read(PLACE, &partition(), "a").await;
    assert!(matches!(read, Err(StorageError::Unavailable(_))), "{read:?}");
    let written = commit(&documents, vec![create("b")]).await;
    assert!(
        matches!(written, Err(CommitError::Storage(StorageError::Unavailable(_)))),
        "{written:?}"
    );
    assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
    let _host = EmulatorHost::again(emulator, None).await.unwrap();
    assert!(etag(&documents, "a").await.is_some());
    commit(&documents, vec![create("b")]).await.unwrap();
}

#[tokio::test]
async fn cosmos_that_does_not_answer_is_unavailable_in_time() {
    let slow = azure_data_cosmos::fault_injection::FaultInjectionResultBuilder::new()
        .with_error(Error::ResponseTimeout)
        .with_delay(Duration::from_mins(1))
        .build();
    let slow = rule(Operation::ReadItem, Error::ResponseTimeout, 1.0).with_result(slow).build();
    let (faulty, _) = documents(vec![Arc::new(slow)]).await;
    let begun = Instant::now();
    let read = faulty.read(PLACE, &partition(), "a").await;
    assert!(matches!(read, Err(StorageError::Unavailable(_))), "{read:?}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_port_where_nobody_listens_cannot_be_opened_yet() {
    let host = EmulatorHost::start(0, None).await.unwrap();
    let gone = EmulatorHost::start(0, None).await.unwrap();
    let url = gone.url.clone();
    drop(gone);
    let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
    let mut settings = settings(&host);
    settings.endpoint = url;
    let anyone = Arc::new(FixedToken("anyone".to_owned()));
    let randomness = SeededRandomness::new(3);
    let begun = Instant::now();
    let refused =
        AzureDocuments::connect(&settings, anyone, Identity::Runs, clock, randomness).await;
    let error = refused.err().expect("nobody listens");
    assert!(matches!(error, OpenError::Unavailable { .. }) && error.may_pass(), "{error}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_deployment_that_is_wrong_is_described() {
    let check = async |emulator: &Emulator| {
        let client = emulator.client().await.unwrap();
        let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
        let randomness = SeededRandomness::new(3);
        let documents = AzureDocuments::over(&client, DATABASE, Identity::Runs, clock, randomness);
        documents.check().await
    };
    let url = || "https://westeurope.emulator.local".parse().unwrap();
    let nothing = check(&Emulator::empty(url()).unwrap()).await.unwrap_err();
    assert!(
        matches!(&nothing, OpenError::Missing { what, .. } if what == "container runs"),
        "{nothing}"
    );
    let wrong = Emulator::empty(url()).unwrap();
    wrong.make_database().await.unwrap();
    wrong.make_container("runs", &["/tenant"], Some(-1)).await.unwrap();
    let differs = check(&wrong).await.unwrap_err();
    assert!(matches!(differs, OpenError::Differs { .. }) && !differs.may_pass(), "{differs}");
    assert!(differs.to_string().starts_with(
        "partition key of container runs is Hash [/tenant] and should be MultiHash [/tenant, /shard]"
    ));
    let vanishing = Emulator::empty(url()).unwrap();
    vanishing.make_database().await.unwrap();
    vanishing.make_container("runs", &["/tenant", "/shard"], Some(60)).await.unwrap();
    let differs = check(&vanishing).await.unwrap_err().to_string();
    assert!(differs.starts_with(
        "time to live of container runs is 60 seconds for every document and should be on without a default"
    ), "{differs}");
    assert_eq!(check(&Emulator::in_process().await.unwrap()).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_is_no_good_opens_nothing() {
    let tokens = Arc::new(Tokens::new().unwrap());
    let host = EmulatorHost::start(0, Some(Guard::new(Arc::clone(&tokens)))).await.unwrap();
    let id = client_id(Identity::Runs);
    for trouble in [Trouble::Expired, Trouble::ForeignAudience, Trouble::ForeignIssuer] {
        let (token, _) = tokens.issue(id, "https://cosmos.azure.com", trouble).unwrap();
        let refused = connect(&host, token).await.err().expect("a bad token");
        assert!(matches!(refused, OpenError::Credential { .. }), "{trouble:?}: {refused}");
    }
    let (stranger, _) = tokens.issue("nobody", "https://cosmos.azure.com", Trouble::None).unwrap();
    let refused = connect(&host, stranger).await.err().expect("nobody's token");
    assert!(matches!(refused, OpenError::Credential { .. }), "{refused}");
    // Another app's token is good, and has no right to what this app needs.
    let (signer, _) = tokens
        .issue(client_id(Identity::Signer), "https://cosmos.azure.com", Trouble::None)
        .unwrap();
    let documents = connect(&host, signer).await.unwrap();
    let denied = documents.check().await.unwrap_err();
    assert!(matches!(denied, OpenError::Denied { .. }), "{denied}");
    let denied = commit(&documents, vec![create("a")]).await;
    assert!(matches!(denied, Err(CommitError::Storage(StorageError::Denied(_)))), "{denied:?}");
}
