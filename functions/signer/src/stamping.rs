//! Time stamps (RFC 3161) under heads of the directory, when an authority is configured. One that is away stops nothing: the head has no stamp then, and
//! the next one asks again.

use ports::Bucket;

use crate::{State, signing::SigningError};

/// Has `head` stamped, once.
pub(crate) async fn stamp(state: &State, name: &str, head: &str) -> Result<(), SigningError> {
    let Some(authority) = &state.authority else { return Ok(()) };
    let blobs = &*state.ports.blobs;
    if blobs.get(Bucket::Anchors, name).await?.is_some() {
        return Ok(());
    }
    match authority.stamp(head.as_bytes(), &*state.ports.randomness).await {
        Ok(token) => {
            // Another signer's is as good.
            match blobs.put(Bucket::Anchors, name, &token, None).await {
                Ok(_) | Err(ports::BlobError::Moved) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, "the time stamp authority did not do its part; this head of the directory has no stamp");
            Ok(())
        }
    }
}
