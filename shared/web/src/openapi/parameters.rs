//! Parameters: of the path by their names, of the query by the type that reads it, and the headers of a Runner's signature.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::{Access, Endpoint, replay::is_kept};

use super::{
    examples::{PREFIXES, named},
    member,
};

pub(super) fn of(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Vec<Value> {
    let names = endpoint
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
    let mut parameters: Vec<Value> = names.map(of_path).collect();
    if let Some(describe) = endpoint.query {
        parameters.extend(of_query(describe(generator).to_value(), generator));
    }
    if endpoint.access == Access::Runner {
        parameters
            .extend(["signature-input", "proofline-tenant", "proofline-runner"].map(of_header));
    }
    if is_kept(endpoint) {
        parameters.push(idempotency_key());
    }
    parameters
}

fn idempotency_key() -> Value {
    json!({
        "name": crate::IDEMPOTENCY_KEY_HEADER.as_str(), "in": "header", "required": false,
        "description": "Sent again within a day with the same key, the request is answered again and not done twice. Use a random UUID",
        "schema": {"type": "string", "minLength": 16, "maxLength": 64, "pattern": "^[!-~]+$"},
    })
}

fn of_path(name: &str) -> Value {
    let schema = match PREFIXES.iter().find(|(known, _)| *known == name) {
        Some((_, prefix)) => {
            json!({"type": "string", "pattern": format!("^{prefix}[0-7][0-9a-hjkmnp-tv-z]{{25}}$")})
        }
        None if name == "seq" => json!({"type": "integer", "minimum": 0}),
        None if name == "digest" => json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        None => json!({"type": "string", "minLength": 1, "maxLength": 255}),
    };
    let example = if name == "seq" { json!(7) } else { named(name) };
    let description = meaning(&PATH_PARTS, name);
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example})
}

fn of_header(name: &str) -> Value {
    let description = meaning(&RUNNER_HEADERS, name);
    json!({"name": name, "in": "header", "required": true, "description": description, "schema": {"type": "string"}})
}

/// What each part of a path names.
const PATH_PARTS: [(&str, &str); 22] = [
    ("command", "The command, as the Runner fetched it"),
    ("digest", "SHA-256 of the version's signed payload, in hexadecimal"),
    ("drilldown", "The drill-down, as its request was answered"),
    ("evidence", "The evidence item, as the run's statement names it"),
    ("export", "The export, as its request was answered"),
    ("hold", "The legal hold, as in the list"),
    ("invitation", "The invitation, as in the list"),
    ("login", "The login, a secret, as its beginning was answered"),
    ("purge", "The purge, as in the list"),
    ("recovery", "The recovery, as in the list"),
    (
        "role",
        "The role: one of the product's by its name, or one of the tenant's own by its identifier",
    ),
    ("run", "The run, as in the list"),
    ("runner", "The Runner, as in the list"),
    ("seq", "The row's number in the log, from 0"),
    ("session", "The session, as in the list"),
    ("tenant", "The tenant, as in the list"),
    ("token", "The personal access token by its identifier, as in the list; never the secret"),
    ("user", "The user, as in the list"),
    ("verification", "The verification, as in the list"),
    ("visit", "The visit, as in the list"),
    ("enrolment", "The enrolment, as its request was answered"),
    ("procedure", "The procedure, as in the list"),
];

/// What a Runner says of itself beside its signature.
const RUNNER_HEADERS: [(&str, &str); 3] = [
    ("signature-input", "What the signature covers, and its parameters (RFC 9421 §4.1)"),
    ("proofline-tenant", "The tenant whose Runner this is; covered by the signature"),
    ("proofline-runner", "The Runner that signs; covered by the signature"),
];

fn meaning(of: &[(&str, &'static str)], name: &str) -> &'static str {
    of.iter().find(|(known, _)| *known == name).map_or("", |(_, meaning)| meaning)
}

/// The members of the type that reads the query, one parameter each.
fn of_query(schema: Value, generator: &SchemaGenerator) -> Vec<Value> {
    let referred = member(&schema, "$ref").as_str().and_then(|path| path.rsplit('/').next());
    let schema = match referred.and_then(|name| generator.definitions().get(name)) {
        Some(found) => found.clone(),
        None => schema,
    };
    let required = member(&schema, "required").as_array().cloned().unwrap_or_default();
    let properties: Map<String, Value> =
        member(&schema, "properties").as_object().cloned().unwrap_or_default();
    let parameter = |(name, mut schema): (String, Value)| {
        let is_required = required.iter().any(|known| known == name.as_str());
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter =
            json!({"name": name, "in": "query", "required": is_required, "schema": schema});
        if let (Some(description), Some(members)) = (description, parameter.as_object_mut()) {
            members.insert("description".to_owned(), description);
        }
        parameter
    };
    properties.into_iter().map(parameter).collect()
}
