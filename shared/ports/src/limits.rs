//! What Cosmos DB refuses, refused by both backends: <https://learn.microsoft.com/azure/cosmos-db/concepts-limits>.

use crate::{NewDocument, Write};

/// Operations in one transactional batch.
pub const BATCH_WRITES_MAX: usize = 100;
/// Bytes of one transactional batch, each document counted by [`stored_bytes`]: 2 MB, of which we leave 5 %.
pub const BATCH_BYTES_MAX: usize = 1_900_000;
/// Bytes of one document, as [`stored_bytes`] counts them: 2 MB, of which we leave 5 % for system fields.
pub const DOCUMENT_BYTES_MAX: usize = 1_900_000;
/// Bytes around a document's own fields: their names, the partition key, times, versions, and the operation of the batch.
pub const ENVELOPE_BYTES: usize = 512;
/// Bytes of an id: 1,023 in Cosmos; 255 is enough for ours.
pub const ID_BYTES_MAX: usize = 255;
/// Segments of a blob's name: 8 × 81 bytes stay under the 1,024 of Blob Storage.
pub const BLOB_SEGMENTS_MAX: usize = 8;
/// Bytes of one segment of a blob's name.
pub const BLOB_SEGMENT_BYTES_MAX: usize = 80;

/// What a limit refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// An id that Cosmos would refuse.
    #[error(
        "an id has 1 to {ID_BYTES_MAX} bytes, none of / \\ ? # and no control character: {0:?}"
    )]
    Id(String),
    /// A document over [`DOCUMENT_BYTES_MAX`].
    #[error("document {id} has {bytes} bytes; {DOCUMENT_BYTES_MAX} is the most")]
    Document {
        /// Which.
        id: String,
        /// How many.
        bytes: usize,
    },
    /// A batch that is empty, over [`BATCH_WRITES_MAX`] writes or over [`BATCH_BYTES_MAX`].
    #[error(
        "a batch has 1 to {BATCH_WRITES_MAX} writes and at most {BATCH_BYTES_MAX} bytes, not {writes} and {bytes}"
    )]
    Batch {
        /// How many writes.
        writes: usize,
        /// How many bytes.
        bytes: usize,
    },
    /// The same id twice in one batch.
    #[error("a batch writes {0} twice")]
    Twice(String),
    /// A name that no blob can have.
    #[error(
        "a blob's name has 1 to {BLOB_SEGMENTS_MAX} segments with a slash between them, each of 1 to {BLOB_SEGMENT_BYTES_MAX} of a-z 0-9 . _ - and not starting with a dot: {0:?}"
    )]
    BlobName(String),
}

/// Checks an id.
///
/// # Errors
/// * [`LimitError::Id`].
pub fn check_id(id: &str) -> Result<(), LimitError> {
    let forbidden = |letter: char| matches!(letter, '/' | '\\' | '?' | '#') || letter.is_control();
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.contains(forbidden) || id.ends_with(' ') {
        return Err(LimitError::Id(id.chars().take(80).collect()));
    }
    Ok(())
}

/// Checks the name of a blob: `segment/segment`, each `[a-z0-9._-]{1,80}` and not starting with a dot.
///
/// # Errors
/// * [`LimitError::BlobName`].
pub fn check_blob_name(name: &str) -> Result<(), LimitError> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let segment = |segment: &str| {
        (1..=BLOB_SEGMENT_BYTES_MAX).contains(&segment.len())
            && !segment.starts_with('.')
            && segment.bytes().all(allowed)
    };
    if name.split('/').count() > BLOB_SEGMENTS_MAX || !name.split('/').all(segment) {
        return Err(LimitError::BlobName(name.chars().take(80).collect()));
    }
    Ok(())
}

/// Bytes of a document as Cosmos sees them: JSON in which the body is a string, so that its quotes and backslashes count twice.
pub fn stored_bytes(document: &NewDocument) -> usize {
    let NewDocument { id, kind, k1, k2, body, expires_at: _ } = document;
    let optional = |text: &Option<String>| text.as_deref().map_or(0, escaped_bytes);
    // A batch names the document that it replaces once more beside it.
    let fields = 2 * escaped_bytes(id) + escaped_bytes(kind) + optional(k1) + optional(k2);
    ENVELOPE_BYTES + fields + escaped_bytes(body)
}

/// Bytes of `text` inside a JSON string, without its quotes (RFC 8259 §7; nothing is escaped that need not be).
pub fn escaped_bytes(text: &str) -> usize {
    let bytes = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    text.bytes().map(bytes).sum()
}

/// Checks a batch; every backend calls it first, so that neither allows what the other refuses.
///
/// # Errors
/// * One variant for each limit.
pub fn check_batch(writes: &[Write]) -> Result<(), LimitError> {
    let mut total = 0;
    let mut ids = std::collections::HashSet::new();
    for document in writes.iter().map(Write::document) {
        check_id(&document.id)?;
        let bytes = stored_bytes(document);
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(LimitError::Document { id: document.id.clone(), bytes });
        }
        if !ids.insert(&document.id) {
            return Err(LimitError::Twice(document.id.clone()));
        }
        total += bytes;
    }
    if writes.is_empty() || writes.len() > BATCH_WRITES_MAX || total > BATCH_BYTES_MAX {
        return Err(LimitError::Batch { writes: writes.len(), bytes: total });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document of exactly `bytes`: an envelope of 512, an id of one letter counted twice, a kind of one letter, the body.
    fn create(id: &str, bytes: usize) -> Write {
        with_body(id, "x".repeat(bytes - 512 - 2 * id.len() - 1))
    }

    fn with_body(id: &str, body: String) -> Write {
        Write::Create(NewDocument {
            id: id.into(),
            kind: "k".into(),
            k1: None,
            k2: None,
            body,
            expires_at: None,
        })
    }

    #[test]
    fn both_sides_of_every_limit() {
        let many =
            |count: usize| (0..count).map(|n| create(&n.to_string(), 600)).collect::<Vec<_>>();
        assert!(check_batch(&many(100)).is_ok());
        assert!(matches!(check_batch(&many(101)), Err(LimitError::Batch { writes: 101, .. })));
        assert!(matches!(check_batch(&[]), Err(LimitError::Batch { writes: 0, .. })));
        assert!(check_batch(&[create("a", DOCUMENT_BYTES_MAX)]).is_ok());
        assert!(matches!(
            check_batch(&[create("a", DOCUMENT_BYTES_MAX + 1)]),
            Err(LimitError::Document { .. })
        ));
        let two = [create("a", BATCH_BYTES_MAX - 600), create("b", 601)];
        assert!(matches!(
            check_batch(&two),
            Err(LimitError::Batch { writes: 2, bytes: 1_900_001 })
        ));
        assert!(check_batch(&[create("a", BATCH_BYTES_MAX - 600), create("b", 600)]).is_ok());
        assert!(matches!(
            check_batch(&[create("a", 600), create("a", 600)]),
            Err(LimitError::Twice(_))
        ));
        assert!(check_id(&"i".repeat(255)).is_ok());
        for id in ["", "a/b", "a\\b", "a?", "#", "a\nb", "a ", &"i".repeat(256)] {
            assert!(check_id(id).is_err(), "{id:?}");
        }
    }

    /// Lengths from Python: `len(json.dumps(text, ensure_ascii=False).encode()) - 2`.
    #[test]
    fn what_json_escapes_counts_as_it_is_stored() {
        for (text, bytes) in [
            ("", 0),
            ("{\"a\":\"\\\"\"}", 16),
            ("\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}", 23),
            ("\u{e4}\u{1f512}/", 7),
        ] {
            assert_eq!(escaped_bytes(text), bytes, "{text:?}");
        }
        let quotes = with_body("a", "\"".repeat(949_743));
        assert!(matches!(
            check_batch(&[quotes]),
            Err(LimitError::Document { bytes: 1_900_001, .. })
        ));
        assert!(check_batch(&[with_body("a", "\"".repeat(949_742))]).is_ok());
    }

    #[test]
    fn a_blob_name_cannot_leave_its_bucket() {
        let long = "s".repeat(80);
        for name in ["a", "a/b", "ten_01.x-y/0", &long, "a/b/c/d/e/f/g/h"] {
            assert_eq!(check_blob_name(name), Ok(()), "{name}");
        }
        let longer = "s".repeat(81);
        for name in ["", "/", "/a", "a/", "a//b", "..", "a/../b", ".a", "a~", "A", "a b", "a\\b"] {
            assert!(check_blob_name(name).is_err(), "{name}");
        }
        for name in [&longer, "a/b/c/d/e/f/g/h/i", "\u{e4}", "a\0"] {
            assert!(check_blob_name(name).is_err(), "{name}");
        }
    }
}
