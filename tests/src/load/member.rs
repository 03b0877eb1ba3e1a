//! Users of a customer who sign in with both factors, as often as their authenticator app has a new code.

use std::{net::SocketAddr, path::Path, sync::Arc};

use ambient::{SystemClock, SystemRandomness};
use domain::{
    InvitationId, Role, TenantId,
    auth::{Invitation, Ticket},
    kind,
};
use local::Store;
use ports::{Clock as _, Container, Identity, NewDocument, PartitionKey, Ports, Write};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use super::connection::{Connection, Outgoing, call};
use crate::sign_up::PASSWORD;

/// How long a code counts, in seconds.
const STEP_S: u64 = 30;

/// A user who enrolled.
pub struct Member {
    /// Their access token, good for 15 minutes.
    pub access: String,
    /// Their refresh token.
    pub refresh: String,
    email: String,
    app: Totp,
    last_step: u64,
}

impl Member {
    /// Comes in with an invitation.
    pub async fn come_in(server: SocketAddr, invitation: &str, email: &str) -> Self {
        let post = async |path: &str, token: Option<&str>, body: Value| {
            call(server, "POST", &format!("/api/auth/v1/{path}"), token, Some(&body)).await
        };
        let person = json!({"token": invitation, "email": email, "display_name": "A member", "password": PASSWORD});
        let begun = post("invitations/redeem", None, person).await;
        let enrolling = begun["enrolment_token"].as_str();
        let offer = post("me/totp", enrolling, json!({})).await;
        let secret = Secret::try_from_base32(offer["secret"].as_str().unwrap()).unwrap();
        let app = Builder::new().with_secret(secret).build().unwrap();
        let last_step = now_step();
        let code = app.generate(last_step * STEP_S).to_string();
        post("me/totp/confirm", enrolling, json!({"code": code})).await;
        let tokens = post("me/totp/acknowledge", enrolling, json!({})).await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        Self { access, refresh, email: email.to_owned(), app, last_step }
    }

    /// Whether the app has a code that was not shown yet and counts already.
    pub fn has_a_code(&self) -> bool {
        self.last_step <= now_step()
    }

    /// Signs in with password and code.
    pub async fn sign_in(&mut self, connection: &mut Connection) {
        let body = json!({"email": self.email, "password": PASSWORD});
        let begun = sent(connection, "/api/auth/v1/logins", &body).await;
        self.last_step = now_step().max(self.last_step + 1);
        let code = self.app.generate(self.last_step * STEP_S).to_string();
        let path = format!("/api/auth/v1/logins/{}/totp", begun["login"].as_str().unwrap());
        sent(connection, &path, &json!({"code": code})).await;
    }

    /// Gets the next tokens of the session.
    pub async fn refresh(&mut self, connection: &mut Connection) {
        let body = json!({"refresh_token": self.refresh});
        let tokens = sent(connection, "/api/auth/v1/tokens/refresh", &body).await;
        tokens["refresh_token"].as_str().unwrap().clone_into(&mut self.refresh);
    }
}

/// Invitations for `count` users of `tenant`, put into the store behind the server's back: letters would take minutes.
pub async fn invitations(data: &Path, tenant: TenantId, count: u128) -> Vec<String> {
    let store = Store::open(data, Arc::new(SystemClock), Arc::new(SystemRandomness)).unwrap();
    let ports = store.ports(Identity::Auth);
    let mut tokens = Vec::new();
    for number in 0..count {
        tokens.push(invite(&ports, tenant, InvitationId::from_u128(0xbe_0000 + number)).await);
    }
    tokens
}

/// Puts an invitation that nobody mailed into the store of `auth`. Its token.
pub async fn invite(ports: &Ports, tenant: TenantId, id: InvitationId) -> String {
    let ticket = Ticket::<kind::Invitation>::new(tenant, id, ports.randomness.bytes());
    let (lifetime, now) = (Invitation::LIFETIME, ports.clock.now());
    let issued = Invitation::issue(id, &ticket.sha256(), Role::Viewer, lifetime, now).unwrap();
    let document = NewDocument {
        id: id.to_string(),
        kind: "invitation".to_owned(),
        k1: None,
        k2: None,
        body: serde_json::to_string(&issued.0).unwrap(),
        expires_at: None,
    };
    let (key, batch) = (PartitionKey::new(tenant, "0"), vec![Write::Create(document)]);
    ports.documents.commit(Container::Auth, &key, batch).await.unwrap();
    ticket.expose().expose_secret().to_owned()
}

fn now_step() -> u64 {
    u64::try_from(SystemClock.now().unix_s()).unwrap() / STEP_S
}

async fn sent(connection: &mut Connection, path: &str, body: &Value) -> Value {
    let answer = connection.send(&Outgoing::json("POST", path, None, Some(body))).await.unwrap();
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.json());
    answer.json()
}
