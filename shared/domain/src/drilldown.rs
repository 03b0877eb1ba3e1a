//! Drill-downs: a person asks a Runner for a raw value, and the control plane carries what it cannot read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AuditEvent, Class, CommandId, DrilldownId, EventKind, EvidenceId, Fault, RunId, RunnerId,
    Target, Timestamp, UserId,
};

/// A request to see a raw value, and what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Drilldown {
    /// Which.
    pub drilldown: DrilldownId,
    /// Of which evidence item.
    pub evidence: EvidenceId,
    /// Of which run.
    pub run: RunId,
    /// Who keeps it.
    pub runner: RunnerId,
    /// Who asks.
    pub requester: UserId,
    /// The command that carries it.
    pub command: CommandId,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// From then on the Runner no longer answers it.
    pub ends_at: Timestamp,
    /// How far it came.
    pub state: DrilldownState,
}

/// How far a drill-down came.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum DrilldownState {
    /// It waits for the Runner to ask.
    Requested,
    /// The Runner has it.
    Dispatched {
        /// Since when.
        at: Timestamp,
    },
    /// The Runner answered, sealed to the viewer.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// The Runner refused, or failed.
    Denied {
        /// When.
        at: Timestamp,
        /// The Runner's code.
        code: String,
    },
    /// Nobody answered in time. Never stored: it follows from the time.
    Expired,
}

/// Why a drill-down does not go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DrilldownError {
    /// The run has no such evidence, or the request names another Runner.
    #[error(
        "the request is not about this evidence of this run; sign it for the Runner that keeps it"
    )]
    Evidence,
    /// Its time is over, or was too long from the start.
    #[error("the request has expired, or asks for more than {} minutes; sign a new one", Drilldown::LIFETIME.as_secs() / 60)]
    Expired,
    /// It was answered before.
    #[error("the drill-down was answered already")]
    Answered,
}

impl Fault for DrilldownError {
    fn class(&self) -> Class {
        match self {
            Self::Evidence | Self::Expired => Class::Invalid,
            Self::Answered => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Evidence => "evidence-mismatch",
            Self::Expired => "signature-expired",
            Self::Answered => "state-transition",
        }
    }
}

impl Drilldown {
    /// The longest that a Runner is asked for.
    pub const LIFETIME: Duration = Duration::from_mins(5);
    /// How long a sealed answer is kept for whoever asked.
    pub const ANSWER_LIFETIME: Duration = Duration::from_mins(15);

    /// Checks that it may be asked at all, and says what to record.
    ///
    /// # Errors
    /// * [`DrilldownError::Expired`]: it ends before `requested_at`, or later than [`LIFETIME`](Self::LIFETIME) after it.
    pub fn request(self) -> Result<(Self, AuditEvent), DrilldownError> {
        let is_current = self.requested_at < self.ends_at;
        if !is_current || self.ends_at > self.requested_at.plus(Self::LIFETIME) {
            return Err(DrilldownError::Expired);
        }
        let event = self.event(EventKind::DrilldownRequested);
        Ok((Self { state: DrilldownState::Requested, ..self }, event))
    }

    /// The Runner takes it. `None` when the Runner had it before: it may have been stopped in between.
    pub fn dispatch(&self, now: Timestamp) -> Option<(Self, AuditEvent)> {
        match self.state {
            DrilldownState::Requested => {
                let state = DrilldownState::Dispatched { at: now };
                Some((Self { state, ..self.clone() }, self.event(EventKind::DrilldownDispatched)))
            }
            DrilldownState::Dispatched { .. } | DrilldownState::Delivered { .. } => None,
            DrilldownState::Denied { .. } | DrilldownState::Expired => None,
        }
    }

    /// The Runner answered, or refused with `code`.
    ///
    /// # Errors
    /// * [`DrilldownError::Answered`]: it did so before.
    pub fn conclude(
        self,
        refusal: Option<&str>,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), DrilldownError> {
        match self.state {
            DrilldownState::Requested | DrilldownState::Dispatched { .. } => {}
            DrilldownState::Delivered { .. } | DrilldownState::Denied { .. } => {
                return Err(DrilldownError::Answered);
            }
            DrilldownState::Expired => return Err(DrilldownError::Expired),
        }
        let (state, event) = match refusal {
            None => {
                (DrilldownState::Delivered { at: now }, self.event(EventKind::DrilldownDelivered))
            }
            Some(code) => {
                let event = self.event(EventKind::DrilldownDenied).with("code", code);
                (DrilldownState::Denied { at: now, code: code.to_owned() }, event)
            }
        };
        Ok((Self { state, ..self }, event))
    }

    /// How far it came, as seen at `now`.
    pub fn state_at(&self, now: Timestamp) -> DrilldownState {
        match self.state {
            DrilldownState::Requested | DrilldownState::Dispatched { .. }
                if now >= self.ends_at =>
            {
                DrilldownState::Expired
            }
            DrilldownState::Requested | DrilldownState::Dispatched { .. } => self.state.clone(),
            DrilldownState::Delivered { .. } | DrilldownState::Denied { .. } => self.state.clone(),
            DrilldownState::Expired => DrilldownState::Expired,
        }
    }

    fn event(&self, kind: EventKind) -> AuditEvent {
        AuditEvent::new(kind, Target::new("evidence", self.evidence))
            .with("drilldown", self.drilldown.to_string())
            .with("run", self.run.to_string())
            .with("runner", self.runner.to_string())
            .with("requester", self.requester.to_string())
    }
}

impl DrilldownState {
    /// Its name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Dispatched { .. } => "dispatched",
            Self::Delivered { .. } => "delivered",
            Self::Denied { .. } => "denied",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_s(1_800_000_000);

    fn drilldown(lifetime_s: u64) -> Drilldown {
        Drilldown {
            drilldown: DrilldownId::from_u128(1),
            evidence: EvidenceId::from_u128(2),
            run: RunId::from_u128(3),
            runner: RunnerId::from_u128(4),
            requester: UserId::from_u128(5),
            command: CommandId::from_u128(6),
            requested_at: START,
            ends_at: START.plus(Duration::from_secs(lifetime_s)),
            state: DrilldownState::Requested,
        }
    }

    #[test]
    fn it_lives_for_five_minutes_at_most() {
        assert!(drilldown(300).request().is_ok());
        assert_eq!(drilldown(301).request(), Err(DrilldownError::Expired));
        assert_eq!(drilldown(0).request(), Err(DrilldownError::Expired));
    }

    #[test]
    fn each_way_is_gone_once() {
        let (asked, event) = drilldown(60).request().unwrap();
        assert_eq!(event.kind, EventKind::DrilldownRequested);
        let (taken, event) = asked.dispatch(START).unwrap();
        assert_eq!(event.kind, EventKind::DrilldownDispatched);
        assert_eq!(taken.dispatch(START), None);
        let (answered, event) = taken.clone().conclude(None, START).unwrap();
        assert_eq!(
            (answered.state.name(), event.kind),
            ("delivered", EventKind::DrilldownDelivered)
        );
        assert_eq!(answered.conclude(Some("replay"), START), Err(DrilldownError::Answered));
        let (denied, event) = taken.conclude(Some("viewer-unlisted"), START).unwrap();
        assert_eq!((denied.state.name(), event.kind), ("denied", EventKind::DrilldownDenied));
        assert_eq!(event.data["code"], "viewer-unlisted");
        assert_eq!(denied.conclude(None, START), Err(DrilldownError::Answered));
    }

    #[test]
    fn what_nobody_answered_expires_and_an_answer_does_not() {
        let over = START.plus(Duration::from_mins(1));
        let before = over.minus(Duration::from_micros(1));
        assert_eq!(drilldown(60).state_at(before).name(), "requested");
        assert_eq!(drilldown(60).state_at(over), DrilldownState::Expired);
        let (answered, _) = drilldown(60).conclude(None, START).unwrap();
        assert_eq!(answered.state_at(over).name(), "delivered");
    }
}
