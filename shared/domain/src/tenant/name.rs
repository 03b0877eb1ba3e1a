//! A tenant's name.

use crate::{Class, Fault, is_line};

/// Characters of a tenant's name.
const NAME_CHARS_MAX: usize = 100;

/// A name that no tenant has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a tenant's name has 1 to {NAME_CHARS_MAX} characters and no line breaks")]
pub struct TenantNameError;

impl Fault for TenantNameError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "tenant-name-invalid"
    }
}

/// A tenant's name as it is kept.
///
/// # Errors
/// * [`TenantNameError`].
pub fn tenant_name(name: &str) -> Result<String, TenantNameError> {
    let name = name.trim();
    if is_line(name, 1..=NAME_CHARS_MAX) { Ok(name.to_owned()) } else { Err(TenantNameError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_at_its_limits_and_refused_beyond() {
        assert_eq!(tenant_name(" Example Ltd "), Ok("Example Ltd".to_owned()));
        assert!(tenant_name("é").is_ok() && tenant_name(&"é".repeat(100)).is_ok());
        for refused in ["", " ", "a\nb", &"é".repeat(101)] {
            assert_eq!(tenant_name(refused), Err(TenantNameError), "{refused:?}");
        }
    }
}
