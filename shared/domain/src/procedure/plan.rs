//! In which order the steps run.

use std::collections::BTreeSet;

use super::{Procedure, Step};

/// Why there is no order.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A step needs a step that does not exist.
    #[error("step '{step}' needs '{need}', which does not exist: name a step of this procedure")]
    Unknown {
        /// The step.
        step: String,
        /// What it needs.
        need: String,
    },
    /// Steps need each other in a circle.
    #[error("step '{step}' needs itself, directly or through others: remove one of the needs")]
    Cycle {
        /// The first step of the circle, in the order of the procedure.
        step: String,
    },
}

/// The steps so that each comes after what it needs; otherwise in the order of the procedure.
///
/// # Errors
/// [`PlanError`], where there is no such order.
pub fn plan(procedure: &Procedure) -> Result<Vec<&Step>, PlanError> {
    let known: BTreeSet<&str> = procedure.steps.iter().map(|step| step.id.as_str()).collect();
    for step in &procedure.steps {
        if let Some(need) = step.needs.iter().find(|need| !known.contains(need.as_str())) {
            return Err(PlanError::Unknown { step: step.id.clone(), need: need.clone() });
        }
    }
    let mut waiting: Vec<&Step> = procedure.steps.iter().collect();
    let mut done = BTreeSet::new();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(first) = waiting.first() {
        let is_ready = |step: &&Step| step.needs.iter().all(|need| done.contains(need.as_str()));
        let Some(next) = waiting.iter().position(is_ready) else {
            return Err(PlanError::Cycle { step: first.id.clone() });
        };
        let step = waiting.remove(next);
        done.insert(step.id.as_str());
        order.push(step);
    }
    Ok(order)
}
