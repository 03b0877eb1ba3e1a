//! Blobs and queues on Azure: what every backend promises, and what happens when Azure is not as it should be.
//!
//! Against Azurite through the real managed-identity credential: `cargo xtask azure`. What Azurite cannot show (rights, signatures of tokens)
//! stands in `docs/claims.md`.

mod account;
mod backend;
mod lost_answers;
mod trouble;

/// One test for each check, each in a storage account of its own.
macro_rules! storage_contract {
    ($($number:literal $topic:ident::$check:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs azure-site: cargo xtask azure"]
            async fn $check() {
                let backend = backend::StorageBackend::new($number).await;
                system_tests::contract::$topic::$check(&backend).await;
            }
        )*
    };
}

storage_contract! {
    0 blobs::a_blob_is_created_once,
    1 blobs::a_blob_is_replaced_by_its_version_only,
    2 blobs::of_many_replacements_of_one_version_one_wins,
    3 blobs::a_name_cannot_leave_its_bucket,
    4 blobs::an_identity_may_do_to_blobs_what_the_table_says,
    5 queues::a_message_comes_again_until_it_is_deleted,
    6 queues::a_delayed_message_waits,
    7 queues::an_old_receipt_does_nothing,
    8 queues::a_message_that_fails_five_times_is_set_aside,
    9 queues::a_message_that_kills_its_receiver_five_times_is_set_aside,
    10 queues::a_message_has_at_most_48_kib,
    11 queues::an_identity_sends_where_the_table_says,
    12 removal::a_blob_is_removed_by_whom_the_table_names,
    13 blobs::what_is_immutable_is_never_replaced,
    14 blobs::a_blob_in_pieces_is_there_once_it_is_stored,
    15 blobs::of_two_blobs_in_pieces_one_gets_the_name,
    16 blobs::bytes_of_a_blob_are_read_by_their_places,
}
