//! Where a sealed field belongs.

/// Where a sealed field belongs. It is authenticated with the record: the same bytes at another place cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place<'a> {
    /// The tenant's identifier.
    pub tenant: &'a str,
    /// The container that holds the record: `access`.
    pub container: &'a str,
    /// The record's identifier.
    pub record: &'a str,
    /// The field in it: `mfa.secret`.
    pub field: &'a str,
}

impl Place<'_> {
    /// `"proofline/1"` and then the record's header, tenant, container, record and field, each after its length as 4
    /// bytes big-endian: without the lengths, a character could move from one name to the next and leave the whole as
    /// it was.
    pub(crate) fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        let mut data = b"proofline/1".to_vec();
        let names = [self.tenant, self.container, self.record, self.field];
        for part in std::iter::once(header).chain(names.map(str::as_bytes)) {
            // No name is 4 GiB long; one that were would be refused by the cipher, whose own limit it exceeds.
            data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}
