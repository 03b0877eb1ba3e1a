//! A time stamp authority, by HTTP (RFC 3161 §3.4).

use std::time::Duration;

use chain::{
    Hash,
    timestamp::{QUERY_TYPE, REPLY_BYTES_MAX, REPLY_TYPE, Timestamp, TimestampError, request},
};
use ports::Randomness;
use reqwest::{Client, header, redirect::Policy};

/// How long an authority may take. The directory's round waits for it, and the next one comes a minute later.
const ANSWERS_IN: Duration = Duration::from_secs(8);

/// Where stamps are asked for.
#[derive(Clone)]
pub(crate) struct Authority {
    url: String,
}

/// Why there is no stamp.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    /// Not reached, or it broke off.
    #[error("the authority was not reached")]
    Unreached(#[from] reqwest::Error),
    /// Longer than any stamp.
    #[error("the authority's answer is longer than any time stamp")]
    TooLong,
    /// No stamp of what was asked.
    #[error("the authority's answer does not count")]
    Stamp(#[from] TimestampError),
    /// An older answer, or one to somebody else.
    #[error("the authority's answer is to another request")]
    Nonce,
}

impl Authority {
    pub(crate) const fn new(url: String) -> Self {
        Self { url }
    }

    /// The authority's answer about `bytes`, as it came.
    pub(crate) async fn stamp(
        &self,
        bytes: &[u8],
        randomness: &dyn Randomness,
    ) -> Result<Vec<u8>, AuthorityError> {
        let nonce = randomness.bytes();
        let answer = self.ask(request(&Hash::of(bytes), nonce)).await?;
        let stamp = Timestamp::parse(&answer)?;
        stamp.covers(bytes)?;
        if stamp.answers(nonce) { Ok(answer) } else { Err(AuthorityError::Nonce) }
    }

    async fn ask(&self, query: Vec<u8>) -> Result<Vec<u8>, AuthorityError> {
        let client = Client::builder().timeout(ANSWERS_IN).redirect(Policy::none()).build()?;
        let request = client.post(&self.url).header(header::CONTENT_TYPE, QUERY_TYPE);
        let request = request.header(header::ACCEPT, REPLY_TYPE).body(query);
        let mut response = request.send().await?.error_for_status()?;
        let mut answer = Vec::new();
        while let Some(piece) = response.chunk().await? {
            answer.extend_from_slice(&piece);
            if answer.len() > REPLY_BYTES_MAX {
                return Err(AuthorityError::TooLong);
            }
        }
        Ok(answer)
    }
}
