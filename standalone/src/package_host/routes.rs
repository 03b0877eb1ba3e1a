//! Route templates: `{a}`, `{a?}`, `{*path}`, `{id:guid}`, and which of several a path belongs to.

use std::borrow::Cow;

use super::mistake::Rule;

/// A template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Template {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Segment {
    Literal(String),
    Parameter { name: String, constraint: Option<Constraint>, is_optional: bool },
    Rest(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Constraint {
    Alpha,
    Bool,
    Guid,
    Int,
    Long,
}

/// What the parameters of a template are in a path.
pub(crate) type Parameters = Vec<(String, String)>;

impl Template {
    /// Reads `route` under `prefix`.
    pub(crate) fn parse(prefix: &str, route: &str) -> Result<Self, Rule> {
        let refused = |why| Rule::Route(route.to_owned(), why);
        let whole = format!("{prefix}/{route}");
        let parts = whole.split('/').filter(|part| !part.is_empty());
        let segments = parts.map(segment).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let last = segments.len().saturating_sub(1);
        for (index, segment) in segments.iter().enumerate() {
            let is_last_only = match segment {
                Segment::Rest(_) => true,
                Segment::Parameter { is_optional, .. } => *is_optional,
                Segment::Literal(_) => false,
            };
            if is_last_only && index != last {
                return Err(refused("`{*a}` and `{a?}` stand at its end alone"));
            }
        }
        Ok(Self { segments })
    }

    /// Whether `path` (without its first slash, its segments decoded) belongs to this template.
    pub(crate) fn fits(&self, path: &[Cow<'_, str>]) -> bool {
        let mut rest = path;
        for segment in &self.segments {
            if let Segment::Rest(_) = segment {
                return true;
            }
            match (segment, rest.split_first()) {
                (Segment::Literal(text), Some((first, others)))
                    if text.eq_ignore_ascii_case(first) =>
                {
                    rest = others;
                }
                (Segment::Parameter { constraint, .. }, Some((first, others)))
                    if !first.is_empty() && constraint.is_none_or(|it| it.allows(first)) =>
                {
                    rest = others;
                }
                (Segment::Parameter { is_optional: true, .. }, None) => {}
                (Segment::Literal(_) | Segment::Parameter { .. } | Segment::Rest(_), _) => {
                    return false;
                }
            }
        }
        rest.is_empty()
    }

    /// What the parameters are in a path that fits.
    pub(crate) fn parameters(&self, path: &[Cow<'_, str>]) -> Parameters {
        let value = |(place, segment): (usize, &Segment)| match segment {
            Segment::Literal(_) => None,
            Segment::Parameter { name, .. } => {
                Some((name.clone(), path.get(place)?.clone().into_owned()))
            }
            Segment::Rest(name) => {
                Some((name.clone(), path.get(place..).unwrap_or_default().join("/")))
            }
        };
        self.segments.iter().enumerate().filter_map(value).collect()
    }

    /// Orders templates: of two that match, the lesser is meant. Literals come before parameters, those before the rest.
    pub(crate) fn rank(&self) -> Vec<u8> {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter { constraint: Some(_), .. } => 1,
            Segment::Parameter { constraint: None, .. } => 2,
            Segment::Rest(_) => 3,
        };
        let ranks = self.segments.iter().map(rank);
        // A template that ends where another goes on is the more exact one, unless the other goes on with literals.
        ranks.chain([2]).collect()
    }

    /// The template without the names of its parameters: two that are equal take the same paths.
    pub(crate) fn shape(&self) -> String {
        let shape = |segment: &Segment| match segment {
            Segment::Literal(text) => text.to_ascii_lowercase(),
            Segment::Parameter { constraint, is_optional, .. } => {
                format!("{{{constraint:?}{is_optional}}}")
            }
            Segment::Rest(_) => "{*}".to_owned(),
        };
        self.segments.iter().map(shape).collect::<Vec<_>>().join("/")
    }
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        if text.contains(['{', '}']) {
            return Err("a segment is a text or one parameter, not both");
        }
        return Ok(Segment::Literal(text.to_owned()));
    };
    if let Some(name) = inner.strip_prefix('*') {
        return named(name.trim_start_matches('*')).map(Segment::Rest);
    }
    let is_optional = inner.ends_with('?');
    let inner = inner.strip_suffix('?').unwrap_or(inner);
    let (name, constraint) = match inner.split_once(':') {
        Some((name, constraint)) => (name, Some(constraint_of(constraint)?)),
        None => (inner, None),
    };
    Ok(Segment::Parameter { name: named(name)?, constraint, is_optional })
}

fn named(name: &str) -> Result<String, &'static str> {
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name {
        Ok(name.to_owned())
    } else {
        Err("a parameter is `{name}`, `{name?}`, `{name:constraint}` or `{*name}`")
    }
}

fn constraint_of(text: &str) -> Result<Constraint, &'static str> {
    match text {
        "alpha" => Ok(Constraint::Alpha),
        "bool" => Ok(Constraint::Bool),
        "guid" => Ok(Constraint::Guid),
        "int" => Ok(Constraint::Int),
        "long" => Ok(Constraint::Long),
        _ => Err("the constraints that are known here are alpha, bool, guid, int and long"),
    }
}

impl Constraint {
    fn allows(self, text: &str) -> bool {
        match self {
            Self::Alpha => text.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Self::Bool => matches!(text.to_ascii_lowercase().as_str(), "true" | "false"),
            Self::Guid => is_guid(text),
            Self::Int => text.parse::<i32>().is_ok(),
            Self::Long => text.parse::<i64>().is_ok(),
        }
    }
}

fn is_guid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_hex && matches!(groups.as_slice(), [8, 4, 4, 4, 12] | [32])
}

/// The segments of a path as the host compares them: decoded, without dot segments, without a slash at the end.
pub(crate) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    let mut segments = Vec::with_capacity(8);
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        match decode(segment) {
            dot if dot == "." => {}
            dots if dots == ".." => {
                segments.pop();
            }
            decoded => segments.push(decoded),
        }
    }
    if segments.last().is_some_and(|last| last.is_empty()) {
        segments.pop();
    }
    segments
}

/// Percent signs decoded; a slash stays encoded, as it parts nothing.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let decoded = (*first == b'%').then(|| others.get(..2)).flatten();
        let decoded =
            decoded.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let is_decoded = decoded.is_some_and(|byte| byte != b'/');
        bytes.push(decoded.filter(|_| is_decoded).unwrap_or(*first));
        rest = if is_decoded { others.get(2..).unwrap_or_default() } else { others };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
