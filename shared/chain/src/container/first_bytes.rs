//! What begins here, as its first bytes tell.

/// What a file begins with.
pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
/// The length of what stands before a file's name.
pub(crate) const LOCAL_BYTES: usize = 30;

/// Whether the directory begins here: no further file follows.
pub(crate) fn is_directory(bytes: &[u8]) -> bool {
    bytes.starts_with(&CENTRAL)
}

/// Whether a file or the directory may begin here, as far as these few bytes tell.
pub(crate) fn may_begin(bytes: &[u8]) -> bool {
    let start = bytes.get(..4).unwrap_or(bytes);
    LOCAL.starts_with(start) || CENTRAL.starts_with(start)
}

/// The lengths of the name and the content of the file that begins here, if one does.
pub(crate) fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let header: &[u8; LOCAL_BYTES] = bytes.first_chunk()?;
    let [sizes @ .., n0, n1, _, _] = header;
    let [.., s0, s1, s2, s3] = sizes;
    let name_bytes = usize::from(u16::from_le_bytes([*n0, *n1]));
    let data_bytes = usize::try_from(u32::from_le_bytes([*s0, *s1, *s2, *s3])).ok()?;
    header.starts_with(&LOCAL).then_some((name_bytes, data_bytes))
}
