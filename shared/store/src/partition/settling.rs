//! What follows from a commit: the sealer wakes, or numbers that will never be seen are declared void.

use std::time::Duration;

use domain::{Actor, AuditEvent, EventKind, Target, TenantId, Timestamp};
use ports::{QueueName, Write};

use super::Partition;
use crate::{
    Prepared, StoreError,
    intent::{home, intent_document},
};

impl Partition {
    /// After a commit: wakes the sealer, or gives back numbers that will never be seen.
    pub(super) async fn settle(&self, prepared: &mut [Prepared], result: &Result<(), StoreError>) {
        match result {
            Ok(()) => {
                prepared.iter_mut().for_each(|prepared| prepared.number.stored());
                if let Some(first) = prepared.first() {
                    self.wake(first.promise.at()).await;
                }
            }
            // It may have been applied: its number stays taken, and the sealer decides.
            Err(StoreError::Unavailable(_)) => {}
            Err(_) => {
                prepared.iter_mut().for_each(|prepared| prepared.number.refused());
                if let Some(first) = prepared.first() {
                    self.declare_void(first.promise.at()).await;
                }
            }
        }
    }

    /// Numbers that storage refused although a later one was given out: the sealer would wait for them, and then call them missing.
    /// Another intent declares them void; if it fails as well, the next one does, or the next job of this app
    /// ([`SystemCap::declare_void`](crate::SystemCap::declare_void)).
    pub(crate) async fn declare_void(&self, at: Timestamp) {
        let Some(source) = self.source.as_ref().filter(|source| source.owes(self.tenant)) else {
            return;
        };
        let (actor, home) = (Actor::system("intents"), home(source.identity()));
        let target = Target::new("log", source.identity().name());
        let event = AuditEvent::new(EventKind::LogVoid, target);
        let Ok(mut prepared) = source.prepare(self.tenant, &actor, at, &event, None) else {
            return;
        };
        let Ok(document) = intent_document(&prepared) else { return };
        let id = prepared.promise.event.to_string();
        let partition = Self { shard: None, ..self.clone() };
        prepared.number.begin();
        match partition.commit_once(home, "0", &id, vec![Write::Create(document)]).await {
            Ok(()) => {
                prepared.number.stored();
                self.wake(at).await;
            }
            Err(StoreError::Unavailable(_)) => {}
            Err(_) => prepared.number.refused(),
        }
    }

    /// Best effort: a timer sweeps what this misses.
    async fn wake(&self, now: Timestamp) {
        self.wake_as(self.tenant, now).await;
    }

    /// Wakes the sealer as often as for commits of `stand_in`, who is nobody: what no tenant commits then takes as long as what one does.
    /// The sealer is told of this partition's tenant, and finds what it finds. Best effort.
    pub async fn wake_as(&self, stand_in: TenantId, now: Timestamp) {
        let delay = self.source.as_ref().and_then(|source| source.wake_after(stand_in, now));
        if let Some(delay) = delay {
            self.send_wake(delay).await;
        }
    }

    /// Wakes the sealer although it was woken a moment ago: somebody waits. Best effort.
    pub async fn wake_again(&self) {
        self.send_wake(Duration::ZERO).await;
    }

    async fn send_wake(&self, delay: Duration) {
        if let Err(error) = self.queue.send(QueueName::Seal, &self.tenant.to_string(), delay).await
        {
            tracing::warn!(error = %error, "the sealer was not woken; its timer will find the intents");
        }
    }
}
