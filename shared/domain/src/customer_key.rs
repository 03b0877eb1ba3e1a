//! A key of the customer's own, over the keys of their tenant: where it is. What it does is `ports::Keys`' matter.

use serde::{Deserialize, Serialize};

use crate::{Class, Fault};

/// The vault of keys that lie on this machine, for the embedded backend.
const LOCAL: &str = "local";
const VAULT_CHARS_MAX: usize = 200;
/// As Key Vault has it.
const NAME_CHARS_MAX: usize = 127;

/// Where a customer's own key is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerKey {
    vault: String,
    name: String,
}

/// Why something names no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CustomerKeyError {
    /// Neither a vault nor this machine.
    #[error(
        "the vault is not one: it is `https://` and the vault's host name in lower case, without a path, or `local` on one machine"
    )]
    Vault,
    /// Not the name of a key.
    #[error("the key's name is not one: 1 to 127 letters, digits and hyphens")]
    Name,
}

impl Fault for CustomerKeyError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "validation"
    }
}

impl CustomerKey {
    /// The key `name` in `vault`: `https://<host>` with an optional port, or `local`. Both become parts of addresses or paths, so that
    /// nothing is taken that could mean another place there.
    ///
    /// # Errors
    /// * [`CustomerKeyError`]'s variants.
    pub fn new(vault: &str, name: &str) -> Result<Self, CustomerKeyError> {
        let vault = vault.strip_suffix('/').unwrap_or(vault);
        if vault != LOCAL && !vault.strip_prefix("https://").is_some_and(is_host) {
            return Err(CustomerKeyError::Vault);
        }
        let is_name = !name.is_empty()
            && name.len() <= NAME_CHARS_MAX
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name {
            return Err(CustomerKeyError::Name);
        }
        Ok(Self { vault: vault.to_owned(), name: name.to_owned() })
    }

    /// Its vault: `https://<host>`, or `local`.
    pub fn vault(&self) -> &str {
        &self.vault
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it lies on this machine.
    pub fn is_local(&self) -> bool {
        self.vault == LOCAL
    }
}

/// A host name in lower case, or an address of four numbers, with a port or without.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= VAULT_CHARS_MAX
        && host.split('.').all(is_label)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_a_host_or_this_machine_and_nothing_that_leads_elsewhere() {
        for vault in
            ["https://contoso.vault.azure.net", "https://contoso.vault.azure.net/", "local"]
        {
            assert!(CustomerKey::new(vault, "proofline").is_ok(), "{vault}");
        }
        assert!(CustomerKey::new("https://127.0.0.1:8443", "proofline").is_ok());
        for vault in [
            "http://contoso.vault.azure.net",
            "https://",
            "https://a@contoso.vault.azure.net",
            "https://contoso.vault.azure.net/keys",
            "https://contoso.vault.azure.net?x=.vault.azure.net",
            "https://contoso.vault.azure.net#",
            "https://Contoso.vault.azure.net",
            "https://contoso..net",
            "https://[::1]",
            "https://host:0",
            "local/..",
            "",
        ] {
            assert_eq!(CustomerKey::new(vault, "k"), Err(CustomerKeyError::Vault), "{vault:?}");
        }
        let longest = format!("https://{}", "a".repeat(200));
        assert!(CustomerKey::new(&longest, "k").is_ok());
        assert!(CustomerKey::new(&format!("{longest}a"), "k").is_err());
    }

    #[test]
    fn a_name_is_1_to_127_letters_digits_and_hyphens() {
        for name in ["k".to_owned(), "k".repeat(127), "Key-2".to_owned()] {
            assert!(CustomerKey::new("local", &name).is_ok(), "{name}");
        }
        for name in ["", "../root", "a/b", "a.key", "k\u{e9}y", &"k".repeat(128)] {
            assert_eq!(CustomerKey::new("local", name), Err(CustomerKeyError::Name), "{name:?}");
        }
    }
}
