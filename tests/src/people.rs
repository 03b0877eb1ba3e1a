//! People who are signed in, made without the way that people take: for tests of what they may do, not of how they came in.

use domain::{Plan, Role, SessionId, TenantId, TenantKind, Timestamp, UserId, auth::Session};
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Ports, Write};
use serde_json::json;
use store::{Document, Guard, GuardState, Keyring, Records, TenantRecord};
use web::{ACR_MFA, AccessClaims, sign_access_token};

use crate::world::{DEPLOYMENT, World};

/// Someone who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their tenant.
    pub tenant: TenantId,
    /// Who they are.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// Their access token, fresh from a second factor.
    pub token: String,
}

impl World {
    /// A new tenant with `plan`.
    pub async fn tenant(&self, plan: Plan) -> TenantId {
        self.tenant_of(TenantKind::Customer, plan).await
    }

    /// The same, of a customer or of whoever runs the deployment.
    pub async fn tenant_of(&self, kind: TenantKind, plan: Plan) -> TenantId {
        let ports = self.store.ports(Identity::Auth);
        let now = ports.clock.now();
        let tenant = ports.randomness.id(now);
        let record =
            TenantRecord { kind, ..TenantRecord::new(tenant, "Example".to_owned(), plan, now) };
        create(&ports, tenant, &record).await;
        tenant
    }

    /// A new user of `tenant` with `role`, signed in just now.
    pub async fn person(&self, tenant: TenantId, role: Role) -> Person {
        self.person_since(tenant, role, 0).await
    }

    /// The same, after the restore that raised the restore epoch to `restore`.
    pub async fn person_since(&self, tenant: TenantId, role: Role, restore: u64) -> Person {
        let ports = self.store.ports(Identity::Auth);
        let now = ports.clock.now();
        let (user, session) = (ports.randomness.id(now), ports.randomness.id(now));
        create(
            &ports,
            tenant,
            &Guard { state: GuardState::Active, epoch: 1, ..Guard::new(user, vec![role]) },
        )
        .await;
        create(&ports, tenant, &session_record(session, user, now)).await;
        let keyring = Keyring::open(&ports).await.unwrap();
        let key = keyring.es256(KeyPurpose::AccessToken).unwrap();
        let claims = AccessClaims { rep: restore, ..claims(tenant, user, session, now) };
        let token = sign_access_token(&key, &claims).unwrap();
        Person { tenant, user, session, token }
    }
}

/// As it is stored: only a completed login can make one in the product.
fn session_record(session: SessionId, user: UserId, now: Timestamp) -> Session {
    let ends_at = now.plus(std::time::Duration::from_hours(24));
    let stored = json!({
        "session": session, "user": user, "device": "a test", "created_at": now, "generation": 0, "rotated_at": now,
        "ends_at": ends_at, "epoch": 1, "authenticated_at": now, "revoked_at": null,
    });
    serde_json::from_value(stored).unwrap()
}

fn claims(tenant: TenantId, user: UserId, session: SessionId, now: Timestamp) -> AccessClaims {
    AccessClaims {
        iss: DEPLOYMENT.to_owned(),
        aud: DEPLOYMENT.to_owned(),
        sub: user,
        tid: tenant,
        sid: Some(session),
        act: None,
        scope: None,
        epo: 1,
        rep: 0,
        acr: ACR_MFA.to_owned(),
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        auth_time: now.unix_s(),
        iat: now.unix_s(),
        nbf: now.unix_s(),
        exp: now.unix_s() + 900,
        jti: session.to_string(),
    }
}

async fn create<T: Document>(ports: &Ports, tenant: TenantId, document: &T) {
    let (container, shard): (Container, _) = (T::CONTAINER, T::SHARD);
    let records = Records::of_holder(ports, Vec::new()).await.unwrap();
    let document = NewDocument {
        id: document.id(),
        kind: T::KIND.to_owned(),
        k1: document.k1(),
        k2: document.k2(),
        body: serde_json::to_string(document).unwrap(),
        expires_at: document.expires_at(),
    };
    let signed = records.sign((tenant, shard), document, 1, None).await.unwrap();
    let write = Write::Create(signed);
    ports
        .documents
        .commit(container, &PartitionKey::new(tenant, shard), vec![write])
        .await
        .unwrap();
}
