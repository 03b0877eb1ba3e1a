//! Which rows a caller asks for, as a request says it.

use domain::{AuditFilter, FilterError, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;
use store::leads::Keys;

/// Which rows; those that fit everything that is said.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    /// What happened: the name of an event, or the beginning of one up to and with a dot, such as `run.`.
    pub(crate) action: Option<String>,
    /// Who acted: an identifier.
    pub(crate) actor: Option<String>,
    /// `user`, `runner`, `system` or `anonymous`.
    pub(crate) actor_kind: Option<String>,
    /// Sealed then or later: RFC 3339 in UTC.
    pub(crate) from: Option<String>,
    /// `ok`, `denied` or `failed`.
    pub(crate) outcome: Option<String>,
    /// To what it was done: an identifier.
    pub(crate) target: Option<String>,
    /// What kind of thing that is, such as `run`.
    pub(crate) target_kind: Option<String>,
    /// Sealed before then: RFC 3339 in UTC.
    pub(crate) to: Option<String>,
}

impl Filters {
    /// What is demanded.
    ///
    /// # Errors
    /// [`FilterError`] names the first parameter that cannot be used.
    pub(crate) fn parse(&self) -> Result<AuditFilter, FilterError> {
        let said = [
            ("action", &self.action),
            ("actor", &self.actor),
            ("actor_kind", &self.actor_kind),
            ("from", &self.from),
            ("outcome", &self.outcome),
            ("target", &self.target),
            ("target_kind", &self.target_kind),
            ("to", &self.to),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        said.into_iter()
            .try_fold(AuditFilter::default(), |filter, (name, value)| filter.with(name, value))
    }

    /// By what the projection finds these rows: whatever the fewest rows have. Nothing, when only a scan can.
    pub(crate) fn keys(&self) -> Option<Keys> {
        let action = self.action.as_deref();
        if let Some(keys) = Keys::of_parties(self.actor.as_deref(), self.target.as_deref()) {
            return Some(keys);
        }
        match self.outcome.as_deref().filter(|outcome| *outcome != Outcome::Ok.name()) {
            Some(outcome) => {
                let whole = action.filter(|action| !action.ends_with('.'));
                Some(Keys::of_setback(outcome, whole))
            }
            None => action.map(Keys::of_action),
        }
    }
}
