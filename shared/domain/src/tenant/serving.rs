//! What is done for a tenant in each of its states.

use super::TenantState;
use crate::{Class, Fault};

/// Why nothing is done for a tenant now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotServed {
    /// Until an operator takes it into use again.
    #[error(
        "this tenant is suspended: nothing of it is taken or given out until it is resumed; keep what waits, and ask again"
    )]
    Suspended,
    /// Unless its owner thinks better of it.
    #[error(
        "this tenant is closing: it can be read and exported, and its owner can take the closing back"
    )]
    Closing,
    /// For good.
    #[error("this tenant is closed")]
    Closed,
}

impl Fault for NotServed {
    fn class(&self) -> Class {
        Class::Forbidden
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Suspended => "tenant-suspended",
            Self::Closing => "tenant-closing",
            Self::Closed => "tenant-closed",
        }
    }
}

impl TenantState {
    /// Whether something is done for the tenant; `while_closing` if it is something that a tenant that is closing may still ask for.
    ///
    /// # Errors
    /// * [`NotServed`].
    pub const fn serves(self, while_closing: bool) -> Result<(), NotServed> {
        match self {
            Self::Active => Ok(()),
            Self::Closing if while_closing => Ok(()),
            Self::Closing => Err(NotServed::Closing),
            Self::Suspended => Err(NotServed::Suspended),
            Self::Closed => Err(NotServed::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_is_closing_is_read_and_one_that_is_suspended_or_closed_is_not() {
        use TenantState as S;
        let cases = [
            (S::Active, None, None),
            (S::Closing, None, Some("tenant-closing")),
            (S::Suspended, Some("tenant-suspended"), Some("tenant-suspended")),
            (S::Closed, Some("tenant-closed"), Some("tenant-closed")),
        ];
        for (state, reading, changing) in cases {
            let code = |while_closing| state.serves(while_closing).err().map(|why| why.code());
            assert_eq!((code(true), code(false)), (reading, changing), "{state:?}");
        }
    }
}
