//! The same customer and Runners in front of a control plane in this process, at the time that its clock says.

use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use protocol::{Digest, enrolment::EnrolAnswer, routes::ENROL};
use serde_json::{Value, json};

use super::{
    customer::{Customer, CustomerKeys, fresh_key},
    synthetic_runner::{Said, SyntheticRunner},
};
use crate::{
    sign_up::Owner,
    world::{Answer, World},
};

impl Customer {
    /// `owner`'s customer, with fresh keys and the procedure published.
    pub async fn of(world: &World, owner: &Owner) -> Self {
        Self::with_keys(world, owner, CustomerKeys::fresh()).await
    }

    /// The same, with the customer's own `keys`.
    pub async fn with_keys(world: &World, owner: &Owner, keys: CustomerKeys) -> Self {
        let (token, procedure) = (owner.access.clone(), Digest::ZERO);
        let mut customer = Self { tenant: owner.tenant, token, procedure, keys };
        customer.ask(world, "PUT", "/api/runs/v1/customer-keys", &customer.registration()).await;
        let path = "/api/runs/v1/procedures/versions";
        let published = customer.ask(world, "POST", path, &customer.signed_procedure()).await;
        customer.procedure = published["digest"].as_str().unwrap().parse().unwrap();
        customer
    }

    /// A Runner that was enrolled and approved.
    pub async fn runner(&self, world: &World, named: &str) -> SyntheticRunner {
        let key = fresh_key();
        let path = "/api/runs/v1/runners/enrolments";
        let issued = self.ask(world, "POST", path, &json!({"name": named})).await;
        let request = self.asks(issued["token"].as_str().unwrap(), &key, named, world.now());
        let body = serde_json::to_value(&request).unwrap();
        let answer = succeeded(world.call("POST", ENROL, None, Some(&body)).await);
        let answer: EnrolAnswer = serde_json::from_value(answer).unwrap();
        let path = format!("/api/runs/v1/runners/{}/approve", answer.runner);
        self.ask(world, "POST", &path, &json!({"words": answer.words})).await;
        self.enrolled(&request, &answer, key)
    }

    /// The same, and its first statement is in the log.
    pub async fn runner_that_was_heard(&self, world: &World, named: &str) -> SyntheticRunner {
        let mut runner = self.runner(world, named).await;
        let said = runner.say_at(world.now());
        runner.deliver(world, &said).await;
        world.settle().await;
        runner
    }

    /// Asks in the owner's name, and expects success.
    pub async fn ask(&self, world: &World, method: &str, path: &str, body: &Value) -> Value {
        succeeded(world.call(method, path, Some(&self.token), Some(body)).await)
    }
}

impl SyntheticRunner {
    /// Asks in the Runner's name, and expects success.
    pub async fn ask(
        &self,
        world: &World,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Value {
        succeeded(self.try_asking(world, method, path, body).await)
    }

    /// Asks in the Runner's name.
    pub async fn try_asking(
        &self,
        world: &World,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Answer {
        let outgoing = self.request_at(world.now(), method, path, body);
        let mut request = Request::new(Body::from(outgoing.body));
        *request.method_mut() = outgoing.method;
        *request.uri_mut() = outgoing.path.parse().unwrap();
        *request.headers_mut() = outgoing.headers;
        world.send(request).await
    }

    /// Delivers a statement as Event Grid does, and expects success.
    pub async fn deliver(&self, world: &World, said: &Said) -> Value {
        succeeded(self.try_delivering(world, said).await)
    }

    /// Delivers a statement as Event Grid does.
    pub async fn try_delivering(&self, world: &World, said: &Said) -> Answer {
        let event: Value = serde_json::from_slice(&said.event).unwrap();
        let envelope = json!({"Data": {"event": event}, "Metadata": {}});
        world.invoke("ingest_event", &envelope).await
    }
}

fn succeeded(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.json());
    answer.json()
}
