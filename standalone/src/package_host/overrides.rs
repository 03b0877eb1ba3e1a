//! `host.json` as one tree in which letters' case does not count, with the app settings `AzureFunctionsJobHost__…` over it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{mistake::Rule, settings::Settings, time_span};

const PREFIX: &str = "AzureFunctionsJobHost__";

/// The tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree(Value);

impl Tree {
    /// The text of `host.json` with the overrides of `settings`.
    pub(crate) fn parse(text: &[u8], settings: &Settings) -> Result<Self, Rule> {
        let file: Map<String, Value> =
            serde_json::from_slice(text).map_err(|error| Rule::NotJson(error.to_string()))?;
        let mut tree = Value::Object(file);
        for (name, value) in settings.iter() {
            let prefix = name.get(..PREFIX.len());
            if prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX)) {
                let path: Vec<&str> =
                    name.get(PREFIX.len()..).unwrap_or_default().split("__").collect();
                put(&mut tree, &path, value);
            }
        }
        Ok(Self(tree))
    }

    /// What stands at `path`, members parted by dots; null is nothing.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        let at = path.split('.').try_fold(&self.0, |at, name| member(at, name))?;
        (!at.is_null()).then_some(at)
    }

    pub(crate) fn text(&self, path: &str) -> Result<Option<String>, Rule> {
        self.read(path, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn flag(&self, path: &str) -> Result<Option<bool>, Rule> {
        self.read(path, "true or false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.to_ascii_lowercase().parse().ok(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        })
    }

    pub(crate) fn number(&self, path: &str) -> Result<Option<u64>, Rule> {
        self.read(path, "a number", |value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
    }

    pub(crate) fn time(&self, path: &str) -> Result<Option<Duration>, Rule> {
        self.read(path, "a time span such as \"00:05:00\"", |value| {
            time_span::parse(value.as_str()?)
        })
    }

    /// A list; overrides write one as members `0`, `1`, ….
    pub(crate) fn list(&self, path: &str) -> Result<Option<Vec<Value>>, Rule> {
        self.read(path, "a list", |value| match value {
            Value::Array(items) => Some(items.clone()),
            Value::Object(members) => Some(members.values().cloned().collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    fn read<T>(
        &self,
        path: &str,
        form: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Rule> {
        let Some(value) = self.get(path) else { return Ok(None) };
        let refused = || Rule::Form { key: path.to_owned(), value: value.to_string(), form };
        read(value).map(Some).ok_or_else(refused)
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn put(at: &mut Value, path: &[&str], text: &str) {
    let Some((first, rest)) = path.split_first() else {
        *at = Value::String(text.to_owned());
        return;
    };
    if let (Value::Array(items), Ok(index)) = (&mut *at, first.parse::<usize>()) {
        if index >= items.len() {
            items.push(Value::Null);
        }
        let last = items.len().saturating_sub(1);
        if let Some(item) = items.get_mut(index.min(last)) {
            put(item, rest, text);
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Value::Object(members) = at {
        let known = members.keys().find(|key| key.eq_ignore_ascii_case(first)).cloned();
        let name = known.unwrap_or_else(|| (*first).to_owned());
        put(members.entry(name).or_insert(Value::Null), rest, text);
    }
}
