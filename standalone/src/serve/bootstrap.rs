//! The first owner's invitation: there is no default account.
//!
//! The token is kept, private and durable, from before the message is sent until somebody was told of it. So whenever the process is killed,
//! the next start sends the same message again (which `auth` makes of no effect) and shows the same token: never a second tenant, never an
//! invitation that nobody saw.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use auth::Bootstrap;
use domain::{InvitationId, TenantId, auth::Ticket, kind};
use local::Queues;
use ports::{Clock, QueueError, QueueName, Randomness};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::ServeError;

/// Exists once somebody was told.
const MARKER: &str = "owner-invited";
/// Holds the token until then.
const PENDING: &str = "owner-invitation.json";

/// The first owner's invitation. It can be redeemed once.
#[derive(Debug)]
pub struct Invited {
    /// What to redeem.
    pub token: SecretString,
    /// The name of the tenant that it leads into.
    pub tenant_name: String,
}

/// Why the first tenant was not asked for.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The kept token is none.
    #[error(
        "owner-invitation.json in the data folder is not an invitation; remove it to make a new one"
    )]
    Pending,
    /// The queue did not take the message.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

#[derive(Deserialize, Serialize)]
struct Pending {
    token: String,
    tenant_name: String,
}

/// Asks `auth` for the first tenant, if nobody was told of its owner's invitation yet.
pub(crate) async fn invite(
    data: &Path,
    tenant_name: &str,
    queues: &Queues,
    clock: &dyn Clock,
    randomness: &dyn Randomness,
) -> Result<Option<Invited>, ServeError> {
    if data.join(MARKER).exists() {
        forget(data)?;
        return Ok(None);
    }
    let pending = match kept(data)? {
        Some(pending) => pending,
        None => keep(data, tenant_name, clock, randomness)?,
    };
    let ticket: Ticket<kind::Invitation> =
        pending.token.parse().map_err(|_| BootstrapError::Pending)?;
    let message = Bootstrap {
        tenant: ticket.tenant,
        tenant_name: pending.tenant_name.clone(),
        invitation: ticket.id,
        ticket_sha256: ticket.sha256(),
    };
    let text = serde_json::to_string(&message).map_err(|_| BootstrapError::Pending)?;
    queues.send(QueueName::Bootstrap, &text, Duration::ZERO).await.map_err(BootstrapError::from)?;
    Ok(Some(Invited { token: pending.token.into(), tenant_name: pending.tenant_name }))
}

/// Notes that somebody was told, and forgets the token.
pub(crate) fn told(data: &Path) -> Result<(), ServeError> {
    write_durably(data, MARKER, b"")?;
    forget(data)
}

fn kept(data: &Path) -> Result<Option<Pending>, ServeError> {
    let path = data.join(PENDING);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(|_| BootstrapError::Pending)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServeError::File(path, error)),
    }
}

fn keep(
    data: &Path,
    tenant_name: &str,
    clock: &dyn Clock,
    randomness: &dyn Randomness,
) -> Result<Pending, ServeError> {
    let now = clock.now();
    let (tenant, invitation): (TenantId, InvitationId) = (randomness.id(now), randomness.id(now));
    let ticket = Ticket::<kind::Invitation>::new(tenant, invitation, randomness.bytes());
    let token = ticket.expose().expose_secret().to_owned();
    let pending = Pending { token, tenant_name: tenant_name.to_owned() };
    let bytes = serde_json::to_vec(&pending).map_err(|_| BootstrapError::Pending)?;
    write_durably(data, PENDING, &bytes)?;
    Ok(pending)
}

fn forget(data: &Path) -> Result<(), ServeError> {
    let path = data.join(PENDING);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ServeError::File(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Private, whole, and on the disk before this returns.
fn write_durably(data: &Path, name: &str, bytes: &[u8]) -> Result<(), ServeError> {
    let path = data.join(name);
    let fresh = data.join(format!("{name}.new"));
    let write = || {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        File::open(data)?.sync_all()
    };
    write().map_err(|error| ServeError::File(path.clone(), error))
}
