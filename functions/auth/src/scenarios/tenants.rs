//! The tenant: its settings at their limits, its states, and its records, which nobody forges.

use axum::http::StatusCode;
use domain::{HoldId, Role, Timestamp, UserId, hold::Hold};
use ports::{Container, Identity, NewDocument, PartitionKey, Write};
use serde_json::{Value, json};
use store::{Document as _, retention::HoldRecord};

use super::world::{PASSWORD, SignedIn, World};

async fn owned() -> (World, SignedIn) {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    (world, ada)
}

#[tokio::test]
async fn settings_are_taken_at_their_limits_and_refused_beyond() {
    let (world, ada) = owned().await;
    let settings = |days: u64, hours: u64| json!({"notice_days": days, "session_max_h": hours, "separations": []});
    for (body, expected) in [
        (settings(14, 1), 200),
        (settings(365, 168), 200),
        (settings(13, 24), 400),
        (settings(366, 24), 400),
        (settings(14, 0), 400),
        (settings(14, 169), 400),
        (settings(14, 70_000), 400),
    ] {
        let set = world.put("/v1/tenant/settings", &ada.access, body.clone()).await;
        assert_eq!(set.status.as_u16(), expected, "{body}: {}", set.body);
    }
}

#[tokio::test]
async fn a_session_ends_when_the_tenant_says_so() {
    let (world, ada) = owned().await;
    let settings = json!({"notice_days": 14, "session_max_h": 8, "separations": []});
    world.put("/v1/tenant/settings", &ada.access, settings).await;
    let again = world.signed_in_again(&ada).await;
    let sessions = world.get("/v1/sessions", &again.access).await.body;
    let hours = |session: &Value| {
        let at = |name: &str| session[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        at("ends_at").since(at("created_at")).as_secs() / 3600
    };
    let hours: Vec<_> = sessions["sessions"].as_array().unwrap().iter().map(hours).collect();
    assert_eq!(hours, [8, 8], "what began before, too");
    world.wait_s(8 * 3_600 - 31);
    assert_eq!(world.refresh(&again.refresh).await.status, StatusCode::OK);
    world.wait_s(1);
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
}

/// Neither the device's tokens nor a refresh hold longer than the tenant lets a silent session live.
#[tokio::test]
async fn a_silent_session_ends_when_the_tenant_says_so() {
    let (world, ada) = owned().await;
    let idle = |minutes: u64| json!({"notice_days": 14, "session_max_h": 168, "session_idle_min": minutes, "separations": []});
    for minutes in [14, 10_081] {
        let refused = world.put("/v1/tenant/settings", &ada.access, idle(minutes)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{minutes}");
    }
    let set = world.put("/v1/tenant/settings", &ada.access, idle(15)).await;
    assert_eq!(set.body["settings"]["session_idle_min"], 15, "{}", set.body);
    world.wait_s(899);
    let ada = world.refreshed(&ada).await;
    assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK);
    world.wait_s(900);
    assert_eq!(world.refresh(&ada.refresh).await.code(), "refresh-invalid");
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "unauthenticated");
}

#[tokio::test]
async fn everyone_needs_a_second_factor_from_one_call_on() {
    let (world, ada) = owned().await;
    assert_eq!(
        world.get("/v1/tenant", &ada.access).await.body["settings"]["mfa_policy"],
        "password_users"
    );
    let set = world.put("/v1/tenant/mfa-policy", &ada.access, json!({"policy": "everyone"})).await;
    assert_eq!(set.body["settings"]["mfa_policy"], "everyone");
    assert_eq!(world.recorded_in_access().await, ["iam.mfa_policy.changed ok user"]);
    // It holds for whoever signs in with a password as it did before: both factors were shown, and every token says so.
    assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK);
    let claims = super::world::base64url(ada.access.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["acr"], &claims["amr"][2]),
        (&json!("urn:proofline:acr:mfa"), &json!("mfa"))
    );
    let stale = world.put("/v1/tenant/mfa-policy", &ada.access, json!({"policy": "nobody"})).await;
    assert_eq!(stale.status, StatusCode::BAD_REQUEST, "below password users there is nothing");
    world.wait_s(301);
    let back = json!({"policy": "password_users"});
    let stale = world.put("/v1/tenant/mfa-policy", &ada.access, back).await;
    assert_eq!(stale.code(), "step-up-required");
}

#[tokio::test]
async fn a_tenant_that_is_closing_reads_and_is_opened_again_by_its_owner() {
    let (world, ada) = owned().await;
    let close = async |name: &str| {
        world.post("/v1/tenant/close", Some(&ada.access), json!({"name": name})).await
    };
    assert_eq!(close("analytical engines").await.code(), "name-mismatch");
    let closing = close("Analytical Engines").await;
    assert_eq!((closing.status, closing.text("state")), (StatusCode::OK, "closing"));
    assert_eq!(closing.text("closes_at"), "2026-12-21T00:00:00.000000Z");
    assert_eq!(world.get("/v1/users", &ada.access).await.status, StatusCode::OK);
    let invite = json!({"email": "eve@example.com", "role": "viewer"});
    let refused = world.post("/v1/invitations", Some(&ada.access), invite.clone()).await;
    assert_eq!(refused.code(), "tenant-closing");
    let reopened = world.post("/v1/tenant/reopen", Some(&ada.access), json!({})).await;
    assert_eq!(reopened.text("state"), "active");
    let invited = world.post("/v1/invitations", Some(&ada.access), invite).await;
    assert_eq!(invited.status, StatusCode::CREATED);
}

/// A legal hold of the tenant's log, as the app that keeps it writes it; released or not.
async fn hold(world: &World, id: u128, is_released: bool) {
    let hold = Hold {
        hold: HoldId::from_u128(id),
        epoch: 0,
        from: 0,
        to: None,
        reason: "case 7".to_owned(),
        by: UserId::from_u128(1),
        at: world.now(),
        released_at: is_released.then(|| world.now()),
        set_by: None,
        released_by: None,
    };
    let record = HoldRecord(hold);
    let document = NewDocument {
        id: record.id(),
        kind: HoldRecord::KIND.to_owned(),
        k1: None,
        k2: None,
        body: serde_json::to_string(&record).unwrap(),
        expires_at: None,
    };
    let key = PartitionKey::new(world.tenant, "0");
    let documents = world.documents_of(Identity::Audit);
    let write = match documents.read(Container::Audit, &key, &document.id).await.unwrap() {
        Some(stored) => Write::Replace(document, stored.etag),
        None => Write::Create(document),
    };
    documents.commit(Container::Audit, &key, vec![write]).await.unwrap();
}

/// Mission §3.1: `closing` is blocked by an active legal hold.
#[tokio::test]
async fn a_tenant_under_a_legal_hold_is_not_closed() {
    let (world, ada) = owned().await;
    hold(&world, 1, true).await;
    hold(&world, 2, false).await;
    let close = json!({"name": "Analytical Engines"});
    let refused = world.post("/v1/tenant/close", Some(&ada.access), close.clone()).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "hold-active"));
    assert_eq!(world.get("/v1/tenant", &ada.access).await.text("state"), "active");
    hold(&world, 2, true).await;
    let closing = world.post("/v1/tenant/close", Some(&ada.access), close).await;
    assert_eq!(closing.text("state"), "closing");
}

/// A hold that is set within the grace keeps the tenant, and its keys, until it is released.
#[tokio::test]
async fn a_hold_keeps_a_tenant_that_is_closing_until_it_is_released() {
    let (world, ada) = owned().await;
    let close = json!({"name": "Analytical Engines"});
    world.post("/v1/tenant/close", Some(&ada.access), close).await;
    hold(&world, 1, false).await;
    world.wait_s(31 * 24 * 3600);
    let closed = async || world.tick("close_tenants").await.body["ReturnValue"]["closed"].clone();
    assert_eq!(closed().await, 0);
    hold(&world, 1, true).await;
    assert_eq!(closed().await, 1);
}

/// What the plan includes of requests a minute, on both sides of the limit (60 for Free).
#[tokio::test]
async fn a_tenant_makes_as_many_requests_a_minute_as_its_plan_includes() {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let operator = world.operator("ops@platform.example", Role::PlatformOperator).await;
    let path = format!("/v1/platform/tenants/{}/plan", world.tenant);
    world.put(&path, &operator.access, json!({"plan": "free"})).await;
    for request in 0..60 {
        let answer = world.get("/v1/tenant", &ada.access).await;
        assert_eq!(answer.status, StatusCode::OK, "{request}");
    }
    let refused = world.get("/v1/tenant", &ada.access).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit-policy"], "\"api\";q=60;w=60");
    assert_eq!(refused.headers["ratelimit"], "\"api\";r=0;t=1");
    assert_eq!(refused.body["entitlement"], "api_requests_per_minute");
    assert_eq!((&refused.body["plan"], &refused.body["limit"]), (&json!("free"), &json!(60)));
    let elsewhere = world.get("/v1/me", &operator.access).await;
    assert_eq!(elsewhere.status, StatusCode::OK, "another tenant has a minute of its own");
    world.wait_s(1);
    assert_eq!(world.get("/v1/tenant", &ada.access).await.status, StatusCode::OK);
    assert_eq!(world.get("/v1/tenant", &ada.access).await.code(), "rate-limited");
}

#[tokio::test]
async fn only_an_owner_closes_a_tenant() {
    let (world, _) = owned().await;
    let bob = world.enrolled_as("bob@example.com", Role::Admin).await;
    let close = json!({"name": "Analytical Engines"});
    assert_eq!(world.post("/v1/tenant/close", Some(&bob.access), close).await.code(), "forbidden");
}

/// Threat T37: everything sensitive asks for a second factor that was shown within the last five minutes.
#[tokio::test]
async fn what_is_sensitive_wants_a_fresh_second_factor() {
    let (world, ada) = owned().await;
    world.wait_s(300);
    let policy = json!({"policy": "everyone"});
    let in_time = world.put("/v1/tenant/mfa-policy", &ada.access, policy.clone()).await;
    assert_eq!(in_time.status, StatusCode::OK, "five minutes to the second");
    world.wait_s(1);
    let late = world.put("/v1/tenant/mfa-policy", &ada.access, policy).await;
    assert_eq!((late.status, late.code()), (StatusCode::UNAUTHORIZED, "step-up-required"));
    let challenge = late.headers["www-authenticate"].to_str().unwrap();
    assert_eq!(
        challenge,
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:proofline:acr:mfa\", max_age=300"
    );
    assert_eq!(world.get("/v1/users", &ada.access).await.status, StatusCode::OK, "reading goes on");
}

/// Writes one document as an operator of the database could: without our key.
async fn tamper(
    world: &World,
    container: Container,
    id: &str,
    change: impl Fn(NewDocument) -> NewDocument,
) {
    let key = PartitionKey::new(world.tenant, "0");
    let documents = world.documents();
    let stored = documents.read(container, &key, id).await.unwrap().unwrap();
    let write = Write::Replace(change(stored.document), stored.etag);
    documents.commit(container, &key, vec![write]).await.unwrap();
    // As long as a process remembers what it read of a caller.
    world.wait_s(5);
}

/// Changes the body of one document of the access container so.
async fn edit(world: &World, id: &str, change: impl Fn(&mut Value)) {
    let changed = |document: NewDocument| {
        let mut body: Value = serde_json::from_str(&document.body).unwrap();
        change(&mut body);
        NewDocument { body: body.to_string(), ..document }
    };
    tamper(world, Container::Access, id, changed).await;
}

/// Takes a record that guards read out of the database: its time is over.
async fn remove(world: &World, id: &str) {
    let over = Some(world.now());
    let removed = |document| NewDocument { expires_at: over, ..document };
    tamper(world, Container::Access, id, removed).await;
}

/// The design's invariant: an operator with database rights cannot make himself an administrator.
#[tokio::test]
async fn whoever_writes_himself_into_the_database_as_an_owner_is_nobody() {
    let (mut world, _) = owned().await;
    let bob = world.enrolled_as("bob@example.com", Role::Viewer).await;
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    edit(&world, &user, |body| {
        let record = body["record"].as_str().unwrap().replace("viewer", "owner");
        body["record"] = record.into();
    })
    .await;
    let refused = world.get("/v1/users", &bob.access).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "record-refused")
    );
    // What nobody signs makes no guard where his was: not even in a process that never saw his.
    tamper(&world, Container::Auth, &user, |document| NewDocument {
        body: document.body.replace("viewer", "owner"),
        ..document
    })
    .await;
    remove(&world, &user).await;
    world.restart().await;
    let login = world.login("bob@example.com", PASSWORD).await;
    assert_eq!((login.status, login.code()), (StatusCode::UNAUTHORIZED, "login-failed"));
    let key = PartitionKey::new(world.tenant, "0");
    let guard = world.documents().read(Container::Access, &key, &user).await.unwrap();
    assert_eq!(guard, None);
}

/// Somebody who was disabled and whose guard says so no longer: he is not let in again.
#[tokio::test]
async fn whoever_was_disabled_does_not_come_back_without_his_guard() {
    let (mut world, ada) = owned().await;
    let bob = world.enrolled_as("bob@example.com", Role::Admin).await;
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    let begun = world.login("bob@example.com", PASSWORD).await;
    let path = format!("/v1/users/{user}/disable");
    assert_eq!(world.post(&path, Some(&ada.access), json!({})).await.status, StatusCode::OK);
    remove(&world, &user).await;
    world.restart().await;
    world.wait_s(25);
    let code = json!({"code": world.code(&bob.secret)});
    let path = format!("/v1/logins/{}/totp", begun.text("login"));
    let late = world.post(&path, None, code).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED, "{}", late.body);
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "unauthenticated");
    let login = world.login("bob@example.com", PASSWORD).await;
    assert_eq!(login.code(), "login-failed");
}

#[tokio::test]
async fn a_record_is_good_only_for_its_own_place_and_version() {
    let (world, ada) = owned().await;
    let bob = world.enrolled_as("bob@example.com", Role::Viewer).await;
    let id = async |who: &SignedIn| world.get("/v1/me", &who.access).await.text("user").to_owned();
    let (ada_id, bob_id) = (id(&ada).await, id(&bob).await);
    let stored = world.stored(&ada_id).await;
    // The owner's record, moved to another user.
    edit(&world, &bob_id, |body| *body = stored.clone()).await;
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "record-refused");
    // A version that was never signed.
    edit(&world, &ada_id, |body| body["version"] = json!(99)).await;
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "record-refused");
    // No signature at all.
    edit(&world, &ada_id, |body| {
        *body = serde_json::from_str(body["record"].as_str().unwrap()).unwrap();
    })
    .await;
    assert_eq!(world.get("/v1/me", &ada.access).await.code(), "record-refused");
}

#[tokio::test]
async fn an_older_record_does_not_come_back_after_a_newer_one_was_seen() {
    let (world, ada) = owned().await;
    let bob = world.enrolled_as("bob@example.com", Role::Admin).await;
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    let before = world.stored(&user).await;
    let path = format!("/v1/users/{user}/disable");
    assert_eq!(world.post(&path, Some(&ada.access), json!({})).await.status, StatusCode::OK);
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "unauthenticated");
    edit(&world, &user, |body| *body = before.clone()).await;
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "record-refused");
}

#[tokio::test]
async fn a_plan_is_signed_too() {
    let (world, ada) = owned().await;
    edit(&world, "tenant", |body| {
        body["record"] = body["record"].as_str().unwrap().replace("enterprise", "free").into();
    })
    .await;
    assert_eq!(world.get("/v1/tenant", &ada.access).await.code(), "record-refused");
}
