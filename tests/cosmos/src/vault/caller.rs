//! Who asks, and what the role assignments let them do.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use ports::{Identity, KEYS, SECRETS};

use super::{RESOURCE, key_name};
use crate::identity::{Tokens, client_id};

/// The client id of whoever makes keys and secrets: the deployment.
pub const ADMINISTRATOR: &str = "a0000000-0000-4000-8000-0000000000ff";

/// Whose token it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Caller {
    App(Identity),
    Administrator,
    /// A token that is good, of someone without any role here.
    Stranger,
}

impl Caller {
    /// Whoever the token is of; `None` asks for a token.
    pub(super) fn of(headers: &HeaderMap, tokens: &Tokens) -> Option<Self> {
        let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let claims = tokens.verify(token, RESOURCE).ok()?;
        if claims.appid == ADMINISTRATOR {
            return Some(Self::Administrator);
        }
        let app = Identity::ALL.into_iter().find(|identity| client_id(*identity) == claims.appid);
        Some(app.map_or(Self::Stranger, Self::App))
    }

    /// Whether a role assignment on the one key or secret allows `operation`; what does not exist is refused alike.
    pub(super) fn may(self, collection: &str, name: &str, operation: &str) -> bool {
        let identity = match self {
            Self::Administrator => return true,
            Self::Stranger => return false,
            Self::App(identity) => identity,
        };
        match collection {
            "keys" => KEYS.iter().any(|(purpose, holder)| {
                let operations: &[_] = if purpose.is_kept() {
                    &["get", "sign"]
                } else {
                    &["get", "wrapkey", "unwrapkey"]
                };
                *holder == identity && key_name(*purpose) == name && operations.contains(&operation)
            }),
            "secrets" => SECRETS.iter().any(|(secret, reader)| {
                *reader == identity && secret.name() == name && operation == "get"
            }),
            _ => false,
        }
    }
}
