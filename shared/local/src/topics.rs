//! Topics on SQLite: events that were accepted, and their deliveries until they succeed or are set aside.
//!
//! When a delivery is tried again, and how often, is up to whoever stands in for Event Grid; here it is only never lost.

mod dead_letter;

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use ports::{BlobError, Bucket};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{LocalError, blobs, store::Parts};

/// A topic.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// State changes for other apps.
    Internal,
    /// What Runners publish.
    RunnerEvents,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 2] = [Self::Internal, Self::RunnerEvents];

    /// Its name in URLs and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::RunnerEvents => "runner-events",
        }
    }
}

/// Every topic, with both ends.
#[derive(Clone)]
pub struct Topics {
    pub(crate) parts: Arc<Parts>,
}

/// One event on its way to one subscription.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// Where it was published.
    pub topic: Topic,
    /// To whom it goes.
    pub subscription: String,
    /// The CloudEvent, as it was published.
    pub event: String,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// When the event was accepted.
    pub published_at: Timestamp,
    key: i64,
    lease: String,
}

impl Topics {
    /// Accepts one CloudEvent (structured JSON) durably.
    ///
    /// # Errors
    /// * [`LocalError`]: accepted or not.
    pub async fn publish(&self, topic: Topic, cloud_event: &str) -> Result<(), LocalError> {
        self.publish_all(topic, vec![cloud_event.to_owned()]).await
    }

    /// Accepts all of these CloudEvents or none, durably.
    ///
    /// # Errors
    /// * [`LocalError`]: accepted or not.
    pub async fn publish_all(
        &self,
        topic: Topic,
        cloud_events: Vec<String>,
    ) -> Result<(), LocalError> {
        let now = self.parts.clock.now().unix_us();
        let insert = move |connection: &Connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO deliveries \
                 (topic, event, published_at, attempt, next_attempt_at, lease) \
                 VALUES (?1, ?2, ?3, 0, ?3, '')",
            )?;
            for event in cloud_events {
                insert.execute(params![topic.name(), event, now])?;
            }
            Ok(())
        };
        self.parts.write(insert).await?;
        self.parts.arrived();
        Ok(())
    }

    /// Turns each event that was accepted into one delivery for each of `subscriptions`; gives the number of events.
    ///
    /// Without subscriptions the events are dropped, as Event Grid does.
    ///
    /// # Errors
    /// * [`LocalError`]: done or not; what was not done is done the next time.
    pub async fn fan_out(&self, topic: Topic, subscriptions: &[&str]) -> Result<usize, LocalError> {
        let waits = self.parts.readers.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT 1 FROM deliveries WHERE topic = ?1 AND subscription IS NULL LIMIT 1",
                )?
                .exists([topic.name()])
        })?;
        if !waits {
            return Ok(0);
        }
        let subscriptions: Vec<_> =
            subscriptions.iter().map(|subscription| (*subscription).to_owned()).collect();
        self.parts.write(move |connection| fan_out(connection, topic, &subscriptions)).await
    }

    /// Gives out the next delivery that is due, counts the attempt, and hides it until `lease` is over.
    ///
    /// # Errors
    /// * [`LocalError`]: nothing is known; a delivery may be hidden and comes back.
    pub async fn next_delivery(
        &self,
        topic: Topic,
        lease: Duration,
    ) -> Result<Option<Delivery>, LocalError> {
        let now = self.parts.clock.now();
        let waits =
            self.parts.readers.read(|connection| Ok(due(connection, topic, now)?.is_some()))?;
        if !waits {
            return Ok(None);
        }
        let (name, until) = (self.parts.name(), now.plus(lease));
        self.parts
            .write(move |connection| {
                let Some(key) = due(connection, topic, now)? else { return Ok(None) };
                connection
                    .prepare_cached(
                        "UPDATE deliveries SET attempt = attempt + 1, next_attempt_at = ?2, lease = ?3 \
                         WHERE delivery = ?1 \
                         RETURNING delivery, subscription, event, attempt, published_at, lease",
                    )?
                    .query_row(params![key, until.unix_us(), name], |row| delivery(topic, row))
                    .map(Some)
            })
            .await
    }

    /// Forgets a delivery that succeeded; `false` if its lease was over and someone else has it.
    ///
    /// # Errors
    /// * [`LocalError`]: forgotten or not; then it is delivered again.
    pub async fn delivered(&self, delivery: &Delivery) -> Result<bool, LocalError> {
        let (key, lease) = (delivery.key, delivery.lease.clone());
        self.parts
            .write(move |connection| {
                let forgotten = connection
                    .prepare_cached("DELETE FROM deliveries WHERE delivery = ?1 AND lease = ?2")?
                    .execute(params![key, lease])?;
                Ok(forgotten == 1)
            })
            .await
    }

    /// Has a delivery that failed tried again at `at`; `false` if its lease was over and someone else has it.
    ///
    /// # Errors
    /// * [`LocalError`]: done or not; then it is tried again when its lease is over.
    pub async fn retry_at(&self, delivery: &Delivery, at: Timestamp) -> Result<bool, LocalError> {
        let (key, lease) = (delivery.key, delivery.lease.clone());
        self.parts
            .write(move |connection| {
                let moved = connection
                    .prepare_cached(
                        "UPDATE deliveries SET next_attempt_at = ?3, lease = '' \
                         WHERE delivery = ?1 AND lease = ?2",
                    )?
                    .execute(params![key, lease, at.unix_us()])?;
                Ok(moved == 1)
            })
            .await
    }

    /// Makes due at once what a host took and never settled; gives the number of deliveries.
    ///
    /// Only for a host that starts and knows itself to be the only one on this folder: what is reclaimed from a living one is delivered twice.
    ///
    /// # Errors
    /// * [`LocalError`]: done or not; then each delivery is due again when its lease is over.
    pub async fn reclaim(&self) -> Result<usize, LocalError> {
        let now = self.parts.clock.now().unix_us();
        self.parts
            .write(move |connection| {
                connection.execute(
                    "UPDATE deliveries SET next_attempt_at = ?1, lease = '' WHERE lease <> ''",
                    [now],
                )
            })
            .await
    }

    /// Sets a delivery aside as a blob and forgets it: `dead-letters`, `<topic>/<subscription>/<published>-<n>.json`.
    ///
    /// The blob is an array of one: the event with `deadletterreason`, `deliveryattempts`, `lastdeliveryoutcome`, `publishtime` and
    /// `lastdeliveryattempttime` (the words of Event Grid, lower-case as CloudEvents wants attributes).
    ///
    /// # Errors
    /// * [`LocalError`]: set aside or not; then it is tried again when its lease is over.
    pub async fn dead_letter(
        &self,
        delivery: &Delivery,
        reason: &str,
        outcome: &str,
    ) -> Result<bool, LocalError> {
        let name = dead_letter::name(delivery);
        let letter = dead_letter::write(delivery, reason, outcome, self.parts.clock.now());
        let put = blobs::put(
            &self.parts,
            Bucket::DeadLetters,
            &name,
            letter.to_string().into_bytes(),
            None,
        )
        .await;
        match put {
            // It was put before a crash, and is still there.
            Ok(_) | Err(BlobError::Moved) => self.delivered(delivery).await,
            Err(error) => Err(LocalError(error.to_string())),
        }
    }
}

fn fan_out(
    connection: &Connection,
    topic: Topic,
    subscriptions: &[String],
) -> rusqlite::Result<usize> {
    let mut copy = connection.prepare_cached(
        "INSERT INTO deliveries \
         (topic, subscription, event, published_at, attempt, next_attempt_at, lease) \
         SELECT topic, ?2, event, published_at, 0, next_attempt_at, '' FROM deliveries \
         WHERE topic = ?1 AND subscription IS NULL ORDER BY delivery",
    )?;
    for subscription in subscriptions {
        copy.execute(params![topic.name(), subscription])?;
    }
    connection
        .prepare_cached("DELETE FROM deliveries WHERE topic = ?1 AND subscription IS NULL")?
        .execute([topic.name()])
}

fn due(connection: &Connection, topic: Topic, now: Timestamp) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT delivery FROM deliveries WHERE topic = ?1 AND subscription IS NOT NULL \
             AND next_attempt_at <= ?2 ORDER BY next_attempt_at, delivery LIMIT 1",
        )?
        .query_row(params![topic.name(), now.unix_us()], |row| row.get(0))
        .optional()
}

fn delivery(topic: Topic, row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        topic,
        key: row.get(0)?,
        subscription: row.get(1)?,
        event: row.get(2)?,
        attempt: row.get(3)?,
        published_at: Timestamp::from_unix_us(row.get(4)?),
        lease: row.get(5)?,
    })
}
