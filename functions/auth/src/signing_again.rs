//! Signing records again with the next key: how far it is, and one page of it.

use domain::{TenantId, Timestamp};
use ports::{Container, Cursor};
use serde::{Deserialize, Serialize};
use store::{Document, ListOf, StoreError};
use web::Job;

use crate::tenant_entries::TenantEntry;

/// Records of a page: each is read, verified, signed and written.
const PAGE: usize = 100;
/// Where guards' records are: sessions have a shard of their own.
const SHARDS: [&str; 2] = ["0", "h"];

/// How far the records are signed with the newest key.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningAgain {
    /// The last key whose making the log tells of.
    pub(crate) told: u32,
    /// With which key everything is to be signed; `None` when everything is.
    pub(crate) target: Option<Target>,
}

/// A key, and how far it is.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    /// Its number.
    pub(crate) version: u32,
    /// Its thumbprint.
    pub(crate) kid: String,
    /// Records that were signed again.
    pub(crate) signed: u64,
    /// Records that are refused, in this look at all of them: they were before, and stay as they are.
    pub(crate) refused: u64,
    /// The last tenant of which everything was looked at; the system's own comes first, and `None` before it.
    after: Option<TenantId>,
    /// Which shard of the next one, and where in it.
    shard: usize,
    cursor: Option<String>,
    /// Whether this look at all of them found something to do. Then there is another one.
    found: bool,
    began_at: Timestamp,
}

impl SigningAgain {
    /// Its one id in the system's partition.
    pub(crate) const ID: &'static str = "signing-again";
}

impl Target {
    /// Nothing is looked at yet.
    pub(crate) fn new((version, kid): (u32, String), began_at: Timestamp) -> Self {
        Self {
            version,
            kid,
            signed: 0,
            refused: 0,
            after: None,
            shard: 0,
            cursor: None,
            found: false,
            began_at,
        }
    }
}

impl Document for SigningAgain {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "signing_again";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// Where a page leads.
pub(crate) enum Next {
    /// There is more to look at.
    On(Target),
    /// A look at everything found nothing that is not signed with the key.
    Done(Target),
}

/// Looks at one page. Done twice, it finds nothing the second time.
pub(crate) async fn page(job: &Job, at: &Target) -> Result<Next, StoreError> {
    let Some(tenant) = tenant_after(job, at.after).await? else {
        return Ok(if at.found {
            let (signed, key) = (at.signed, (at.version, at.kid.clone()));
            Next::On(Target { signed, ..Target::new(key, at.began_at) })
        } else {
            Next::Done(at.clone())
        });
    };
    let mut next = at.clone();
    let Some(shard) = SHARDS.get(at.shard) else {
        (next.after, next.shard) = (Some(tenant), 0);
        return Ok(Next::On(next));
    };
    let data = job.cap.partition(tenant, "rotate_record_keys");
    let cursor = at.cursor.clone().map(Cursor);
    let page = data.sign_again(shard, cursor.as_ref(), PAGE).await?;
    next.signed += page.signed;
    next.refused += page.refused;
    next.found |= page.signed + page.missed > 0;
    next.cursor = page.next.map(|cursor| cursor.0);
    next.shard += usize::from(next.cursor.is_none());
    Ok(Next::On(next))
}

/// The system's own first, and then each tenant, in the order in which they were entered.
async fn tenant_after(job: &Job, after: Option<TenantId>) -> Result<Option<TenantId>, StoreError> {
    let Some(last) = after else { return Ok(Some(TenantId::SYSTEM)) };
    let after = (last != TenantId::SYSTEM).then(|| TenantEntry::id_of(last));
    let of = ListOf { after, limit: 1, ..ListOf::default() };
    let system = job.cap.partition(TenantId::SYSTEM, "rotate_record_keys");
    let entries = system.list::<TenantEntry>(of).await?;
    Ok(entries.documents.first().map(|found| found.document.tenant))
}
