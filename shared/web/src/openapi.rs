//! The API description (OpenAPI 3.1), made from the table of endpoints.

use std::collections::BTreeMap;

use domain::Class;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{Access, Endpoint, Method};

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
            .insert(method(endpoint.method).to_owned(), operation(endpoint, &mut generator));
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {"title": format!("Proofline {app}"), "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "runner": {"type": "apiKey", "in": "header", "name": "Signature", "description": "HTTP Message Signature (RFC 9421) of an enrolled Runner"},
            },
        },
    })
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Delete => "delete",
    }
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "summary": endpoint.summary,
        "parameters": parameters(endpoint.path),
        "responses": responses(endpoint, generator),
        "security": security(endpoint.access),
        "x-audits": endpoint.audits.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
    });
    if let (Some(describe), Some(members)) = (endpoint.request, operation.as_object_mut()) {
        let schema = describe(generator);
        members.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        );
    }
    operation
}

fn parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
    names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})).collect()
}

fn security(access: Access) -> Value {
    match access {
        Access::Public(_) => json!([]),
        Access::Holds(_) | Access::Requires(_) => json!([{"bearer": []}]),
        Access::Runner => json!([{"runner": []}]),
    }
}

/// The success, and every class of problem that the endpoint can answer.
fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let mut success = json!({"description": "Done"});
    if let (Some(describe), Some(members)) = (endpoint.response, success.as_object_mut()) {
        members.insert(
            "content".to_owned(),
            json!({"application/json": {"schema": describe(generator)}}),
        );
    }
    responses.insert(endpoint.success.to_string(), success);
    let problem = json!({
        "description": "Refused; the problem's code says why",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    for class in [
        Class::Invalid,
        Class::Unauthenticated,
        Class::Forbidden,
        Class::NotFound,
        Class::Conflict,
        Class::TooLarge,
    ] {
        responses.insert(class.status().to_string(), problem.clone());
    }
    for class in [Class::Method, Class::Media, Class::TooMany, Class::Internal, Class::Unavailable]
    {
        responses.insert(class.status().to_string(), problem.clone());
    }
    Value::Object(responses)
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "code": {"type": "string"}, "instance": {"type": "string"},
        },
    })
}
