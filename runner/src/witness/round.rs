//! One look at the log: is it the same one, grown? Then it is cosigned. Are promises kept?

use std::time::Duration;

use chain::note::NoteError;
use domain::{Class, Fault};
use protocol::{
    dsse::SignError,
    key::Ed25519Key,
    keyset::{ControlPlaneKeys, KeyUse},
    witness::{AlarmKind, CheckpointAnswer, CosignedHead},
};

use super::{
    Alarm, Certified, Evidence, Seen,
    judgement::{Expected, Sight, Wrong},
};
use crate::{
    control_plane::{CallError, ControlPlane},
    enrolment::Identity,
    home::{Home, HomeError},
    vault::{Vault, VaultError},
};

/// A head that is cosigned already is cosigned again after this, which shows that somebody still watches.
const AGAIN_AFTER: Duration = Duration::from_hours(1);
/// How often a look begins again because another process of this Runner was faster.
const TRIES: usize = 4;

/// What one look needs.
#[derive(Clone, Copy)]
pub(crate) struct Round<'a> {
    /// Where evidence is kept.
    pub(crate) home: &'a Home,
    /// What the Runner knows.
    pub(crate) vault: &'a Vault,
    /// Who shows the log.
    pub(crate) control_plane: &'a ControlPlane<'a>,
    /// The keys that sign it.
    pub(crate) keys: &'a ControlPlaneKeys,
    /// Whether they were asked for because of a head that was signed by none that were known.
    pub(crate) is_asked_again: bool,
    /// Who looks.
    pub(crate) identity: &'a Identity,
    /// Signs alarms.
    pub(crate) key: &'a Ed25519Key,
    /// Cosigns, if the customer certified it. Without it the Runner looks all the same.
    pub(crate) certified: Option<&'a Certified>,
}

/// What came of a look.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The log is as it should be.
    Sound {
        /// What was seen.
        seen: Seen,
        /// Whether it was cosigned now.
        is_cosigned: bool,
        /// How many promises were shown to be kept.
        proved: usize,
        /// How many are still open, although their time is over.
        overdue: usize,
    },
    /// There is no log yet.
    NothingSigned,
    /// It is not as it should be, or was not before and nobody has looked.
    Alarmed(Box<Alarm>),
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessError {
    /// The control plane did not do its part.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The vault does not remember.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The evidence cannot be kept.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The alarm cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The head cannot be cosigned.
    #[error("the head cannot be cosigned")]
    Note(#[from] NoteError),
    /// The head is signed by no key that is known. One may have been made since the keys were asked for: ask again, and look with those.
    #[error("the head of the log is signed by no key that is known: {0}")]
    Unlisted(String),
    /// What was shown is no head of a log.
    #[error("what the control plane shows as the head of the log cannot be read: {0}")]
    Unreadable(String),
    /// Other processes of this Runner look all the time.
    #[error("another process of this Runner is witnessing; let one of them do it")]
    Busy,
}

impl Fault for WitnessError {
    fn class(&self) -> Class {
        match self {
            Self::Call(error) => error.class(),
            Self::Vault(error) => error.class(),
            Self::Home(error) => error.class(),
            Self::Sign(_) | Self::Note(_) | Self::Unreadable(_) | Self::Unlisted(_) => {
                Class::Internal
            }
            Self::Busy => Class::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Home(error) => error.code(),
            Self::Sign(_) | Self::Note(_) => "internal",
            Self::Unreadable(_) => "answer-unreadable",
            Self::Unlisted(_) => "log-key-unknown",
            Self::Busy => "witness-busy",
        }
    }
}

impl Round<'_> {
    /// Looks once.
    ///
    /// # Errors
    /// [`WitnessError`]: nothing was found out. What is wrong with the log is an [`Outcome`].
    pub(crate) async fn look(&self) -> Result<Outcome, WitnessError> {
        for is_last in (0..TRIES).map(|tried| tried + 1 == TRIES) {
            if let Some(alarm) = self.vault.standing_alarm()? {
                self.home.keep_alarm(&alarm)?;
                self.tell().await;
                return Ok(Outcome::Alarmed(Box::new(alarm)));
            }
            let known = self.vault.seen()?;
            let Sight { seen, next } = match self.see(known.as_ref()).await? {
                Ok(Some(sight)) => sight,
                Ok(None) => return Ok(Outcome::NothingSigned),
                Err(evidence) => return self.alarm(*evidence).await,
            };
            // On the disk before anybody hears of it.
            match (self.vault.advance(known.as_ref(), &seen)?, next) {
                (true, Some(next)) if !is_last => {
                    self.vault.advance(Some(&seen), &next)?;
                }
                (true, _) => return self.confirm(seen).await,
                (false, _) => {}
            }
        }
        Err(WitnessError::Busy)
    }

    /// What is shown, if it continues what is known; else the evidence that it does not.
    async fn see(
        &self,
        known: Option<&Seen>,
    ) -> Result<Result<Option<Sight>, Box<Evidence>>, WitnessError> {
        let origin = format!("{}{}", self.keys.log_origin_prefix, self.identity.tenant);
        let keys = self.keys.keys_for(KeyUse::Checkpoint);
        let expected = Expected { origin: &origin, keys: &keys };
        let (from, epoch) = (known.map_or(0, |known| known.size), known.map(Seen::epoch));
        let against = |kind, what, shown| {
            let seen = known.cloned();
            Ok(Err(Box::new(Evidence { seen, shown, ..Evidence::of(kind, what) })))
        };
        let mut has_asked_again = false;
        loop {
            let answer: CheckpointAnswer = match self.control_plane.checkpoint(from, epoch).await {
                Ok(answer) => answer,
                Err(CallError::Refused { code, .. }) if code == "nothing-signed" => {
                    return if known.is_none() {
                        Ok(Ok(None))
                    } else {
                        against(
                            AlarmKind::Rollback,
                            format!("a log of {from} rows was witnessed, and now there is none"),
                            None,
                        )
                    };
                }
                Err(error) => return Err(error.into()),
            };
            match expected.look(known, &answer, self.control_plane.clock.now()) {
                Ok(sight) => return Ok(Ok(Some(sight))),
                Err(Wrong::Unreadable(why)) => return Err(WitnessError::Unreadable(why)),
                Err(Wrong::Alarm(AlarmKind::UnknownKey, what)) if !self.is_asked_again => {
                    return Err(WitnessError::Unlisted(what));
                }
                Err(Wrong::Alarm(kind, what)) => return against(kind, what, Some(answer)),
                Err(Wrong::Proof(what)) if has_asked_again => {
                    return against(AlarmKind::Fork, what, Some(answer));
                }
                // The log may have grown between the two parts of an answer; twice it does not.
                Err(Wrong::Proof(_)) => has_asked_again = true,
            }
        }
    }

    async fn confirm(&self, seen: Seen) -> Result<Outcome, WitnessError> {
        // Whoever takes no cosignature owes the rows all the same.
        let cosigned = self.cosign_all(&seen).await;
        match self.prove(&seen).await? {
            Ok((proved, overdue)) => {
                Ok(Outcome::Sound { seen, is_cosigned: cosigned?, proved, overdue })
            }
            Err(evidence) => self.alarm(*evidence).await,
        }
    }

    /// Cosigns the ends of epochs that were left, as far as that was not done yet, and the head; whether the head was cosigned now.
    async fn cosign_all(&self, seen: &Seen) -> Result<bool, WitnessError> {
        for end in seen.ended.iter().rev().filter(|end| end.delivered.is_none()) {
            match self.cosign(end).await {
                // Who refuses one for good may take the head all the same.
                Err(WitnessError::Call(error @ CallError::Refused { .. })) if !error.may_pass() => {
                }
                done => {
                    done?;
                }
            }
        }
        self.cosign(seen).await
    }

    /// Cosigns what was seen, unless that was done a while ago; whether it was done now.
    async fn cosign(&self, seen: &Seen) -> Result<bool, WitnessError> {
        let now = self.control_plane.clock.now();
        let is_fresh = seen.delivered.is_some_and(|at| now.since(at) < AGAIN_AFTER);
        let Some(certified) = self.certified.filter(|_| !is_fresh) else { return Ok(false) };
        let time = u64::try_from(now.unix_s()).unwrap_or_default();
        let cosignature = certified.witness.cosign(&seen.text(), time)?;
        let head = CosignedHead { checkpoint: seen.checkpoint.clone(), cosignature };
        self.control_plane.cosigned(&head).await?;
        self.vault.mark_cosigned(seen, now)?;
        Ok(true)
    }

    /// Keeps and tells what is wrong.
    async fn alarm(&self, evidence: Evidence) -> Result<Outcome, WitnessError> {
        let alarm = evidence.raise(self.identity, self.key, self.control_plane.clock.now())?;
        self.vault.raise(&alarm)?;
        self.home.keep_alarm(&alarm)?;
        self.tell().await;
        Ok(Outcome::Alarmed(Box::new(alarm)))
    }

    /// Tells the control plane what it was not told yet. It may be the one that lies: whether it listens changes nothing here.
    async fn tell(&self) {
        for alarm in self.vault.untold_alarms().unwrap_or_default() {
            if self.control_plane.alarm(&alarm.signed).await.is_ok() {
                self.vault.mark_told(alarm.id).unwrap_or_default();
            }
        }
    }
}
