//! Keys of customers' own over the keys of their tenants: which one, as the tenant's record says.

use domain::{CustomerKey, TenantId};
use serde::{Deserialize, Serialize};

use crate::{StoreError, SystemCap, TenantRecord};

/// Which key wraps a tenant's keys. In the record that guards read, so that nobody who can write to the database can name one of his own.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnKeys {
    /// The tenant's own; `None` for ours.
    pub current: Option<CustomerKey>,
    /// The one before, as long as something may still be wrapped by it.
    pub former: Option<CustomerKey>,
}

impl OwnKeys {
    /// Whether the tenant has and had none of its own.
    pub fn is_ours(&self) -> bool {
        self.current.is_none() && self.former.is_none()
    }

    /// With another key. The one that wrapped until now is remembered, so that what it wrapped still opens.
    #[must_use]
    pub fn moved_to(self, key: Option<CustomerKey>) -> Self {
        Self { current: key, former: self.current.or(self.former) }
    }

    /// Whether the tenant named this key.
    pub(super) fn names(&self, key: &CustomerKey) -> bool {
        self.current.as_ref() == Some(key) || self.former.as_ref() == Some(key)
    }
}

/// What the tenant's record says; nothing for a tenant that has none yet.
pub(super) async fn read(tenants: &SystemCap, tenant: TenantId) -> Result<OwnKeys, StoreError> {
    let data = tenants.partition(tenant, "field-keys");
    let record = data.find::<TenantRecord>(TenantRecord::ID).await?;
    Ok(record.map(|found| found.document.own_keys).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_wrapped_is_named_until_another_takes_its_place() {
        let key = |name| CustomerKey::new("local", name).unwrap();
        let (a, b, c) = (key("a"), key("b"), key("c"));
        let ours = OwnKeys::default();
        assert!(ours.is_ours() && !ours.names(&a));
        let at_a = ours.moved_to(Some(a.clone()));
        assert!(at_a.names(&a) && !at_a.is_ours());
        let at_b = at_a.moved_to(Some(b.clone()));
        assert!(at_b.names(&a) && at_b.names(&b) && !at_b.names(&c));
        let back = at_b.moved_to(None);
        assert!(!back.names(&a) && back.names(&b) && back.current.is_none());
        assert!(back.moved_to(Some(c)).names(&b), "what b wrapped may not be wrapped anew yet");
    }
}
