//! Where a sign-in leads: threat T43. Nothing that a request says sends anybody anywhere; there is no parameter for it, and no redirect.

use axum::http::StatusCode;
use serde_json::json;

use super::world::{PASSWORD, World};

/// The names under which others take a place to go to.
const NAMES: [&str; 6] = ["return_to", "RelayState", "redirect_uri", "next", "continue", "url"];

/// Places that got around somebody's check of a relative path.
const PLACES: [&str; 20] = [
    "https://evil.test",
    "http://evil.test",
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/%2f%2fevil.test",
    "%2f%2fevil.test",
    "/%5cevil.test",
    "https:evil.test",
    "https:/evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.test",
    "/\r\nLocation: https://evil.test",
    "https://127.0.0.1@evil.test",
    "https://127.0.0.1.evil.test",
    "/.evil.test",
    "〱evil.test",
    "/v1/me",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Threat T43: a hundred and twenty of them, in the body and in the query.
#[tokio::test]
async fn a_request_sends_nobody_anywhere() {
    let world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    for name in NAMES {
        for place in PLACES {
            let mut body = json!({"refresh_token": ada.refresh});
            body[name] = json!(place);
            let in_body = world.post("/v1/tokens/refresh", None, body).await;
            assert_eq!(in_body.status, StatusCode::BAD_REQUEST, "{name}={place}");
            let path = format!("/v1/me?{name}={}", encoded(place));
            let bearer = format!("Bearer {}", ada.access);
            let headers = [("authorization", bearer.as_str())];
            let in_query = world.call(("GET", &path), &headers, None).await;
            for answer in [&in_body, &in_query] {
                assert!(!answer.status.is_redirection(), "{name}={place}");
                assert!(!answer.headers.contains_key("location"), "{name}={place}");
                assert!(!answer.headers.contains_key("refresh"), "{name}={place}");
                assert!(!answer.body.to_string().contains("evil"), "{name}={place}");
            }
        }
    }
    assert_eq!(world.refresh(&ada.refresh).await.status, StatusCode::OK, "nothing was done");
}

/// Threat T43: the one place that a person is sent to is a page of ours, in a letter.
#[tokio::test]
async fn every_link_of_every_letter_leads_to_us() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    let headers = [("host", "evil.test"), ("x-forwarded-host", "evil.test")];
    let body = json!({"email": "ada@example.com"});
    world.call(("POST", "/v1/password-resets"), &headers, Some(body)).await;
    world.wait_s(1);
    world.login("ada@example.com", PASSWORD).await;
    let letters = world.letters().await.concat().replace("=\r\n", "").replace("=3D", "=");
    let links: Vec<_> = letters.match_indices("http").map(|(at, _)| &letters[at..]).collect();
    assert!(!links.is_empty());
    for link in links {
        assert!(link.starts_with("http://127.0.0.1/"), "{}", &link[..60.min(link.len())]);
    }
}
