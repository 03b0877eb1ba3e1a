//! Cosmos DB's roles, which the emulator does not know: who may do what to which container.
//!
//! Data actions: <https://learn.microsoft.com/azure/cosmos-db/nosql/security/reference-data-plane-actions>. Who may do what: `ports::DOCUMENT_RIGHTS`,
//! from which the role definitions are made.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::{Action, DOCUMENT_RIGHTS, Identity, REMOVAL_RIGHTS};
use serde_json::{Value, json};

use crate::identity::{Tokens, client_id};

/// The resource that tokens for Cosmos DB are for.
const AUDIENCE: &str = "https://cosmos.azure.com";

/// Refuses what the roles do not allow, and remembers what was asked for.
pub struct Guard {
    tokens: Option<Arc<Tokens>>,
    demands: Mutex<BTreeSet<Demand>>,
}

/// Something that an identity asked for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Demand {
    /// Who.
    pub identity: Identity,
    /// The container; empty for the account itself.
    pub container: String,
    /// The data action, such as `items/create`.
    pub action: &'static str,
}

const READ_METADATA: &str = "readMetadata";

/// Why a request goes no further.
enum Refused {
    /// 401: we do not know who that is.
    Unknown(String),
    /// 403.
    Denied(Demand),
}

impl Guard {
    /// Verifies each token as `tokens` made it, as Cosmos DB does.
    pub fn new(tokens: Arc<Tokens>) -> Arc<Self> {
        Arc::new(Self { tokens: Some(tokens), demands: Mutex::default() })
    }

    /// Believes each token, whoever made it: for a process that does not issue them.
    pub fn believing() -> Arc<Self> {
        Arc::new(Self { tokens: None, demands: Mutex::default() })
    }

    /// What was asked for so far, refused or not.
    pub fn demands(&self) -> BTreeSet<Demand> {
        self.demands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn admit(&self, parts: &Parts, body: &[u8]) -> Result<(), Box<Response<Body>>> {
        self.judge(parts, body).map_err(|refused| Box::new(refused.into_response()))
    }

    fn judge(&self, parts: &Parts, body: &[u8]) -> Result<(), Refused> {
        let identity = self.identity(&parts.headers).map_err(Refused::Unknown)?;
        let container = container(parts.uri.path());
        for action in actions(parts, body) {
            let demand = Demand { identity, container: container.clone(), action };
            self.demands.lock().unwrap_or_else(PoisonError::into_inner).insert(demand.clone());
            if !is_allowed(&demand) {
                return Err(Refused::Denied(demand));
            }
        }
        Ok(())
    }

    fn identity(&self, headers: &HeaderMap) -> Result<Identity, String> {
        let token = token(headers).ok_or("no token of Entra")?;
        let caller = match &self.tokens {
            Some(tokens) => {
                tokens.verify(&token, AUDIENCE).map_err(|error| format!("{error:#}"))?.appid
            }
            None => claimed(&token).ok_or("a token without appid")?,
        };
        let known = Identity::ALL.into_iter().find(|identity| client_id(*identity) == caller);
        known.ok_or_else(|| format!("{caller} has no role assignment"))
    }
}

/// `type=aad&ver=1.0&sig=<token>`, percent-encoded.
fn token(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("authorization")?.to_str().ok()?;
    let decoded: String =
        url::form_urlencoded::parse(format!("v={header}").as_bytes()).next()?.1.into_owned();
    Some(decoded.split_once("type=aad&ver=1.0&sig=")?.1.to_owned())
}

fn claimed(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("appid")?.as_str()?.to_owned())
}

/// The container of `/dbs/<database>/colls/<container>/…`; empty above it.
fn container(path: &str) -> String {
    path.split('/').nth(4).unwrap_or_default().to_owned()
}

/// The data actions that a request needs; a batch needs those of all its operations.
fn actions(parts: &Parts, body: &[u8]) -> Vec<&'static str> {
    let is = |name: &str| {
        parts.headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    };
    let segments: Vec<_> = parts.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let item = match segments.as_slice() {
        ["dbs", _, "colls", _, "docs"] => None,
        ["dbs", _, "colls", _, "docs", id] => Some(id),
        _ if parts.method == Method::GET => return vec![READ_METADATA],
        _ => return vec!["control plane"],
    };
    let action = match (&parts.method, item) {
        (&Method::POST, None) if is("x-ms-cosmos-is-batch-request") => return operations(body),
        (&Method::POST, None) if is("x-ms-cosmos-is-query-plan-request") => READ_METADATA,
        (&Method::POST, None) if is("x-ms-documentdb-isquery") || is("x-ms-documentdb-query") => {
            "executeQuery"
        }
        (&Method::POST, None) if is("x-ms-documentdb-is-upsert") => "items/upsert",
        (&Method::POST, None) => "items/create",
        (&Method::GET, None) if parts.headers.contains_key("a-im") => "readChangeFeed",
        (&Method::GET, Some(_)) => "items/read",
        (&Method::PUT | &Method::PATCH, Some(_)) => "items/replace",
        (&Method::DELETE, Some(_)) => "items/delete",
        _ => "not a data action",
    };
    vec![action]
}

fn operations(body: &[u8]) -> Vec<&'static str> {
    let operations: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    let action = |operation: &Value| match operation.get("operationType").and_then(Value::as_str) {
        Some("Create") => "items/create",
        Some("Read") => "items/read",
        Some("Replace") => "items/replace",
        Some("Upsert") => "items/upsert",
        Some("Delete") => "items/delete",
        _ => "not a data action",
    };
    operations.iter().map(action).collect()
}

fn is_allowed(demand: &Demand) -> bool {
    let granted = |(who, container, actions): &(Identity, ports::Container, &[Action])| {
        let here = demand.container.is_empty() || demand.container == container.name();
        let named = demand.action == READ_METADATA
            || actions.iter().any(|action| data_action(*action) == demand.action);
        *who == demand.identity && here && named
    };
    let removes = |(who, container, _): &(Identity, ports::Container, &str)| {
        *who == demand.identity
            && demand.container == container.name()
            && matches!(demand.action, "items/delete" | READ_METADATA)
    };
    DOCUMENT_RIGHTS.iter().any(granted) || REMOVAL_RIGHTS.iter().any(removes)
}

const fn data_action(action: Action) -> &'static str {
    match action {
        Action::Create => "items/create",
        Action::Read => "items/read",
        Action::Replace => "items/replace",
        Action::Query => "executeQuery",
        Action::ChangeFeed => "readChangeFeed",
    }
}

impl Refused {
    fn into_response(self) -> Response<Body> {
        let (status, sub_status, code, message) = match self {
            Self::Unknown(why) => (StatusCode::UNAUTHORIZED, "0", "Unauthorized", why),
            Self::Denied(Demand { identity, container, action }) => (
                StatusCode::FORBIDDEN,
                "5301",
                "Forbidden",
                format!(
                    "Request blocked by Auth: principal [{}] does not have required RBAC permissions to perform \
                     action [{action}] on resource [{container}].",
                    client_id(identity)
                ),
            ),
        };
        let body = json!({ "code": code, "message": message }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in [("content-type", "application/json"), ("x-ms-substatus", sub_status)]
        {
            headers.insert(name, http::HeaderValue::from_static(value));
        }
        response
    }
}
