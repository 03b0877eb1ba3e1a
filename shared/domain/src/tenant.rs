//! Tenants: their states, settings, and what may be done in each state.

mod moves;
mod name;
mod serving;
mod settings;

use serde::{Deserialize, Serialize};

pub use moves::{TenantMove, TenantMoveError};
pub use name::{TenantNameError, tenant_name};
pub use serving::NotServed;
pub use settings::{MfaPolicy, SettingError, SupportAccess, TenantSettings};

/// What kind of organisation a tenant is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// A customer.
    #[default]
    Customer,
    /// Whoever runs the deployment: the only tenant whose users can hold platform roles.
    Platform,
}

/// Whether a tenant may be used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Yes.
    Active,
    /// Nobody signs in; data is kept.
    Suspended,
    /// Its owner closed it: it can be read and exported until its grace is over, and the closing taken back.
    Closing,
    /// Its keys are destroyed. What is left is that it was.
    Closed,
}

impl TenantState {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    /// Whether anybody signs in.
    pub const fn admits(self) -> bool {
        match self {
            Self::Active | Self::Closing => true,
            Self::Suspended | Self::Closed => false,
        }
    }
}
