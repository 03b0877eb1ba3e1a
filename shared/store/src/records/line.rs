//! The line of keys under which records are signed: each but the first is endorsed by the one before it.
//!
//! Where the line begins is not the keyring's to say, but the settings', or else what a process found first. From there on whoever wants to add a
//! key needs the secret half of the last one, and a right to write documents is none.

use domain::Timestamp;
use ports::KeyPurpose;
use protocol::key::PublicKey;

use super::retirement::Retirement;
use crate::{
    KNOWN_AFTER, KeyRecord, SETTLED_AFTER,
    keyring::line::{self, Link},
};

/// The keys that count, oldest first.
#[derive(Default)]
pub(super) struct Line {
    links: Vec<Link>,
    /// Where the line begins; before it are keys that the settings name beside it.
    first: usize,
    retirements: Vec<Retirement>,
}

/// Whether every process knows the key, so that it may sign.
fn is_known(link: &Link, now: Timestamp) -> bool {
    link.record.created_at.plus(KNOWN_AFTER) <= now
}

/// Whether nothing is signed with an older one any more.
pub(super) fn is_settled(link: &Link, now: Timestamp) -> bool {
    link.record.created_at.plus(KNOWN_AFTER + SETTLED_AFTER) <= now
}

impl Line {
    /// Follows the line from the key with the thumbprint that `pinned` names last, through what `made` says; the others of `pinned` count beside it.
    pub(super) fn follow(pinned: &[String], made: &[(u32, KeyRecord)]) -> Self {
        let links = line::links(KeyPurpose::AccessRecords, made);
        let named = |kid: &String| links.iter().find(|link| link.kid == *kid).cloned();
        let Some((last, beside)) = pinned.split_last() else { return Self::default() };
        let mut counting: Vec<_> = beside.iter().filter_map(named).collect();
        let first = counting.len();
        counting.extend(named(last).map(|last| line::follow(last, &links)).unwrap_or_default());
        Self { links: counting, first, retirements: Vec::new() }
    }

    /// The same, with what its keys say of older ones.
    pub(super) fn with_retirements(mut self, said: Vec<Retirement>) -> Self {
        let is_ours = |said: &Retirement| {
            self.own().any(|link| link.kid == said.by && said.is_of(&link.public))
        };
        self.retirements = said.into_iter().filter(is_ours).collect();
        self
    }

    /// Whether there is more than one, so that one may be retired.
    pub(super) fn is_long(&self) -> bool {
        self.links.len() > 1
    }

    /// The key with this thumbprint, if a record counts that is signed with it.
    pub(super) fn counting(&self, kid: &str, now: Timestamp) -> Option<&PublicKey> {
        let place = self.links.iter().position(|link| link.kid == kid)?;
        let is_retired = self.retirements.iter().any(|said| {
            let by = self.links.iter().position(|link| link.kid == said.by);
            by.is_some_and(|by| by > place) && said.is_in_force(now)
        });
        self.links.get(place).filter(|_| !is_retired).map(|link| &link.public)
    }

    /// The keys that may sign at `now`, the one that should first. The first of the line has nobody to wait for.
    pub(super) fn signing(&self, now: Timestamp) -> impl Iterator<Item = &Link> {
        let first = self.own().next().map(|link| link.kid.as_str());
        self.own().rev().filter(move |link| is_known(link, now) || Some(&*link.kid) == first)
    }

    /// The key under which everything should be signed by now, if others may still count beside it.
    pub(super) fn to_sign_again(&self, now: Timestamp) -> Option<&Link> {
        let target = self.own().rev().find(|link| is_settled(link, now))?;
        let is_older = |link: &&Link| link.version < target.version;
        let is_retired = self.retirements.iter().any(|said| said.by == target.kid);
        let mut older = self.links.iter().filter(is_older);
        older.next().filter(|_| !is_retired).map(|_| target)
    }

    /// The key that should sign at `now`, and those that will.
    pub(super) fn wanted(&self, now: Timestamp) -> impl Iterator<Item = &Link> {
        let from = self.signing(now).next().map_or(0, |link| link.version);
        self.own().filter(move |link| link.version >= from)
    }

    /// The last of the line, used or not.
    pub(super) fn newest(&self) -> Option<&Link> {
        self.own().next_back()
    }

    /// Whether the newest was endorsed by one before it.
    pub(super) fn successor(&self) -> Option<&Link> {
        self.newest().filter(|_| self.own().count() > 1)
    }

    fn own(&self) -> impl DoubleEndedIterator<Item = &Link> {
        self.links.iter().skip(self.first)
    }
}

#[cfg(test)]
mod tests;
