//! The keys of access tokens, as the weeks go by: threats T38 and T39.

use std::collections::{HashMap, HashSet};

use axum::http::StatusCode;
use serde_json::json;

use super::world::{World, base64url};

const HOUR_S: i64 = 3_600;

fn kid(token: &str) -> String {
    let header = base64url(token.split('.').next().unwrap());
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn published(world: &World) -> Vec<String> {
    let jwks = world.get("/.well-known/jwks.json", "").await;
    assert!(jwks.body.to_string().len() < 65_536);
    let keys = jwks.body["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Threat T39: for nearly three weeks a device refreshes every few hours and uses the token before and the token after; no request fails.
#[tokio::test]
async fn keys_change_every_week_and_no_request_fails() {
    let mut world = World::with_tenant().await;
    let mut ada = world.enrolled("ada@example.com").await;
    let (mut signed_by, mut published_at) = (Vec::<String>::new(), HashMap::new());
    for hour in 0..20 * 24 {
        world.wait_s(HOUR_S);
        assert_eq!(world.tick("rotate_signing_key").await.status, StatusCode::OK);
        if hour % 20 != 0 {
            continue;
        }
        if hour % 100 == 0 {
            world.restart().await;
        }
        // A session lasts seven days at most.
        ada = if hour % 140 == 0 {
            world.signed_in_again(&ada).await
        } else {
            world.refreshed(&ada).await
        };
        let keys = published(&world).await;
        assert!(keys.contains(&kid(&ada.access)), "verifiers know the key that signs");
        assert!(keys.len() <= 3, "{keys:?}");
        let now = world.now().unix_s();
        for key in keys {
            published_at.entry(key).or_insert(now);
        }
        let signing = kid(&ada.access);
        if signed_by.last() != Some(&signing) {
            let ahead_s = now - published_at[&signing];
            assert!(signed_by.is_empty() || ahead_s >= 20 * HOUR_S, "{ahead_s}");
            signed_by.push(signing);
        }
        assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK, "{hour}");
        world.wait_s(14 * 60);
        assert_eq!(world.get("/v1/me", &ada.access).await.status, StatusCode::OK, "{hour}");
    }
    assert_eq!(signed_by.len(), 3, "one a week: {signed_by:?}");
    assert_eq!(signed_by.iter().collect::<HashSet<_>>().len(), 3);
}

/// Two instances that run the timer at once make one key.
#[tokio::test]
async fn the_next_key_is_made_once() {
    let world = World::with_tenant().await;
    world.enrolled("ada@example.com").await;
    world.wait_s(6 * 24 * HOUR_S);
    let (one, two) =
        tokio::join!(world.tick("rotate_signing_key"), world.tick("rotate_signing_key"));
    assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(published(&world).await.len(), 2);
    let again = world.tick("rotate_signing_key").await;
    assert_eq!(again.body["ReturnValue"], json!({"published": null, "pepper": null}));
}
