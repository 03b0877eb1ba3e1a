//! Browsers: tokens in cookies, and requests that another site makes them send. Threats T21, T32, T40, T41 and T42.

use axum::http::{StatusCode, header::SET_COOKIE};
use serde_json::{Value, json};

use super::world::{Answer, PASSWORD, SignedIn, World};

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// The cookies that an answer sets, as a browser sends them back.
fn jar(answer: &Answer) -> String {
    let cookies = answer.headers.get_all(SET_COOKIE).iter();
    let pairs =
        cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    pairs.collect::<Vec<_>>().join("; ")
}

async fn signed_in(world: &World) -> Answer {
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    signed_in_on(world, &ada).await
}

/// Whoever enrolled, in a browser.
async fn signed_in_on(world: &World, ada: &SignedIn) -> Answer {
    let login = world.login("ada@example.com", PASSWORD).await;
    let path = format!("/v1/logins/{}/totp", login.text("login"));
    let body = json!({"code": world.code(&ada.secret), "tokens": "cookies"});
    world.call(("POST", &path), &[OWN], Some(body)).await
}

/// Threat T40: no token where a script could read it.
#[tokio::test]
async fn a_browser_gets_its_tokens_in_cookies_alone() {
    let world = World::with_tenant().await;
    let answer = signed_in(&world).await;
    assert_eq!(
        (answer.status, &answer.body["token_type"]),
        (StatusCode::CREATED, &json!("Cookie"))
    );
    for member in ["access_token", "refresh_token", "device"] {
        assert!(answer.body.get(member).is_none(), "{member}");
    }
    let set: Vec<_> =
        answer.headers.get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert_eq!(set.len(), 3, "{set:?}");
    assert!(set.iter().all(|cookie| cookie.contains("; HttpOnly; SameSite=Strict")), "{set:?}");
    assert!(set[1].starts_with("rt=r1.") && set[1].contains("; Path=/api/auth/;"), "{set:?}");
    let me = world.call(("GET", "/v1/me"), &[("cookie", &jar(&answer))], None).await;
    assert_eq!((me.status, &me.body["email"]), (StatusCode::OK, &json!("ada@example.com")));
}

/// Threat T40: nor where it gets a fresh one; and what it has afterwards is good for what is sensitive.
#[tokio::test]
async fn a_browser_that_shows_its_second_factor_again_gets_a_cookie_and_no_token() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(30);
    let first = signed_in_on(&world, &ada).await;
    world.wait_s(301);
    let sensitive = ("POST", "/v1/me/backup-codes");
    let cookies = jar(&first);
    let stale = world.call(sensitive, &[OWN, ("cookie", &cookies)], Some(json!({}))).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::UNAUTHORIZED, "step-up-required"));
    let code = json!({"code": world.code(&ada.secret)});
    let fresh = world.call(("POST", "/v1/step-up"), &[OWN, ("cookie", &cookies)], Some(code)).await;
    let session = first.text("session");
    let body = json!({"token_type": "Cookie", "expires_in": 900, "session": session});
    assert_eq!((fresh.status, &fresh.body), (StatusCode::OK, &body));
    let at_login = first.headers.get_all(SET_COOKIE).iter().next().unwrap().to_str().unwrap();
    let mut set = fresh.headers.get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap());
    let (access, none) = (set.next().unwrap(), set.next());
    let attributes = |cookie: &str| cookie.split_once(';').unwrap().1.to_owned();
    assert!(access.starts_with("at=") && none.is_none(), "{access}");
    assert_eq!(attributes(access), attributes(at_login));
    // A browser replaces the cookie of that name.
    let kept = cookies.split("; ").filter(|cookie| !cookie.starts_with("at="));
    let cookies = kept.chain([jar(&fresh).as_str()]).collect::<Vec<_>>().join("; ");
    let done = world.call(sensitive, &[OWN, ("cookie", &cookies)], Some(json!({}))).await;
    assert!(done.status.is_success(), "{}", done.body);
}

/// A program's answer has what it had, and sets no cookie.
#[tokio::test]
async fn a_program_that_shows_its_second_factor_again_gets_a_bearer_token() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    world.wait_s(301);
    let code = json!({"code": world.code(&ada.secret)});
    let fresh = world.post("/v1/step-up", Some(&ada.access), code).await;
    let token = fresh.text("access_token").to_owned();
    let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 900});
    assert_eq!((fresh.status, &fresh.body), (StatusCode::OK, &body));
    assert!(!fresh.headers.contains_key(SET_COOKIE));
    let done = world.post("/v1/me/backup-codes", Some(&token), json!({})).await;
    assert!(done.status.is_success(), "{}", done.body);
}

#[tokio::test]
async fn a_browser_refreshes_with_its_cookie_and_signs_out() {
    let world = World::with_tenant().await;
    let first = signed_in(&world).await;
    let refresh = ("POST", "/v1/tokens/refresh");
    let cookies = jar(&first);
    let next = world.call(refresh, &[OWN, ("cookie", &cookies)], Some(json!({}))).await;
    assert_eq!((next.status, &next.body["session"]), (StatusCode::OK, &first.body["session"]));
    assert!(next.body.get("refresh_token").is_none());
    let fresh = jar(&next);
    let session = first.text("session");
    let path = format!("/v1/sessions/{session}");
    let ended = world.call(("DELETE", &path), &[OWN, ("cookie", &fresh)], None).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    let cleared: Vec<_> =
        ended.headers.get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert!(
        cleared.len() == 2 && cleared.iter().all(|cookie| cookie.contains("Max-Age=0")),
        "{cleared:?}"
    );
    let me = world.call(("GET", "/v1/me"), &[("cookie", &fresh)], None).await;
    assert_eq!(me.code(), "unauthenticated");
}

/// Threat T32: the cookie's refresh token in another browser, within the grace and outside of it.
#[tokio::test]
async fn a_stolen_refresh_cookie_does_not_work_without_the_device() {
    for stolen_is_first in [true, false] {
        let world = World::with_tenant().await;
        let answer = signed_in(&world).await;
        let cookies = jar(&answer);
        let refresh = ("POST", "/v1/tokens/refresh");
        let stolen = cookies.split("; ").find(|cookie| cookie.starts_with("rt=")).unwrap();
        if !stolen_is_first {
            world.call(refresh, &[OWN, ("cookie", &cookies)], Some(json!({}))).await;
        }
        let thief = world.call(refresh, &[OWN, ("cookie", stolen)], Some(json!({}))).await;
        assert_eq!(thief.code(), "refresh-invalid");
        let owner = world.call(refresh, &[OWN, ("cookie", &cookies)], Some(json!({}))).await;
        assert_eq!(owner.code(), "refresh-invalid", "the session is dead");
    }
}

/// The same token as a program would send it: it was given to a browser.
#[tokio::test]
async fn a_browsers_refresh_token_is_no_programs() {
    let world = World::with_tenant().await;
    let cookies = jar(&signed_in(&world).await);
    let token = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("rt=")).unwrap();
    assert_eq!(world.refresh(token).await.code(), "refresh-invalid");
}

/// Threat T41.
#[tokio::test]
async fn a_cookie_and_a_bearer_token_together_are_refused() {
    let world = World::with_tenant().await;
    let cookies = jar(&signed_in(&world).await);
    let access = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("at=")).unwrap();
    let bearer = format!("Bearer {access}");
    let both = [("cookie", cookies.as_str()), ("authorization", bearer.as_str())];
    let me = world.call(("GET", "/v1/me"), &both, None).await;
    assert_eq!((me.status, me.code()), (StatusCode::BAD_REQUEST, "credentials-ambiguous"));
    let token = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("rt=")).unwrap();
    let body = json!({"refresh_token": token});
    let refresh =
        world.call(("POST", "/v1/tokens/refresh"), &[OWN, ("cookie", &cookies)], Some(body)).await;
    assert_eq!(
        (refresh.status, refresh.code()),
        (StatusCode::BAD_REQUEST, "credentials-ambiguous")
    );
}

/// Threats T21 and T42: a page of another site makes the browser send its cookies; a form cannot send JSON, and says where it comes from.
#[tokio::test]
async fn another_site_makes_a_browser_change_nothing() {
    let world = World::with_tenant().await;
    let answer = signed_in(&world).await;
    let cookies = jar(&answer);
    let cookie = ("cookie", cookies.as_str());
    let revoke = ("POST", "/v1/sessions/revoke-others");
    let evil: [&[(&str, &str)]; 5] = [
        &[cookie, ("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")],
        &[cookie, ("sec-fetch-site", "same-site")],
        &[cookie, ("origin", "null")],
        &[cookie, ("origin", "https://evil.test")],
        &[cookie],
    ];
    for headers in evil {
        let refused = world.call(revoke, headers, Some(json!({}))).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::FORBIDDEN, "cross-site"),
            "{headers:?}"
        );
    }
    let good: [&[(&str, &str)]; 2] = [&[cookie, OWN], &[cookie, ("origin", "http://127.0.0.1")]];
    for headers in good {
        assert_eq!(
            world.call(revoke, headers, Some(json!({}))).await.status,
            StatusCode::OK,
            "{headers:?}"
        );
    }
    // A login that another site starts, to sign the victim in to the attacker's account.
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let login =
        world.call(("POST", "/v1/logins"), &[("origin", "https://evil.test")], Some(body)).await;
    assert_eq!(login.code(), "cross-site");
}

/// Threat T21: a cookie that was there before the login is not taken over.
#[tokio::test]
async fn every_login_makes_another_session() {
    let world = World::with_tenant().await;
    let first = signed_in(&world).await;
    let planted = jar(&first);
    world.wait_s(30);
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let login = world.call(("POST", "/v1/logins"), &[OWN, ("cookie", &planted)], Some(body)).await;
    assert_eq!(login.status, StatusCode::CREATED);
    let tokens = world.refresh("").await;
    assert_eq!(tokens.code(), "refresh-invalid", "an empty token is none");
    let doubled = format!("{planted}; at=other");
    let twice = world.call(("GET", "/v1/me"), &[("cookie", &doubled)], None).await;
    assert_eq!((twice.status, twice.code()), (StatusCode::BAD_REQUEST, "cookie-ambiguous"));
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let devices = [OWN, ("cookie", "dv=one; dv=another")];
    let login = world.call(("POST", "/v1/logins"), &devices, Some(body)).await;
    assert_eq!((login.status, login.code()), (StatusCode::BAD_REQUEST, "cookie-ambiguous"));
    assert_eq!(first.body["session"].as_str().map(str::len), Some(30));
    assert_eq!(login.body.get("session"), None::<&Value>);
}
