//! Networks that fail, by the SDK's own fault injection: below its retries, so that the product sees what is left of them.

use std::sync::Arc;

use azure_data_cosmos::fault_injection::{
    FaultInjectionConditionBuilder, FaultInjectionErrorType, FaultInjectionResultBuilder,
    FaultInjectionRule, FaultInjectionRuleBuilder, FaultOperationType,
};

/// What the product asks of a container.
const OPERATIONS: [FaultOperationType; 4] = [
    FaultOperationType::BatchItem,
    FaultOperationType::ReadItem,
    FaultOperationType::QueryItem,
    FaultOperationType::ChangeFeedItem,
];

/// One rule: `share` (0 to 1) of the requests of one kind fail so.
pub fn rule(
    operation: FaultOperationType,
    error: FaultInjectionErrorType,
    share: f32,
) -> FaultInjectionRuleBuilder {
    let result =
        FaultInjectionResultBuilder::new().with_error(error).with_probability(share).build();
    let condition = FaultInjectionConditionBuilder::new().with_operation_type(operation).build();
    FaultInjectionRuleBuilder::new(format!("{operation} {error}"), result).with_condition(condition)
}

/// `share` of all batches are applied, and their answers get lost; as many answers to reads do.
pub fn lost_answers(share: f32) -> Vec<Arc<FaultInjectionRule>> {
    every(FaultInjectionErrorType::ResponseTimeoutAfterService, share)
}

/// `share` of all requests are answered with 429.
pub fn throttling(share: f32) -> Vec<Arc<FaultInjectionRule>> {
    every(FaultInjectionErrorType::TooManyRequests, share)
}

fn every(error: FaultInjectionErrorType, share: f32) -> Vec<Arc<FaultInjectionRule>> {
    OPERATIONS.map(|operation| Arc::new(rule(operation, error, share).build())).into()
}
