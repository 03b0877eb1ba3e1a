//! Reads one setting after the other and keeps every mistake.

use super::{ConfigError, Setting};

/// A value of the environment, by the name of its variable.
pub(super) trait Lookup: Fn(&str) -> Option<String> {}
impl<L: Fn(&str) -> Option<String>> Lookup for L {}

pub(super) struct Reader<'a, L> {
    lookup: &'a L,
    mistakes: Vec<ConfigError>,
}

impl<'a, L: Lookup> Reader<'a, L> {
    pub(super) const fn new(lookup: &'a L) -> Self {
        Self { lookup, mistakes: Vec::new() }
    }

    /// The value as it was written. Core Tools and Bicep cannot leave a setting out, so that one without text is absent.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
    }

    /// The setting, or its default. `None` is a mistake, which is kept.
    pub(super) fn get<T>(
        &mut self,
        setting: Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = self.text(setting.name).or(setting.default.map(str::to_owned)) else {
            self.mistake(ConfigError::Missing { name: setting.name, form: setting.form });
            return None;
        };
        let parsed = parse(&value);
        if parsed.is_none() {
            self.mistake(ConfigError::Form { name: setting.name, value, form: setting.form });
        }
        parsed
    }

    /// The same without a default.
    pub(super) fn said<T>(
        &mut self,
        setting: Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.get(Setting { default: None, ..setting }, parse)
    }

    pub(super) fn mistake(&mut self, mistake: ConfigError) {
        self.mistakes.push(mistake);
    }

    /// What was read, or every mistake.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Vec<ConfigError>> {
        match read {
            Some(read) if self.mistakes.is_empty() => Ok(read),
            _ => Err(self.mistakes),
        }
    }
}
