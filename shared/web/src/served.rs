//! What the host's log line says of an answer beside its status. It travels with the answer inside the process and is never sent.

use domain::{RequestId, TenantId};

use crate::Caller;

/// Which endpoint or trigger answered, put into the answer's extensions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Served {
    /// The endpoint's path with its parameters' names, or the trigger's name: never what was asked for.
    pub endpoint: &'static str,
    /// The request or invocation.
    pub request: RequestId,
    /// Who was admitted, or refused although known.
    pub admitted: Option<Admitted>,
}

/// Who the caller is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admitted {
    /// Of which tenant.
    pub tenant: TenantId,
    /// A user's or a Runner's identifier.
    pub actor: String,
}

impl Admitted {
    pub(crate) fn of(caller: &Caller) -> Self {
        Self { tenant: caller.data.tenant(), actor: caller.user.to_string() }
    }
}
