//! Signing again what is signed with an older key: the same text, the same event, the next version.

use domain::TenantId;
use ports::{CommitError, Container, Cursor, PartitionKey, Refusal, Stored, Write};
use protocol::key::Signer as _;

use super::{
    Records,
    signed::{Signed, sign_with},
};
use crate::{Partition, StoreError};

/// A page of records that were looked at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SignedAgain {
    /// How many were signed again.
    pub signed: u64,
    /// How many somebody else wrote meanwhile: whoever wants to be sure looks again.
    pub missed: u64,
    /// How many are refused, and stay as they are: a new signature would make them good.
    pub refused: u64,
    /// Where to go on; `None` when everything was looked at.
    pub next: Option<Cursor>,
}

enum Done {
    Already,
    Signed,
    Missed,
}

impl Partition {
    /// Signs again, with the key that signs now, what guards read in one shard and is signed with another: one page, from `after` on. What is
    /// written while this goes on is signed with that key anyway. Done twice, it finds nothing the second time.
    ///
    /// # Errors
    /// When storage fails, or this process does not sign.
    pub async fn sign_again(
        &self,
        shard: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<SignedAgain, StoreError> {
        let page = self.changes(Container::Access, shard, after, limit).await?;
        let mut result = SignedAgain::default();
        for stored in page.documents {
            match self.records().sign_again(self.tenant(), shard, stored).await {
                Ok(Done::Already) => {}
                Ok(Done::Signed) => result.signed += 1,
                Ok(Done::Missed) => result.missed += 1,
                Err(StoreError::Forged(_)) => result.refused += 1,
                Err(error) => return Err(error),
            }
        }
        result.next = page.more.then_some(page.cursor);
        Ok(result)
    }
}

impl Records {
    async fn sign_again(
        &self,
        tenant: TenantId,
        shard: &str,
        stored: Stored,
    ) -> Result<Done, StoreError> {
        if !Self::covers(Container::Access, &stored.document.kind) {
            return Ok(Done::Already);
        }
        let key = self.keys.signing().await?;
        let signed = serde_json::from_str::<Signed>(&stored.document.body);
        if signed.is_ok_and(|signed| signed.by == key.kid().to_string()) {
            return Ok(Done::Already);
        }
        let name = (tenant, shard.to_owned(), stored.document.id.clone());
        let Stored { document, etag } = self.open(tenant, shard, stored).await?;
        let before = self.remembered(&name).ok_or(StoreError::Conflict)?;
        let version = before.version.saturating_add(1);
        let again = sign_with(&key, (tenant, shard), document, version, before.event)?;
        let (place, write) = (PartitionKey::new(tenant, shard), Write::Replace(again, etag));
        match self.ports.documents.commit(Container::Access, &place, vec![write]).await {
            Ok(_) => Ok(Done::Signed),
            // It is over: it expired.
            Err(CommitError::Refused { refusal: Refusal::Missing, .. }) => Ok(Done::Already),
            Err(CommitError::Refused { .. }) => Ok(Done::Missed),
            Err(error) => Err(error.into()),
        }
    }
}
