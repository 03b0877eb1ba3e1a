//! Sign-in: invitations, passwords, second factors, sessions and their tokens.
//!
//! In scope: the `auth` function app; it alone writes what every guard reads (tenants, guards, sessions).
//! Out of scope: the rules (`domain::auth`), who is admitted to an endpoint (`web`).

mod accounts;
mod acknowledge_codes;
mod arriving;
mod backup_codes;
mod begin_login;
mod bootstrap;
mod breaches;
mod break_glass;
mod change_password;
mod close_tenants;
mod codes;
mod confirm_totp;
mod custom_roles;
mod decoys;
mod delivery;
mod devices;
mod end_sessions;
mod ended_sessions;
mod fields;
mod followers;
mod grant_role;
mod guards;
mod hasher;
mod invitations;
mod keys;
mod letters;
mod limits;
mod list_keys;
mod list_sessions;
mod list_users;
mod logins;
mod members;
mod move_user;
mod offer_totp;
mod own_key;
mod own_tenant;
mod password_locks;
mod passwords;
mod peppers;
mod personal_tokens;
mod platform_tenants;
mod post;
mod read_me;
mod read_user;
mod records;
mod recoveries;
mod redeem_invitation;
mod redeem_recovery;
mod redeem_reset;
mod refresh_tokens;
mod replace_totp;
mod request_recovery;
mod request_reset;
mod reseal_tenant;
mod resealing;
mod revoke_session;
mod rotate_record_keys;
mod rotate_signing_key;
mod routes;
#[cfg(test)]
mod scenarios;
mod send_letter;
mod sign_in;
mod signing_again;
mod signing_keys;
mod state;
mod step_up;
mod sweep_keys;
mod tenant_entries;
mod tenants;
mod tokens;
mod unfinished;
mod users;
mod verify_backup;
mod verify_login;
mod visits;

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
        routes::all()
    }

    async fn open(setup: &Setup) -> Result<AuthState, SetupError> {
        AuthState::open(setup).await
    }
}
