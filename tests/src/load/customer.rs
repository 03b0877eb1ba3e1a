//! A customer that comes in as customers do: invitation, second factor, keys, a signed procedure, Runners.

use std::{collections::BTreeMap, net::SocketAddr};

use ambient::{SystemClock, SystemRandomness};
use domain::{TenantId, Timestamp, auth::Ticket, kind};
use ports::{Clock as _, Randomness};
use protocol::{
    Base64Url, Digest, V1, canonical,
    certificate::RunnerCertificate,
    dsse::{Envelope, PayloadType},
    enrolment::{EnrolAnswer, EnrolFields, EnrolRequest},
    key::{Ed25519Key, PublicKey, Signer},
    keyset::{ControlPlaneKeys, KeyUse},
    routes::ENROL,
    statement::KeyStorage,
};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::{
    connection::call,
    synthetic_runner::{SyntheticRunner, name, witness_seed},
};
use crate::{
    sign_up::{EMAIL, PASSWORD},
    world::DEPLOYMENT,
};

/// The smallest procedure of which every statement says something: one step, two checks.
pub const PROCEDURE: &str = "
schema: proofline-procedure/1
key: host.baseline
title: Host baseline
version: 1.0.0
revision: 1
owner: security
steps:
  - id: passwd
    title: Account file
    connector: file
    with: { path: /etc/passwd }
    checks:
      - id: mode
        title: Nobody else writes
        expr: value.mode == '0644'
        severity: high
        weight: 3
        fail_message: Set the mode to 0644.
        must_fail: { mode: '0666' }
      - id: owner
        title: It is the administrator's
        expr: value.uid == 0
        severity: low
        weight: 1
        fail_message: Give it to root.
        must_fail: { uid: 1 }
";

/// An owner who is signed in, the keys that the customer holds, and its one procedure.
pub struct Customer {
    /// Its tenant.
    pub tenant: TenantId,
    /// The owner's access token, good for 15 minutes.
    pub token: String,
    /// The digest of its procedure.
    pub procedure: Digest,
    pub(super) keys: CustomerKeys,
}

/// The keys that a customer holds.
pub struct CustomerKeys {
    /// Certifies Runners.
    pub authority: Ed25519Key,
    /// Sign procedures: the author and the approver.
    pub signers: [Ed25519Key; 2],
}

impl CustomerKeys {
    /// Keys that nobody had before.
    pub fn fresh() -> Self {
        Self { authority: fresh_key(), signers: [fresh_key(), fresh_key()] }
    }
}

impl Customer {
    /// Redeems the first owner's invitation, registers fresh keys, and publishes the procedure.
    pub async fn sign_up(server: SocketAddr, invitation: &str) -> Self {
        Self::sign_up_with(server, invitation, CustomerKeys::fresh()).await
    }

    /// The same, with the customer's own `keys`.
    pub async fn sign_up_with(server: SocketAddr, invitation: &str, keys: CustomerKeys) -> Self {
        let ticket: Ticket<kind::Invitation> = invitation.parse().unwrap();
        let token = sign_in(server, invitation).await;
        let mut customer = Self { tenant: ticket.tenant, token, procedure: Digest::ZERO, keys };
        customer
            .call(server, "PUT", "/api/runs/v1/customer-keys", Some(&customer.registration()))
            .await;
        customer.procedure = customer.publish(server).await;
        customer
    }

    /// Asks the control plane in the owner's name, and expects success.
    pub async fn call(
        &self,
        server: SocketAddr,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Value {
        call(server, method, path, Some(&self.token), body).await
    }

    /// Enrols `count` Runners and approves them.
    pub async fn runners(&self, server: SocketAddr, count: usize) -> Vec<SyntheticRunner> {
        let mut runners = Vec::with_capacity(count);
        for number in 1..=count {
            runners.push(self.enrol(server, &format!("synthetic-{number}")).await);
        }
        runners
    }

    async fn enrol(&self, server: SocketAddr, named: &str) -> SyntheticRunner {
        let key = fresh_key();
        let path = "/api/runs/v1/runners/enrolments";
        let issued = self.call(server, "POST", path, Some(&json!({"name": named}))).await;
        let request = self.asks(issued["token"].as_str().unwrap(), &key, named, SystemClock.now());
        let body = serde_json::to_value(&request).unwrap();
        let answer = call(server, "POST", ENROL, None, Some(&body)).await;
        let answer: EnrolAnswer = serde_json::from_value(answer).unwrap();
        let runner = self.enrolled(&request, &answer, key);
        let path = format!("/api/runs/v1/runners/{}/approve", answer.runner);
        self.call(server, "POST", &path, Some(&json!({"words": answer.words}))).await;
        runner
    }

    /// What a Runner named `named` sends to come in.
    pub(super) fn asks(
        &self,
        token: &str,
        key: &Ed25519Key,
        named: &str,
        now: Timestamp,
    ) -> EnrolRequest {
        EnrolRequest::sign(self.fields(token, key, named, now), key).unwrap()
    }

    /// The Runner that was let in, once the answer was checked as a Runner checks it.
    pub(super) fn enrolled(
        &self,
        request: &EnrolRequest,
        answer: &EnrolAnswer,
        key: Ed25519Key,
    ) -> SyntheticRunner {
        let root = request.fields.token.root;
        let words = request.transcript(answer.runner, root).words().unwrap();
        assert_eq!(answer.words, words);
        let root = PublicKey::pinned(&answer.root_jwk, &root).unwrap();
        let keys = ControlPlaneKeys::verify(&answer.keyset, &root, &name(DEPLOYMENT), 0).unwrap();
        SyntheticRunner {
            tenant: self.tenant,
            runner: answer.runner,
            key,
            receipt_key: keys.keys_for(KeyUse::Receipt).remove(0),
            name: request.fields.name.clone(),
            procedure: self.procedure,
            signers: self.keys.signers.each_ref().map(Signer::kid),
            sequence: 0,
            prev: Digest::ZERO,
        }
    }

    fn fields(&self, token: &str, key: &Ed25519Key, named: &str, now: Timestamp) -> EnrolFields {
        let certificate = RunnerCertificate {
            v: V1,
            tenant: self.tenant,
            name: name(named),
            sign_kid: key.kid(),
            sign_jwk: key.public().jwk(),
            seal_jwk: None,
            witness_jwk: Some(Ed25519Key::from_seed(&witness_seed(key)).public().jwk()),
            not_before: now.minus(std::time::Duration::from_mins(1)),
            not_after: now.plus(std::time::Duration::from_hours(24)),
        };
        EnrolFields {
            token: token.parse().unwrap(),
            nonce: Base64Url(random()),
            name: name(named),
            labels: BTreeMap::new(),
            os: name("linux"),
            arch: name("x86_64"),
            version: name("0.1.0"),
            binary_digest: Digest::of("binary"),
            trust_policy_digest: Digest::of("policy"),
            key_storage: KeyStorage::File,
            sign_jwk: key.public().jwk(),
            certificate: Envelope::sign_message(&certificate, &[&self.keys.authority]).unwrap(),
        }
    }

    pub(super) fn registration(&self) -> Value {
        let [author, approver] = &self.keys.signers;
        let signer = |key: &Ed25519Key, role: &str| json!({"kid": key.kid(), "jwk": key.public().jwk(), "role": role});
        json!({
            "authority": self.keys.authority.public().jwk(),
            "signers": [signer(author, "author"), signer(approver, "approver")],
            "threshold": 2,
        })
    }

    async fn publish(&self, server: SocketAddr) -> Digest {
        let path = "/api/runs/v1/procedures/versions";
        let published = self.call(server, "POST", path, Some(&self.signed_procedure())).await;
        published["digest"].as_str().unwrap().parse().unwrap()
    }

    pub(super) fn signed_procedure(&self) -> Value {
        let procedure = check::read_procedure(PROCEDURE).unwrap();
        let signers = self.keys.signers.each_ref().map(|key| key as &dyn Signer);
        let payload = canonical::to_vec(&procedure).unwrap();
        let envelope = Envelope::sign(PayloadType::Procedure, payload, &signers).unwrap();
        serde_json::to_value(&envelope).unwrap()
    }
}

/// An access token for whoever the invitation is for, with the second factor that it asks for.
async fn sign_in(server: SocketAddr, invitation: &str) -> String {
    let post = async |path: &str, token: Option<&str>, body: Value| {
        call(server, "POST", &format!("/api/auth/v1/{path}"), token, Some(&body)).await
    };
    let person = json!({"token": invitation, "email": EMAIL, "display_name": "Ada Lovelace", "password": PASSWORD});
    let begun = post("invitations/redeem", None, person).await;
    let enrolling = begun["enrolment_token"].as_str();
    let offer = post("me/totp", enrolling, json!({})).await;
    let secret = Secret::try_from_base32(offer["secret"].as_str().unwrap()).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let code = totp.generate(SystemClock.now().unix_s().try_into().unwrap());
    post("me/totp/confirm", enrolling, json!({"code": code.to_string()})).await;
    let tokens = post("me/totp/acknowledge", enrolling, json!({})).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

pub(super) fn fresh_key() -> Ed25519Key {
    Ed25519Key::from_seed(&random())
}

fn random<const N: usize>() -> [u8; N] {
    (&SystemRandomness as &dyn Randomness).bytes()
}
