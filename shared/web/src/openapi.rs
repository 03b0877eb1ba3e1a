//! The API description (OpenAPI 3.1), made from the table of endpoints: parameters, examples, and every problem by its status.

mod codes;
mod examples;
mod parameters;
mod problems;

pub use problems::{declares, is_known_problem, known_problems, problems_of};

use std::collections::BTreeMap;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{Access, Describe, Endpoint, Method};
use examples::example;

/// The description of one app's endpoints.
pub fn openapi(app: &str, endpoints: &[&Endpoint]) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for endpoint in endpoints {
        let path = format!("/api/{app}{}", endpoint.path);
        paths
            .entry(path)
            .or_default()
            .insert(method(endpoint.method).to_owned(), operation(app, endpoint, &mut generator));
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problems::schema());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("Proofline {app}"),
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": [{"name": app}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": headers(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token (RFC 9068) of a session or a visit"},
                "runner": {"type": "apiKey", "in": "header", "name": "Signature", "description": "HTTP Message Signature (RFC 9421) of an enrolled Runner"},
            },
        },
    });
    add_examples(&mut document);
    document
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Delete => "delete",
    }
}

/// `GET /v1/users/{user}` of `auth` is `auth_get_v1_users_user`: no two operations have the same.
fn operation_id(app: &str, endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    format!("{app}_{}_{}", method(endpoint.method), words.join("_"))
}

fn operation(app: &str, endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": operation_id(app, endpoint),
        "summary": endpoint.summary,
        "tags": [app],
        "parameters": parameters::of(endpoint, generator),
        "responses": responses(endpoint, generator),
        "security": security(endpoint.access),
        "x-audits": endpoint.audits.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "x-feature": endpoint.feature.map(domain::Feature::name),
        "x-permission": endpoint.permission().map(domain::Permission::name),
        "x-body-bytes-max": endpoint.body_bytes_max,
    });
    if let (Some(describe), Some(members)) = (endpoint.request, operation.as_object_mut()) {
        let content = content(endpoint.takes, describe, generator);
        members.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    operation
}

/// A body by its media types.
fn content(media: &[&str], describe: Describe, generator: &mut SchemaGenerator) -> Value {
    let described = |media: &&str| {
        let schema = describe(generator);
        let schema = if media.contains("-batch+") {
            json!({"type": "array", "minItems": 1, "items": schema})
        } else {
            schema.to_value()
        };
        ((*media).to_owned(), json!({"schema": schema}))
    };
    Value::Object(media.iter().map(described).collect())
}

fn security(access: Access) -> Value {
    match access {
        Access::Public(_) => json!([]),
        Access::Holds(_) | Access::Requires(_) => json!([{"bearer": []}]),
        Access::Runner => json!([{"runner": []}]),
    }
}

/// The success, and every problem that the endpoint can answer, by status.
fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut success = json!({
        "description": "Done",
        "headers": {"request-id": {"$ref": "#/components/headers/request-id"}},
    });
    let is_known = matches!(endpoint.access, Access::Requires(_) | Access::Runner);
    let headers = success.get_mut("headers").and_then(Value::as_object_mut);
    if let Some(headers) = headers.filter(|_| is_known)
        && !endpoint.audits.is_empty()
    {
        let name = crate::PROMISE_HEADER.to_string();
        let reference = json!({"$ref": format!("#/components/headers/{name}")});
        headers.insert(name, reference);
    }
    if let (Some(describe), Some(members)) = (endpoint.response, success.as_object_mut()) {
        members.insert("content".to_owned(), content(endpoint.gives, describe, generator));
    }
    let mut responses = Map::new();
    responses.insert(endpoint.success.to_string(), success);
    responses.extend(problems::responses(endpoint));
    Value::Object(responses)
}

fn headers() -> Value {
    json!({
        "request-id": {"description": "Names the request in our logs", "schema": {"type": "string", "pattern": "^req_[0-7][0-9a-z]{25}$"}},
        "proofline-promise": {"description": "One line for each event that was committed: its id, the SHA-256 of its intent, by when its row is in the audit log, and the app's Ed25519 signature over that. Keep it to demand the row (`/v1/audit/promised-row`)", "schema": {"type": "string", "pattern": "^event=aud_[0-7][0-9a-z]{25}, intent=[0-9a-f]{64}, seal-by=[0-9T:.-]*Z, tenant=ten_[0-7][0-9a-z]{25}, app=[a-z]+, sig=[0-9A-Za-z_-]{86}$"}},
        "retry-after": {"description": "Seconds (RFC 9110 §10.2.3)", "schema": {"type": "integer", "minimum": 0}},
        "www-authenticate": {"description": "The challenge (RFC 6750, RFC 9470, RFC 9421)", "schema": {"type": "string"}},
        "allow": {"description": "The methods that there are", "schema": {"type": "string"}},
    })
}

/// Adds an example to every body: made from its schema, so that it fits.
fn add_examples(document: &mut Value) {
    let schemas = member(member(document, "components"), "schemas").clone();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if let Some(body) =
            operation.get_mut("requestBody").and_then(|body| body.get_mut("content"))
        {
            illustrate(body, &schemas);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            if let Some(content) = response.get_mut("content") {
                illustrate(content, &schemas);
            }
        }
    }
}

/// A member, or `null` where there is none.
fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn illustrate(content: &mut Value, schemas: &Value) {
    for media in content.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let made = example("", media.get("schema").unwrap_or(&Value::Null), schemas, 0);
        if let Some(media) = media.as_object_mut()
            && !media.contains_key("example")
        {
            media.insert("example".to_owned(), made);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{EventKind, Permission};
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "described, never read")]
    struct Body {
        name: String,
        count: u8,
        inner: Vec<Inner>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "described, never read")]
    struct Inner {
        user: Option<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "described, never read")]
    struct Page {
        after: Option<String>,
        limit: usize,
    }

    const ENDPOINT: Endpoint = Endpoint::post(
        "/v1/users/{user}/things",
        Access::Requires(Permission::RoleGrant),
        &[EventKind::RoleCreated],
    )
    .summary("Make a thing")
    .query::<Page>()
    .request::<Body>()
    .response::<Body>()
    .problems(&["last-owner", "email-invalid"]);

    fn described() -> Value {
        openapi("auth", &[&ENDPOINT])["paths"]["/api/auth/v1/users/{user}/things"]["post"].clone()
    }

    #[test]
    fn parameters_of_path_and_query_are_described() {
        let parameters = described()["parameters"].clone();
        let named: Vec<_> = parameters
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                format!("{} {} {}", one["in"], one["name"], one["required"]).replace('"', "")
            })
            .collect();
        let key = "header idempotency-key false";
        assert_eq!(named, ["path user true", "query after false", "query limit true", key]);
        assert_eq!(parameters[0]["schema"]["pattern"], "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$");
    }

    #[test]
    fn an_answer_to_a_change_promises_a_row() {
        let name = crate::PROMISE_HEADER.to_string();
        assert!(described()["responses"]["201"]["headers"][&name].is_object());
        let only_reads = Endpoint { audits: &[], ..ENDPOINT };
        let public = Endpoint { access: Access::Public("anyone"), ..ENDPOINT };
        let awaited = Endpoint { problems: &["not-sealed-yet"], ..ENDPOINT };
        let described = |endpoint: &Endpoint| {
            let whole = openapi("auth", &[endpoint]);
            whole["paths"]["/api/auth/v1/users/{user}/things"][method(endpoint.method)].clone()
        };
        for endpoint in [only_reads, public] {
            assert!(described(&endpoint)["responses"]["201"]["headers"][&name].is_null());
        }
        let has_key = |endpoint: &Endpoint| {
            let parameters = described(endpoint)["parameters"].clone();
            parameters.as_array().unwrap().iter().any(|one| one["name"] == "idempotency-key")
        };
        let reads = Endpoint { method: Method::Get, ..ENDPOINT };
        assert!(has_key(&ENDPOINT) && has_key(&awaited) && !has_key(&reads) && !has_key(&public));
    }

    #[test]
    fn an_example_fits_its_schema() {
        let example = &described()["requestBody"]["content"]["application/json"]["example"];
        assert_eq!(example["inner"][0]["user"], "usr_01fwhe4ydgfk1shh6w1g60eecf");
        assert!(example["count"].is_u64() && example["name"].is_string(), "{example}");
    }

    #[test]
    fn every_problem_is_at_its_status() {
        let responses = described()["responses"].clone();
        let codes = |status: &str| {
            responses[status]["content"]["application/problem+json"]["schema"]["allOf"][1]
                ["properties"]["code"]["enum"]
                .clone()
        };
        assert!(codes("409").as_array().unwrap().contains(&json!("last-owner")));
        assert!(codes("400").as_array().unwrap().contains(&json!("email-invalid")));
        assert!(codes("401").as_array().unwrap().contains(&json!("step-up-required")));
        assert!(responses["503"].is_object() && responses["405"]["headers"]["allow"].is_object());
    }
}
