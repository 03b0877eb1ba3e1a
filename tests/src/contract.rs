//! What every backend promises: one set of checks, run against each.
//!
//! A check knows the ports and nothing behind them. It makes tenants of its own, so that checks may share a backend.

mod backend;
pub mod batches;
pub mod blobs;
pub mod concurrency;
pub mod expiry;
pub mod feeds;
pub mod isolation;
pub mod keys;
pub mod limits;
pub mod lost_answers;
pub mod queries;
pub mod queues;
pub mod removal;
mod scene;

pub use backend::Backend;

/// One test for each check, against the backend that `$backend` makes anew each time: `contract_tests!(LocalBackend::new())`.
#[macro_export]
macro_rules! contract_tests {
    ($backend:expr) => {
        $crate::document_contract_tests!($backend);
        $crate::contract_tests! { $backend =>
            isolation::only_those_who_change_state_publish,
            blobs::a_blob_is_created_once,
            blobs::a_blob_in_pieces_is_there_once_it_is_stored,
            blobs::of_two_blobs_in_pieces_one_gets_the_name,
            blobs::bytes_of_a_blob_are_read_by_their_places,
            blobs::a_blob_is_replaced_by_its_version_only,
            blobs::of_many_replacements_of_one_version_one_wins,
            blobs::a_name_cannot_leave_its_bucket,
            blobs::an_identity_may_do_to_blobs_what_the_table_says,
            blobs::what_is_immutable_is_never_replaced,
            removal::a_blob_is_removed_by_whom_the_table_names,
            keys::material_comes_back_to_its_holder,
            keys::every_key_refuses_every_other_identity,
            keys::a_wrapped_key_opens_for_its_purpose_only,
            keys::a_changed_wrapped_key_is_refused,
            keys::what_a_kept_key_signs_is_verified_with_its_public_half,
            keys::every_kept_key_refuses_every_other_identity,
            keys::a_kept_key_does_not_wrap_and_a_wrapping_key_does_not_sign,
            queues::a_message_comes_again_until_it_is_deleted,
            queues::a_delayed_message_waits,
            queues::an_old_receipt_does_nothing,
            queues::a_message_that_fails_five_times_is_set_aside,
            queues::a_message_that_kills_its_receiver_five_times_is_set_aside,
            queues::a_message_has_at_most_48_kib,
            queues::an_identity_sends_where_the_table_says,
        }
    };
    ($backend:expr => $($topic:ident::$check:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                $crate::contract::$topic::$check(&$backend).await;
            }
        )*
    };
}

/// The checks on documents alone.
#[macro_export]
macro_rules! document_contract_tests {
    ($backend:expr) => {
        $crate::contract_tests! { $backend =>
            batches::a_document_reads_back_as_it_was_written,
            batches::a_batch_is_applied_whole_or_not_at_all,
            batches::the_first_write_that_is_refused_is_named,
            batches::a_create_that_comes_again_is_refused_and_changes_nothing,
            batches::a_replace_needs_the_version_that_is_there,
            batches::every_version_has_another_etag,
            queries::a_page_has_one_kind_in_the_order_of_ids,
            queries::pages_meet_without_gap_or_overlap_in_both_directions,
            queries::indexed_fields_narrow_a_query,
            queries::a_replaced_document_is_found_by_its_new_fields_only,
            expiry::a_document_expires_on_the_microsecond,
            expiry::an_expired_id_can_be_created_again,
            expiry::an_expired_document_is_left_out_of_queries_and_feeds,
            limits::a_batch_has_at_most_a_hundred_writes,
            limits::a_batch_has_at_most_its_bytes,
            limits::a_body_counts_as_it_is_stored,
            limits::an_id_that_cosmos_would_refuse_is_refused,
            isolation::another_partition_sees_nothing,
            isolation::an_identity_may_do_what_the_table_says_and_nothing_else,
            isolation::a_batch_with_one_write_that_is_denied_is_denied_whole,
            feeds::a_feed_gives_the_latest_version_in_the_order_of_the_commits,
            feeds::a_feed_goes_on_from_an_old_cursor,
            feeds::pages_of_a_feed_lose_nothing,
            feeds::a_page_of_a_feed_has_at_most_its_limit,
            feeds::other_partitions_never_appear_in_a_feed,
            feeds::dirty_names_each_partition_that_changed,
            lost_answers::a_create_only_document_tells_what_became_of_a_lost_answer,
            lost_answers::faults_strike_where_they_were_planned,
            removal::what_is_removed_is_gone_from_reads_queries_and_feeds,
            removal::other_partitions_keep_what_is_removed_in_one,
            removal::an_identity_removes_documents_where_the_table_says,
            removal::at_most_a_hundred_are_removed_at_once,
            concurrency::four_writers_make_one_chain_of_two_hundred,
            concurrency::two_processes_make_one_gapless_sequence,
            concurrency::of_many_creates_of_one_id_one_wins,
            concurrency::a_follower_misses_nothing_while_others_write,
            concurrency::a_read_sees_every_commit_that_was_answered,
        }
    };
}
