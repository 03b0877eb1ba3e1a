//! What the witness saw last, what it found wrong, which promises were kept. Each step is one transaction, so that no two processes, and
//! no process before and after a crash, confirm two histories.

mod alarms;
mod promises;

use domain::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Vault, VaultError, unreadable};
use crate::witness::Seen;
use alarms::standing;
pub(crate) use promises::End;

const SEEN: &str = "witness";

impl Vault {
    /// What was seen last of the log.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn seen(&self) -> Result<Option<Seen>, VaultError> {
        self.recall(SEEN)
    }

    /// Notes that `next` was seen, after `known`. False, and nothing is noted, when something else was seen since, or an alarm stands:
    /// only who gets true may cosign.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn advance(&self, known: Option<&Seen>, next: &Seen) -> Result<bool, VaultError> {
        self.write(|transaction| {
            let stands = standing(transaction)?.is_some();
            if stands || recall_seen(transaction)?.as_ref() != known {
                return Ok(false);
            }
            remember_seen(transaction, next)?;
            Ok(true)
        })
    }

    /// Notes when the cosignature of `seen`, the head or the end of an epoch before, reached the control plane.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn mark_cosigned(&self, seen: &Seen, at: Timestamp) -> Result<(), VaultError> {
        self.write(|transaction| {
            let Some(mut now) = recall_seen(transaction)? else { return Ok(()) };
            if now.text() == seen.text() {
                now.delivered = Some(at);
            }
            for end in now.ended.iter_mut().filter(|end| end.text() == seen.text()) {
                end.delivered = Some(at);
            }
            remember_seen(transaction, &now)
        })
    }
}

fn recall_seen(transaction: &Transaction<'_>) -> Result<Option<Seen>, VaultError> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    let text: Option<String> = transaction.query_row(sql, [SEEN], |row| row.get(0)).optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
}

fn remember_seen(transaction: &Transaction<'_>, seen: &Seen) -> Result<(), VaultError> {
    let text = serde_json::to_string(seen).map_err(unreadable)?;
    transaction.execute(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        params![SEEN, text],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{RunnerId, TenantId};
    use protocol::{Digest, key::Ed25519Key, witness::AlarmKind};

    use super::*;
    use crate::{
        enrolment::Identity,
        vault::tests::vault,
        witness::{Alarm, Cleared, Evidence, First},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    fn seen(size: u64) -> Seen {
        Seen {
            origin: "control.example/log/ten_a".to_owned(),
            size,
            root: Digest::of(size.to_be_bytes()),
            checkpoint: format!("checkpoint of {size}"),
            at: at(1),
            first: First { size: 1, at: at(1) },
            delivered: None,
            ended: Vec::new(),
        }
    }

    fn alarm(what: &str) -> Alarm {
        let by = Identity {
            runner: RunnerId::from_u128(2),
            tenant: TenantId::from_u128(1),
            deployment: "control.example".parse().unwrap(),
            is_enrolled: true,
        };
        let evidence = Evidence::of(AlarmKind::Fork, what);
        evidence.raise(&by, &Ed25519Key::from_seed(&[1; 32]), at(9)).unwrap()
    }

    #[test]
    fn what_was_seen_is_there_after_a_restart_and_goes_on_from_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        assert!(vault(dir.path()).advance(None, &seen(3)).unwrap());
        let reopened = vault(dir.path());
        assert_eq!(reopened.seen().unwrap(), Some(seen(3)));
        assert!(!reopened.advance(None, &seen(5)).unwrap());
        assert!(!reopened.advance(Some(&seen(2)), &seen(5)).unwrap());
        assert!(reopened.advance(Some(&seen(3)), &seen(5)).unwrap());
    }

    /// Two processes looked at the same time: only one of them may cosign.
    #[test]
    fn of_two_processes_only_one_goes_on_from_what_was_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (vault(dir.path()), vault(dir.path()));
        assert!(one.advance(None, &seen(3)).unwrap());
        assert!(!other.advance(None, &seen(4)).unwrap());
        assert_eq!(other.seen().unwrap(), Some(seen(3)));
    }

    #[test]
    fn nothing_goes_on_while_an_alarm_stands_however_often_it_is_tried() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        assert!(vault.advance(None, &seen(3)).unwrap());
        vault.raise(&alarm("one")).unwrap();
        vault.raise(&alarm("one")).unwrap();
        assert!(!vault.advance(Some(&seen(3)), &seen(4)).unwrap());
        assert_eq!(vault.standing_alarm().unwrap(), Some(alarm("one")));
        let cleared = Cleared { reason: "looked".to_owned(), at: at(10), starts_over: false };
        assert_eq!(vault.clear_alarms(&cleared).unwrap(), 1);
        assert_eq!(vault.standing_alarm().unwrap(), None);
        assert!(vault.advance(Some(&seen(3)), &seen(4)).unwrap());
        vault.raise(&alarm("one")).unwrap();
        assert!(!vault.advance(Some(&seen(4)), &seen(5)).unwrap(), "the same again stands again");
    }

    #[test]
    fn starting_over_gives_up_what_was_seen() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        vault.advance(None, &seen(3)).unwrap();
        let cleared = Cleared { reason: "restored".to_owned(), at: at(10), starts_over: true };
        assert_eq!(vault.clear_alarms(&cleared).unwrap(), 0);
        assert_eq!(vault.seen().unwrap(), None);
    }

    #[test]
    fn an_alarm_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        vault.raise(&alarm("one")).unwrap();
        assert_eq!(vault.untold_alarms().unwrap(), [alarm("one")]);
        vault.mark_told(alarm("one").id).unwrap();
        assert_eq!(vault.untold_alarms().unwrap(), []);
    }

    #[test]
    fn only_the_head_that_was_delivered_counts_as_delivered() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        vault.advance(None, &seen(3)).unwrap();
        vault.mark_cosigned(&seen(2), at(5)).unwrap();
        assert_eq!(vault.seen().unwrap().unwrap().delivered, None);
        vault.mark_cosigned(&seen(3), at(5)).unwrap();
        assert_eq!(vault.seen().unwrap().unwrap().delivered, Some(at(5)));
    }
}
