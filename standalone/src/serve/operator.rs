//! The invitation of the platform's owner, asked for beside a host that serves.

use std::sync::Arc;

use ambient::{SystemClock, SystemRandomness};
use host::RootPassphrase;
use local::Store;

use super::{
    Invited, Options, ServeError,
    bootstrap::Installer,
    start::{config, inbox},
};

/// Sends the message that makes the platform's tenant; whoever serves takes it.
///
/// # Errors
/// When the store or the queue cannot be opened.
pub(crate) async fn invite_operator(options: &Options) -> Result<Invited, ServeError> {
    let config = config(options, options.port)?;
    let passphrase = config.root_passphrase.as_ref().map(RootPassphrase::secret);
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let (at, chance) = (Arc::clone(&clock) as _, Arc::clone(&randomness) as _);
    let store = Store::open_under(&config.data, passphrase, at, chance)?;
    let inbox = inbox(&config, &store)?;
    let installer =
        Installer { data: &config.data, inbox: &*inbox, clock: &*clock, randomness: &*randomness };
    installer.invite_operator(&options.tenant_name).await
}
