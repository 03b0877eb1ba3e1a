//! A stand-in for Entra's managed identities: the identity endpoint of App Service, and the keys that its tokens verify with.
//!
//! In scope: <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>, version 2019-08-01; tokens of
//! Entra's first version, signed; identities that get bad tokens or none, to see what the product says. Out of scope: people, refresh, consent.

mod token;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use ports::Identity;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

pub use token::{Claims, Tokens};

/// The tenant that every token is of.
pub const TENANT: &str = "7a3c7d1e-5b0f-4f0e-9d51-2f6c0e9b1a44";

/// Who installs and hosts, and is no app: it takes messages out of queues, and sends the one that starts the first tenant.
pub const HOST_CLIENT_ID: &str = "00000000-0000-4000-8000-0000000000ff";

/// The client id of an app's identity, as `AZURE_CLIENT_ID` names it; also the `appid` and `oid` of its tokens.
pub const fn client_id(identity: Identity) -> &'static str {
    match identity {
        Identity::Auth => "a0000000-0000-4000-8000-000000000001",
        Identity::Runs => "a0000000-0000-4000-8000-000000000002",
        Identity::Audit => "a0000000-0000-4000-8000-000000000003",
        Identity::Signer => "a0000000-0000-4000-8000-000000000004",
        Identity::Purge => "a0000000-0000-4000-8000-000000000005",
    }
}

/// What an identity is given instead of a token that is good.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Nothing is wrong.
    #[default]
    None,
    /// It expired a minute ago.
    Expired,
    /// It is for another resource.
    ForeignAudience,
    /// Somebody else issued it.
    ForeignIssuer,
    /// The endpoint answers 500.
    Fails,
}

/// The running stand-in; it ends with this value.
pub struct IdentityServer {
    /// Issues and verifies.
    pub tokens: Arc<Tokens>,
    /// What `x-identity-header` must be.
    pub header: String,
    address: SocketAddr,
    _serving: JoinSet<()>,
}

struct Serving {
    tokens: Arc<Tokens>,
    header: String,
    identities: Mutex<BTreeMap<String, Trouble>>,
}

impl IdentityServer {
    /// Listens on 127.0.0.1 and knows the identities of the apps.
    ///
    /// # Errors
    /// * No key, or no port.
    pub async fn start() -> anyhow::Result<Self> {
        let tokens = Arc::new(Tokens::new()?);
        let header = azure_core::Uuid::new_v4().simple().to_string();
        let apps = Identity::ALL.map(client_id);
        let known = apps.into_iter().chain([HOST_CLIENT_ID]);
        let known = known.map(|client_id| (client_id.to_owned(), Trouble::None));
        let shared = Arc::new(Serving {
            tokens: Arc::clone(&tokens),
            header: header.clone(),
            identities: Mutex::new(known.collect()),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let app = Router::new().fallback(answer).with_state(shared);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the identity endpoint ended");
            }
        });
        Ok(Self { tokens, header, address, _serving: serving })
    }

    /// `IDENTITY_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}/msi/token", self.address)
    }

    /// The public keys, as a JSON Web Key Set.
    pub fn keys(&self) -> String {
        format!("http://{}/keys", self.address)
    }
}

/// Tells the stand-in behind `endpoint` (`IDENTITY_ENDPOINT`) what `client_id` is given from now on; makes the identity if need be.
///
/// # Errors
/// * It does not answer, or refuses.
pub async fn give(
    endpoint: &Url,
    header: &str,
    client_id: &str,
    trouble: Trouble,
) -> anyhow::Result<()> {
    let url = endpoint.join(&format!("/identities/{client_id}"))?;
    let request = reqwest::Client::new().put(url).header("x-identity-header", header);
    request.json(&trouble).send().await?.error_for_status()?;
    Ok(())
}

async fn answer(State(shared): State<Arc<Serving>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/keys" {
        return Json(shared.tokens.keys()).into_response();
    }
    let header = request.headers().get("x-identity-header");
    if header.is_none_or(|given| given.as_bytes() != shared.header.as_bytes()) {
        return refuse(StatusCode::UNAUTHORIZED, "x-identity-header is missing or wrong");
    }
    match (request.method(), path.strip_prefix("/identities/")) {
        (&Method::GET, None) if path == "/msi/token" => shared.token(&request),
        (&Method::PUT, Some(client_id)) => shared.give(client_id.to_owned(), request).await,
        (_, _) => refuse(StatusCode::NOT_FOUND, "there is no such resource"),
    }
}

impl Serving {
    fn token(&self, request: &Request) -> Response {
        let query = request.uri().query().unwrap_or_default();
        let query: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).collect();
        if query.get("api-version").is_none_or(|version| version != "2019-08-01") {
            return refuse(StatusCode::BAD_REQUEST, "api-version must be 2019-08-01");
        }
        let Some(resource) = query.get("resource") else {
            return refuse(StatusCode::BAD_REQUEST, "resource is missing");
        };
        let Some(client_id) = query.get("client_id") else {
            return refuse(StatusCode::BAD_REQUEST, "no system-assigned identity; name client_id");
        };
        match self.trouble(client_id) {
            None => refuse(StatusCode::BAD_REQUEST, "no such identity is assigned to this app"),
            Some(Trouble::Fails) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "told to fail"),
            Some(trouble) => self.issue(client_id, resource, trouble),
        }
    }

    fn issue(&self, client_id: &str, resource: &str, trouble: Trouble) -> Response {
        match self.tokens.issue(client_id, resource, trouble) {
            Ok((token, expires_on)) => Json(json!({
                "access_token": token,
                "client_id": client_id,
                "expires_on": expires_on.to_string(),
                "resource": resource,
                "token_type": "Bearer",
            }))
            .into_response(),
            Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    async fn give(&self, client_id: String, request: Request) -> Response {
        let body = axum::body::to_bytes(request.into_body(), 1 << 10).await.unwrap_or_default();
        let Ok(trouble) = serde_json::from_slice::<Trouble>(&body) else {
            return refuse(StatusCode::BAD_REQUEST, "no such trouble");
        };
        self.identities.lock().unwrap_or_else(PoisonError::into_inner).insert(client_id, trouble);
        StatusCode::NO_CONTENT.into_response()
    }

    fn trouble(&self, client_id: &str) -> Option<Trouble> {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        identities.get(client_id).copied()
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let body = json!({ "statusCode": status.as_u16(), "message": message });
    (status, Json(body)).into_response()
}
