//! The envelope in which statements travel: `CloudEvents` 1.0 in structured JSON, one or a batch.
//!
//! Whoever carries the event may add attributes, so unknown ones are passed over; nothing in the attributes counts
//! unless the signed statement says the same.

use domain::{Class, Fault, RunId, RunnerId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Digest,
    dsse::{self, Envelope, EnvelopeError, PAYLOAD_MAX, PayloadType},
    key::{Kid, PublicKey},
    statement::{EventNumber, EventType, Statement, StatementError},
    strict_json::{self, JsonError},
};

/// The media type of one event.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";
/// The media type of a batch of events.
pub const BATCH_MEDIA_TYPE: &str = "application/cloudevents-batch+json";
/// The most events in one batch.
pub const BATCH_MAX: usize = 100;
/// The longest batch, in bytes: 1 MiB. A single event may be as long.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// One event in structured mode; `data` is the signed statement.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// The sequence number as 20 digits.
    pub id: EventNumber,
    /// `urn:proofline:runner:<rnr_…>`.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The run.
    pub subject: RunId,
    /// When, by the Runner's clock.
    pub time: Timestamp,
    /// Always `application/vnd.dsse+json`.
    pub datacontenttype: DataContentType,
    /// Where the schema of `data` is described; informative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataschema: Option<String>,
    /// The sequence number as 20 digits (sequence extension).
    pub sequence: EventNumber,
    /// When the Runner recorded it (recordedtime extension); informative.
    pub recordedtime: Timestamp,
    /// The tenant, to look up keys by.
    pub tenantid: TenantId,
    /// The Runner, to look up keys by.
    pub runnerid: RunnerId,
    /// The signed statement.
    pub data: Envelope,
}

/// `1.0`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum SpecVersion {
    /// `CloudEvents` 1.0.
    #[serde(rename = "1.0")]
    V1,
}

/// `application/vnd.dsse+json`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum DataContentType {
    /// A DSSE envelope.
    #[serde(rename = "application/vnd.dsse+json")]
    Dsse,
}

/// One entry of a batch: an event, or why it is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The `id` that the entry claims; empty when it has none that is a short text. To answer by, and for nothing else.
    pub id: String,
    /// The event.
    pub event: Result<CloudEvent, EventError>,
}

/// A statement whose signature, shape, consistency and attributes are right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedEvent {
    /// What was said.
    pub statement: Statement,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// Their digest: what the next statement's `prev` and the receipt name.
    pub payload_sha256: Digest,
    /// Who signed them.
    pub kid: Kid,
}

/// Why an event was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EventError {
    /// Not an event, or too long.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// More events than one batch may have, or none.
    #[error("a batch has 1 to {BATCH_MAX} events, this one {0}; send them in several batches")]
    Count(usize),
    /// Not signed by the Runner's key, or not a statement.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The statement contradicts itself.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// An attribute says something else than the signed statement.
    #[error("the event's attribute {0} is not what the signed statement says")]
    Attribute(&'static str),
}

impl Fault for EventError {
    fn class(&self) -> Class {
        match self {
            Self::Json(error) => error.class(),
            Self::Count(_) => Class::TooLarge,
            Self::Envelope(error) => error.class(),
            Self::Statement(error) => error.class(),
            Self::Attribute(_) => Class::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Count(_) => "payload-too-large",
            Self::Envelope(error) => error.code(),
            Self::Statement(error) => error.code(),
            Self::Attribute(_) => "attribute-mismatch",
        }
    }
}

/// Reads one event.
///
/// # Errors
/// [`JsonError`].
pub fn parse(bytes: &[u8]) -> Result<CloudEvent, JsonError> {
    strict_json::parse(bytes, BATCH_BYTES_MAX)
}

/// Reads a batch: a JSON array of 1 to 100 events. An entry that is no event does not spoil the others.
///
/// # Errors
/// [`EventError::Json`]: not an array within the limits. [`EventError::Count`].
pub fn parse_batch(bytes: &[u8]) -> Result<Vec<Entry>, EventError> {
    let entries: Vec<Value> = strict_json::parse(bytes, BATCH_BYTES_MAX)?;
    if entries.is_empty() || entries.len() > BATCH_MAX {
        return Err(EventError::Count(entries.len()));
    }
    Ok(entries.into_iter().map(entry).collect())
}

fn entry(value: Value) -> Entry {
    let id =
        value.get("id").and_then(Value::as_str).filter(|id| id.len() <= 64).unwrap_or_default();
    Entry { id: id.to_owned(), event: strict_json::shape(value).map_err(EventError::Json) }
}

/// The bytes of a batch of `events`.
///
/// # Errors
/// [`serde_json::Error`]: never for events that this crate made.
pub fn to_batch(events: &[CloudEvent]) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(events)
}

impl CloudEvent {
    /// The event that carries the signed `statement`, which `data` holds.
    pub fn new(statement: &Statement, data: Envelope, recorded_at: Timestamp) -> Self {
        let event = &statement.predicate.event;
        Self {
            specversion: SpecVersion::V1,
            id: event.id,
            source: event.source.clone(),
            event_type: event.event_type,
            subject: event.subject,
            time: event.time,
            datacontenttype: DataContentType::Dsse,
            dataschema: Some(dataschema(event.event_type)),
            sequence: EventNumber(event.sequence),
            recordedtime: recorded_at,
            tenantid: statement.predicate.tenant,
            runnerid: statement.predicate.runner.id,
            data,
        }
    }

    /// What the event says, if `key` signed it and everything agrees. Nothing of the event may be believed before.
    ///
    /// Whether `key` may speak for that Runner, the sequence is the next and the score is right, is for the caller to
    /// decide.
    ///
    /// # Errors
    /// [`EventError::Envelope`], [`EventError::Statement`], [`EventError::Attribute`]; the statement's `runner.kid`
    /// must name `key`.
    pub fn verify(&self, key: &PublicKey) -> Result<VerifiedEvent, EventError> {
        let keys = std::slice::from_ref(key);
        let payload = dsse::verify(&self.data, PayloadType::Statement, keys, 1)?.payload;
        let statement: Statement =
            strict_json::parse(&payload, PAYLOAD_MAX).map_err(EnvelopeError::Payload)?;
        statement.check()?;
        self.agrees_with(&statement)?;
        let kid = key.kid();
        if statement.predicate.runner.kid != kid {
            return Err(EventError::Attribute("runner.kid"));
        }
        let payload_sha256 = Digest::of(&payload);
        Ok(VerifiedEvent { statement, payload, payload_sha256, kid })
    }

    fn agrees_with(&self, statement: &Statement) -> Result<(), EventError> {
        let (predicate, event) = (&statement.predicate, &statement.predicate.event);
        let attributes = [
            ("id", self.id == event.id),
            ("source", self.source == event.source),
            ("type", self.event_type == event.event_type),
            ("subject", self.subject == event.subject),
            ("time", self.time == event.time),
            ("sequence", self.sequence == EventNumber(event.sequence)),
            ("tenantid", self.tenantid == predicate.tenant),
            ("runnerid", self.runnerid == predicate.runner.id),
        ];
        match attributes.into_iter().find(|(_, agrees)| !agrees) {
            Some((name, _)) => Err(EventError::Attribute(name)),
            None => Ok(()),
        }
    }
}

fn dataschema(event_type: EventType) -> String {
    format!("https://proofline.io/schemas/{}.json", event_type.as_str())
}

#[cfg(test)]
mod tests;
