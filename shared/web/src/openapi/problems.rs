//! Which problems an endpoint can answer, each at its status.

use std::collections::{BTreeMap, BTreeSet};

use domain::Class;
use serde_json::{Map, Value, json};

use super::codes::CODES;
use crate::{Access, Endpoint, Method, replay::is_kept};

/// Whether the problem `code` has a status here.
pub fn is_known_problem(code: &str) -> bool {
    CODES.iter().any(|(_, codes)| codes.iter().any(|(known, _)| *known == code))
}

/// Every problem code with its meaning, once for each status at which it is answered.
pub fn known_problems() -> impl Iterator<Item = (u16, &'static str, &'static str)> {
    let at = |(class, codes): &'static (Class, &[(&str, &str)])| {
        codes.iter().map(move |(code, meaning)| (class.status(), *code, *meaning))
    };
    CODES.iter().flat_map(at)
}

/// Whether the description of `endpoint` says that it can answer `code` with `status`.
pub fn declares(endpoint: &Endpoint, status: u16, code: &str) -> bool {
    problems_of(endpoint).get(&status).is_some_and(|codes| codes.contains(code))
}

/// The problems that `endpoint` can answer, by status.
pub fn problems_of(endpoint: &Endpoint) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut found: BTreeMap<u16, BTreeSet<&'static str>> = BTreeMap::new();
    let everywhere: [(Class, &[&str]); 6] = [
        (Class::NotFound, &["not-found"]),
        (Class::Method, &["method-not-allowed"]),
        (Class::TooLarge, &["payload-too-large", "headers-too-large"]),
        (Class::TooMany, &["rate-limited"]),
        (Class::Internal, &["internal"]),
        (
            Class::Unavailable,
            &[
                "customer-key-withheld",
                "dependency-unavailable",
                "deadline",
                "not-open-yet",
                "record-refused",
                "restore-epoch-behind",
                "unavailable",
            ],
        ),
    ];
    for (class, codes) in everywhere {
        found.entry(class.status()).or_default().extend(codes);
    }
    for (class, code) in of_shape(endpoint).into_iter().chain(of_access(endpoint)) {
        found.entry(class.status()).or_default().insert(code);
    }
    for (class, codes) in CODES {
        let own = codes.iter().map(|(code, _)| *code);
        for code in own.filter(|code| endpoint.problems.contains(code)) {
            found.entry(class.status()).or_default().insert(code);
        }
    }
    found
}

fn of_shape(endpoint: &Endpoint) -> Vec<(Class, &'static str)> {
    let mut found = Vec::new();
    if endpoint.request.is_some() || endpoint.access == Access::Runner {
        found.push((Class::Media, "unsupported-media-type"));
    }
    if endpoint.request.is_some() || endpoint.query.is_some() || endpoint.access == Access::Runner {
        found.push((Class::Invalid, "validation"));
    }
    if endpoint.method != Method::Get {
        found.extend([
            (Class::Conflict, "conflict"),
            (Class::Conflict, "exists"),
            (Class::Forbidden, "cross-site"),
        ]);
    }
    found
}

fn of_access(endpoint: &Endpoint) -> Vec<(Class, &'static str)> {
    let mut found = Vec::new();
    match endpoint.access {
        Access::Public(_) => {}
        Access::Holds(_) => found.push((Class::Unauthenticated, "unauthenticated")),
        Access::Requires(permission) => {
            found.extend([
                (Class::Invalid, "credentials-ambiguous"),
                (Class::Invalid, "cookie-ambiguous"),
                (Class::Unauthenticated, "unauthenticated"),
                (Class::Forbidden, "forbidden"),
                (Class::Forbidden, "visit-only-reads"),
                (Class::Forbidden, "tenant-closing"),
                (Class::Forbidden, "token-scope"),
            ]);
            if permission.is_sensitive() {
                found.push((Class::Unauthenticated, "step-up-required"));
            }
        }
        Access::Runner => found.extend([
            (Class::Unauthenticated, "signature-invalid"),
            (Class::Unauthenticated, "clock-skew"),
            (Class::Unauthenticated, "unsigned"),
            (Class::Forbidden, "runner-not-active"),
            (Class::Forbidden, "tenant-suspended"),
            (Class::Forbidden, "tenant-closing"),
            (Class::Forbidden, "tenant-closed"),
        ]),
    }
    if is_kept(endpoint) {
        found.extend([
            (Class::Invalid, "validation"),
            (Class::Conflict, "idempotency-in-progress"),
            (Class::Conflict, "idempotency-unknown"),
            (Class::Unprocessable, "idempotency-mismatch"),
        ]);
    }
    if endpoint.feature.is_some() {
        found.push((Class::Forbidden, "entitlement-required"));
    }
    found
}

/// One response for each status.
pub(super) fn responses(endpoint: &Endpoint) -> Map<String, Value> {
    problems_of(endpoint)
        .into_iter()
        .map(|(status, codes)| (status.to_string(), response(status, &codes)))
        .collect()
}

fn response(status: u16, codes: &BTreeSet<&'static str>) -> Value {
    let first = codes.first().copied().unwrap_or_default();
    let example = json!({
        "type": format!("/problems/{first}"), "title": title(status), "status": status, "code": first,
    });
    let mut headers = json!({"request-id": {"$ref": "#/components/headers/request-id"}});
    let further = match status {
        401 => Some("www-authenticate"),
        405 => Some("allow"),
        429 | 503 => Some("retry-after"),
        _ => None,
    };
    if let (Some(name), Some(members)) = (further, headers.as_object_mut()) {
        members.insert(name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    }
    json!({
        "description": explained(status, codes),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"type": "object", "properties": {"code": {"type": "string", "enum": codes}, "status": {"const": status}}},
            ]},
            "example": example,
        }},
    })
}

/// The title, and what each code means (`CommonMark`).
fn explained(status: u16, codes: &BTreeSet<&'static str>) -> String {
    let here = known_problems().filter(|(at, code, _)| *at == status && codes.contains(code));
    let lines: Vec<_> = here.map(|(_, code, meaning)| format!("- `{code}`: {meaning}")).collect();
    format!("{}\n\n{}", title(status), lines.join("\n"))
}

fn title(status: u16) -> &'static str {
    let classes = CODES.iter().map(|(class, _)| *class);
    let class = classes.into_iter().find(|class| class.status() == status);
    class.map_or("Refused", crate::problem::title)
}

pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457): `type` is `/problems/<code>`, and a code never changes its meaning.",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "code": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
            "instance": {"type": "string", "pattern": "^req_[0-7][0-9a-z]{25}$"},
        },
    })
}
