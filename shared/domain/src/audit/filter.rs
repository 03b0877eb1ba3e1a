//! Which rows of the log somebody asks for.

use crate::{ActorKind, Class, EventKind, Fault, Outcome, Timestamp};

/// The most characters of an identifier to look for.
const IDENTIFIER_CHARS_MAX: usize = 256;

/// What a filter compares, as it stands in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RowView<'a> {
    /// What happened.
    pub action: &'a str,
    /// Who acted.
    pub actor: &'a str,
    /// What kind of actor.
    pub actor_kind: &'a str,
    /// How it ended.
    pub outcome: &'a str,
    /// When it was sealed.
    pub rx: &'a str,
    /// To what it was done.
    pub target: &'a str,
    /// What kind of target.
    pub target_kind: &'a str,
}

/// Which rows of the log somebody asks for: those that fit everything that is set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuditFilter {
    action: Option<Action>,
    actor: Option<String>,
    actor_kind: Option<ActorKind>,
    outcome: Option<Outcome>,
    target: Option<String>,
    target_kind: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    names: Vec<&'static str>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Action {
    /// `run.completed`.
    Is(EventKind),
    /// `run.`: every event whose name begins so.
    BeginsWith(String),
}

/// A parameter of a filter is malformed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the parameter {parameter} cannot be used: it must be {expected}")]
pub struct FilterError {
    /// Which.
    pub parameter: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl Fault for FilterError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "invalid-filter"
    }
}

impl AuditFilter {
    /// The parameters of a filter, in the order of their names.
    pub const PARAMETERS: [&'static str; 8] =
        ["action", "actor", "actor_kind", "from", "outcome", "target", "target_kind", "to"];

    /// Also demands that the parameter `name` has this value.
    ///
    /// # Errors
    /// [`FilterError`]: no such parameter, or one that no row can fit: an unknown action, a time that is none, a range without time in it.
    pub fn with(mut self, name: &'static str, value: &str) -> Result<Self, FilterError> {
        let refuse = |expected| FilterError { parameter: name, expected };
        match name {
            "action" => self.action = Some(Action::parse(value).map_err(refuse)?),
            "actor" => self.actor = Some(identifier(value).map_err(refuse)?),
            "actor_kind" => self.actor_kind = Some(actor_kind(value).map_err(refuse)?),
            "outcome" => self.outcome = Some(outcome(value).map_err(refuse)?),
            "target" => self.target = Some(identifier(value).map_err(refuse)?),
            "target_kind" => self.target_kind = Some(identifier(value).map_err(refuse)?),
            "from" => self.from = Some(time(value).map_err(refuse)?),
            "to" => self.to = Some(time(value).map_err(refuse)?),
            _ => return Err(refuse("one of the filters that are documented")),
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(FilterError { parameter: "to", expected: "later than from" });
        }
        self.names.push(name);
        Ok(self)
    }

    /// The names of what is demanded; they may be recorded, unlike the values.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Rows sealed before this do not fit.
    pub fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// Rows sealed at this time or later do not fit.
    pub fn to(&self) -> Option<Timestamp> {
        self.to
    }

    /// Whether a row fits.
    pub fn matches(&self, row: &RowView<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        // Times of the log have one form, in which the order of texts is that of times.
        is(&self.actor, row.actor)
            && is(&self.target, row.target)
            && is(&self.target_kind, row.target_kind)
            && self.actor_kind.is_none_or(|kind| kind.name() == row.actor_kind)
            && self.outcome.is_none_or(|outcome| outcome.name() == row.outcome)
            && self.action.as_ref().is_none_or(|action| action.matches(row.action))
            && self.from.is_none_or(|from| from.to_string().as_str() <= row.rx)
            && self.to.is_none_or(|to| row.rx < to.to_string().as_str())
    }
}

impl Action {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let is_known_prefix =
            text.ends_with('.') && EventKind::ALL.iter().any(|kind| kind.name().starts_with(text));
        if is_known_prefix {
            return Ok(Self::BeginsWith(text.to_owned()));
        }
        let expected = "the name of an event, or the beginning of one up to and with a dot";
        EventKind::from_name(text).map(Self::Is).ok_or(expected)
    }

    fn matches(&self, action: &str) -> bool {
        match self {
            Self::Is(kind) => kind.name() == action,
            Self::BeginsWith(prefix) => action.starts_with(prefix.as_str()),
        }
    }
}

fn identifier(text: &str) -> Result<String, &'static str> {
    let length = text.chars().count();
    if (1..=IDENTIFIER_CHARS_MAX).contains(&length) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("1 to 256 characters without control characters")
    }
}

fn actor_kind(text: &str) -> Result<ActorKind, &'static str> {
    let kinds = [
        ActorKind::User,
        ActorKind::Operator,
        ActorKind::Runner,
        ActorKind::System,
        ActorKind::Anonymous,
    ];
    let found = kinds.into_iter().find(|kind| kind.name() == text);
    found.ok_or("user, operator, runner, system or anonymous")
}

fn outcome(text: &str) -> Result<Outcome, &'static str> {
    let outcomes = [Outcome::Ok, Outcome::Denied, Outcome::Failed];
    outcomes.into_iter().find(|outcome| outcome.name() == text).ok_or("ok, denied or failed")
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "an RFC 3339 time in UTC such as 2026-11-21T00:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: RowView<'_> = RowView {
        action: "run.completed",
        actor: "run_1",
        actor_kind: "runner",
        outcome: "ok",
        rx: "2026-11-21T00:00:00.000000Z",
        target: "run_2",
        target_kind: "run",
    };

    fn matches(name: &'static str, value: &str) -> bool {
        AuditFilter::default().with(name, value).unwrap().matches(&ROW)
    }

    #[test]
    fn each_parameter_admits_its_row_and_refuses_another() {
        for (name, fits, differs) in [
            ("action", "run.completed", "run.result.rejected"),
            ("action", "run.", "runner."),
            ("actor", "run_1", "run_"),
            ("actor_kind", "runner", "user"),
            ("outcome", "ok", "denied"),
            ("target", "run_2", "run_1"),
            ("target_kind", "run", "runner"),
        ] {
            assert!(matches(name, fits), "{name}={fits}");
            assert!(!matches(name, differs), "{name}={differs}");
        }
        assert!(AuditFilter::default().matches(&ROW));
    }

    #[test]
    fn a_range_holds_its_beginning_and_not_its_end() {
        assert!(matches("from", "2026-11-21T00:00:00Z"));
        assert!(!matches("from", "2026-11-21T00:00:00.000001Z"));
        assert!(matches("to", "2026-11-21T00:00:00.000001Z"));
        assert!(!matches("to", "2026-11-21T00:00:00Z"));
    }

    #[test]
    fn all_that_is_demanded_must_fit() {
        let filter = AuditFilter::default().with("actor", "run_1").unwrap();
        assert!(filter.matches(&ROW));
        assert!(!filter.with("outcome", "failed").unwrap().matches(&ROW));
    }

    #[test]
    fn what_no_row_can_fit_is_refused_by_name() {
        for (name, value) in [
            ("action", ""),
            ("action", "."),
            ("action", "run"),
            ("action", "run.complete"),
            ("action", "nothing."),
            ("actor", ""),
            ("actor", "a\nb"),
            ("actor_kind", "User"),
            ("from", "yesterday"),
            ("from", "2026-11-21T00:00:00+01:00"),
            ("outcome", "OK"),
            ("target", ""),
            ("target_kind", ""),
            ("to", "2026-11-21"),
            ("colour", "blue"),
        ] {
            let refused = AuditFilter::default().with(name, value).unwrap_err();
            assert_eq!((refused.parameter, refused.code()), (name, "invalid-filter"), "{value}");
        }
        assert!(AuditFilter::default().with("actor", &"é".repeat(256)).is_ok());
        assert!(AuditFilter::default().with("actor", &"é".repeat(257)).is_err());
    }

    #[test]
    fn a_range_without_time_in_it_is_refused() {
        let from = || AuditFilter::default().with("from", "2026-11-21T00:00:00Z").unwrap();
        assert_eq!(from().with("to", "2026-11-21T00:00:00Z").unwrap_err().parameter, "to");
        assert!(from().with("to", "2026-11-21T00:00:00.000001Z").is_ok());
    }
}
