//! Bootstrap and invitations.

use axum::http::StatusCode;
use domain::{InvitationId, Role, TenantId};
use serde_json::json;

use super::world::{Answer, PASSWORD, SignedIn, World, base64url};
use crate::Bootstrap;

#[tokio::test]
async fn a_bootstrap_that_comes_again_changes_nothing_and_another_one_is_ignored() {
    let world = World::with_tenant().await;
    let again = world.bootstrap(&world.bootstrap_message()).await;
    assert_eq!(again.body["ReturnValue"], json!({"created": true}));
    let other = Bootstrap {
        tenant: TenantId::from_u128(9),
        invitation: InvitationId::from_u128(9),
        ..world.bootstrap_message()
    };
    assert_eq!(world.bootstrap(&other).await.body["ReturnValue"], json!({"created": false}));
    assert_eq!(world.redeem("ada@example.com").await.status, StatusCode::CREATED);
    // Delivered once more after the invitation was used: it does not open again.
    assert_eq!(world.bootstrap(&world.bootstrap_message()).await.status, StatusCode::OK);
    assert_eq!(world.redeem("eve@example.com").await.code(), "invitation-invalid");
    let weak = world.redeem_with(json!({"password": "short"})).await;
    assert_eq!(weak.code(), "invitation-invalid", "before anything is looked at or hashed");
}

#[tokio::test]
async fn a_used_a_foreign_and_a_late_invitation_are_refused_alike() {
    let world = World::with_tenant().await;
    let token = "pfl_inv_00000000000000000000000001.00000000000000000000000002.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let wrong = world.redeem_with(json!({"token": token})).await.anonymous();
    let malformed = world.redeem_with(json!({"token": "pfl_inv_"})).await.anonymous();
    world.wait_s(24 * 3_600);
    let late = world.redeem("ada@example.com").await.anonymous();
    assert_eq!(
        (wrong.0, wrong.1["code"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("invitation-invalid"))
    );
    assert_eq!(wrong, malformed);
    assert_eq!(wrong, late);
}

#[tokio::test]
async fn two_who_redeem_at_once_are_one_user() {
    let world = World::with_tenant().await;
    let (first, second) =
        tokio::join!(world.redeem("ada@example.com"), world.redeem("eve@example.com"));
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::UNAUTHORIZED]);
}

#[tokio::test]
async fn the_policy_refuses_before_the_invitation_is_used() {
    let world = World::with_tenant().await;
    for (changes, code) in [
        (json!({"password": "a234567890b"}), "password-too-short"),
        (json!({"password": "x".repeat(129)}), "password-too-long"),
        (json!({"password": "analytical weather"}), "password-guessable"),
        (json!({"password": "lovelace weather"}), "password-guessable"),
        (json!({"email": "ada"}), "email-invalid"),
        (json!({"display_name": " "}), "display-name-invalid"),
        (json!({"display_name": "a\r\nb"}), "display-name-invalid"),
        (json!({"roles": ["owner"]}), "validation"),
    ] {
        let refused = world.redeem_with(changes).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, code));
    }
    assert_eq!(world.redeem("ada@example.com").await.status, StatusCode::CREATED);
}

/// A crash after the user was made and before the enrolment: the password leads back to it by way of the mailbox (threat T14).
#[tokio::test]
async fn who_did_not_enrol_in_time_goes_on_with_the_letters_link() {
    let world = World::with_tenant().await;
    let begun = world.redeem("ada@example.com").await;
    let claims = begun.text("enrolment_token").split('.').nth(1).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&base64url(claims)).unwrap();
    assert_eq!(claims["exp"].as_i64(), Some(world.now().unix_s() + 600));
    assert_eq!(
        (&claims["scope"], &claims["acr"]),
        (&json!("mfa:enrol"), &json!("urn:proofline:acr:pwd"))
    );
    world.wait_s(600);
    let late = world.post("/v1/me/totp", Some(begun.text("enrolment_token")), json!({})).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    let refused = world.login("ada@example.com", PASSWORD).await;
    assert_eq!(refused.code(), "mfa-enrolment-unfinished");
    let link = world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    let body = json!({"token": link, "password": PASSWORD});
    let login = world.post("/v1/recoveries/redeem", None, body).await;
    assert_eq!(login.body["needs"], "enrol");
    let offer = world.post("/v1/me/totp", Some(login.text("enrolment_token")), json!({})).await;
    assert_eq!(offer.status, StatusCode::CREATED);
}

/// Whoever was of a tenant that is closed comes into another one with the address that they have.
#[tokio::test]
async fn the_address_of_somebody_whose_tenant_is_closed_is_free_again() {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.operator("ops@platform.example", Role::PlatformOperator).await;
    let close = json!({"name": "Analytical Engines"});
    let closing = world.post("/v1/tenant/close", Some(&ada.access), close).await;
    assert_eq!(closing.status, StatusCode::OK, "{}", closing.body);
    world.wait_s(31 * 24 * 3_600);
    assert_eq!(world.tick("close_tenants").await.body["ReturnValue"]["closed"], 1);
    world.tenant = World::PLATFORM;
    let back = world.redeemed_as("ada@example.com", Role::Viewer).await;
    assert_eq!(back.status, StatusCode::CREATED, "{}", back.body);
    world.enrol(back).await;
    let login = world.login("ada@example.com", PASSWORD).await;
    assert_eq!(login.status, StatusCode::CREATED, "{}", login.body);
}

/// Killed after the address was reserved, before the user was made.
#[tokio::test]
async fn an_address_is_free_again_when_whoever_reserved_it_can_no_longer_come_in() {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let invite = json!({"email": "bob@example.com", "role": "viewer"});
    let first = world.post("/v1/invitations", Some(&ada.access), invite.clone()).await;
    let token = world.mailed_token("bob@example.com").await;
    let bob = |token: &str| json!({"token": token, "email": "bob@example.com"});
    world.sealer.die_after(1);
    let killed = world.redeem_with(bob(&token)).await;
    assert_eq!(killed.status, StatusCode::SERVICE_UNAVAILABLE);
    world.sealer.live();
    world.restart().await;
    world.wait_s(1);
    world.post("/v1/invitations", Some(&ada.access), invite).await;
    let token = world.mailed_token("bob@example.com").await;
    let early = world.redeem_with(bob(&token)).await;
    assert_eq!(early.code(), "email-taken", "the first one may still be redeemed");
    let path = format!("/v1/invitations/{}", first.text("invitation"));
    assert_eq!(world.delete(&path, &ada.access).await.status, StatusCode::OK);
    let late = world.redeem_with(bob(&token)).await;
    assert_eq!(late.status, StatusCode::CREATED, "{}", late.body);
}

/// Killed after the guard was made, before the rest of the user: nobody is shown who did not come in, and the same invitation still lets them.
#[tokio::test]
async fn a_guard_without_its_user_is_taken_up_by_the_next_try() {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let invite = json!({"email": "bob@example.com", "role": "viewer"});
    world.post("/v1/invitations", Some(&ada.access), invite).await;
    let token = world.mailed_token("bob@example.com").await;
    let bob = json!({"token": token, "email": "bob@example.com"});
    world.sealer.die_after(2);
    let killed = world.redeem_with(bob.clone()).await;
    assert_eq!(killed.status, StatusCode::SERVICE_UNAVAILABLE);
    world.sealer.live();
    world.restart().await;
    let users = async || {
        let listed = world.get("/v1/users", &ada.access).await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
        listed.body["users"].as_array().unwrap().len()
    };
    assert_eq!(users().await, 1);
    assert_eq!(world.login("bob@example.com", PASSWORD).await.code(), "login-failed");
    let done = world.redeem_with(bob.clone()).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.body);
    world.enrol(done).await;
    assert_eq!(users().await, 2);
    assert_eq!(world.redeem_with(bob).await.code(), "invitation-invalid");
    let recorded = world.recorded().await;
    let created = recorded.iter().filter(|line| *line == "iam.user.created ok user").count();
    assert_eq!(created, 2, "{recorded:?}");
}

/// An owner whom an operator gives so many seats, and the tokens of bob and eve, who were invited when seats were not counted.
struct Seated {
    world: World,
    ada: SignedIn,
    operator: SignedIn,
    invited: [(&'static str, String, String); 2],
}

impl Seated {
    async fn new() -> Self {
        let mut world = World::with_tenant().await;
        let ada = world.enrolled("ada@example.com").await;
        let operator = world.operator("ops@platform.example", Role::PlatformOperator).await;
        let invite = async |email: &'static str| {
            let body = json!({"email": email, "role": "viewer"});
            let issued = world.post("/v1/invitations", Some(&ada.access), body).await;
            (email, issued.text("invitation").to_owned(), world.mailed_token(email).await)
        };
        let invited = [invite("bob@example.com").await, invite("eve@example.com").await];
        Self { world, ada, operator, invited }
    }

    async fn give(&self, seats: u32) {
        let path = format!("/v1/platform/tenants/{}/entitlements", self.world.tenant);
        let body = json!({"features": {}, "quotas": {"seats": seats}, "reason": "contract 7"});
        let set = self.world.put(&path, &self.operator.access, body).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    }

    async fn redeem(&self, (email, _, token): &(&'static str, String, String)) -> Answer {
        self.world.redeem_with(json!({"token": token, "email": email})).await
    }
}

fn assert_no_seat(refused: &Answer, limit: u32) {
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "entitlement-required"));
    let named = ["entitlement", "plan", "limit"].map(|member| &refused.body[member]);
    assert_eq!(named, [&json!("seats"), &json!("enterprise"), &json!(limit)]);
}

#[tokio::test]
async fn an_invitation_is_sent_again_as_long_as_there_is_a_seat_for_it() {
    let scene = Seated::new().await;
    let path = format!("/v1/invitations/{}/resend", scene.invited[0].1);
    let again = async || scene.world.post(&path, Some(&scene.ada.access), json!({})).await;
    scene.give(2).await;
    assert_no_seat(&again().await, 2);
    scene.give(3).await;
    assert_eq!(again().await.status, StatusCode::OK, "it is not counted beside itself");
}

#[tokio::test]
async fn of_two_who_redeem_at_once_one_takes_the_last_seat() {
    let scene = Seated::new().await;
    scene.give(2).await;
    let [bob, eve] = &scene.invited;
    let (first, second) = tokio::join!(scene.redeem(bob), scene.redeem(eve));
    let (refused, late) =
        if first.status == StatusCode::CREATED { (second, eve) } else { (first, bob) };
    assert_no_seat(&refused, 2);
    let users = scene.world.get("/v1/users", &scene.ada.access).await;
    assert_eq!(users.body["users"].as_array().unwrap().len(), 2, "{}", users.body);
    assert_no_seat(&scene.redeem(late).await, 2);
    scene.give(3).await;
    let in_time = scene.redeem(late).await;
    assert_eq!(in_time.status, StatusCode::CREATED, "{}", in_time.body);
}

/// Where there is a seat for each, nobody keeps the other out.
#[tokio::test]
async fn two_who_redeem_at_once_both_come_in_where_there_are_seats() {
    let scene = Seated::new().await;
    scene.give(3).await;
    let [bob, eve] = &scene.invited;
    let (first, second) = tokio::join!(scene.redeem(bob), scene.redeem(eve));
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
}
