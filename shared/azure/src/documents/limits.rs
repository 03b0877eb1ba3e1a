//! Our own limits on retries and time. Without them the SDK tries a throttled write for nearly two minutes.

use std::{num::NonZeroU32, time::Duration};

use azure_data_cosmos::options::{
    ContainerClientOptions, EndToEndOperationLatencyPolicy, MaxItemCountHint, OperationOptions,
    OperationOptionsBuilder, ReadConsistencyStrategy, ThrottlingRetryOptionsBuilder,
};

/// How often an operation is tried again after 429.
const THROTTLED_RETRIES_MAX: u32 = 4;
/// How long all those waits may take together.
const THROTTLED_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long an operation may take with all its retries.
const OPERATION_MAX: Duration = Duration::from_secs(10);
/// How long we wait for the SDK to keep that promise, also for what it does beside it (metadata, tokens).
pub(super) const CALL_MAX: Duration = Duration::from_secs(12);

/// For every operation: bounded, and a read sees each commit that was answered before it began, from whatever process.
pub(super) fn of_every_operation() -> OperationOptions {
    let throttling = ThrottlingRetryOptionsBuilder::new()
        .with_max_retry_count(THROTTLED_RETRIES_MAX)
        .with_max_retry_wait_time(THROTTLED_WAIT_MAX)
        .build();
    OperationOptionsBuilder::new()
        .with_throttling_retry_options(throttling)
        .with_end_to_end_latency_policy(EndToEndOperationLatencyPolicy::new(OPERATION_MAX))
        .with_read_consistency_strategy(ReadConsistencyStrategy::LatestCommitted)
        .build()
}

/// For reading what a container is.
pub(super) fn of_opening() -> ContainerClientOptions {
    let mut options = ContainerClientOptions::default();
    options.operation = of_every_operation();
    options
}

/// A limit within its bounds.
pub(super) fn bounded(limit: usize) -> usize {
    limit.clamp(1, 1000)
}

/// How many items a page of the service should have.
pub(super) fn page_of(count: usize) -> MaxItemCountHint {
    let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
    count.map_or(MaxItemCountHint::ServerDecides, MaxItemCountHint::Limit)
}
