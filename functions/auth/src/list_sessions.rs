//! `GET /v1/sessions`: where I am signed in.

use axum::Json;
use domain::{
    Permission, Timestamp,
    auth::{Bounds, Session},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Guard, ListOf};
use web::{Access, Caller, Endpoint, Problem};

/// More devices than anyone signs in within seven days; older ones are not listed.
const LISTED_MAX: usize = 200;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/sessions", Access::Requires(Permission::OwnAccount))
        .summary("The devices that I am signed in on, newest first")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    sessions: Vec<Listed>,
}

#[derive(JsonSchema, Serialize)]
struct Listed {
    session: String,
    /// What the device calls itself.
    device: String,
    /// The network that it signed in from, too coarse to name a person.
    network: Option<String>,
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When it last got new tokens.
    #[schemars(with = "String")]
    refreshed_at: Timestamp,
    /// When it is signed out at the latest.
    #[schemars(with = "String")]
    ends_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

pub(crate) async fn handle(caller: Caller) -> Result<Json<Response>, Problem> {
    let guard = caller.data.get::<Guard>(&caller.user.to_string()).await?.document;
    let bounds = Bounds { epoch: guard.epoch, settings: &caller.tenant.settings };
    let mine = Some(caller.user.to_string());
    let of = ListOf { k1: mine, descending: true, limit: LISTED_MAX, ..ListOf::default() };
    let listing = caller.data.list::<Session>(of).await?;
    let sessions = listing.documents.into_iter().map(|found| found.document);
    let alive = sessions.filter(|session| session.is_alive(bounds, caller.now));
    Ok(Json(Response { sessions: alive.map(|session| listed(session, &caller)).collect() }))
}

fn listed(session: Session, caller: &Caller) -> Listed {
    Listed {
        ends_at: session.latest_end(&caller.tenant.settings),
        current: session.session == caller.session,
        session: session.session.to_string(),
        device: session.device,
        network: session.network,
        created_at: session.created_at,
        refreshed_at: session.rotated_at,
    }
}
