//! Enrolling, and telling a wrong control plane from the right one.

use protocol::key::Signer as _;
use serde_json::json;

use crate::{
    control_plane::ControlPlane,
    site::{Site, no_root},
};

#[tokio::test]
async fn a_runner_enrols_shows_six_words_and_keeps_its_name() {
    let control_plane = ControlPlane::new().await;
    let site = Site::new(&control_plane.root.kid().to_string()).await;
    let enrolled = control_plane.enrol(&site).await;
    assert_eq!(enrolled.exit, 0, "{}", enrolled.json);
    assert_eq!(enrolled.json["words"].as_array().unwrap().len(), 6);
    let again = control_plane.enrol(&site).await;
    assert_eq!(again.json["words"], enrolled.json["words"]);
    let status = site.run(&["status"]).await;
    assert_eq!(status.json["runner"], json!(control_plane.runner));
}

#[tokio::test]
async fn a_token_of_a_control_plane_that_the_policy_does_not_name_is_refused_before_it_is_sent() {
    let control_plane = ControlPlane::new().await;
    let site = Site::new(&no_root()).await;
    let refused = control_plane.enrol(&site).await;
    assert_eq!((refused.exit, refused.code()), (4, "token-untrusted"));
    assert!(control_plane.state.lock().unwrap().seen.is_empty());
}

#[tokio::test]
async fn other_words_than_follow_from_what_was_sent_are_refused() {
    let control_plane = ControlPlane::new().await;
    control_plane.state.lock().unwrap().says_other_words = true;
    let site = Site::new(&control_plane.root.kid().to_string()).await;
    let refused = control_plane.enrol(&site).await;
    assert_eq!((refused.exit, refused.code()), (4, "words-differ"));
    assert_eq!(site.run(&["status"]).await.json["is_enrolled"], false);
}

#[tokio::test]
async fn an_enrolled_runner_does_not_move_to_another_address() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let token = control_plane.token(&site).to_string();
    let moved = site.run(&["enrol", "--url", "http://127.0.0.1:1", "--token", &token]).await;
    assert_eq!((moved.exit, moved.code()), (4, "server-mismatch"));
}

#[tokio::test]
async fn keys_that_another_root_signed_are_refused() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let mut impostor = control_plane;
    impostor.root = protocol::key::Es256Key::from_seed(&[7; 32]).unwrap();
    let refused = impostor.serve(site.run(&["publish"])).await;
    assert_eq!((refused.exit, refused.code()), (4, "key-unexpected"));
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_for_and_not_set() {
    let (control_plane, site) = ControlPlane::with_site().await;
    control_plane.state.lock().unwrap().clock_ahead_s = 86_400;
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!(published.exit, 0, "{}", published.json);
    assert_eq!(control_plane.state.lock().unwrap().skewed, 1);
    let offset = site.run(&["status"]).await.json["clock"]["offset_ms"].as_i64().unwrap();
    assert!((86_390_000..=86_410_000).contains(&offset), "{offset}");
}
