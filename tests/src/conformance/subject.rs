//! An app and its program, and what its triggers take.

use std::path::Path;

use domain::{InvitationId, TenantId};
use ports::QueueName;
use serde_json::{Value, json};
use web::{Access, Endpoint, FunctionApp, Method, Trigger, TriggerKind};

/// An app and the program that must keep the contract.
pub struct Subject {
    pub(super) program: &'static Path,
    pub(super) app: &'static str,
    pub(super) endpoints: Vec<&'static Endpoint>,
    pub(super) triggers: Vec<&'static Trigger>,
    /// Those whose input anybody can make. Letters wait sealed to the app itself.
    pub(super) open_triggers: Vec<&'static Trigger>,
}

impl Subject {
    /// The app `A`, built as `program`.
    pub fn of<A: FunctionApp>(program: &'static str) -> Self {
        let app = A::app();
        let (endpoints, triggers) = (app.endpoints(), app.triggers());
        let open =
            |trigger: &&&'static Trigger| trigger.kind != TriggerKind::Queue(QueueName::Letters);
        let open_triggers = triggers.iter().filter(open).copied().collect();
        let (program, app) = (Path::new(program), A::IDENTITY.name());
        Self { program, app, endpoints, triggers, open_triggers }
    }

    /// The paths at which anybody may send a body. One that names something is left out: who names nothing is refused before the body is read.
    pub(super) fn public_posts(&self) -> Vec<(String, &'static Endpoint)> {
        let is_public = |endpoint: &&&Endpoint| {
            let is_open = matches!(endpoint.access, Access::Public(_));
            is_open && endpoint.method == Method::Post && !endpoint.path.contains('{')
        };
        let posts = self.endpoints.iter().filter(is_public);
        posts.map(|endpoint| (format!("/api/{}{}", self.app, endpoint.path), *endpoint)).collect()
    }
}

/// An input that succeeds, whatever came before it.
pub(super) fn input(trigger: &Trigger) -> Value {
    const TENANT: TenantId = TenantId::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
    match (trigger.kind, trigger.name) {
        (TriggerKind::Timer { .. }, _) => {
            json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false})
        }
        // No Runner says this: it is put aside.
        (TriggerKind::EventGrid { .. }, _) => {
            json!({"specversion": "1.0", "id": "1", "source": "/test", "type": "t", "data": {}})
        }
        (TriggerKind::Queue(_), "bootstrap") => {
            let invitation = InvitationId::from_u128(2);
            let message = json!({
                "tenant": TENANT, "tenant_name": "Example", "invitation": invitation, "ticket_sha256": "00".repeat(32),
            });
            quoted(&message.to_string())
        }
        (TriggerKind::Queue(_), _) => quoted(&TENANT.to_string()),
    }
}

/// As the host writes a text: a JSON string, and that in a string again.
pub(super) fn quoted(text: &str) -> Value {
    Value::String(Value::from(text).to_string())
}

/// The envelope of `input`, with the host's own `Metadata`.
pub(super) fn envelope(trigger: &Trigger, input: Value) -> Value {
    let sys = json!({
        "MethodName": trigger.name, "UtcNow": "2026-11-21T00:14:48.400564Z", "RandGuid": "0c0f9a7e-0000-4000-8000-000000000000",
    });
    json!({"Data": {trigger.binding(): input}, "Metadata": {"sys": sys}})
}
