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
use domain::{InvitationId, TenantId, TenantKind, auth::Ticket, kind};
use ports::{Clock, QueueError, QueueName, Randomness};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::ServeError;
use crate::Inbox;

/// Exists once somebody was told.
const MARKER: &str = "owner-invited";
/// Holds the token until then.
const PENDING: &str = "owner-invitation.json";
/// Holds the token of the platform's owner.
const OPERATOR: &str = "operator-invitation.json";
/// How long the first tenant may take before the host says that it serves.
const MADE_WITHIN: Duration = Duration::from_secs(10);

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
        "owner-invitation.json or operator-invitation.json in the data folder is not an invitation; remove it to make a new one"
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

/// Whoever starts the first tenant.
pub(crate) struct Installer<'a> {
    /// The folder where the invitation is kept until somebody was told of it.
    pub(crate) data: &'a Path,
    /// Takes the message to `auth`.
    pub(crate) inbox: &'a dyn Inbox,
    /// Dates the identifiers.
    pub(crate) clock: &'a dyn Clock,
    /// Makes the token.
    pub(crate) randomness: &'a dyn Randomness,
}

impl Installer<'_> {
    /// Asks `auth` for the first tenant, if nobody was told of its owner's invitation yet, and waits until `processed` counts a message that was
    /// worked on, so that the invitation can be redeemed as soon as it is shown.
    pub(crate) async fn invite(
        &self,
        tenant_name: &str,
        mut processed: watch::Receiver<u64>,
    ) -> Result<Option<Invited>, ServeError> {
        if self.data.join(MARKER).exists() {
            forget(self.data)?;
            return Ok(None);
        }
        let pending = self.pending(PENDING, tenant_name)?;
        let text = message(&pending, TenantKind::Customer)?;
        self.inbox.send(QueueName::Bootstrap, &text).await.map_err(BootstrapError::from)?;
        let made = processed.wait_for(|count| *count > 0);
        if !matches!(tokio::time::timeout(MADE_WITHIN, made).await, Ok(Ok(_))) {
            tracing::error!("the first tenant is not there yet; its invitation counts once it is");
        }
        Ok(Some(Invited { token: pending.token.into(), tenant_name: pending.tenant_name }))
    }

    /// Asks `auth` for the tenant of whoever runs the deployment, and gives the invitation of its owner: the same one however often it is
    /// asked for, since the file that keeps it stays. `auth` makes one such tenant, and takes the invitation once.
    pub(crate) async fn invite_operator(&self, tenant_name: &str) -> Result<Invited, ServeError> {
        let pending = self.pending(OPERATOR, tenant_name)?;
        let text = message(&pending, TenantKind::Platform)?;
        self.inbox.send(QueueName::Bootstrap, &text).await.map_err(BootstrapError::from)?;
        Ok(Invited { token: pending.token.into(), tenant_name: pending.tenant_name })
    }

    /// The invitation that is kept in `file`, or a new one.
    fn pending(&self, file: &'static str, tenant_name: &str) -> Result<Pending, ServeError> {
        match kept(self.data, file)? {
            Some(pending) => Ok(pending),
            None => self.keep(file, tenant_name),
        }
    }

    fn keep(&self, file: &'static str, tenant_name: &str) -> Result<Pending, ServeError> {
        let now = self.clock.now();
        let tenant: TenantId = self.randomness.id(now);
        let invitation: InvitationId = self.randomness.id(now);
        let secret = self.randomness.bytes();
        let ticket = Ticket::<kind::Invitation>::new(tenant, invitation, secret);
        let token = ticket.expose().expose_secret().to_owned();
        let pending = Pending { token, tenant_name: tenant_name.to_owned() };
        let bytes = serde_json::to_vec(&pending).map_err(|_| BootstrapError::Pending)?;
        write_durably(self.data, file, &bytes)?;
        Ok(pending)
    }
}

fn message(pending: &Pending, kind: TenantKind) -> Result<String, BootstrapError> {
    let ticket: Ticket<kind::Invitation> =
        pending.token.parse().map_err(|_| BootstrapError::Pending)?;
    let message = Bootstrap {
        tenant: ticket.tenant,
        tenant_name: pending.tenant_name.clone(),
        invitation: ticket.id,
        ticket_sha256: ticket.sha256(),
        kind,
    };
    serde_json::to_string(&message).map_err(|_| BootstrapError::Pending)
}

/// Notes that somebody was told, and forgets the token.
pub(crate) fn told(data: &Path) -> Result<(), ServeError> {
    write_durably(data, MARKER, b"")?;
    forget(data)
}

fn kept(data: &Path, file: &'static str) -> Result<Option<Pending>, ServeError> {
    let path = data.join(file);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(|_| BootstrapError::Pending)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServeError::File(path, error)),
    }
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
