//! Examples that fit their schemas: by the name of a member where it says what is in it, by its type otherwise.

use serde_json::{Map, Value, json};

use super::member;

/// How deep a schema is followed that refers to itself.
const DEPTH_MAX: usize = 12;

/// Members that hold an identifier, and how it begins.
pub(super) const PREFIXES: [(&str, &str); 15] = [
    ("tenant", "ten_"),
    ("user", "usr_"),
    ("operator", "usr_"),
    ("session", "ses_"),
    ("login", "lgn_"),
    ("invitation", "inv_"),
    ("visit", "vis_"),
    ("runner", "rnr_"),
    ("enrolment", "enr_"),
    ("procedure", "prc_"),
    ("run", "run_"),
    ("evidence", "evd_"),
    ("drilldown", "drl_"),
    ("command", "cmd_"),
    ("export", "exp_"),
];

/// Whole texts for members that hold something else than words.
const TEXTS: [(&str, &str); 26] = [
    ("permission", "run_read"),
    ("separation", "runner_enrolment"),
    ("access", "ask"),
    ("scope", "run_read"),
    ("email", "ada@example.com"),
    ("password", "seventeen quiet otters"),
    ("display_name", "Ada Lovelace"),
    ("name", "Example"),
    ("role", "viewer"),
    ("code", "123456"),
    ("plan", "business"),
    ("state", "active"),
    ("policy", "everyone"),
    ("digest", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("intent", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("statement", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("version", "prv_01fwhe4ydgfk1shh6w1g60eecf"),
    ("event", "aud_01fwhe4ydgfk1shh6w1g60eecf"),
    ("token_type", "Bearer"),
    ("reason", "the owner asked for it"),
    ("ticket", "T-1"),
    ("device", "Ada's laptop"),
    ("seal_by", "2026-11-21T00:01:00.000000Z"),
    ("started", "2026-11-21T00:00:00.000000Z"),
    ("ended", "2026-11-21T00:00:01.000000Z"),
    ("outcome", "pass"),
];

/// An example of what has this name.
pub(super) fn named(name: &str) -> Value {
    if let Some((_, prefix)) = PREFIXES.iter().find(|(known, _)| *known == name) {
        return format!("{prefix}01fwhe4ydgfk1shh6w1g60eecf").into();
    }
    if let Some((_, text)) = TEXTS.iter().find(|(known, _)| *known == name) {
        return (*text).into();
    }
    if name.ends_with("_at") {
        return "2026-11-21T00:00:00.000000Z".into();
    }
    "example".into()
}

/// An example of `schema`, which describes the member `name`.
pub(super) fn example(name: &str, schema: &Value, schemas: &Value, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    let deeper = |schema: &Value| example(name, schema, schemas, depth + 1);
    let given = member(schema, "examples").as_array().and_then(|all| all.first());
    if let Some(known) = given.or_else(|| schema.get("const")) {
        return known.clone();
    }
    if let Some(first) = member(schema, "enum").as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(target) = member(schema, "$ref").as_str().and_then(|path| path.rsplit('/').next()) {
        return deeper(member(schemas, target));
    }
    for choice in ["anyOf", "oneOf"] {
        let choices = member(schema, choice).as_array();
        if let Some(first) =
            choices.and_then(|all| all.iter().find(|one| member(one, "type") != "null"))
        {
            return deeper(first);
        }
    }
    if let Some(parts) = member(schema, "allOf").as_array() {
        return parts.iter().map(deeper).fold(Value::Object(Map::new()), merged);
    }
    match type_of(schema) {
        "object" => object(schema, schemas, depth),
        "array" => array(name, schema, schemas, depth),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => true.into(),
        "string" => named(name),
        _ => TEXTS
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(|| json!({}), |(_, text)| (*text).into()),
    }
}

/// The type, or the first of several that is not `null`.
fn type_of(schema: &Value) -> &str {
    let several = member(schema, "type").as_array();
    let first = several.and_then(|types| types.iter().find(|one| *one != "null"));
    first.unwrap_or_else(|| member(schema, "type")).as_str().unwrap_or_default()
}

fn object(schema: &Value, schemas: &Value, depth: usize) -> Value {
    let properties = member(schema, "properties").as_object().cloned().unwrap_or_default();
    let members = properties
        .into_iter()
        .map(|(name, schema)| (name.clone(), example(&name, &schema, schemas, depth + 1)));
    Value::Object(members.collect())
}

fn array(name: &str, schema: &Value, schemas: &Value, depth: usize) -> Value {
    let singular = name.strip_suffix('s').unwrap_or(name);
    let one = example(singular, member(schema, "items"), schemas, depth + 1);
    let count = member(schema, "minItems").as_u64().unwrap_or(1).clamp(1, 8);
    Value::Array((0..count).map(|_| one.clone()).collect())
}

fn merged(mut all: Value, part: Value) -> Value {
    if let (Some(all), Value::Object(part)) = (all.as_object_mut(), part) {
        all.extend(part);
    }
    all
}
