//! Publishing: nothing is lost, nothing raw leaves, and only true receipts count.

use domain::CommandId;
use protocol::{
    dsse::{Envelope, PayloadType},
    key::Ed25519Key,
    routes::WaitingCommand,
};
use serde_json::{Value, json};

use crate::{
    control_plane::ControlPlane,
    site::{CANARY, Site},
};

async fn queue(site: &Site) -> Vec<Value> {
    let listed = site.run(&["queue", "ls"]).await.json;
    listed["statements"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect()
}

#[tokio::test]
async fn a_run_is_published_receipted_and_nothing_raw_leaves() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    let run = control_plane.serve(site.run(&["run", &procedure, "--publish", "https"])).await;
    assert_eq!(run.exit, 1);
    assert_eq!(run.json["published"], json!({ "receipted": 1, "waiting": 0, "rejected": 0 }));
    assert_eq!(queue(&site).await, ["receipted"]);
    let state = control_plane.state.lock().unwrap();
    let payload = String::from_utf8(state.held[&1].0.clone()).unwrap();
    for raw in [CANARY, "bad.conf", "password"] {
        assert!(!payload.contains(raw), "{raw}");
        assert!(!state.seen.windows(raw.len()).any(|window| window == raw.as_bytes()), "{raw}");
    }
}

#[tokio::test]
async fn a_statement_that_was_appended_before_the_process_ended_is_published_by_the_next() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    for sequence in [1, 2] {
        let run = site.run(&["run", &procedure, "--offline"]).await;
        assert_eq!(run.json["sequence"], sequence);
    }
    assert_eq!(queue(&site).await, ["queued", "queued"]);
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!((published.exit, &published.json["receipted"]), (0, &json!(2)));
}

#[tokio::test]
async fn a_statement_whose_answer_was_lost_is_sent_again_and_gets_its_receipt() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    let topic = control_plane.topic();
    // Handed over to the topic, and the receipt never fetched.
    let run = ["run", &procedure, "--publish", "eventgrid", "--topic", &topic, "--wait", "0"];
    control_plane.state.lock().unwrap().forges_receipts = true;
    control_plane.serve(site.run(&run)).await;
    assert_eq!(queue(&site).await, ["sent"]);
    control_plane.state.lock().unwrap().forges_receipts = false;
    control_plane.state.lock().unwrap().held.clear();
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!(published.json["receipted"], 1);
}

#[tokio::test]
async fn through_a_topic_the_receipt_is_fetched_afterwards() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    let topic = control_plane.topic();
    let run = ["run", &procedure, "--publish", "eventgrid", "--topic", &topic];
    let run = control_plane.serve(site.run(&run)).await;
    assert_eq!(run.json["published"]["receipted"], 1, "{}", run.json);
    assert_eq!(queue(&site).await, ["receipted"]);
}

/// A page of this control plane holds two.
#[tokio::test]
async fn a_receipt_is_found_behind_pages_of_others() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    for _ in 0..5 {
        site.run(&["run", &procedure, "--offline"]).await;
    }
    let topic = control_plane.topic();
    // Of the first nothing is known, however often it is asked for.
    control_plane.state.lock().unwrap().loses = Some(1);
    let publish = ["publish", "--via", "eventgrid", "--topic", &topic, "--wait", "0"];
    let published = control_plane.serve(site.run(&publish)).await;
    let counts = [&published.json["receipted"], &published.json["waiting"]];
    assert_eq!(counts, [&json!(4), &json!(1)], "{}", published.json);
}

#[tokio::test]
async fn a_receipt_of_another_key_is_none() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    site.run(&["run", &procedure, "--offline"]).await;
    control_plane.state.lock().unwrap().forges_receipts = true;
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!((published.exit, &published.json["waiting"]), (3, &json!(1)));
    assert_eq!(queue(&site).await, ["queued"]);
}

#[tokio::test]
async fn an_overloaded_control_plane_is_asked_again() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    site.run(&["run", &procedure, "--offline"]).await;
    control_plane.state.lock().unwrap().failures = [503, 429].into();
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!(published.json["receipted"], 1, "{}", published.json);
    assert!(control_plane.state.lock().unwrap().failures.is_empty());
}

#[tokio::test]
async fn a_rejected_statement_stays_in_the_queue_with_its_reason() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    site.run(&["run", &procedure, "--offline"]).await;
    control_plane.state.lock().unwrap().rejects = true;
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!((published.exit, &published.json["rejected"]), (4, &json!(1)));
    let listed = site.run(&["queue", "ls"]).await.json;
    assert_eq!(listed["statements"][0]["code"], "checks-mismatch");
}

#[tokio::test]
async fn what_the_plan_has_no_run_for_waits_in_the_queue_until_it_has() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    for _ in 0..2 {
        site.run(&["run", &procedure, "--offline"]).await;
    }
    control_plane.state.lock().unwrap().takes_at_most = Some(1);
    let published = control_plane.serve(site.run(&["publish"])).await;
    let counts =
        |answer: &Value| ["receipted", "waiting", "rejected"].map(|name| answer[name].clone());
    assert_eq!(counts(&published.json), [json!(1), json!(1), json!(0)], "{}", published.json);
    control_plane.state.lock().unwrap().takes_at_most = None;
    let published = control_plane.serve(site.run(&["publish"])).await;
    assert_eq!(counts(&published.json), [json!(1), json!(0), json!(0)], "{}", published.json);
}

/// A tenant that may not hand anything in for now still answers, and watches its log.
#[tokio::test]
async fn a_part_of_a_round_that_fails_keeps_no_other_from_its_work() {
    for failure in [None, Some(404), Some(403)] {
        let (control_plane, site) = ControlPlane::with_site().await;
        let procedure = site.signed(&site.procedure(1)).await;
        site.run(&["run", &procedure, "--offline"]).await;
        {
            let mut state = control_plane.state.lock().unwrap();
            state.failures.extend(failure);
            state.takes_at_most = Some(0);
            state.log.origin = format!("log.test/{}", site.tenant);
            state.log.grow(3, "row");
            let key = Ed25519Key::from_seed(&[9; 32]);
            let stray = Envelope::sign(PayloadType::Command, b"{}".to_vec(), &[&key]).unwrap();
            state.commands.push(WaitingCommand { id: CommandId::from_u128(1), envelope: stray });
        }
        let served = control_plane.serve(site.run(&["serve", "--once"])).await;
        assert_eq!(served.exit == 0, failure.is_none(), "{}", served.json);
        {
            let state = control_plane.state.lock().unwrap();
            assert_eq!((state.log.cosigned.len(), state.results.len()), (1, 1), "{failure:?}");
        }
        assert_eq!(queue(&site).await, ["queued"]);
    }
}

#[tokio::test]
async fn a_version_that_was_withdrawn_is_not_executed_any_more_even_offline() {
    let (control_plane, site) = ControlPlane::with_site().await;
    let procedure = site.signed(&site.procedure(1)).await;
    let digest = control_plane.publish(&procedure).to_string();
    let run = control_plane.serve(site.run(&["run", &digest])).await;
    assert_eq!(run.exit, 1, "{}", run.json);
    control_plane.state.lock().unwrap().bundles.clear();
    let refused = control_plane.serve(site.run(&["run", &digest])).await;
    assert_eq!((refused.exit, refused.code()), (4, "procedure-withdrawn"));
    let offline = site.run(&["run", &procedure, "--offline"]).await;
    assert_eq!((offline.exit, offline.code()), (4, "procedure-withdrawn"));
}
