//! Sign-in: invitations, passwords, second factors, sessions and their tokens.
//!
//! In scope: the `auth` function app; it alone writes what every guard reads (tenants, guards, sessions).
//! Out of scope: the rules (`domain::auth`), who is admitted to an endpoint (`web`).

mod accounts;
mod begin_login;
mod bootstrap;
mod codes;
mod confirm_totp;
mod fields;
mod followers;
mod guards;
mod hasher;
mod keys;
mod list_keys;
mod list_sessions;
mod logins;
mod offer_totp;
mod passwords;
mod read_me;
mod records;
mod redeem_invitation;
mod refresh_tokens;
mod revoke_session;
#[cfg(test)]
mod scenarios;
mod sign_in;
mod state;
mod step_up;
mod tokens;
mod verify_login;

use async_trait::async_trait;
use ports::Identity;
use web::{App, FunctionApp, Setup, SetupError};

pub use bootstrap::Bootstrap;
pub use state::AuthState;

/// The `auth` function app.
#[derive(Debug)]
pub struct Auth;

#[async_trait]
impl FunctionApp for Auth {
    type State = AuthState;
    const IDENTITY: Identity = Identity::Auth;

    fn app() -> App<AuthState> {
        App::default()
            .route(&redeem_invitation::ENDPOINT, redeem_invitation::handle)
            .route(&begin_login::ENDPOINT, begin_login::handle)
            .route(&verify_login::ENDPOINT, verify_login::handle)
            .route(&offer_totp::ENDPOINT, offer_totp::handle)
            .route(&confirm_totp::ENDPOINT, confirm_totp::handle)
            .route(&refresh_tokens::ENDPOINT, refresh_tokens::handle)
            .route(&step_up::ENDPOINT, step_up::handle)
            .route(&read_me::ENDPOINT, read_me::handle)
            .route(&list_sessions::ENDPOINT, list_sessions::handle)
            .route(&revoke_session::ENDPOINT, revoke_session::handle)
            .route(&list_keys::ENDPOINT, list_keys::handle)
            .on(&bootstrap::TRIGGER, bootstrap::handle)
    }

    async fn open(setup: &Setup) -> Result<AuthState, SetupError> {
        AuthState::open(setup)
    }
}
