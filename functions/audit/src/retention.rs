//! How long the tenant's log is kept, and what that means today.

use domain::{
    ExportId, Timestamp,
    hold::Hold,
    retention::{self, PurgePlan, PurgeState, RetentionChoice, Sought},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Found, ListOf, Partition, SignedHead, StoreError, kept,
    retention::{PurgeExport, PurgeRecord, RetentionRecord},
};
use web::Caller;

/// Purges that are listed; one a month for eight years.
const PURGES_MAX: usize = 100;

/// How long a log is kept.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Retention {
    /// For how many months rows are kept.
    months: u32,
    /// What the tenant chose; without it, its plan decides.
    chosen: Option<u32>,
    /// Whether the tenant's plan lets it choose.
    may_choose: bool,
    /// The fewest months that can be chosen.
    months_min: u32,
    /// The most.
    months_max: u32,
    /// Rows that were sealed before this are over their time.
    #[schemars(with = "String")]
    before: Timestamp,
}

impl Retention {
    /// With this choice, now.
    pub(crate) fn of(caller: &Caller, choice: &RetentionChoice) -> Self {
        let entitlements = caller.tenant.entitlements();
        let months = retention::months(&entitlements, choice);
        Self {
            months,
            chosen: choice.months,
            may_choose: entitlements.includes(domain::Feature::AuditRetentionConfigurable),
            months_min: retention::MONTHS_MIN,
            months_max: retention::MONTHS_MAX,
            before: retention::limit(caller.now, months),
        }
    }
}

/// What the tenant chose, if it ever did.
pub(crate) async fn choice(data: &Partition) -> Result<Option<Found<RetentionRecord>>, StoreError> {
    data.find::<RetentionRecord>(RetentionRecord::ID).await
}

/// A purge as administrators see it.
#[derive(JsonSchema, Serialize)]
pub(crate) struct PurgeView {
    /// Which.
    purge: String,
    /// The epoch of the log whose rows go.
    epoch: u64,
    /// The first row.
    from: u64,
    /// The row after the last.
    to: u64,
    /// The rows were sealed before this.
    #[schemars(with = "String")]
    before: Timestamp,
    /// For how many months rows were kept.
    months: u32,
    /// When it was announced.
    #[schemars(with = "String")]
    noticed_at: Timestamp,
    /// When it goes on without anybody's agreement, at the latest.
    #[schemars(with = "String")]
    due_at: Timestamp,
    /// `noticed`, `recorded` or `executed`; `dropped` when nothing came of it.
    state: &'static str,
    /// What must be done before it goes on, where waiting alone does not help.
    waits_for: Option<String>,
    /// The export of its rows, which whoever may export downloads in every plan, for 90 days; none before the notice is over.
    export: Option<String>,
    /// How many bodies were removed, once they were.
    rows: Option<u64>,
    /// How many rows were kept: held, or needed to account for the others.
    kept: Option<u64>,
}

impl PurgeView {
    /// A purge of a tenant that wants so many days' notice.
    fn of(plan: PurgePlan, notice_days: u16, export: Option<ExportId>, rows: u64) -> Self {
        let waits_for = retention::too_long(&plan, rows).filter(|_| export.is_none());
        let (state, removed, kept) = match plan.state {
            PurgeState::Noticed => ("noticed", None, None),
            PurgeState::Recorded { .. } => ("recorded", None, None),
            PurgeState::Dropped { .. } => ("dropped", None, None),
            PurgeState::Executed { rows, kept, .. } => ("executed", Some(rows), Some(kept)),
        };
        Self {
            purge: plan.purge.to_string(),
            epoch: plan.epoch,
            from: plan.from,
            to: plan.to,
            before: plan.before,
            months: plan.months,
            noticed_at: plan.noticed_at,
            due_at: plan.due_at(false, notice_days),
            state,
            waits_for: waits_for.map(|refused| refused.to_string()),
            export: export.map(|export| export.to_string()),
            rows: removed,
            kept,
        }
    }
}

/// The row that what is committed now becomes.
pub(crate) async fn sought(state: &crate::State, caller: &Caller) -> Result<Sought, StoreError> {
    let event = state.ports.randomness.id(caller.now);
    let signed = SignedHead::read(&*state.ports.blobs, caller.data.tenant()).await?;
    let (epoch, after) = signed.map_or((0, 0), |(signed, _)| (signed.epoch, signed.size));
    Ok(Sought { event, epoch, after })
}

/// The tenant's purges, newest first.
pub(crate) async fn purges(data: &Partition) -> Result<Vec<PurgePlan>, StoreError> {
    let of = ListOf { descending: true, limit: PURGES_MAX, ..ListOf::default() };
    let listing = data.list::<PurgeRecord>(of).await?;
    Ok(listing.documents.into_iter().map(|found| found.document.0).collect())
}

/// A purge of the caller's tenant as it stands.
pub(crate) async fn view(
    state: &crate::State,
    caller: &Caller,
    plan: PurgePlan,
) -> Result<PurgeView, StoreError> {
    let export = caller.data.find::<PurgeExport>(&PurgeExport::id_of(plan.purge)).await?;
    let rows = if plan.state == PurgeState::Noticed {
        signed_rows(state, &caller.data, plan.epoch).await?
    } else {
        0
    };
    let export = export.map(|found| found.document.export);
    Ok(PurgeView::of(plan, caller.tenant.settings.notice_days, export, rows))
}

/// How many rows of an epoch are signed.
async fn signed_rows(
    state: &crate::State,
    data: &Partition,
    epoch: u64,
) -> Result<u64, StoreError> {
    let blobs = &*state.ports.blobs;
    let Some((signed, _)) = SignedHead::read(blobs, data.tenant()).await? else { return Ok(0) };
    let head = kept::head_of(blobs, data, &signed, epoch).await?;
    Ok(head.map_or(0, |head| head.size))
}

/// A legal hold as administrators see it.
#[derive(JsonSchema, Serialize)]
pub(crate) struct HoldView {
    /// Which.
    hold: String,
    /// The epoch of the log whose rows these are.
    epoch: u64,
    /// The first row that it protects.
    from: u64,
    /// The row after the last; without it, every later row as well, those of later epochs among them.
    to: Option<u64>,
    /// Why.
    reason: String,
    /// Who set it.
    by: String,
    /// When.
    #[schemars(with = "String")]
    at: Timestamp,
    /// When it ended.
    #[schemars(with = "Option<String>")]
    released_at: Option<Timestamp>,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self {
            hold: hold.hold.to_string(),
            epoch: hold.epoch,
            from: hold.from,
            to: hold.to,
            reason: hold.reason,
            by: hold.by.to_string(),
            at: hold.at,
            released_at: hold.released_at,
        }
    }
}
