//! Answers that are kept for a day, so that a request which is sent again with its key is answered again and not done again.
//!
//! An answer may hold what is shown once. It is therefore sealed under a key that follows from what the request's sender chose and nobody keeps:
//! whoever reads the database reads no answer.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Timestamp;
use ports::{CommitError, Container, Etag, NewDocument, PartitionKey, Randomness, Refusal, Write};
use seal::{FieldKey, Place};
use serde::{Deserialize, Serialize};

use crate::{Partition, StoreError};

const KIND: &str = "answer";
const SHARD: &str = "h";
const FIELD: &str = "answer";
/// Answers are sealed under a key of their own each, so that it has one version.
const KEY_VERSION: u32 = 1;
/// The largest answer that is kept.
const BYTES_MAX: usize = 256 * 1024;
/// For how long a request is known again.
pub const ANSWER_KEPT_FOR: Duration = Duration::from_hours(24);

/// A request by the key that its sender gave it. The digests are 32 bytes each and say nothing of the key, nor of the request to whoever does not
/// have it.
#[derive(Debug)]
pub struct Asked {
    /// Who asks, and the key: 64 hexadecimal digits.
    pub name: String,
    /// What is asked, word for word and under the key: 64 hexadecimal digits.
    pub words: String,
    /// Seals the answer; follows from the sender's key.
    pub key: FieldKey,
}

impl Asked {
    /// A request of this name and wording, whose answer `material` seals.
    pub fn new(name: String, words: String, material: [u8; 32]) -> Self {
        Self { name, words, key: FieldKey::new(KEY_VERSION, material) }
    }

    fn id(&self) -> String {
        format!("asked-{}", self.name)
    }
}

/// What is known of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Known {
    /// Nothing: it is noted now, and to be done.
    First,
    /// It was done; this is what it was answered.
    Answered(Vec<u8>),
    /// The key was given to another request.
    Other,
    /// It was begun then, and what became of it is not known: it is being done, or whoever did it was killed, or storage did not answer.
    Begun(Timestamp),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Record {
    words: String,
    begun_at: Timestamp,
    state: State,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Begun,
    /// Sealed; base64.
    Answered(String),
    /// It was refused, and changed nothing: it may be asked anew, in other words too.
    Refused,
}

impl Partition {
    /// Notes that `asked` is being done, unless it is known.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn ask_once(&self, asked: &Asked, now: Timestamp) -> Result<Known, StoreError> {
        let fresh = Record { words: asked.words.clone(), begun_at: now, state: State::Begun };
        let Some((record, etag)) = self.asked(asked).await? else {
            let create = Write::Create(document(asked, &fresh)?);
            return match self.write_answer(create).await {
                Ok(()) => Ok(Known::First),
                Err(StoreError::Exists) => Ok(Known::Begun(now)),
                Err(error) => Err(error),
            };
        };
        let is_over = record.begun_at.plus(ANSWER_KEPT_FOR) <= now;
        match record.state {
            State::Begun | State::Answered(_) if record.words != asked.words && !is_over => {
                Ok(Known::Other)
            }
            State::Begun if !is_over => Ok(Known::Begun(record.begun_at)),
            State::Answered(sealed) if !is_over => self.open_answer(asked, &sealed),
            State::Begun | State::Answered(_) | State::Refused => {
                match self.write_answer(Write::Replace(document(asked, &fresh)?, etag)).await {
                    Ok(()) => Ok(Known::First),
                    Err(StoreError::Conflict) => Ok(Known::Begun(now)),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Keeps what `asked` was answered; `None` when it was refused and changed nothing. One that is too long stays begun.
    ///
    /// # Errors
    /// When storage fails; then it stays begun.
    pub async fn answer_once(
        &self,
        asked: &Asked,
        answer: Option<&[u8]>,
        randomness: &dyn Randomness,
    ) -> Result<(), StoreError> {
        let state = match answer {
            None => State::Refused,
            Some(answer) if answer.len() > BYTES_MAX => return Ok(()),
            Some(answer) => State::Answered(self.seal_answer(asked, answer, randomness)?),
        };
        let (record, etag) = self.asked(asked).await?.ok_or(StoreError::NotFound)?;
        let next = Record { state, ..record };
        self.write_answer(Write::Replace(document(asked, &next)?, etag)).await
    }

    async fn asked(&self, asked: &Asked) -> Result<Option<(Record, Etag)>, StoreError> {
        let found = self.documents().read(self.home()?, &self.shelf(), &asked.id()).await?;
        let Some(found) = found else { return Ok(None) };
        let record = serde_json::from_str(&found.document.body)
            .map_err(|error| StoreError::Unreadable(format!("{KIND}: {error}")))?;
        Ok(Some((record, found.etag)))
    }

    async fn write_answer(&self, write: Write) -> Result<(), StoreError> {
        let written = self.documents().commit(self.home()?, &self.shelf(), vec![write]).await;
        written.map(|_| ()).map_err(|error| match error {
            CommitError::Refused { refusal: Refusal::Missing, .. } => StoreError::Conflict,
            other @ (CommitError::Refused { .. } | CommitError::Storage(_)) => other.into(),
        })
    }

    fn seal_answer(
        &self,
        asked: &Asked,
        answer: &[u8],
        randomness: &dyn Randomness,
    ) -> Result<String, StoreError> {
        let (salt, nonce) = (randomness.bytes(), randomness.bytes());
        let (tenant, id) = (self.tenant().to_string(), asked.id());
        let sealed = seal::seal(&asked.key, &self.place(&tenant, &id)?, salt, nonce, answer)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        Ok(STANDARD.encode(sealed))
    }

    fn open_answer(&self, asked: &Asked, sealed: &str) -> Result<Known, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable(format!("{KIND}: {why}"));
        let sealed = STANDARD.decode(sealed).map_err(|error| unreadable(error.to_string()))?;
        let (tenant, id) = (self.tenant().to_string(), asked.id());
        let opened = seal::open(&asked.key, &self.place(&tenant, &id)?, &sealed)
            .map_err(|error| unreadable(error.to_string()))?;
        Ok(Known::Answered(opened.to_vec()))
    }

    fn place<'a>(&self, tenant: &'a str, id: &'a str) -> Result<Place<'a>, StoreError> {
        Ok(Place { tenant, container: self.home()?.name(), record: id, field: FIELD })
    }

    /// Where the app keeps what is its own.
    fn home(&self) -> Result<Container, StoreError> {
        Ok(crate::intent::home(self.source()?.identity()))
    }

    fn shelf(&self) -> PartitionKey {
        PartitionKey::new(self.tenant(), SHARD)
    }
}

fn document(asked: &Asked, record: &Record) -> Result<NewDocument, StoreError> {
    Ok(NewDocument {
        id: asked.id(),
        kind: KIND.to_owned(),
        k1: None,
        k2: None,
        body: serde_json::to_string(record)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?,
        expires_at: Some(record.begun_at.plus(ANSWER_KEPT_FOR)),
    })
}
