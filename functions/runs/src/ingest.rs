//! Ingestion: the one way in for what Runners say, whichever door it came through.
//!
//! Each event is examined (is it this Runner's, and does it count?), placed (is its number free in the Runner's chain?), judged (is it so?) and
//! held, in one write together with its audit intent; then it is answered with a signed receipt. Nothing that a Runner signed is thrown away.

mod conflict;
mod examine;
mod hold;
mod quota;
mod refuse;

use domain::{
    Actor, Timestamp,
    ingest::{Link, Place},
};
use protocol::{
    Digest,
    cloudevent::{Entry, VerifiedEvent},
    dsse::Envelope,
    key::PublicKey,
    routes::{EventResult, EventStatus},
};
use store::{Partition, StoreError};

use crate::{RunsState, chains, chains::ChainOf, runners::RunnerRecord, statements::link_of};

pub(crate) use examine::Refusal;
pub(crate) use quota::{Included, all_deferred};

/// The most missing ranges in one answer.
const MISSING_MAX: usize = 100;

/// How events came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// In a request that the Runner signed: all of it is the Runner's doing.
    Https,
    /// From a topic that others can publish to: only what the Runner signed is its doing.
    EventGrid,
}

/// One Runner's events, on their way in.
pub(crate) struct Ingestion<'a> {
    state: &'a RunsState,
    door: Door,
    runner: RunnerRecord,
    key: PublicKey,
    /// The tenant's data, in the shard of the Runner's runs.
    data: Partition,
    now: Timestamp,
}

/// A verified event and the envelope that carried it.
struct Arrived {
    event: VerifiedEvent,
    envelope: Envelope,
}

/// What is known of an event so far.
enum Step {
    Refused(Refusal),
    Fresh(Arrived),
    /// A statement holds its number already.
    Taken(Arrived),
    /// Its neighbour says that another statement belongs there.
    Contradicted(Arrived),
    Done(EventResult),
}

/// What is missing of a Runner's chain.
pub(crate) struct Progress {
    pub(crate) next_expected_sequence: u64,
    pub(crate) missing: Vec<(u64, u64)>,
}

impl<'a> Ingestion<'a> {
    /// For the events of `runner`, whose record was read from the tenant's `data` at `now`.
    pub(crate) fn new(
        state: &'a RunsState,
        door: Door,
        data: &Partition,
        runner: RunnerRecord,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let key = runner.key()?;
        let data = data.in_shard(runner.shard.as_str());
        Ok(Self { state, door, runner, key, data, now })
    }

    /// Takes in `entries`, in their order; one answer for each. An error means that nothing more is known than that it may be tried again.
    pub(crate) async fn take(&self, entries: Vec<Entry>) -> Result<Vec<EventResult>, StoreError> {
        let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
        let mut steps: Vec<Step> = entries.into_iter().map(|entry| self.examined(entry)).collect();
        self.place(&mut steps).await?;
        let reserved = self.reserve(&mut steps).await?;
        let held = self.hold(&mut steps).await;
        // Also if it is not known what was held: rather a run that is not counted than one that is counted twice.
        let given_back = self.give_back(reserved, &steps).await;
        held.and(given_back)?;
        let mut results = Vec::with_capacity(steps.len());
        for (id, step) in ids.into_iter().zip(steps) {
            results.push(match step {
                Step::Done(result) => result,
                Step::Refused(refusal) => self.refuse(id, &refusal).await?,
                Step::Taken(arrived) | Step::Fresh(arrived) => self.repeat(arrived).await?,
                Step::Contradicted(arrived) => self.contradict(&arrived, conflict::CHAIN).await?,
            });
        }
        Ok(results)
    }

    /// What is missing, as far as this process knows.
    pub(crate) fn progress(&self) -> Progress {
        let chain = self.chain().snapshot();
        Progress {
            next_expected_sequence: chain.next_expected(),
            missing: chain.missing(MISSING_MAX),
        }
    }

    /// Compares each number with what is held, and with what this batch puts before it.
    async fn place(&self, steps: &mut [Step]) -> Result<(), StoreError> {
        let fresh = steps.iter().filter_map(Step::link);
        let Some(first) = fresh.min_by_key(|link| link.sequence) else { return Ok(()) };
        self.chain().prepare(&first).await?;
        let mut chain = self.chain().snapshot();
        for step in steps {
            let Some(link) = step.link() else { continue };
            match chains::place(&mut chain, &link) {
                Place::Free => {}
                Place::Taken => step.turn(Step::Taken),
                Place::Contradicted => step.turn(Step::Contradicted),
            }
        }
        Ok(())
    }

    fn chain(&self) -> ChainOf<'_> {
        let Self { state, runner, data, now, .. } = self;
        ChainOf { chains: &state.chains, data, runner: runner.runner, now: *now }
    }

    fn actor(&self) -> Actor {
        Actor::runner(self.runner.runner)
    }
}

impl Step {
    fn link(&self) -> Option<Link<Digest>> {
        match self {
            Self::Fresh(arrived) => Some(link_of(&arrived.event)),
            Self::Refused(_) | Self::Taken(_) | Self::Contradicted(_) | Self::Done(_) => None,
        }
    }

    /// Turns an event that is still fresh into `next`.
    fn turn(&mut self, next: impl FnOnce(Arrived) -> Self) {
        let here =
            std::mem::replace(self, Self::Done(result(String::new(), EventStatus::Rejected)));
        *self = match here {
            Self::Fresh(arrived) => next(arrived),
            Self::Refused(_) | Self::Taken(_) | Self::Contradicted(_) | Self::Done(_) => here,
        };
    }
}

/// An answer that says nothing yet but what became of it.
fn result(id: String, status: EventStatus) -> EventResult {
    EventResult { id, status, code: None, receipt: None }
}
