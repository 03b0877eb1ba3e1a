//! Where a file of an export ends, as far as can be told from its first bytes.

use super::container as damaged;
use crate::{
    bundle::FILE_BYTES_MAX,
    container::{self, LOCAL_BYTES},
    report::Finding,
};

/// The name and the content of the file that begins here, which is not the manifest; `None` when not all of it is there yet.
pub(super) fn split(bytes: &[u8]) -> Result<Option<(&str, &[u8])>, Finding> {
    let Some((name_bytes, data_bytes)) = container::lengths(bytes) else {
        let could_begin = bytes.len() < LOCAL_BYTES && container::may_begin(bytes);
        return if could_begin { Ok(None) } else { Err(damaged("the next file")) };
    };
    let content = bytes.get(LOCAL_BYTES..).unwrap_or_default();
    // Before its name is whole, it may be the manifest.
    let Some((name, content)) = content.split_at_checked(name_bytes) else { return Ok(None) };
    if data_bytes > FILE_BYTES_MAX {
        return Err(damaged("a file of an export, which is shorter"));
    }
    let Some((data, _)) = content.split_at_checked(data_bytes) else { return Ok(None) };
    let name = str::from_utf8(name).map_err(|_| damaged("a name in UTF-8"))?;
    Ok(Some((name, data)))
}

/// How many bytes of the file that begins here are not there yet, as far as can be told: its header first.
pub(super) fn missing(bytes: &[u8]) -> usize {
    let (name, data) = container::lengths(bytes).unwrap_or_default();
    (LOCAL_BYTES + name).saturating_add(data).saturating_sub(bytes.len())
}
