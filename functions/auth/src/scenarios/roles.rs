//! Roles of the tenant's own, what they may make of those who have them, and what mends a change that was cut short half-way.

use axum::http::StatusCode;
use domain::Role;
use serde_json::{Value, json};

use super::world::{Answer, SignedIn, World};

/// An owner, a user with a role of the tenant's own that lets them see the users, and the role's path.
async fn front_desk() -> (World, SignedIn, SignedIn, String) {
    desk_of(Role::TrustAccessManager).await
}

/// The same, where the user has this role, too.
async fn desk_of(built_in: Role) -> (World, SignedIn, SignedIn, String) {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let bob = world.enrolled_as("bob@example.com", built_in).await;
    let role = json!({"name": "Front desk", "permissions": ["user_read"]});
    let made = world.post("/v1/roles", Some(&ada.access), role).await;
    let role = made.text("role").to_owned();
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    let path = format!("/v1/users/{user}/roles");
    let given = world.post(&path, Some(&ada.access), json!({"role": role})).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.body);
    assert_eq!(world.get("/v1/users", &bob.access).await.status, StatusCode::OK);
    (world, ada, bob, format!("/v1/roles/{role}"))
}

/// Keeps giving roles and seeing evidence apart; the answer's status.
async fn keep_apart(world: &World, ada: &SignedIn) -> StatusCode {
    let settings =
        json!({"notice_days": 14, "session_max_h": 24, "separations": ["roles_and_evidence"]});
    world.put("/v1/tenant/settings", &ada.access, settings).await.status
}

#[tokio::test]
async fn no_role_is_changed_into_what_one_who_has_it_may_not_hold() {
    let (world, ada, _, role) = desk_of(Role::Admin).await;
    assert_eq!(keep_apart(&world, &ada).await, StatusCode::OK);
    let more = json!({"name": "Front desk", "permissions": ["user_read", "evidence_drill"]});
    let refused = world.put(&role, &ada.access, more).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "sod-violation"));
    let other = json!({"name": "Front desk", "permissions": ["user_read", "run_read"]});
    assert_eq!(world.put(&role, &ada.access, other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_raises_themselves_by_a_role_that_they_have() {
    let (world, ada, bob, role) = desk_of(Role::Admin).await;
    let more = json!({"name": "Front desk", "permissions": ["user_read", "evidence_drill"]});
    let refused = world.put(&role, &bob.access, more.clone()).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "own-membership"));
    let renamed = json!({"name": "Reception", "permissions": ["user_read"]});
    assert_eq!(world.put(&role, &bob.access, renamed).await.status, StatusCode::OK);
    assert_eq!(world.put(&role, &ada.access, more).await.status, StatusCode::OK, "another may");
}

#[tokio::test]
async fn nobody_is_invited_to_what_the_tenant_keeps_apart() {
    let (world, ada, ..) = front_desk().await;
    assert_eq!(keep_apart(&world, &ada).await, StatusCode::OK);
    let invite = |role: &str| json!({"email": "eve@example.com", "role": role});
    let refused = world.post("/v1/invitations", Some(&ada.access), invite("owner")).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "sod-violation"));
    let invited = world.post("/v1/invitations", Some(&ada.access), invite("admin")).await;
    assert_eq!(invited.status, StatusCode::CREATED);
}

/// What an invitation gives is given with a fresh second factor, and by no program.
#[tokio::test]
async fn an_invitation_asks_for_a_fresh_second_factor_and_no_token_sends_one() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let wish = json!({"name": "a", "scopes": ["user_invite"], "days": 30});
    let refused = world.post("/v1/me/tokens", Some(&ada.access), wish).await;
    assert_eq!(refused.code(), "token-scope-invalid");
    let invite = |name: &str| json!({"email": format!("{name}@example.com"), "role": "viewer"});
    let issued = world.post("/v1/invitations", Some(&ada.access), invite("bob")).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.body);
    world.wait_s(301);
    let path = format!("/v1/invitations/{}", issued.text("invitation"));
    for (path, body) in
        [("/v1/invitations", invite("eve")), (&*format!("{path}/resend"), json!({}))]
    {
        let stale = world.post(path, Some(&ada.access), body).await;
        assert_eq!(stale.code(), "step-up-required", "{path}");
    }
    assert_eq!(world.delete(&path, &ada.access).await.code(), "step-up-required");
}

/// Somebody whose only right is to invite would otherwise have any role by a second address.
#[tokio::test]
async fn whoever_gives_no_roles_invites_to_no_more_than_they_may_do_themselves() {
    let (world, ada, bob, role) = desk_of(Role::Viewer).await;
    let inviting = json!({"name": "Front desk", "permissions": ["user_invite"]});
    assert_eq!(world.put(&role, &ada.access, inviting).await.status, StatusCode::OK);
    let invite = async |who: &SignedIn, role: &str| {
        let body = json!({"email": format!("{role}@example.com"), "role": role});
        world.post("/v1/invitations", Some(&who.access), body).await
    };
    let given = invite(&bob, "viewer").await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.body);
    let refused = invite(&bob, "admin").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden"));
    let admins = invite(&ada, "admin").await;
    assert_eq!(admins.status, StatusCode::CREATED, "who gives roles may");
    let again = async |invited: &Answer| {
        let path = format!("/v1/invitations/{}/resend", invited.text("invitation"));
        world.post(&path, Some(&bob.access), json!({})).await
    };
    assert_eq!(again(&admins).await.code(), "forbidden");
    assert_eq!(again(&given).await.status, StatusCode::OK);
}

/// An owner holds everything whatever the rules, and keeps none from being switched on.
#[tokio::test]
async fn duties_are_kept_apart_once_nobody_but_owners_has_both() {
    let (world, ada, bob, role) = desk_of(Role::Admin).await;
    let more = json!({"name": "Front desk", "permissions": ["user_read", "evidence_drill"]});
    assert_eq!(world.put(&role, &ada.access, more).await.status, StatusCode::OK);
    assert_eq!(keep_apart(&world, &ada).await, StatusCode::CONFLICT);
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    let taken = world.delete(&format!("/v1/users/{user}/roles/admin"), &ada.access).await;
    assert_eq!(taken.status, StatusCode::OK);
    assert_eq!(keep_apart(&world, &ada).await, StatusCode::OK);
}

/// Each is within the rules, and both together are not.
#[tokio::test]
async fn of_two_roles_that_are_given_at_once_and_exclude_each_other_one_is_refused() {
    let (world, ada, bob, _) = desk_of(Role::Viewer).await;
    assert_eq!(keep_apart(&world, &ada).await, StatusCode::OK);
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    let path = format!("/v1/users/{user}/roles");
    let give =
        async |role: &str| world.post(&path, Some(&ada.access), json!({"role": role})).await.status;
    let mut given: [_; 2] = tokio::join!(give("admin"), give("auditor")).into();
    given.sort();
    assert_eq!(given, [StatusCode::OK, StatusCode::CONFLICT]);
}

/// What a role granted is not given again by whoever gave another one meanwhile.
#[tokio::test]
async fn a_role_that_is_taken_while_another_is_given_grants_nothing_any_more() {
    let (world, ada, bob, role) = desk_of(Role::Viewer).await;
    let user = world.get("/v1/me", &bob.access).await.text("user").to_owned();
    let (path, own) = (format!("/v1/users/{user}/roles"), role.rsplit('/').next().unwrap());
    let taken = format!("{path}/{own}");
    let (given, taken) = tokio::join!(
        world.post(&path, Some(&ada.access), json!({"role": "auditor"})),
        world.delete(&taken, &ada.access)
    );
    assert_eq!((given.status, taken.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(world.stored(&user).await["record"].as_str().map(granted), Some(json!([])));
}

/// What the guard's own roles grant.
fn granted(guard: &str) -> Value {
    serde_json::from_str::<Value>(guard).unwrap()["granted"].clone()
}

async fn repaired(world: &World) -> Value {
    world.tick("sweep_roles").await.body["ReturnValue"]["repaired"].clone()
}

/// Killed after the note and the role, before the guard of whoever has it.
#[tokio::test]
async fn a_role_that_was_ended_by_a_process_that_died_half_way_is_taken_by_the_sweep() {
    let (mut world, ada, bob, role) = front_desk().await;
    world.sealer.die_after(2);
    let cut_short = world.delete(&role, &ada.access).await;
    assert_eq!(cut_short.status, StatusCode::SERVICE_UNAVAILABLE);
    world.sealer.live();
    world.restart().await;
    assert_eq!(
        world.get("/v1/users", &bob.access).await.status,
        StatusCode::OK,
        "the guard is behind the role"
    );
    assert_eq!(repaired(&world).await, 1);
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "unauthenticated", "signed out");
    world.wait_s(30);
    let bob = world.signed_in_as("bob@example.com", &bob.secret).await;
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "forbidden");
    assert_eq!(repaired(&world).await, 0, "a second sweep finds nothing");
    assert_eq!(world.get("/v1/me", &bob.access).await.status, StatusCode::OK, "and ends nothing");
}

/// Killed after the note, before the role: the note leads nowhere.
#[tokio::test]
async fn a_change_that_was_noted_and_never_made_changes_nothing() {
    let (mut world, ada, bob, role) = front_desk().await;
    world.sealer.die_after(1);
    let cut_short = world.delete(&role, &ada.access).await;
    assert_eq!(cut_short.status, StatusCode::SERVICE_UNAVAILABLE);
    world.sealer.live();
    world.restart().await;
    assert_eq!(repaired(&world).await, 0);
    assert_eq!(world.get("/v1/users", &bob.access).await.status, StatusCode::OK);
    assert_eq!(world.delete(&role, &ada.access).await.status, StatusCode::OK);
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "unauthenticated");
}
