//! Members of a binding, and the rules that names and directions obey.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::mistake::Rule;

/// A binding, or the whole file.
pub(super) type Members = Map<String, Value>;

pub(super) fn kind(binding: &Members) -> String {
    text_of(binding, "type").unwrap_or_default().to_ascii_lowercase()
}

pub(super) fn text_of<'a>(binding: &'a Members, key: &str) -> Option<&'a str> {
    binding.get(key).and_then(Value::as_str)
}

pub(super) fn flag(binding: &Members, key: &str) -> Result<Option<bool>, Rule> {
    match binding.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(form(key, &other.to_string(), "true or false")),
    }
}

pub(super) fn is_binary(binding: &Members) -> bool {
    text_of(binding, "dataType").is_some_and(|kind| kind.eq_ignore_ascii_case("binary"))
}

pub(super) fn form(key: &str, value: &str, form: &'static str) -> Rule {
    Rule::Form { key: key.to_owned(), value: value.to_owned(), form }
}

/// A letter, then letters, digits and `others`.
pub(super) fn is_name(text: &str, length_max: usize, others: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.len() <= length_max
        && text.chars().all(is_allowed)
}

pub(super) fn check_names(bindings: &[&Members]) -> Result<(), Rule> {
    let mut seen = BTreeSet::new();
    for binding in bindings {
        let name = text_of(binding, "name").unwrap_or_default();
        if name != "$return" && !is_name(name, 128, "") {
            return Err(Rule::BindingName(name.to_owned()));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(Rule::DuplicateBinding(name.to_owned()));
        }
    }
    Ok(())
}

pub(super) fn check_direction(binding: &Members, direction: &str) -> Result<(), Rule> {
    let said = text_of(binding, "direction").unwrap_or_default();
    let name = || text_of(binding, "name").unwrap_or_default().to_owned();
    if said.eq_ignore_ascii_case(direction) { Ok(()) } else { Err(Rule::Direction(name())) }
}
