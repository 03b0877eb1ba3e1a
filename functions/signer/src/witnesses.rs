//! Witnesses of others are told that logs grew, once they have been signed: by a message, so that none of them holds up a signature.

use std::{collections::BTreeSet, time::Duration};

use domain::TenantId;
use ports::QueueName;

use crate::State;

/// Has the heads of these logs cosigned, if there is anybody to do it. A message that is lost is made good when the log grows again.
pub(crate) async fn wake(state: &State, grown: &BTreeSet<TenantId>) {
    if !state.has_witnesses {
        return;
    }
    for tenant in grown {
        let text = tenant.to_string();
        let sent = state.ports.queue.send(QueueName::Witness, &text, Duration::ZERO).await;
        if let Err(error) = sent {
            tracing::warn!(%tenant, %error, "witnesses were not woken");
        }
    }
}
