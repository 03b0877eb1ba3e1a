//! How an owner comes in: by invitation, with a password and a second factor, through the public endpoints.

use domain::{InvitationId, TenantId, auth::Ticket, kind};
use ports::{Identity, QueueName};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::world::{Answer, World};

/// Nobody's password but this test's.
pub const PASSWORD: &str = "seventeen quiet otters";
/// The owner's address.
pub const EMAIL: &str = "ada@customer.example";

/// An owner who signed in.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Their tenant.
    pub tenant: TenantId,
    /// Their access token.
    pub access: String,
    /// Their refresh token.
    pub refresh: String,
    /// What their authenticator app holds, in base 32.
    pub secret: String,
}

/// An invitation whose token only its sender knows.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Of the new tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: String,
    message: String,
}

impl World {
    /// An operator's invitation, not sent yet.
    pub fn invitation(&self) -> Invited {
        let ports = self.store.ports(Identity::Auth);
        let now = ports.clock.now();
        let (tenant, invitation): (TenantId, InvitationId) =
            (ports.randomness.id(now), ports.randomness.id(now));
        let ticket = Ticket::<kind::Invitation>::new(tenant, invitation, ports.randomness.bytes());
        let message = auth::Bootstrap {
            tenant,
            tenant_name: "Customer".to_owned(),
            invitation,
            ticket_sha256: ticket.sha256(),
            kind: domain::TenantKind::Customer,
        };
        Invited {
            tenant,
            token: ticket.expose().expose_secret().to_owned(),
            message: serde_json::to_string(&message).unwrap(),
        }
    }

    /// Sends the invitation as the host does.
    pub async fn bootstrap(&self, invited: &Invited) -> Answer {
        let quoted = serde_json::to_string(&invited.message).unwrap();
        self.invoke(QueueName::Bootstrap.name(), &json!({"Data": {"message": quoted}})).await
    }

    /// The code that the owner's authenticator app shows now.
    pub fn code(&self, secret: &str) -> String {
        let now = u64::try_from(self.now().unix_s()).unwrap();
        let secret = Secret::try_from_base32(secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        totp.generate(now).to_string()
    }

    /// Sends JSON and gives the answer; a request that was not answered is sent again, as a person would.
    pub async fn insist(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Answer {
        let mut answer = self.call(method, path, token, Some(body)).await;
        for _ in 0..3 {
            if !answer.status.is_server_error() {
                break;
            }
            answer = self.call(method, path, token, Some(body)).await;
        }
        answer
    }

    /// The first owner, signed in.
    pub async fn owner(&self) -> Owner {
        let invited = self.invitation();
        if !self.bootstrap(&invited).await.status.is_success() {
            // The queue delivers a message again that was not dealt with.
            assert!(self.bootstrap(&invited).await.status.is_success());
        }
        let body = json!({"token": invited.token, "email": EMAIL, "display_name": "Ada Lovelace", "password": PASSWORD});
        let begun =
            self.insist("POST", "/api/auth/v1/invitations/redeem", None, &body).await.json();
        let enrolling = begun["enrolment_token"].as_str();
        let offer = self.insist("POST", "/api/auth/v1/me/totp", enrolling, &json!({})).await.json();
        let secret = offer["secret"].as_str().unwrap().to_owned();
        let body = json!({"code": self.code(&secret)});
        self.insist("POST", "/api/auth/v1/me/totp/confirm", enrolling, &body).await;
        let acknowledge = "/api/auth/v1/me/totp/acknowledge";
        let tokens = self.insist("POST", acknowledge, enrolling, &json!({})).await.json();
        let text =
            |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
        Owner {
            tenant: invited.tenant,
            access: text("access_token"),
            refresh: text("refresh_token"),
            secret,
        }
    }
}
