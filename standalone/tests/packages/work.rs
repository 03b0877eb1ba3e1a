//! Timers, messages, and invocations by hand.

use std::{fs, os::unix::fs::PermissionsExt as _};

use axum::http::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use standalone::HostOptions;

use super::pack::{Pack, ask, queue};
use crate::caller::until;

fn timer(more: &Value) -> Value {
    let mut binding = json!({"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 0 1 1 *"});
    binding.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([binding])
}

/// As with `serve`: shown until somebody was told, and never again.
#[tokio::test]
async fn a_package_that_makes_tenants_gets_the_first_owner_invited_once() {
    let pack = Pack::hostile().function("fine", &queue("bootstrap"));
    let named = |options: &mut HostOptions| options.tenant_name = "Customer Ltd".to_owned();
    let first = pack.start(named).await.unwrap();
    let invited = first.invited.as_ref().unwrap();
    let token = invited.token.expose_secret().to_owned();
    assert!(token.starts_with("pfl_inv_") && invited.tenant_name == "Customer Ltd");
    let asked = pack.seen("fine")[0]["envelope"]["Data"]["message"].clone();
    assert!(asked.to_string().contains("Customer Ltd") && !asked.to_string().contains(&token));
    first.stop().await;
    let second = pack.started().await;
    assert_eq!(second.invited.as_ref().unwrap().token.expose_secret(), token);
    second.told().unwrap();
    second.stop().await;
    assert!(pack.started().await.invited.is_none());
    assert!(Pack::hostile().started().await.invited.is_none());
}

#[tokio::test]
async fn a_timer_ticks_and_notes_it() {
    let pack = Pack::hostile().function("tick", &timer(&json!({"schedule": "* * * * * *"})));
    let hosting = pack.started().await;
    let ticks = pack.until_seen("tick", 2).await;
    let timer = |n: usize| ticks[n]["envelope"]["Data"]["timer"].clone();
    assert_eq!(timer(0)["Schedule"], json!({"AdjustForDST": true}));
    assert_eq!(timer(1)["ScheduleStatus"]["Last"], timer(0)["ScheduleStatus"]["Next"]);
    assert!(ticks[0]["envelope"]["Metadata"].get("RetryContext").is_none());
    assert!(pack.data().join("timers/app.tick.json").exists());
    hosting.stop().await;
}

#[tokio::test]
async fn a_timer_can_tick_when_the_host_starts_and_makes_up_for_a_tick_that_was_missed() {
    let pack = Pack::hostile()
        .function("eager", &timer(&json!({"runOnStartup": true})))
        .function("unwatched", &timer(&json!({"runOnStartup": true, "useMonitor": false})))
        .function("missed", &timer(&json!({})))
        .function("quiet", &timer(&json!({})));
    let note = json!({"last": "2001-01-01T00:00:00Z", "next": "2002-01-01T00:00:00Z", "updated": "2001-01-01T00:00:00Z"});
    fs::create_dir_all(pack.data().join("timers")).unwrap();
    fs::set_permissions(pack.data(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(pack.data().join("timers/app.missed.json"), note.to_string()).unwrap();
    let hosting = pack.started().await;
    for (name, is_past_due) in [("eager", false), ("unwatched", false), ("missed", true)] {
        let timer = pack.until_seen(name, 1).await[0]["envelope"]["Data"]["timer"].clone();
        assert_eq!(timer["IsPastDue"], json!(is_past_due), "{name}");
        assert_eq!(timer["ScheduleStatus"].is_null(), name == "unwatched", "{name}");
    }
    assert!(pack.seen("quiet").is_empty());
    hosting.stop().await;
}

#[tokio::test]
async fn a_tick_is_tried_again_as_its_policy_says_and_told_which_try_it_is() {
    let retry =
        json!({"strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.001"});
    let pack = Pack::hostile()
        .file("fail", &json!({"retry": retry, "bindings": timer(&json!({"runOnStartup": true}))}))
        .file("fine", &json!({"retry": retry, "bindings": timer(&json!({"runOnStartup": true}))}));
    let hosting = pack.started().await;
    let tries = pack.until_seen("fail", 3).await;
    let context = |n: usize| tries[n]["envelope"]["Metadata"]["RetryContext"].clone();
    assert_eq!(context(0), json!({"RetryCount": 0, "MaxRetryCount": 2, "Exception": null}));
    assert_eq!(
        context(2),
        json!({"RetryCount": 2, "MaxRetryCount": 2, "Exception": "the app answered 500"})
    );
    pack.until_seen("fine", 1).await;
    hosting.stop().await;
    assert_eq!((pack.seen("fail").len(), pack.seen("fine").len()), (3, 1));
}

/// A message comes in by the output of another function.
#[tokio::test]
async fn a_message_that_always_fails_is_tried_five_times_and_set_aside() {
    let source = json!([{"type": "eventGridTrigger", "direction": "in", "name": "event"}, {"type": "queue", "direction": "out", "name": "seal", "queueName": "sign"}]);
    let pack = Pack::hostile().function("order", &source).function("fail", &queue("sign"));
    let hosting = pack.started().await;
    ask(Method::POST, &format!("{}/admin/functions/order", hosting.url), &[], r#"{"input": "{}"}"#)
        .await;
    // Two messages, each five times.
    let tries = pack.until_seen("fail", 10).await;
    let mut counts: Vec<_> = tries
        .iter()
        .map(|seen| seen["envelope"]["Metadata"]["DequeueCount"].as_str().unwrap().to_owned())
        .collect();
    counts.sort();
    assert_eq!(counts, ["1", "1", "2", "2", "3", "3", "4", "4", "5", "5"]);
    hosting.stop().await;
    assert_eq!(pack.seen("fail").len(), 10);
}

#[tokio::test]
async fn a_binary_message_arrives_as_base64() {
    let binding = json!([{"type": "queueTrigger", "direction": "in", "name": "message", "queueName": "sign", "dataType": "binary"}]);
    let pack = Pack::hostile().function("take", &binding);
    let hosting = pack.started().await;
    let url = format!("{}/admin/functions/app.take", hosting.url);
    assert_eq!(ask(Method::POST, &url, &[], r#"{"input": "abc"}"#).await.status, 202);
    assert_eq!(pack.until_seen("take", 1).await[0]["envelope"]["Data"]["message"], "YWJj");
    hosting.stop().await;
}

#[tokio::test]
async fn any_function_can_be_invoked_by_hand_and_nobody_waits_for_it() {
    let pack = Pack::hostile()
        .function("tick", &timer(&json!({})))
        .event("event")
        .event("hang")
        .function("take", &queue("seal"));
    let hosting = pack.started().await;
    let order = async |name: &str, body: &str| {
        ask(Method::POST, &format!("{}/admin/functions/{name}", hosting.url), &[], body.to_owned())
            .await
            .status
    };
    assert_eq!(
        [
            order("hang", r#"{"input": "{}"}"#).await,
            order("tick", "").await,
            order("tick", "{}").await
        ],
        [202; 3]
    );
    assert_eq!(order("event", r#"{"input": "{\"id\": \"x\"}"}"#).await, 202);
    assert_eq!(order("take", r#"{"input": "text"}"#).await, 202);
    assert_eq!([order("nobody", "{}").await, order("tick/status", "{}").await], [404; 2]);
    assert_eq!([order("tick", "{").await, order("tick", r#"{"input": 1}"#).await], [400; 2]);
    until("both ticks", async || pack.seen("tick").len() == 2).await;
    assert_eq!(
        pack.until_seen("event", 1).await[0]["envelope"]["Data"]["event"],
        json!({"id": "x"})
    );
    assert_eq!(pack.until_seen("take", 1).await[0]["envelope"]["Data"]["message"], "\"text\"");
    drop(hosting);
}

#[tokio::test]
async fn a_disabled_function_is_nowhere() {
    let pack = Pack::hostile().event("event").set("AzureWebJobs.event.Disabled", "true");
    let hosting = pack.started().await;
    assert_eq!(
        ask(Method::POST, &format!("{}/admin/functions/event", hosting.url), &[], "{}")
            .await
            .status,
        404
    );
    let url = format!("{}/runtime/webhooks/EventGrid?functionName=event", hosting.url);
    assert_eq!(ask(Method::OPTIONS, &url, &[], "").await.status, 404);
    hosting.stop().await;
}
