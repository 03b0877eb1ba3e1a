//! YAML at the boundary: small, shallow, without tricks.

use domain::procedure::Procedure;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

/// Bytes of a procedure as text, at most.
pub const PROCEDURE_BYTES_MAX: usize = 256 * 1024;

const VALUE_BYTES_MAX: usize = 8 * 1024 * 1024;
const DEPTH_MAX: usize = 24;
const PROCEDURE_NODES_MAX: usize = 50_000;
const VALUE_NODES_MAX: usize = 250_000;

/// Why a text is not YAML of the wanted shape.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum YamlError {
    /// It is too long.
    #[error("the text has {bytes} bytes, {max} at most: split it")]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// It is not YAML, or has another shape.
    #[error("the text cannot be read: {0}")]
    Malformed(String),
}

/// The procedure that `text` writes; not linted yet.
///
/// Anchors, aliases, merge keys, duplicate keys and further documents are refused: what two people sign reads one way.
///
/// # Errors
/// [`YamlError`].
pub fn procedure_from_yaml(text: &str) -> Result<Procedure, YamlError> {
    read(text, PROCEDURE_BYTES_MAX, PROCEDURE_NODES_MAX)
}

/// The value that `text` writes, as collected from a file.
///
/// # Errors
/// [`YamlError`]; its text may quote the value, so it stays on the Runner.
pub fn value_from_yaml(text: &str) -> Result<Value, YamlError> {
    read(text, VALUE_BYTES_MAX, VALUE_NODES_MAX)
}

fn read<T: DeserializeOwned>(text: &str, max: usize, max_nodes: usize) -> Result<T, YamlError> {
    if text.len() > max {
        return Err(YamlError::TooLong { bytes: text.len(), max });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: max_nodes,
            max_events: max_nodes * 2,
            max_documents: 1,
            max_anchors: 0,
            max_aliases: 0,
            max_merge_keys: 0,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| YamlError::Malformed(error.to_string().chars().take(400).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_yaml_becomes_the_value_that_it_writes() {
        let text = "a: 1\nb: [x, 'y', 0644]\nc: {d: true, e: null, f: 1.5}\n";
        let read = value_from_yaml(text).unwrap();
        assert_eq!(
            (&read["a"], &read["c"]),
            (&json!(1), &json!({ "d": true, "e": null, "f": 1.5 }))
        );
        assert_eq!((&read["b"][0], &read["b"][1]), (&json!("x"), &json!("y")));
    }

    #[test]
    fn words_that_only_old_yaml_takes_for_booleans_stay_words() {
        assert_eq!(
            value_from_yaml("PermitRootLogin: no").unwrap(),
            json!({ "PermitRootLogin": "no" })
        );
    }

    #[test]
    fn tricks_are_refused() {
        for text in [
            "a: &x 1\nb: *x\n",
            "a: &x {b: 1}\n",
            "a: 1\na: 2\n",
            "a: 1\n---\nb: 2\n",
            "<<: {a: 1}\nb: 2\n",
            "a: .nan\n",
            "a: [1, 2\n",
        ] {
            assert!(value_from_yaml(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_nodes_and_length_are_limited() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(value_from_yaml(&nested(24)).is_ok());
        assert!(value_from_yaml(&nested(25)).is_err());
        assert!(value_from_yaml(&nested(100_000)).is_err());
        let wide = format!("[{}]", "1,".repeat(260_000));
        assert!(value_from_yaml(&wide).is_err());
        let long = format!("# {}", "x".repeat(PROCEDURE_BYTES_MAX));
        assert!(matches!(procedure_from_yaml(&long), Err(YamlError::TooLong { .. })));
    }
}
