//! How long rows of the audit log are kept, and what must have happened before their bodies are removed.
//!
//! Rows are removed from the beginning of the log on, up to a cut: the first row that is younger than the time for which rows are kept.
//! In scope: that time, the cut, and the order of the steps ([`next_step`]). Out of scope: the bytes of rows (`chain`), storage (`purge`).

mod months;
mod step;

use serde::{Deserialize, Serialize};

use crate::{Class, Entitlements, Fault, Feature, Quota, Timestamp};

pub use months::months_before;
pub use step::{
    Facts, PurgePlan, PurgeState, Reached, Refused, Rows, Sought, Step, next_step, too_long,
};

/// The fewest months for which a log is kept.
pub const MONTHS_MIN: u32 = 13;
/// The most.
pub const MONTHS_MAX: u32 = 180;
/// The days between the notice of a purge and the purge, unless an administrator agrees to it earlier.
pub const NOTICE_DAYS: u32 = 30;
/// The same where no witness saw the log: nobody but us holds its head then, so that the customer has longer to take an export.
pub const NOTICE_DAYS_UNWITNESSED: u32 = 60;

/// The most rows of one export: a hash of each is kept in memory while it is made, 256 MiB. A larger log is exported by ranges of time.
pub const EXPORT_ROWS_MAX: u64 = 1 << 23;

/// What a tenant decided.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RetentionChoice {
    /// For how many months; without it, as the plan says.
    #[serde(default)]
    pub months: Option<u32>,
}

/// Why a choice is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RetentionError {
    /// Not a number of months that can be chosen.
    #[error("a log is kept for {MONTHS_MIN} to {MONTHS_MAX} months, not {0}")]
    Months(u32),
    /// The plan does not let the tenant choose.
    #[error("the tenant's plan keeps its log for {0} months; another plan lets you choose")]
    Plan(u32),
}

impl Fault for RetentionError {
    fn class(&self) -> Class {
        match self {
            Self::Months(_) => Class::Invalid,
            Self::Plan(_) => Class::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Months(_) => "validation",
            Self::Plan(_) => "entitlement-required",
        }
    }
}

/// For how many months a tenant's log is kept: what it chose as far as its plan lets it, and what its plan says otherwise. Never fewer than 13.
pub fn months(entitlements: &Entitlements<'_>, choice: &RetentionChoice) -> u32 {
    let included = entitlements.quota(Quota::AuditRetentionMonths).unwrap_or(MONTHS_MAX);
    let chosen =
        choice.months.filter(|_| entitlements.includes(Feature::AuditRetentionConfigurable));
    chosen.unwrap_or(included).clamp(MONTHS_MIN, MONTHS_MAX)
}

/// Takes a tenant's choice.
///
/// # Errors
/// * [`RetentionError::Months`], [`RetentionError::Plan`].
pub fn choose(
    entitlements: &Entitlements<'_>,
    wanted: Option<u32>,
) -> Result<RetentionChoice, RetentionError> {
    if let Some(months) = wanted.filter(|months| !(MONTHS_MIN..=MONTHS_MAX).contains(months)) {
        return Err(RetentionError::Months(months));
    }
    let choice = RetentionChoice { months: wanted };
    let included = months(entitlements, &RetentionChoice::default());
    if wanted.is_some() && !entitlements.includes(Feature::AuditRetentionConfigurable) {
        return Err(RetentionError::Plan(included));
    }
    Ok(choice)
}

/// Rows that were sealed before this are over their time.
pub fn limit(now: Timestamp, months: u32) -> Timestamp {
    months_before(now, months)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Overrides, Plan};

    fn of(plan: Plan, chosen: Option<u32>) -> u32 {
        let overrides = Overrides::default();
        months(&Entitlements::new(plan, &overrides), &RetentionChoice { months: chosen })
    }

    /// Issue 4, part 7, in its figures.
    #[test]
    fn every_plan_keeps_the_log_for_13_months_and_enterprise_for_84_or_what_it_chooses() {
        assert_eq!(Plan::ALL.map(|plan| of(plan, None)), [13, 13, 13, 84]);
        assert_eq!(Plan::ALL.map(|plan| of(plan, Some(24))), [13, 13, 13, 24]);
        assert_eq!((of(Plan::Enterprise, Some(13)), of(Plan::Enterprise, Some(180))), (13, 180));
        // What was stored under another rule never shortens or lengthens beyond the limits.
        assert_eq!((of(Plan::Enterprise, Some(1)), of(Plan::Enterprise, Some(900))), (13, 180));
    }

    #[test]
    fn only_what_the_plan_lets_choose_can_be_chosen() {
        let overrides = Overrides::default();
        let choose = |plan, wanted| choose(&Entitlements::new(plan, &overrides), wanted);
        assert_eq!(choose(Plan::Business, Some(24)), Err(RetentionError::Plan(13)));
        assert_eq!(choose(Plan::Business, None), Ok(RetentionChoice { months: None }));
        assert_eq!(choose(Plan::Enterprise, Some(12)), Err(RetentionError::Months(12)));
        assert_eq!(choose(Plan::Enterprise, Some(181)), Err(RetentionError::Months(181)));
        for months in [13, 180] {
            assert_eq!(
                choose(Plan::Enterprise, Some(months)),
                Ok(RetentionChoice { months: Some(months) })
            );
        }
    }
}
