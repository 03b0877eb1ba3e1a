//! The main job, from the first invitation to the last sweep, as a customer and its Runner live it.

use std::time::Duration;

use axum::{body::Bytes, http::Method};
use protocol::{
    Base64, Base64Url, Digest, V1,
    cloudevent::MEDIA_TYPE,
    command::{CommandOutcome, CommandResult},
    drilldown::{DisclosureRequest, build},
    key::{Ed25519Key, PublicKey},
    keyset::{ControlPlaneKeys, KeyUse},
    routes::{
        BUNDLES, COMMANDS, CONFIG, CommandsAnswer, ConfigAnswer, ENVELOPE_MEDIA_TYPE, EVENTS,
        RECEIPTS, WITNESS_CHECKPOINT, WITNESS_COSIGNATURES, result_path,
    },
};
use serde_json::{Value, json};

use crate::{
    load::{Customer, Said, SyntheticRunner},
    sign_up::{EMAIL, Owner, PASSWORD},
    world::{DEPLOYMENT, World},
};

impl World {
    /// Everything that the product does: for one customer, for an operator who visits a tenant, for a tenant whose log is over its time, and for one
    /// that is closed.
    ///
    /// Only the customer's people sign up. For the others the test itself opens the keyring.
    pub async fn whole_story(&self) {
        self.customer_story().await;
        self.visit_story().await;
        self.purge_story().await;
        self.closing_story().await;
        self.keys_story().await;
    }

    /// Everything that the product does for one customer: sign-up, enrolment, publishing, ingesting through both doors, drill-down, sealing,
    /// signing, cosigning, reading, exporting, signing in again, a forgotten password, sweeping, and signing out. All of it from outside.
    pub async fn customer_story(&self) {
        let owner = self.owner().await;
        let customer = Customer::of(self, &owner).await;
        let mut runner = customer.runner(self, "plant-1").await;
        let said = self.ingest(&mut runner).await;
        self.read_runs(&customer, &runner, &said).await;
        self.drill_down(&customer, &runner, &said).await;
        self.settle().await;
        self.witness(&runner).await;
        self.export(&owner).await;
        self.administer(&customer).await;
        self.sign_in_again(&owner).await;
        self.forget().await;
        self.sweep().await;
        self.revoke_everything(&customer, &runner).await;
        self.settle().await;
    }

    /// The Runner confirms the log, from its first row on.
    async fn witness(&self, runner: &SyntheticRunner) {
        let path = format!("{WITNESS_CHECKPOINT}?from=1");
        let shown = runner.ask(self, Method::GET, &path, None).await;
        let checkpoint = shown["checkpoint"].as_str().unwrap();
        let cosignature = runner.cosign(checkpoint, self.now());
        let head = json!({"checkpoint": checkpoint, "cosignature": cosignature}).to_string();
        let body = Some(("application/json", head.into()));
        runner.ask(self, Method::POST, WITNESS_COSIGNATURES, body).await;
    }

    /// A person is invited, and the tenant is looked at.
    async fn administer(&self, customer: &Customer) {
        let invite = json!({"email": "bob@customer.example", "role": "viewer"});
        self.post(Some(&customer.token), "/api/auth/v1/invitations", invite).await;
        for path in ["invitations", "users", "roles", "visits", "tenant", "tenant/entitlements"] {
            self.get(&customer.token, &format!("/api/auth/v1/{path}")).await;
        }
    }

    async fn get(&self, token: &str, path: &str) -> Value {
        let answer = self.call("GET", path, Some(token), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        answer.json()
    }

    async fn post(&self, token: Option<&str>, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, token, Some(&body)).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.json());
        answer.json()
    }

    /// One statement through each door, and what no Runner signed.
    async fn ingest(&self, runner: &mut SyntheticRunner) -> Said {
        runner.ask(self, Method::GET, CONFIG, None).await;
        let bundle = format!("{BUNDLES}{}", runner.procedure());
        runner.ask(self, Method::GET, &bundle, None).await;
        let first = runner.say_at(self.now());
        let taken =
            runner.ask(self, Method::POST, EVENTS, Some((MEDIA_TYPE, first.event.clone()))).await;
        assert_eq!(taken["results"][0]["status"], "accepted", "{taken}");
        let second = runner.say_at(self.now());
        let delivered = runner.deliver(self, &second).await;
        assert_eq!(delivered["ReturnValue"]["status"], "accepted", "{delivered}");
        let stray = json!({"Data": {"event": {"specversion": "1.0"}}, "Metadata": {}});
        let put_aside = self.invoke("ingest_event", &stray).await.json();
        assert_eq!(put_aside["ReturnValue"]["status"], "rejected", "{put_aside}");
        let receipts = runner.ask(self, Method::GET, RECEIPTS, None).await;
        assert_eq!(receipts["receipts"].as_array().unwrap().len(), 2);
        first
    }

    async fn read_runs(&self, customer: &Customer, runner: &SyntheticRunner, said: &Said) {
        let runs = self.get(&customer.token, "/api/runs/v1/runs").await;
        assert_eq!(runs["runs"].as_array().unwrap().len(), 2, "{runs}");
        for path in [
            format!("runs/{}", said.run),
            format!("runs/{}/statement", said.run),
            format!("runners/{}", runner.runner),
            format!("procedures/versions/{}", customer.procedure),
            "runners".to_owned(),
            "procedures".to_owned(),
            "customer-keys".to_owned(),
        ] {
            self.get(&customer.token, &format!("/api/runs/v1/{path}")).await;
        }
    }

    /// A viewer asks, the Runner answers, the viewer reads.
    async fn drill_down(&self, customer: &Customer, runner: &SyntheticRunner, said: &Said) {
        let asked = self.disclosure(customer, runner, said).await;
        let viewer = Ed25519Key::from_seed(&[7; 32]);
        let (request, _) = build(&asked, &viewer, self.now()).unwrap();
        let path = format!("/api/runs/v1/evidence/{}/drilldowns", said.evidence);
        let body = json!({"run": said.run, "request": request});
        let drilldown = self.post(Some(&customer.token), &path, body).await;
        self.answer_command(runner).await;
        let path = format!("/api/runs/v1/drilldowns/{}", drilldown["drilldown"].as_str().unwrap());
        assert_eq!(self.get(&customer.token, &path).await["state"], "delivered");
    }

    async fn disclosure(
        &self,
        customer: &Customer,
        runner: &SyntheticRunner,
        said: &Said,
    ) -> DisclosureRequest {
        let me = self.get(&customer.token, "/api/auth/v1/me").await;
        DisclosureRequest {
            v: V1,
            drilldown_nonce: Base64Url([3; 16]),
            runner: runner.runner,
            tenant: customer.tenant,
            evidence: said.evidence,
            paths: vec!["/mode".to_owned()],
            purpose: "audit".parse().unwrap(),
            requester: me["user"].as_str().unwrap().parse().unwrap(),
            hpke_public: Base64Url([4; 32]),
            not_after: self.now().plus(Duration::from_mins(2)),
        }
    }

    async fn answer_command(&self, runner: &SyntheticRunner) {
        let config = runner.ask(self, Method::GET, CONFIG, None).await;
        let config: ConfigAnswer = serde_json::from_value(config).unwrap();
        let root = PublicKey::from_jwk(&config.root_jwk).unwrap();
        let deployment = DEPLOYMENT.parse().unwrap();
        let keys = ControlPlaneKeys::verify(&config.keyset, &root, &deployment, 0).unwrap();
        let waiting = format!("{COMMANDS}?wait=0");
        let waiting = runner.ask(self, Method::GET, &waiting, None).await;
        let waiting: CommandsAnswer = serde_json::from_value(waiting).unwrap();
        let command = protocol::command::Command::verify(
            &waiting.commands[0].envelope,
            &keys.keys_for(KeyUse::Command),
            runner.tenant,
            runner.runner,
            self.now(),
        )
        .unwrap();
        let done = runner.envelope(&CommandResult {
            v: V1,
            command: command.id,
            outcome: CommandOutcome::Done,
            code: None,
            request_sha256: Digest::of("request"),
            sealed: Some(Base64(b"sealed to the viewer".to_vec())),
        });
        let body = Bytes::from(serde_json::to_vec(&done).unwrap());
        let path = result_path(command.id);
        let taken = runner.ask(self, Method::POST, &path, Some((ENVELOPE_MEDIA_TYPE, body))).await;
        assert_eq!(taken["state"], "delivered");
    }

    async fn export(&self, owner: &Owner) {
        let rows = self.get(&owner.access, "/api/audit/v1/audit/events?limit=200").await;
        assert!(rows["rows"].as_array().unwrap().len() > 10, "{rows}");
        let row = self.get(&owner.access, "/api/audit/v1/audit/events/0").await;
        assert_eq!(row["pending"], false, "{row}");
        self.get(&owner.access, "/api/audit/v1/audit/checkpoint").await;
        let made = self.post(Some(&owner.access), "/api/audit/v1/audit/exports", json!({})).await;
        let export = made["export"].as_str().unwrap();
        let path = format!("/api/audit/v1/audit/exports/{export}/content");
        assert_eq!(self.call("GET", &path, Some(&owner.access), None).await.status, 200);
    }

    async fn sign_in_again(&self, owner: &Owner) {
        // A code counts once: each needs the next half minute.
        self.clock.advance(Duration::from_secs(30));
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let login = self.post(None, "/api/auth/v1/logins", body).await;
        let path = format!("/api/auth/v1/logins/{}/totp", login["login"].as_str().unwrap());
        let tokens = self.post(None, &path, json!({"code": self.code(&owner.secret)})).await;
        let body = json!({"refresh_token": tokens["refresh_token"]});
        let tokens = self.post(None, "/api/auth/v1/tokens/refresh", body).await;
        let token = tokens["access_token"].as_str().unwrap();
        self.clock.advance(Duration::from_secs(30));
        let code = json!({"code": self.code(&owner.secret)});
        self.post(Some(token), "/api/auth/v1/step-up", code).await;
        let sessions = self.get(token, "/api/auth/v1/sessions").await;
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2, "{sessions}");
    }

    /// They forgot their password, and ask again for the letter that is on its way.
    async fn forget(&self) {
        for _ in 0..2 {
            self.post(None, "/api/auth/v1/password-resets", json!({"email": EMAIL})).await;
        }
        self.drain().await;
    }

    /// What timers do: twice, for the second goes on from where the first ended.
    async fn sweep(&self) {
        for _ in 0..2 {
            let swept = self.invoke("sweep_intents", &json!({"Data": {"timer": {}}})).await;
            assert_eq!(swept.status, 200, "{}", swept.json());
            self.settle().await;
        }
    }

    async fn revoke_everything(&self, customer: &Customer, runner: &SyntheticRunner) {
        let path = format!("/api/runs/v1/procedures/versions/{}/withdraw", customer.procedure);
        self.post(Some(&customer.token), &path, json!({})).await;
        let path = format!("/api/runs/v1/runners/{}/revoke", runner.runner);
        self.post(Some(&customer.token), &path, json!({})).await;
        let sessions = self.get(&customer.token, "/api/auth/v1/sessions").await;
        for session in sessions["sessions"].as_array().unwrap() {
            let path = format!("/api/auth/v1/sessions/{}", session["session"].as_str().unwrap());
            let gone = self.call("DELETE", &path, Some(&customer.token), None).await;
            assert!(gone.status.is_success() || gone.status == 401, "{}", gone.json());
        }
    }
}
