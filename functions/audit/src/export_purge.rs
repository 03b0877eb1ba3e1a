//! Queue `export`: a purge waits for an export of its rows. The message is the tenant's identifier.

use domain::{
    Actor, AuditEvent, AuditFilter, Class, EventKind, Target, TenantId,
    retention::{PurgePlan, PurgeState},
};
use ports::QueueName;
use serde_json::{Value, json};
use store::{
    Change, Housekeeping, HousekeepingKind, Partition, StoreError,
    retention::{PurgeExport, last_purge},
};
use web::{Job, Problem, Trigger};

use crate::{
    State,
    export::{self, ExportError, ExportRecord, Extent, Format, Made},
    witnessed::HeadChoice,
};

pub(crate) const TRIGGER: Trigger =
    Trigger::queue("export_purge", QueueName::Export, &[EventKind::ExportCreated]);

pub(crate) async fn handle(state: State, job: Job, message: String) -> Result<Value, Problem> {
    let refused =
        |_| Problem::new(Class::Invalid, "validation", "The message is not a tenant's identifier.");
    let tenant = message.parse::<TenantId>().map_err(refused)?;
    let data = job.cap.partition(tenant, TRIGGER.name);
    let Some(open) = last_purge(&data).await? else { return Ok(json!({"exported": false})) };
    let plan = open.document.0;
    let id = PurgeExport::id_of(plan.purge);
    if plan.state != PurgeState::Noticed || data.find::<PurgeExport>(&id).await?.is_some() {
        return Ok(json!({"exported": false}));
    }
    let all = AuditFilter::default();
    let extent = Extent { epoch: Some(plan.epoch), head: HeadChoice::Newest, details: false };
    let wanted = (state.ports.randomness.id(job.now), Format::Bundle);
    let made = match export::make(&state, &data, wanted, &all, extent).await {
        Ok(made) => made,
        Err(ExportError::TooLarge { size }) => {
            // Sending the message again does not help: whoever looks at the purge is told what does.
            tracing::warn!(tenant.id = %tenant, size, "no export holds the rows of a purge");
            return Ok(json!({"exported": false}));
        }
        Err(error) => return Err(error.into()),
    };
    if made.rows < plan.to {
        return Err(ExportError::NothingSigned.into());
    }
    let record = ExportRecord::new(wanted.0, None, Format::Bundle, &made, job.now);
    keep(&job, &data, (&plan, &record), made).await?;
    let exported = PurgeExport {
        purge: plan.purge,
        export: record.export,
        rows: record.size,
        sha256: record.sha256.clone(),
    };
    let keep = Housekeeping::new(HousekeepingKind::Follower).create(&exported);
    match data.keep(keep).await {
        // Another invocation was first; its export is as good.
        Ok(()) | Err(StoreError::Exists) => {}
        Err(error) => return Err(error.into()),
    }
    state.wake_purge(tenant).await;
    Ok(json!({"exported": true}))
}

/// Commits what describes the file, and then stores it: no file is left of which nobody knows that it must be removed one day.
async fn keep(
    job: &Job,
    data: &Partition,
    (plan, record): (&PurgePlan, &ExportRecord),
    made: Made,
) -> Result<(), Problem> {
    let event = AuditEvent::new(EventKind::ExportCreated, Target::new("export", record.export))
        .with("format", Format::Bundle.name())
        .with("purge", plan.purge.to_string())
        .with("sha256", record.sha256.as_str())
        .with("size", record.size);
    let change = Change::new(event).create(record);
    data.commit(&Actor::system("export_purge"), job.now, change).await?;
    Ok(made.file.store().await?)
}
