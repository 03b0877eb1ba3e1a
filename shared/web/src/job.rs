//! An invocation that is not a request.

use domain::{RequestId, Timestamp};
use store::SystemCap;

use crate::Trigger;

/// What a trigger's handler is given beside its input.
#[derive(Clone)]
pub struct Job {
    /// When it started; every timestamp of the invocation is this one.
    pub now: Timestamp,
    /// This invocation.
    pub request: RequestId,
    /// The way to tenants' data.
    pub cap: SystemCap,
    /// What started it.
    pub trigger: &'static Trigger,
}
