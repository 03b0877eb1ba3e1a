//! People who come in, enrol and sign in.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    InvitationId, Role, TenantId,
    auth::{Invitation, Ticket},
    kind,
};
use ports::{Container, NewDocument, PartitionKey, Write};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{PASSWORD, World, requests::Answer};
use crate::Bootstrap;

/// Someone who has signed in.
pub(in crate::scenarios) struct SignedIn {
    pub(in crate::scenarios) secret: String,
    pub(in crate::scenarios) access: String,
    pub(in crate::scenarios) refresh: String,
    pub(in crate::scenarios) session: String,
    /// What the device is known by.
    pub(in crate::scenarios) device: String,
    /// The backup codes.
    pub(in crate::scenarios) backup: Vec<String>,
}

impl World {
    pub(in crate::scenarios) async fn redeem(&self, email: &str) -> Answer {
        self.redeem_with(json!({"email": email})).await
    }

    /// Redeems the owner's invitation, with `changes` to a good request.
    pub(in crate::scenarios) async fn redeem_with(&self, changes: Value) -> Answer {
        let mut request = json!({
            "token": self.invitation().expose().expose_secret(),
            "email": "ada@example.com",
            "display_name": "Ada Lovelace",
            "password": PASSWORD,
        });
        for (name, value) in changes.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.post("/v1/invitations/redeem", None, request).await
    }

    pub(in crate::scenarios) async fn login(&self, email: &str, password: &str) -> Answer {
        self.post("/v1/logins", None, json!({"email": email, "password": password})).await
    }

    pub(in crate::scenarios) async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/tokens/refresh", None, json!({"refresh_token": token})).await
    }

    /// Redeems the invitation and enrols.
    pub(in crate::scenarios) async fn enrolled(&self, email: &str) -> SignedIn {
        self.enrol(self.redeem(email).await).await
    }

    pub(in crate::scenarios) async fn enrol(&self, begun: Answer) -> SignedIn {
        let token = begun.text("enrolment_token");
        let secret =
            self.post("/v1/me/totp", Some(token), json!({})).await.text("secret").to_owned();
        let code = json!({"code": self.code(&secret)});
        let confirmed = self.post("/v1/me/totp/confirm", Some(token), code).await;
        let backup = serde_json::from_value(confirmed.body["backup_codes"].clone()).unwrap();
        let tokens = self.post("/v1/me/totp/acknowledge", Some(token), json!({})).await;
        SignedIn { backup, ..signed_in(&tokens, &secret) }
    }

    /// Another user of the same tenant, enrolled.
    pub(in crate::scenarios) async fn enrolled_as(&self, email: &str, role: Role) -> SignedIn {
        self.enrol(self.redeemed_as(email, role).await).await
    }

    /// Redeems an invitation that was put into the store: issuing them is not this app's matter yet.
    pub(in crate::scenarios) async fn redeemed_as(&self, email: &str, role: Role) -> Answer {
        let number = email.bytes().fold(3, |sum: u128, byte| sum * 31 + u128::from(byte));
        let ticket = Ticket::new(self.tenant, InvitationId::from_u128(number), [0xcd; 32]);
        let issued =
            Invitation::issue(ticket.id, &ticket.sha256(), role, Invitation::LIFETIME, self.now());
        let document = NewDocument {
            id: ticket.id.to_string(),
            kind: "invitation".into(),
            k1: None,
            k2: None,
            body: serde_json::to_string(&issued.unwrap().0).unwrap(),
            expires_at: None,
        };
        let key = PartitionKey::new(self.tenant, "0");
        self.ports
            .documents
            .commit(Container::Auth, &key, vec![Write::Create(document)])
            .await
            .unwrap();
        let text = ticket.expose().expose_secret().to_owned();
        self.redeem_with(json!({"token": text, "email": email})).await
    }

    /// The tenant of whoever runs the deployment.
    pub(in crate::scenarios) const PLATFORM: TenantId = TenantId::from_u128(9);

    /// An operator of the platform, enrolled: the platform's tenant has an owner of its own, who is not needed here.
    pub(in crate::scenarios) async fn operator(&mut self, email: &str, role: Role) -> SignedIn {
        let ticket =
            Ticket::<kind::Invitation>::new(Self::PLATFORM, InvitationId::from_u128(8), [9; 32]);
        let message = Bootstrap {
            tenant: Self::PLATFORM,
            tenant_name: "Platform".into(),
            invitation: ticket.id,
            ticket_sha256: ticket.sha256(),
            kind: domain::TenantKind::Platform,
        };
        assert_eq!(self.bootstrap(&message).await.body["ReturnValue"], json!({"created": true}));
        let customer = std::mem::replace(&mut self.tenant, Self::PLATFORM);
        let operator = self.enrolled_as(email, role).await;
        self.tenant = customer;
        operator
    }

    /// Signs in with password and code.
    pub(in crate::scenarios) async fn sign_in(
        &self,
        email: &str,
        password: &str,
        secret: &str,
    ) -> Answer {
        let login = self.login(email, password).await;
        assert_eq!(login.status, StatusCode::CREATED, "{}", login.body);
        let path = format!("/v1/logins/{}/totp", login.text("login"));
        self.post(&path, None, json!({"code": self.code(secret)})).await
    }

    pub(in crate::scenarios) async fn signed_in_as(&self, email: &str, secret: &str) -> SignedIn {
        let tokens = self.sign_in(email, PASSWORD, secret).await;
        signed_in(&tokens, secret)
    }

    /// The owner on a second device, half a minute later: a code counts once.
    pub(in crate::scenarios) async fn signed_in_again(&self, ada: &SignedIn) -> SignedIn {
        self.wait_s(30);
        self.signed_in_as("ada@example.com", &ada.secret).await
    }

    pub(in crate::scenarios) async fn refreshed(&self, signed_in: &SignedIn) -> SignedIn {
        self::signed_in(&self.refresh(&signed_in.refresh).await, &signed_in.secret)
    }

    /// The code that an authenticator app shows now.
    pub(in crate::scenarios) fn code(&self, secret: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
        let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        app.generate(u64::try_from(self.now().unix_s()).unwrap()).to_string()
    }
}

/// What the owner's invitation is redeemed with.
pub(in crate::scenarios) fn invitation_secret() -> String {
    URL_SAFE_NO_PAD.encode([0xab; 32])
}

fn signed_in(tokens: &Answer, secret: &str) -> SignedIn {
    let text = |member| tokens.text(member).to_owned();
    SignedIn {
        access: text("access_token"),
        refresh: text("refresh_token"),
        session: text("session"),
        device: tokens.body["device"].as_str().unwrap_or_default().to_owned(),
        backup: Vec::new(),
        secret: secret.to_owned(),
    }
}
