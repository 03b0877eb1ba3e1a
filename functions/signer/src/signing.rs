//! Continuing from the last checkpoint that was signed here, or refusing.

mod error;
mod following;

use chain::{
    checkpoint::Checkpoint,
    commit::Head,
    epoch::Rotation,
    genesis,
    note::{Signer, VerifierKey},
    row::Row,
};
use domain::TenantId;
use ports::{Bucket, Etag};
use store::{
    Alarm, Partition, SignedHead, log,
    signed::{self, Begun},
};

use crate::{State, kept};
use error::Place;
pub(crate) use error::SigningError;
use following::Following;

/// The name of an epoch of a tenant's log in checkpoints.
pub(crate) fn origin(deployment: &str, tenant: TenantId, epoch: u64) -> String {
    match epoch {
        0 => format!("{deployment}/log/{tenant}"),
        _ => format!("{deployment}/log/{tenant}/{epoch}"),
    }
}

/// Rows that are followed before their end is signed: a turn that is ended half-way loses no more work than that, and holds up no other log for longer.
const ROWS_MAX: u64 = 1 << 12;

/// What is signed of a log.
pub(crate) struct Signed {
    /// The end that was signed last; `None` of an empty log.
    pub(crate) head: Option<SignedHead>,
    /// Whether the log may go on behind it.
    pub(crate) has_more: bool,
}

/// Signs the end of a tenant's log if it grew, however far that is. What is signed now; `None` of an empty log.
pub(crate) async fn sign_all(
    state: &State,
    partition: &Partition,
) -> Result<Option<SignedHead>, SigningError> {
    loop {
        let Signed { head, has_more } = sign(state, partition).await?;
        if !has_more {
            return Ok(head);
        }
    }
}

/// Signs the next part of a tenant's log, if it grew.
pub(crate) async fn sign(state: &State, partition: &Partition) -> Result<Signed, SigningError> {
    let (blobs, clock) = (&*state.ports.blobs, &*state.ports.clock);
    let tenant = partition.tenant();
    let (signed, etag) = SignedHead::read(blobs, tenant).await?.unzip();
    let epoch = signed::epoch(blobs, partition, signed.as_ref(), state.restore, clock).await?;
    let rotation = match (&epoch.after, &epoch.why, &signed) {
        (Some(before), None, _) => before.ended.unwrap_or(before.rotation),
        // A log that begins anew after a restore keeps its key, whatever its end announced: that end is not in the database any more.
        (Some(before), Some(_), _) => before.rotation,
        (None, _, Some(signed)) => signed.rotation,
        (None, _, None) => state.rotation(),
    };
    let work = Work { state, partition: &partition.in_epoch(epoch.number), etag, rotation };
    let done = match (epoch.after, epoch.why) {
        (None, None) => work.go_on(signed).await,
        (None, Some(alarm)) => {
            return Err(SigningError::Refused { tenant, alarm: Box::new(alarm) });
        }
        (Some(before), why) => {
            if let Some(why) = &why {
                tell(state, tenant, why).await?;
            }
            work.begin(before, why.is_none()).await
        }
    };
    if let Err(error) = &done {
        let size = match SignedHead::read(blobs, tenant).await? {
            Some((signed, _)) if signed.epoch == epoch.number => signed.size,
            Some(_) | None => 0,
        };
        let place =
            Place { tenant, size, epoch: epoch.number, restore: state.restore, at: clock.now() };
        if let Some(alarm) = error.alarm(place) {
            tell(state, place.tenant, &alarm).await?;
        }
    }
    done
}

/// Keeps an alarm where whoever reads the log looks for it, and says so in the log of the app. The first one of an epoch stays.
async fn tell(state: &State, tenant: TenantId, alarm: &Alarm) -> Result<(), SigningError> {
    let Alarm { code, what, expected, found, epoch, .. } = alarm;
    tracing::error!(tenant.id = %tenant, code, epoch, what, expected, found, "nothing more is signed of this log");
    let name = Alarm::blob(tenant, *epoch);
    kept::once(&*state.ports.blobs, &name, alarm).await
}

/// One turn at one epoch of one log.
struct Work<'a> {
    state: &'a State,
    partition: &'a Partition,
    etag: Option<Etag>,
    /// The rotation to which the epoch belongs.
    rotation: u32,
}

impl Work<'_> {
    /// Continues what was signed in this epoch, or begins the first one.
    async fn go_on(self, signed: Option<SignedHead>) -> Result<Signed, SigningError> {
        let tenant = self.partition.tenant();
        let Some(before) = signed else { return self.follow(None, Head::default()).await };
        if let Some(mut alarm) =
            before.contradiction(self.partition, &*self.state.ports.clock).await?
        {
            alarm.restore = self.state.restore;
            return Err(SigningError::Refused { tenant, alarm: Box::new(alarm) });
        }
        let unreadable = || SigningError::Unreadable(SignedHead::blob(tenant));
        let head = before.head().ok_or_else(unreadable)?;
        self.follow(Some(before), head).await
    }

    /// Begins an epoch of a log that was rotated as planned, or whose database contradicts what was signed: its first row must name what was signed
    /// last, and show that it was planned if it was.
    async fn begin(self, before: SignedHead, is_planned: bool) -> Result<Signed, SigningError> {
        let (tenant, epoch) = (self.partition.tenant(), self.partition.epoch());
        let Some(first) = log::commit_at(self.partition, 0).await? else {
            // The sealer has not begun it yet, and wakes us when it has.
            return Ok(Signed { head: Some(before), has_more: false });
        };
        let row = first.rows.into_iter().next().unwrap_or_default();
        if !self.continues(&before, &row, is_planned)? {
            return Err(SigningError::Beginning { tenant, epoch });
        }
        let blobs = &*self.state.ports.blobs;
        kept::once(blobs, &SignedHead::ended_blob(tenant, before.epoch), &before).await?;
        if is_planned {
            kept::anew(blobs, &Begun::blob(tenant, epoch), &Begun { row }).await?;
        }
        self.follow(None, Head::default()).await
    }

    /// Whether this first row of the epoch says what was signed last of the one before, and how it ended.
    fn continues(
        &self,
        before: &SignedHead,
        first: &str,
        is_planned: bool,
    ) -> Result<bool, SigningError> {
        let Ok(row) = Row::parse(first) else { return Ok(false) };
        let keys = [self.verifier(before.epoch, before.rotation)?];
        let origin =
            origin(&self.state.deployment, self.partition.tenant(), self.partition.epoch());
        Ok(genesis::previous_of(&row).is_some_and(|names| {
            (&names.note, names.epoch) == (&before.note, before.epoch)
                && names.announced.is_some() == is_planned
        }) && genesis::check(&row, &origin, &keys).is_ok())
    }

    /// The key that signs an epoch of this log in a rotation.
    fn verifier(&self, epoch: u64, rotation: u32) -> Result<VerifierKey, SigningError> {
        Ok(self.signer(epoch, rotation)?.verifier_key())
    }

    fn signer(&self, epoch: u64, rotation: u32) -> Result<Signer, SigningError> {
        let key = self.state.log_key(rotation).ok_or(SigningError::Behind(rotation))?;
        let origin = origin(&self.state.deployment, self.partition.tenant(), epoch);
        Ok(Signer::new(&origin, key.clone())?)
    }

    /// What this signer would announce at the end of the epoch is all that it signs: whoever writes rows must not name keys of his own.
    fn check_announced(&self, said: &Rotation) -> Result<u32, SigningError> {
        let (tenant, epoch) = (self.partition.tenant(), self.partition.epoch());
        let next = epoch + 1;
        let expected = Rotation {
            by: vec![self.verifier(epoch, self.rotation)?.to_string()],
            keys: vec![self.verifier(next, said.rotation)?.to_string()],
            next: origin(&self.state.deployment, tenant, next),
            rotation: said.rotation,
        };
        if *said == expected && said.rotation > self.rotation {
            Ok(said.rotation)
        } else {
            Err(SigningError::Announcement { tenant, epoch })
        }
    }

    /// Hashes the rows after `head`, writes the tiles that they fill, and signs. A stray document beyond the contiguous ones is never reached.
    async fn follow(self, before: Option<SignedHead>, head: Head) -> Result<Signed, SigningError> {
        let size = head.tree.size();
        let is_raised = before.as_ref().is_some_and(|before| before.restore < self.state.restore);
        if log::commit_at(self.partition, size).await?.is_none() && !is_raised {
            return Ok(Signed { head: before, has_more: false });
        }
        let tail = before.as_ref().map_or(0, |before| before.tail);
        let mut following = Following::from(self.state, self.partition, head, tail).await?;
        let mut has_more = true;
        while has_more && following.size() < size + ROWS_MAX {
            match log::commit_at(self.partition, following.size()).await? {
                Some(commit) => following.take(&commit).await?,
                None => has_more = false,
            }
        }
        let ended = following.ended().map(|said| self.check_announced(&said)).transpose()?;
        let commit = following.last_commit().or(before.as_ref().map(|before| before.commit));
        let Some(commit) = commit else { return Ok(Signed { head: before, has_more: false }) };
        let (head, tail) = following.finish(size).await?;
        let next = SignedHead { ended, ..self.signed(head, commit, tail)? };
        // The tiles are there; now, and not before, the head is published that needs them.
        let name = SignedHead::blob(self.partition.tenant());
        kept::write(&*self.state.ports.blobs, &name, &next, self.etag.as_ref()).await?;
        Ok(Signed { head: Some(next), has_more })
    }

    fn signed(&self, head: Head, commit: u64, tail: u64) -> Result<SignedHead, SigningError> {
        let epoch = self.partition.epoch();
        let origin = origin(&self.state.deployment, self.partition.tenant(), epoch);
        let (size, root) = (head.tree.size(), head.tree.root());
        let signer = self.signer(epoch, self.rotation)?;
        let note = Checkpoint { origin, size, root }.sign(&signer)?;
        let edge = head.tree.edge().to_vec();
        let restore = self.state.restore;
        Ok(SignedHead {
            note,
            size,
            commit,
            last: head.last,
            edge,
            rx: head.rx,
            epoch,
            restore,
            tail,
            rotation: self.rotation,
            ended: None,
        })
    }
}

/// Where a tile of a tenant's log is kept.
pub(crate) const fn bucket(tile: &chain::tile::Tile) -> Bucket {
    match tile.content {
        chain::tile::Content::Entries => Bucket::Entries,
        chain::tile::Content::Hashes { .. } => Bucket::Tiles,
    }
}
