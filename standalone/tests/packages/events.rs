//! Events: the webhook of the host, and the service that delivers to it.

use std::path::PathBuf;

use axum::http::Method;
use serde_json::{Value, json};
use standalone::{HostError, Misfortune};

use super::pack::{Answer, Pack, ask, names};
use crate::caller::{EVENT, post, until};

const HOOK: &str = "/runtime/webhooks/EventGrid?functionName=event";

async fn notify(url: &str, kind: &str, body: &Value) -> Answer {
    ask(Method::POST, url, &[("aeg-event-type", kind)], body.to_string()).await
}

fn event(id: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/test", "type": "t", "data": {"n": 1}})
}

#[tokio::test]
async fn the_webhook_answers_as_the_extension_does() {
    let pack = Pack::hostile().event("event");
    let hosting = pack.started().await;
    let url = format!("{}{HOOK}", hosting.url);
    let answer =
        ask(Method::OPTIONS, &url, &[("webhook-request-origin", "eventgrid.azure.net")], "").await;
    assert_eq!(
        (answer.status, answer.headers["webhook-allowed-origin"].to_str().unwrap()),
        (200, "eventgrid.azure.net")
    );
    let validation = json!({"validationCode": "c-1", "validationUrl": "https://x"});
    let expected = json!({"validationResponse": "c-1"});
    for body in [
        json!([{"data": validation}]),
        json!({"data": validation}),
        json!({"data": validation.to_string()}),
    ] {
        let answer = notify(&url, "SubscriptionValidation", &body).await;
        assert_eq!((answer.status, answer.json()), (200, expected.clone()));
    }
    assert_eq!(notify(&url, "SubscriptionValidation", &json!([])).await.status, 400);
    assert_eq!(notify(&url, "Notification", &event("one")).await.status, 202);
    assert_eq!(
        notify(&url, "notification", &json!([event("two"), event("three")])).await.status,
        202
    );
    let ids = pack
        .seen("event")
        .iter()
        .map(|seen| seen["envelope"]["Data"]["event"]["id"].clone())
        .collect::<Vec<_>>();
    assert!(ids.len() == 3 && ids[0] == "one", "{ids:?}");
    assert_eq!(pack.seen("event")[0]["envelope"]["Metadata"]["data"], json!({"n": 1}));
    let failed = notify(&url, "Notification", &json!([event("four"), event("bad")])).await;
    assert_eq!((failed.status, failed.text()), (500, "the app answered 500".to_owned()));
    assert_eq!(notify(&url, "Unsubscribe", &json!({})).await.status, 202);
    assert_eq!(notify(&url, "Other", &event("x")).await.status, 400);
    assert_eq!(ask(Method::POST, &url, &[], event("x").to_string()).await.status, 400);
    for name in ["nobody", "http"] {
        let url = url.replace("=event", &format!("={name}"));
        let answer = notify(&url, "Notification", &event("x")).await;
        assert_eq!(
            (answer.status, answer.text()),
            (404, format!("cannot find function: '{name}'"))
        );
    }
    hosting.stop().await;
}

#[tokio::test]
async fn a_function_of_many_gets_all_events_of_a_delivery_at_once() {
    let binding = json!([{"type": "eventGridTrigger", "direction": "in", "name": "events", "cardinality": "many"}]);
    let pack = Pack::hostile().function("event", &binding);
    let hosting = pack.started().await;
    let url = format!("{}{HOOK}", hosting.url);
    assert_eq!(
        notify(&url, "Notification", &json!([event("one"), event("two")])).await.status,
        202
    );
    let seen = pack.seen("event");
    let text = seen[0]["envelope"]["Data"]["events"].as_str().unwrap();
    assert_eq!(
        (seen.len(), serde_json::from_str::<Value>(text).unwrap()),
        (1, json!([event("one"), event("two")]))
    );
    hosting.stop().await;
}

/// functions-host §0 facts 2 and 8, and §2.4: an error that names the rule, not a silence or other bytes.
#[tokio::test]
async fn the_hosts_traps_are_errors_that_name_their_rule() {
    let traps = [
        ("empty", "without a body"),
        ("null", "something else than a JSON object"),
        ("words", "reads application/json alone"),
        ("base64", "reads as base64"),
    ];
    let pack = traps.iter().fold(Pack::hostile(), |pack, (name, _)| pack.event(name));
    let hosting = pack.started().await;
    for (name, rule) in traps {
        let answer = notify(
            &format!("{}{}", hosting.url, HOOK.replace("=event", &format!("={name}"))),
            "Notification",
            &event("one"),
        )
        .await;
        assert!(answer.status == 500 && answer.text().contains(rule), "{name}: {}", answer.text());
    }
    hosting.stop().await;
}

#[tokio::test]
async fn as_in_azure_an_empty_success_hangs_until_the_handler_is_killed() {
    let pack = ["empty", "null", "words", "base64"]
        .iter()
        .fold(Pack::hostile(), |pack, name| pack.event(name));
    let pack = pack
        .function("take", &super::pack::queue("seal"))
        .host("/functionTimeout", json!("00:00:01"));
    let hosting = pack.start(|options| options.azure_like = true).await.unwrap();
    let asked = async |name: &str| {
        notify(
            &format!("{}{}", hosting.url, HOOK.replace("=event", &format!("={name}"))),
            "Notification",
            &event("one"),
        )
        .await
    };
    for (lives, name) in [(2, "empty"), (3, "null")] {
        let answer = asked(name).await;
        assert!(
            answer.status == 500 && answer.text().contains("functionTimeout"),
            "{name}: {}",
            answer.text()
        );
        pack.until_seen("started", lives).await;
    }
    assert!(asked("words").await.text().contains("application/json alone"));
    // "dGVzdA==" is "test".
    assert_eq!(asked("base64").await.status, 202);
    assert_eq!(pack.until_seen("take", 1).await[0]["envelope"]["Data"]["message"], "\"test\"");
    hosting.stop().await;
}

#[tokio::test]
async fn a_hang_is_ended_with_the_handler_and_all_that_it_worked_on() {
    let pack = Pack::hostile().event("hang").host("/functionTimeout", json!("00:00:01"));
    let hosting = pack.started().await;
    let forever = format!("{}/api/hostile/trickle", hosting.url);
    let url = format!("{}{}", hosting.url, HOOK.replace("=event", "=hang"));
    let body = event("one");
    let (hung, other) =
        tokio::join!(notify(&url, "Notification", &body), super::pack::get(&forever));
    assert!(hung.status == 500 && hung.text().contains("functionTimeout"), "{}", hung.text());
    assert_eq!(other.body, None);
    pack.until_seen("started", 2).await;
    hosting.stop().await;
}

fn publish(url: &str) -> String {
    format!("{url}/eventgrid/runner-events/api/events?api-version=2018-01-01")
}

#[tokio::test]
async fn published_events_are_delivered_through_the_webhook_until_they_succeed_or_are_set_aside() {
    let pack = Pack::hostile().event("event");
    let hosting = pack.start(|options| options.enable_auth = true).await.unwrap();
    for id in ["good", "bad"] {
        assert_eq!(post(&publish(&hosting.url), EVENT, event(id).to_string()).await.0, 200);
    }
    let is_letter = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let letters = || names(&pack.data().join("blobs/dead-letters")).into_iter().find(is_letter);
    until("a dead letter", async || letters().is_some()).await;
    let seen = |id: &str| {
        pack.seen("event")
            .iter()
            .filter(|seen| seen["envelope"]["Data"]["event"]["id"] == id)
            .count()
    };
    assert!(seen("good") == 1 && seen("bad") >= 3, "{} {}", seen("good"), seen("bad"));
    let letter = letters().unwrap();
    let letter: Value = serde_json::from_slice(&std::fs::read(letter).unwrap()).unwrap();
    assert_eq!(
        (&letter[0]["id"], &letter[0]["deadletterreason"]),
        (&json!("bad"), &json!("TimeToLiveExceeded"))
    );
    assert_eq!(letter[0]["deliveryattempts"], json!(seen("bad")));
    assert_eq!(letter[0]["lastdeliveryoutcome"], "the webhook answered 500");
    hosting.stop().await;
}

#[tokio::test]
async fn a_topic_goes_where_it_is_said_to_go() {
    let pack = Pack::hostile().event("event").event("other");
    let subscribed = |text: &str| vec![text.parse().unwrap()];
    let hosting = pack
        .start(|options| options.subscriptions = subscribed("internal=app.other"))
        .await
        .unwrap();
    post(&publish(&hosting.url), EVENT, event("runner").to_string()).await;
    post(
        &publish(&hosting.url).replace("runner-events", "internal"),
        EVENT,
        event("internal").to_string(),
    )
    .await;
    assert_eq!(pack.until_seen("other", 1).await[0]["envelope"]["Data"]["event"]["id"], "internal");
    assert!(pack.seen("event").is_empty());
    hosting.stop().await;
    let nobody = pack.start(|options| options.subscriptions = subscribed("internal=nobody")).await;
    assert!(matches!(nobody, Err(HostError::NoSubscriber(name)) if name == "nobody"));
    assert!("other=event".parse::<standalone::Subscribed>().is_err());
}

#[tokio::test]
async fn chaos_doubles_events_and_loses_none() {
    let pack = Pack::hostile().event("event");
    let misfortune =
        Misfortune { duplicate: 0.5, kill: 0.1, reorder: true, ..Misfortune::default() };
    let hosting = pack
        .start(|options| {
            options.misfortune = misfortune;
            options.event_grid_time_scale = 1e-3;
        })
        .await
        .unwrap();
    for n in 0..20 {
        post(&publish(&hosting.url), EVENT, event(&format!("{n}")).to_string()).await;
    }
    let ids = || {
        pack.seen("event")
            .iter()
            .map(|seen| seen["envelope"]["Data"]["event"]["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    until("every event", async || (0..20).all(|n| ids().contains(&n.to_string()))).await;
    let ids = ids();
    assert!(ids.len() > 20, "none was doubled");
    let firsts = (0..20).map(|n| ids.iter().position(|id| *id == n.to_string()));
    assert!(!firsts.collect::<Vec<_>>().is_sorted(), "none was overtaken");
    hosting.stop().await;
}
