//! What is to be written, and why.

use domain::{AuditEvent, EventId};
use ports::{Container, Etag, Write};

use crate::{Document, StoreError, document::encode};

/// Writes that belong together, and the event that accounts for them. There is no other way to change state.
#[derive(Debug)]
#[must_use = "nothing is written until the change is committed"]
pub struct Change {
    pub(crate) event: AuditEvent,
    pub(crate) writes: Writes,
}

/// Writes of one batch: all in one container and one shard.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) place: Option<(Container, &'static str)>,
    pub(crate) batch: Vec<Write>,
    pub(crate) refused: Option<StoreError>,
}

impl Writes {
    fn push<T: Document>(&mut self, document: &T, write: impl FnOnce(ports::NewDocument) -> Write) {
        let place = (T::CONTAINER, T::SHARD);
        match (self.place.replace(place), encode(document)) {
            (Some(before), _) if before != place => {
                self.refused =
                    Some(StoreError::Unreadable(format!("one batch in {before:?} and {place:?}")));
            }
            (_, Err(error)) => self.refused = Some(error),
            (_, Ok(document)) => self.batch.push(write(document)),
        }
    }
}

impl Change {
    /// A change that so far writes nothing but its own audit intent.
    pub fn new(event: AuditEvent) -> Self {
        Self { event, writes: Writes::default() }
    }

    /// The event that accounts for it.
    pub fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// Where it is written, if it writes more than its intent.
    pub fn place(&self) -> Option<(Container, &'static str)> {
        self.writes.place
    }

    /// Also creates a document, which must not exist yet.
    pub fn create<T: Document>(mut self, document: &T) -> Self {
        self.writes.push(document, Write::Create);
        self
    }

    /// Also replaces a document that was read with this version.
    pub fn replace<T: Document>(mut self, document: &T, etag: Etag) -> Self {
        self.writes.push(document, |document| Write::Replace(document, etag));
        self
    }

    /// Puts the intent into this container and shard although no document is written there.
    pub fn beside<T: Document>(mut self) -> Self {
        self.writes.place = Some((T::CONTAINER, T::SHARD));
        self
    }
}

/// What is no one's action, and therefore needs no audit event: a closed list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HousekeepingKind {
    /// A refresh token was rotated.
    SessionRotation,
    /// A failed attempt was counted.
    Attempt,
    /// What is used of a quota was counted.
    Usage,
    /// What a request was answered, for whoever sends it again; what it did has its own event.
    Answer,
    /// A step of a login that is not complete; its end is recorded.
    LoginProgress,
    /// A number used once was seen.
    Nonce,
    /// A Runner said that it is there.
    Heartbeat,
    /// How far a feed was read.
    Cursor,
    /// An index that points to a document which has its own event.
    Index,
    /// Something that no one can be held to was put aside.
    Quarantine,
    /// What follows, in another partition or at a later time, from a change that has its event and was committed first.
    Follower,
}

/// Writes that need no audit event.
#[derive(Debug)]
#[must_use = "nothing is written until it is committed"]
pub struct Housekeeping {
    pub(crate) kind: HousekeepingKind,
    pub(crate) because: Option<EventId>,
    pub(crate) writes: Writes,
}

impl Housekeeping {
    /// Nothing yet, for one of the closed list of reasons.
    pub fn new(kind: HousekeepingKind) -> Self {
        Self { kind, because: None, writes: Writes::default() }
    }

    /// Names the audit event that it follows from, in the records that guards read.
    pub fn because(mut self, event: EventId) -> Self {
        self.because = Some(event);
        self
    }

    /// Creates a document, which must not exist yet.
    pub fn create<T: Document>(mut self, document: &T) -> Self {
        self.writes.push(document, Write::Create);
        self
    }

    /// Replaces a document that was read with this version.
    pub fn replace<T: Document>(mut self, document: &T, etag: Etag) -> Self {
        self.writes.push(document, |document| Write::Replace(document, etag));
        self
    }
}
