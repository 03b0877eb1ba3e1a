//! Documents that fail by chance, in every way in which storage does.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ports::{
    CommitError, Container, Documents, Etag, PartitionKey, Ports, Randomness, Refusal,
    StorageError, Write,
};

use crate::doubles::{Asked, Between, SeededRandomness, Through};

/// How many of a thousand requests go wrong, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// 429: nothing is applied. Reads too.
    pub throttled: u16,
    /// 409 or 412, as if something else in the batch had changed: nothing is applied.
    pub refused: u16,
    /// Applied, and the answer is lost.
    pub unanswered: u16,
    /// Not applied, and no answer.
    pub lost: u16,
    /// Applied later, when its client has given up or tried again.
    pub late: u16,
}

impl Weather {
    /// What a writer goes through: every fifth of its requests fails.
    pub const WRITER: Self =
        Self { throttled: 60, refused: 60, unanswered: 40, lost: 20, late: 20 };
    /// What a sealer goes through: whether another one was first is not for chance to say.
    pub const SEALER: Self = Self { throttled: 30, refused: 0, unanswered: 60, lost: 30, late: 30 };
}

/// The longest that a write is on its way after its client gave up.
const LATE_MS: u16 = 400;

/// Bad weather, once it begins.
pub struct Storm {
    chance: Arc<SeededRandomness>,
    weather: Weather,
    has_begun: Arc<AtomicBool>,
}

impl Storm {
    /// Faults by a chance that follows from `seed`; none until it [begins](Self::begin).
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self { chance: SeededRandomness::new(seed), weather, has_begun: Arc::default() }
    }

    /// From now on requests fail.
    pub fn begin(&self) {
        self.has_begun.store(true, Ordering::SeqCst);
    }

    /// The same ports, whose documents fail.
    pub fn wrap(&self, ports: Ports) -> Ports {
        let documents = Stormy {
            inner: Arc::clone(&ports.documents),
            chance: Arc::clone(&self.chance),
            weather: self.weather,
            has_begun: Arc::clone(&self.has_begun),
            delayed: Mutex::default(),
        };
        Ports { documents: Arc::new(Through(documents)), ..ports }
    }
}

struct Stormy {
    inner: Arc<dyn Documents>,
    chance: Arc<SeededRandomness>,
    weather: Weather,
    has_begun: Arc<AtomicBool>,
    /// Documents that are applied later.
    delayed: Mutex<HashSet<String>>,
}

enum Fault {
    None,
    Throttled,
    Refused,
    Unanswered,
    Lost,
    Late(Duration),
}

impl Stormy {
    fn below(&self, bound: u16) -> u16 {
        let bytes = (&*self.chance as &dyn Randomness).bytes::<4>();
        u16::try_from(u32::from_be_bytes(bytes) % u32::from(bound)).unwrap()
    }

    fn is_calm(&self) -> bool {
        !self.has_begun.load(Ordering::SeqCst)
    }

    fn fault(&self) -> Fault {
        if self.is_calm() {
            return Fault::None;
        }
        let Weather { throttled, refused, unanswered, lost, late } = self.weather;
        let mut drawn = self.below(1_000);
        for (share, fault) in [
            (throttled, Fault::Throttled),
            (refused, Fault::Refused),
            (unanswered, Fault::Unanswered),
            (lost, Fault::Lost),
            (late, Fault::Late(Duration::from_millis(self.below(LATE_MS).into()))),
        ] {
            if drawn < share {
                return fault;
            }
            drawn -= share;
        }
        Fault::None
    }

    fn is_delayed(&self, writes: &[Write]) -> bool {
        let delayed = self.delayed.lock().unwrap();
        writes.iter().any(|write| delayed.contains(&write.document().id))
    }

    fn read_fault(&self) -> Result<(), StorageError> {
        let is_throttled = !self.is_calm() && self.below(1_000) < self.weather.throttled;
        if is_throttled { Err(StorageError::Throttled) } else { Ok(()) }
    }
}

fn unanswered() -> CommitError {
    StorageError::Unavailable("the answer was lost on purpose".to_owned()).into()
}

#[async_trait]
impl Between for Stormy {
    fn inner(&self) -> &dyn Documents {
        self.inner.as_ref()
    }

    fn before(&self, asked: Asked) -> Result<(), StorageError> {
        match asked {
            // A sealer reads twenty sources for each commit: with a fault in each it would never come to an end.
            Asked::Changes => Ok(()),
            Asked::Read | Asked::Query | Asked::Dirty => self.read_fault(),
        }
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        match self.fault() {
            Fault::None => self.inner.commit(container, partition, writes).await,
            Fault::Throttled => Err(StorageError::Throttled.into()),
            // Whatever refuses a batch stays so: it is not applied later either.
            Fault::Refused if !self.is_delayed(&writes) => {
                Err(CommitError::Refused { index: 0, refusal: Refusal::Stale })
            }
            Fault::Refused => self.inner.commit(container, partition, writes).await,
            Fault::Lost => Err(unanswered()),
            Fault::Unanswered => {
                self.inner.commit(container, partition, writes).await.ok();
                Err(unanswered())
            }
            Fault::Late(after) => {
                let ids = writes.iter().map(|write| write.document().id.clone());
                self.delayed.lock().unwrap().extend(ids);
                let (inner, partition) = (Arc::clone(&self.inner), partition.clone());
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the network has no caller that waits"
                )]
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    inner.commit(container, &partition, writes).await.ok();
                });
                Err(unanswered())
            }
        }
    }
}
