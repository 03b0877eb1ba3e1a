//! How an operator of the platform visits a tenant that allows it, through the public endpoints.

use domain::{Plan, Role, TenantKind};
use serde_json::{Value, json};

use crate::{people::Person, world::World};

impl World {
    /// An operator of the platform, signed in just now.
    pub async fn operator(&self) -> Person {
        let platform = self.tenant_of(TenantKind::Platform, Plan::Enterprise).await;
        self.person(platform, Role::PlatformOperator).await
    }

    /// Asked for, allowed, begun once it is in the tenant's log, and ended.
    pub async fn visit_story(&self) {
        let operator = self.operator().await.token;
        let tenant = self.tenant(Plan::Business).await;
        let visited = self.person(tenant, Role::Owner).await;
        let owner = visited.token.as_str();
        let access = json!({"access": "ask"});
        self.done("PUT", "/api/auth/v1/tenant/support-access", owner, Some(access)).await;
        let visits = format!("/api/auth/v1/platform/tenants/{tenant}/visits");
        let asked = json!({"user": visited.user, "ticket": "T-1", "reason": "a run is not shown"});
        let visit = self.done("POST", &visits, &operator, Some(asked)).await;
        let visit = visit["visit"].as_str().unwrap();
        let allow = format!("/api/auth/v1/visits/{visit}/allow");
        self.done("POST", &allow, owner, Some(json!({}))).await;
        let step = |step: &str| format!("{visits}/{visit}/{step}");
        let begun = self.done("POST", &step("begin"), &operator, Some(json!({}))).await;
        let token = begun["access_token"].as_str().unwrap();
        self.done("GET", "/api/auth/v1/tenant", token, None).await;
        self.done("POST", &step("end"), &operator, Some(json!({}))).await;
    }

    /// What is not refused.
    async fn done(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Value {
        let answer = self.call(method, path, Some(token), body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.json());
        answer.json()
    }
}
