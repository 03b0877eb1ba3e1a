//! Users, invitations, roles: what administrators do, what they cannot, and when it takes effect.

use axum::http::StatusCode;
use domain::Role;
use serde_json::{Value, json};

use super::world::{SignedIn, World};

/// An owner and a user with `role`.
async fn two(role: Role) -> (World, SignedIn, SignedIn) {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let bob = world.enrolled_as("bob@example.com", role).await;
    (world, ada, bob)
}

async fn id_of(world: &World, who: &SignedIn) -> String {
    world.get("/v1/me", &who.access).await.text("user").to_owned()
}

async fn act(world: &World, who: &SignedIn, path: &str) -> super::world::Answer {
    world.post(path, Some(&who.access), json!({})).await
}

#[tokio::test]
async fn an_administrator_sees_the_users_page_by_page() {
    let (world, ada, _) = two(Role::Viewer).await;
    let first = world.get("/v1/users?limit=1", &ada.access).await;
    assert_eq!(first.body["users"].as_array().unwrap().len(), 1);
    let path = format!("/v1/users?limit=1&after={}", first.text("next"));
    let second = world.get(&path, &ada.access).await;
    let emails = [&first.body["users"][0]["email"], &second.body["users"][0]["email"]];
    assert!(
        emails.contains(&&json!("ada@example.com")) && emails.contains(&&json!("bob@example.com"))
    );
    assert_eq!(second.body["next"], Value::Null);
}

#[tokio::test]
async fn a_viewer_sees_no_users_and_invites_none() {
    let (world, _, bob) = two(Role::Viewer).await;
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "forbidden");
    let invite = json!({"email": "eve@example.com", "role": "viewer"});
    assert_eq!(world.post("/v1/invitations", Some(&bob.access), invite).await.code(), "forbidden");
}

#[tokio::test]
async fn whoever_is_disabled_or_locked_is_out_with_the_next_request_and_for_every_device() {
    for (step, back, state) in [("disable", "enable", "disabled"), ("lock", "unlock", "locked")] {
        let (world, ada, bob) = two(Role::Auditor).await;
        let user = id_of(&world, &bob).await;
        let done = act(&world, &ada, &format!("/v1/users/{user}/{step}")).await;
        assert_eq!((done.status, done.text("state")), (StatusCode::OK, state));
        assert_eq!(world.get("/v1/me", &bob.access).await.code(), "unauthenticated");
        assert_eq!(world.refresh(&bob.refresh).await.code(), "refresh-invalid");
        let login = world.login("bob@example.com", super::world::PASSWORD).await;
        assert_eq!(login.status, StatusCode::UNAUTHORIZED);
        let done = act(&world, &ada, &format!("/v1/users/{user}/{back}")).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert_eq!(
            world.refresh(&bob.refresh).await.code(),
            "refresh-invalid",
            "old devices stay out"
        );
        let login = world.login("bob@example.com", super::world::PASSWORD).await;
        assert_eq!(login.status, StatusCode::CREATED, "{}", login.body);
    }
}

/// The letter of a lock says that an administrator can lift it.
#[tokio::test]
async fn an_administrator_lifts_the_lock_of_wrong_passwords() {
    let (world, ada, bob) = two(Role::Admin).await;
    let login = async |password| world.login("bob@example.com", password).await;
    for _ in 0..5 {
        login("wrong horse battery").await;
    }
    assert_eq!(login(super::world::PASSWORD).await.code(), "login-failed", "locked");
    let path = format!("/v1/users/{}/unlock", id_of(&world, &bob).await);
    assert_eq!(act(&world, &bob, &path).await.code(), "own-membership");
    let lifted = act(&world, &ada, &path).await;
    assert_eq!((lifted.status, lifted.text("state")), (StatusCode::OK, "active"));
    assert_eq!(login(super::world::PASSWORD).await.status, StatusCode::CREATED);
    let again = act(&world, &ada, &path).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "state-transition"));
    let recorded = world.recorded().await;
    let unlocked = recorded.iter().filter(|line| *line == "auth.account.unlocked ok user").count();
    assert_eq!(unlocked, 1, "{recorded:?}");
    for _ in 0..5 {
        world.login("ada@example.com", "wrong horse battery").await;
    }
    let path = format!("/v1/users/{}/unlock", id_of(&world, &ada).await);
    assert_eq!(act(&world, &bob, &path).await.code(), "owners-only");
    let still = world.login("ada@example.com", super::world::PASSWORD).await;
    assert_eq!(still.code(), "login-failed");
}

#[tokio::test]
async fn the_last_owner_stays_and_nobody_changes_himself() {
    let (world, ada, bob) = two(Role::Owner).await;
    let (ada_id, bob_id) = (id_of(&world, &ada).await, id_of(&world, &bob).await);
    let own = act(&world, &ada, &format!("/v1/users/{ada_id}/disable")).await;
    assert_eq!((own.status, own.code()), (StatusCode::FORBIDDEN, "own-membership"));
    let other = world.delete(&format!("/v1/users/{bob_id}/roles/owner"), &ada.access).await;
    assert_eq!(other.status, StatusCode::OK, "{}", other.body);
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "unauthenticated", "signed out");
}

/// Two owners who remove each other at the same moment: one of them stays.
#[tokio::test]
async fn two_owners_who_remove_each_other_at_once_leave_one() {
    let (world, ada, bob) = two(Role::Owner).await;
    let (ada_id, bob_id) = (id_of(&world, &ada).await, id_of(&world, &bob).await);
    let (bobs, adas) =
        (format!("/v1/users/{bob_id}/roles/owner"), format!("/v1/users/{ada_id}/roles/owner"));
    let (one, two) =
        tokio::join!(world.delete(&bobs, &ada.access), world.delete(&adas, &bob.access));
    let done = [&one, &two].iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(done, 1, "{} and {}", one.body, two.body);
}

#[tokio::test]
async fn an_administrator_makes_no_owner_and_unmakes_none() {
    let (world, ada, bob) = two(Role::Admin).await;
    let (ada_id, bob_id) = (id_of(&world, &ada).await, id_of(&world, &bob).await);
    let invite = json!({"email": "eve@example.com", "role": "owner"});
    assert_eq!(
        world.post("/v1/invitations", Some(&bob.access), invite).await.code(),
        "owners-only"
    );
    for path in [format!("/v1/users/{ada_id}/disable"), format!("/v1/users/{ada_id}/lock")] {
        assert_eq!(act(&world, &bob, &path).await.code(), "owners-only");
    }
    let path = format!("/v1/users/{ada_id}/roles/owner");
    assert_eq!(world.delete(&path, &bob.access).await.code(), "owners-only");
    let raise = json!({"role": "owner"});
    let path = format!("/v1/users/{bob_id}/roles");
    assert_eq!(world.post(&path, Some(&bob.access), raise).await.code(), "owners-only");
    let platform = json!({"role": "platform_operator"});
    assert_eq!(world.post(&path, Some(&ada.access), platform).await.code(), "platform-role");
}

#[tokio::test]
async fn a_role_that_is_given_counts_at_once_and_both_changes_are_recorded() {
    let (world, ada, bob) = two(Role::Viewer).await;
    let path = format!("/v1/users/{}/roles", id_of(&world, &bob).await);
    let given = world.post(&path, Some(&ada.access), json!({"role": "admin"})).await;
    assert_eq!(given.body["roles"], json!(["viewer", "admin"]));
    assert_eq!(world.get("/v1/users", &bob.access).await.status, StatusCode::OK, "same token");
    let taken = world.delete(&format!("{path}/admin"), &ada.access).await;
    assert_eq!(taken.body["roles"], json!(["viewer"]));
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "unauthenticated");
    assert_eq!(
        world.delete(&format!("{path}/admin"), &ada.access).await.status,
        StatusCode::NOT_FOUND
    );
    let recorded = world.recorded_in_access().await;
    for line in ["iam.membership.granted ok user", "iam.membership.revoked ok user"] {
        assert_eq!(
            recorded.iter().filter(|known| *known == line).count(),
            1,
            "{line}: {recorded:?}"
        );
    }
}

/// Threat T72: what a request does not name is not taken from it.
#[tokio::test]
async fn members_that_a_request_does_not_have_are_refused() {
    let (world, ada, bob) = two(Role::Viewer).await;
    let user = id_of(&world, &bob).await;
    for member in ["tenant", "tenantId", "epoch", "state", "granted", "plan", "roles"] {
        for (path, mut body) in [
            ("/v1/invitations".to_owned(), json!({"email": "a@example.com", "role": "viewer"})),
            (format!("/v1/users/{user}/roles"), json!({"role": "viewer"})),
            ("/v1/roles".to_owned(), json!({"name": "a", "permissions": ["run_read"]})),
        ] {
            body[member] = json!("x");
            let refused = world.post(&path, Some(&ada.access), body).await;
            assert_eq!(refused.code(), "validation", "{path} {member}: {}", refused.body);
        }
    }
}

#[tokio::test]
async fn an_invitation_is_mailed_to_its_address_and_redeemed_by_nobody_else() {
    let (world, ada, _) = two(Role::Viewer).await;
    let invite = json!({"email": "Eve@Example.com", "role": "auditor"});
    let issued = world.post("/v1/invitations", Some(&ada.access), invite).await;
    assert_eq!((issued.status, &issued.body["mailed"]), (StatusCode::CREATED, &json!(true)));
    assert_eq!(issued.body["email"], "eve@example.com");
    assert!(!issued.body.to_string().contains("pfl_inv_"), "the issuer never sees the token");
    let token = world.mailed_token("eve@example.com").await;
    let redeem = async |email: &str| {
        world.redeem_with(json!({"token": token, "email": email, "display_name": "Eve"})).await
    };
    assert_eq!(redeem("mallory@example.com").await.code(), "invitation-invalid");
    assert_eq!(redeem("EVE@example.com").await.status, StatusCode::CREATED);
    let open = world.get("/v1/invitations", &ada.access).await;
    assert_eq!(open.body["invitations"], json!([]));
}

#[tokio::test]
async fn an_invitation_that_is_sent_again_or_taken_back_voids_its_token() {
    let (world, ada, _) = two(Role::Viewer).await;
    let invite = json!({"email": "eve@example.com", "role": "viewer"});
    let issued = world.post("/v1/invitations", Some(&ada.access), invite).await;
    let first = world.mailed_token("eve@example.com").await;
    let path = format!("/v1/invitations/{}", issued.text("invitation"));
    world.wait_s(1);
    assert_eq!(act(&world, &ada, &format!("{path}/resend")).await.status, StatusCode::OK);
    let redeem = async |token: &str| {
        world.redeem_with(json!({"token": token, "email": "eve@example.com"})).await
    };
    assert_eq!(redeem(&first).await.code(), "invitation-invalid");
    let second = world.mailed_token("eve@example.com").await;
    assert_ne!(first, second);
    assert_eq!(world.delete(&path, &ada.access).await.status, StatusCode::OK);
    assert_eq!(redeem(&second).await.code(), "invitation-invalid");
    assert_eq!(world.delete(&path, &ada.access).await.code(), "invitation-invalid");
}

#[tokio::test]
async fn what_is_no_address_or_looks_like_another_one_is_not_invited() {
    let (world, ada, _) = two(Role::Viewer).await;
    // Cyrillic a in the domain, a full-width at sign, a right-to-left override, a zero-width space.
    for email in [
        "ada",
        "ada@ex\u{430}mple.com",
        "ada\u{ff20}example.com",
        "a\u{202e}da@example.com",
        "a\u{200b}da@example.com",
    ] {
        let invite = json!({"email": email, "role": "viewer"});
        let refused = world.post("/v1/invitations", Some(&ada.access), invite).await;
        assert_eq!(refused.code(), "email-invalid", "{email:?}");
    }
}

#[tokio::test]
async fn a_role_of_the_tenants_own_grants_its_permissions_until_it_is_changed_or_ended() {
    let (world, ada, bob) = two(Role::TrustAccessManager).await;
    let user = id_of(&world, &bob).await;
    let role = json!({"name": "Front desk", "permissions": ["user_read"]});
    let made = world.post("/v1/roles", Some(&ada.access), role).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let id = made.text("role");
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "forbidden");
    let path = format!("/v1/users/{user}/roles");
    let given = world.post(&path, Some(&ada.access), json!({"role": id})).await;
    assert_eq!(given.body["custom_roles"], json!([id]), "{}", given.body);
    assert_eq!(world.get("/v1/users", &bob.access).await.status, StatusCode::OK);
    let path = format!("/v1/roles/{id}");
    let changed = json!({"name": "Front desk", "permissions": ["run_read"]});
    assert_eq!(world.put(&path, &ada.access, changed).await.status, StatusCode::OK);
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "forbidden");
    let changed = json!({"name": "Front desk", "permissions": ["user_read"]});
    assert_eq!(world.put(&path, &ada.access, changed).await.status, StatusCode::OK);
    assert_eq!(world.delete(&path, &ada.access).await.text("role"), id);
    assert_eq!(world.get("/v1/me", &bob.access).await.code(), "unauthenticated", "signed out");
    assert_eq!(world.refresh(&bob.refresh).await.code(), "refresh-invalid");
    world.wait_s(30);
    let bob = world.signed_in_as("bob@example.com", &bob.secret).await;
    assert_eq!(world.get("/v1/users", &bob.access).await.code(), "forbidden");
    assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK, "who had it not");
}

#[tokio::test]
async fn a_role_with_nothing_or_with_too_much_is_refused_at_its_limits() {
    let (world, ada, _) = two(Role::Viewer).await;
    let long = |length| "a".repeat(length);
    for (name, permissions, expected) in [
        (long(60), json!(["run_read"]), ""),
        (long(61), json!(["run_read"]), "role-name-invalid"),
        (String::new(), json!(["run_read"]), "role-name-invalid"),
        ("a\nb".to_owned(), json!(["run_read"]), "role-name-invalid"),
        ("a".to_owned(), json!([]), "role-permissions-invalid"),
        ("a".to_owned(), json!(["platform_impersonate"]), "role-permissions-invalid"),
        ("a".to_owned(), json!(["tenant_close"]), "role-permissions-invalid"),
        ("a".to_owned(), json!(["no_such"]), "validation"),
    ] {
        let body = json!({"name": name, "permissions": permissions});
        let answer = world.post("/v1/roles", Some(&ada.access), body).await;
        assert_eq!(answer.body["code"].as_str().unwrap_or_default(), expected, "{}", answer.body);
    }
}

#[tokio::test]
async fn duties_that_the_tenant_keeps_apart_do_not_meet_in_one_person() {
    let (world, ada, bob) = two(Role::Auditor).await;
    let user = id_of(&world, &bob).await;
    let settings =
        json!({"notice_days": 14, "session_max_h": 24, "separations": ["roles_and_evidence"]});
    let set = world.put("/v1/tenant/settings", &ada.access, settings).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    let path = format!("/v1/users/{user}/roles");
    let refused = world.post(&path, Some(&ada.access), json!({"role": "admin"})).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "sod-violation"));
    let role = json!({"name": "all", "permissions": ["role_grant", "evidence_drill"]});
    assert_eq!(world.post("/v1/roles", Some(&ada.access), role).await.code(), "sod-violation");
    let blocked = "iam.sod.violation_blocked denied user";
    let recorded = world.recorded().await;
    assert_eq!(recorded.iter().filter(|line| *line == blocked).count(), 2, "{recorded:?}");
}
