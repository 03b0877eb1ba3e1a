//! Requests: routes, keys, passing on, envelopes, other origins.

use std::{fs, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use futures::channel::mpsc;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use standalone::{HostedApp, Misfortune, Options, Times, serve};

use super::pack::{Answer, Pack, ask, get, queue, raw};
use crate::{
    caller::{self, EVENT, JSON, letters, post, until},
    tiny,
};

const TINY: &[HostedApp] = &[HostedApp::of::<tiny::Tiny>()];

fn header(head: &Value, name: &str) -> Vec<String> {
    let pairs = head["headers"].as_array().unwrap().iter();
    pairs.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned()).collect()
}

/// Method, path, headers, body.
type Asked<'a> = (Method, &'a str, &'a [(&'a str, &'a str)], &'a str);

/// What an answer says, without what is new in each.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let is_new = |name: &str| matches!(name, "date" | "request-id");
    let headers = answer.headers.iter().filter(|(name, _)| !is_new(name.as_str()));
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    let mut body = answer.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
    }
    (answer.status, headers, body)
}

#[tokio::test]
async fn an_app_answers_the_same_through_both_hosts() {
    let pack = Pack::tiny();
    let hosting = pack.started().await;
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(Options::new(folder.path().join("data")), TINY).await.unwrap();
    let json = [("content-type", JSON)];
    let requests: [Asked<'_>; 8] = [
        (Method::POST, "/api/runs/v1/echo", &json, r#"{"word":"a"}"#),
        (Method::POST, "/api/runs/v1/echo", &json, r#"{"word":1}"#),
        (Method::POST, "/api/runs/v1/echo", &json, "{"),
        (Method::POST, "/api/runs/v1/echo", &[("content-type", "text/plain")], "a"),
        (Method::GET, "/api/runs/v1/echo", &[], ""),
        (Method::HEAD, "/api/runs/v1/nothing", &[], ""),
        (Method::GET, "/api/runs/v1/nothing?x=1&x=2", &[], ""),
        (Method::POST, "/api/runs/v1/a%2Fb", &json, "{}"),
    ];
    for (method, path, headers, body) in requests {
        let one =
            ask(method.clone(), &format!("{}{path}", hosting.url), headers, body.to_owned()).await;
        let other = ask(method, &format!("{}{path}", serving.url), headers, body.to_owned()).await;
        assert_eq!(told(&one), told(&other), "{path} {body}");
    }
    serving.stop().await;
    hosting.stop().await;
}

#[tokio::test]
async fn a_real_app_gets_events_and_messages_through_its_package() {
    let pack = Pack::tiny();
    let hosting = pack.started().await;
    let event = json!({"specversion": "1.0", "id": "one", "source": "/test", "type": "t"});
    let publish = format!("{}/eventgrid/runner-events/api/events", hosting.url);
    assert_eq!(post(&publish, EVENT, event.to_string()).await.0, 200);
    until("an event", async || letters(&hosting.data, "event", "one") == 1).await;
    let enqueue = format!("{}/api/runs/v1/enqueue", hosting.url);
    post(&enqueue, JSON, r#"{"word":"fails once"}"#).await;
    until("twice", async || letters(&hosting.data, "message", "fails once") == 2).await;
    hosting.stop().await;
}

#[tokio::test]
async fn only_routes_of_functions_lead_to_a_handler() {
    let pack = Pack::hostile().function("only_post", &json!([
        {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "hostile/head/{id:int}", "methods": ["post"]},
        {"type": "http", "direction": "out", "name": "res"},
    ])).event("event");
    let hosting = pack.started().await;
    let status = async |method: Method, path: &str| {
        ask(method, &format!("{}{path}", hosting.url), &[], "{}").await.status
    };
    assert_eq!(status(Method::POST, "/api/hostile/head/1").await, 200);
    for path in [
        "/event",
        "/api/event",
        "/api/other",
        "/api/hostile/../event",
        "/api/%2e%2e/event",
        "//event",
        "/admin/host/status",
        "/runtime/webhooks/blobs",
        "/ADMIN/x",
    ] {
        assert_eq!(status(Method::POST, path).await, 404, "{path}");
    }
    let (status, description) = caller::get(&format!("{}/", hosting.url)).await;
    assert_eq!((status, &description["packages"][0]["name"]), (200, &json!("app")));
    assert!(pack.seen("event").is_empty());
    hosting.stop().await;
    let pack = Pack::hostile().function("http", &json!([
        {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "hostile/{*p}", "methods": ["post"]},
        {"type": "http", "direction": "out", "name": "res"},
    ]));
    let hosting = pack.started().await;
    // Another method is no 405: there is no such route.
    assert_eq!(get(&format!("{}/api/hostile/head", hosting.url)).await.status, 404);
    hosting.stop().await;
}

#[tokio::test]
async fn a_proxied_request_arrives_as_it_was_sent_with_the_hosts_own_headers() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    let sent = [
        ("x-azure-functions-invocationid", "forged"),
        ("x-forwarded-for", "9.9.9.9"),
        ("user-agent", "mine"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("connection", "x-mine"),
        ("x-mine", "1"),
        ("content-encoding", "identity"),
    ];
    let url = format!("{}/api/hostile/head/a%2Fb?x=1&x=2", hosting.url);
    let head = ask(Method::PUT, &url, &sent, "body").await.json();
    assert_eq!(
        (&head["method"], &head["uri"], &head["body"]),
        (&json!("PUT"), &json!("/api/hostile/head/a%2Fb?x=1&x=2"), &json!("body"))
    );
    let ids = header(&head, "x-azure-functions-invocationid");
    assert!(ids.len() == 1 && ids[0].len() == 36);
    assert_eq!(header(&head, "x-ms-invocation-id"), ids);
    assert_eq!(header(&head, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(header(&head, "x-forwarded-host"), [hosting.url.strip_prefix("http://").unwrap()]);
    assert_eq!(header(&head, "user-agent"), ["mine"]);
    assert_eq!(header(&head, "traceparent").len(), 1);
    assert_eq!(header(&head, "x-mine"), Vec::<String>::new());
    assert_eq!(header(&head, "content-encoding"), ["identity"]);
    assert_eq!(header(&head, "x-azure-functions-hostversion").len(), 1);
    hosting.stop().await;
}

/// The second piece is sent only when the first has come back.
#[tokio::test]
async fn a_proxied_body_streams_both_ways() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    let (sender, receiver) = mpsc::unbounded::<Result<Bytes, std::io::Error>>();
    let request = Request::post(format!("{}/api/hostile/echo", hosting.url));
    sender.unbounded_send(Ok(Bytes::from("one"))).unwrap();
    let mut response = raw(request.body(Body::from_stream(receiver)).unwrap()).await;
    let mut next =
        async || response.body_mut().frame().await.map(|frame| frame.unwrap().into_data().unwrap());
    assert_eq!(next().await.unwrap(), "one");
    sender.unbounded_send(Ok(Bytes::from("two"))).unwrap();
    assert_eq!(next().await.unwrap(), "two");
    drop(sender);
    assert!(next().await.is_none());
    hosting.stop().await;
}

#[tokio::test]
async fn silence_breaks_a_proxied_request_off() {
    let pack = Pack::hostile();
    let times = Times { idle: Duration::from_millis(100), ..Times::default() };
    let hosting = pack.start(|options| options.times = times).await.unwrap();
    let answer = get(&format!("{}/api/hostile/trickle", hosting.url)).await;
    assert_eq!((answer.status, answer.body), (200, None));
    assert_eq!(get(&format!("{}/api/hostile/forever", hosting.url)).await.status, 504);
    hosting.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_and_without_a_length() {
    let pack = Pack::hostile();
    let limit = |options: &mut standalone::HostOptions| {
        options
            .environment
            .insert("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT".to_owned(), "1000".to_owned());
    };
    let hosting = pack.start(limit).await.unwrap();
    let url = format!("{}/api/hostile/head", hosting.url);
    let status = async |body: Body| ask(Method::POST, &url, &[], body).await.status;
    let chunked = |bytes: usize| {
        let pieces = vec![Ok::<_, std::convert::Infallible>(Bytes::from("a".repeat(bytes / 2))); 2];
        Body::from_stream(futures::stream::iter(pieces))
    };
    assert_eq!(status("a".repeat(1000).into()).await, 200);
    assert_eq!(status("a".repeat(1001).into()).await, 413);
    assert_eq!(status(chunked(1000)).await, 200);
    assert_eq!(status(chunked(1002)).await, 413);
    hosting.stop().await;
    let hosting = pack.started().await;
    let claimed = [("content-length", "104857601")];
    assert_eq!(
        ask(
            Method::POST,
            &format!("{}/api/hostile/head", hosting.url),
            &claimed,
            Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>())
        )
        .await
        .status,
        413
    );
    hosting.stop().await;
}

#[tokio::test]
async fn a_request_over_the_function_timeout_kills_the_handler() {
    let pack = Pack::hostile().host("/functionTimeout", json!("00:00:01"));
    let hosting = pack.started().await;
    assert_eq!(get(&format!("{}/api/hostile/forever", hosting.url)).await.status, 504);
    pack.until_seen("started", 2).await;
    assert_eq!(get(&format!("{}/api/hostile/trickle", hosting.url)).await.body, None);
    pack.until_seen("started", 3).await;
    // Neither was an error of the handler: a third one would have stopped the host.
    assert_eq!(get(&format!("{}/api/hostile/self", hosting.url)).await.status, 200);
    hosting.stop().await;
}

#[tokio::test]
async fn forwarding_loses_what_the_host_loses() {
    let pack = Pack::hostile()
        .host("/customHandler/enableProxyingHttpRequest", json!(false))
        .host("/customHandler/enableForwardingHttpRequest", json!(true));
    let hosting = pack.started().await;
    let url = format!("{}/api/hostile/head?a=1&a=2", hosting.url);
    let sent = [
        ("x-azure-functions-invocationid", "forged"),
        ("user-agent", "mine"),
        ("content-language", "en"),
    ];
    let head = ask(Method::POST, &url, &sent, "body").await.json();
    assert_eq!((&head["uri"], &head["body"]), (&json!("/api/hostile/head?a=1,2"), &json!("body")));
    let ids = header(&head, "x-azure-functions-invocationid");
    assert!(ids.len() == 2 && ids[0] == "forged", "{ids:?}");
    assert_eq!(header(&head, "user-agent").len(), 2);
    assert_eq!(header(&head, "content-language"), Vec::<String>::new());
    assert_eq!(header(&head, "host"), [hosting.url.strip_prefix("http://").unwrap()]);
    let pieces = futures::stream::iter(vec![Ok::<_, std::io::Error>(Bytes::from("lost"))]);
    let head = ask(Method::POST, &url, &[], Body::from_stream(pieces)).await.json();
    assert_eq!(head["body"], "");
    let dead = get(&format!("{}/api/hostile/exit/0", hosting.url)).await;
    assert_eq!((dead.status, dead.body), (500, Some(vec![])));
    hosting.stop().await;
}

fn order() -> Value {
    json!([
        {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "orders/{id?}"},
        {"type": "http", "direction": "out", "name": "res"},
        {"type": "queue", "direction": "out", "name": "seal", "queueName": "seal"},
    ])
}

#[tokio::test]
async fn a_function_with_more_bindings_gets_envelopes_and_its_outputs_are_sent() {
    let pack = Pack::hostile().function("order", &order()).function("take", &queue("seal"));
    let hosting = pack.started().await;
    let url = format!("{}/api/orders/7?x=1", hosting.url);
    let sent = [("content-type", "application/json"), ("x-mine", "1")];
    let answer = ask(Method::POST, &url, &sent, r#"{"b":2}"#).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"made": "{\"b\":2}"})));
    assert_eq!(answer.headers["x-made"], "yes");
    let seen = pack.seen("order").remove(0);
    let length = seen["headers"].as_array().unwrap().iter().any(|pair| pair[0] == "content-length");
    assert!(
        !length
            && seen["headers"]
                .as_array()
                .unwrap()
                .contains(&json!(["transfer-encoding", "chunked"]))
    );
    let request = &seen["envelope"]["Data"]["req"];
    assert_eq!(
        (&request["Method"], &request["Url"], &request["Query"]),
        (&json!("POST"), &json!(url), &json!({"x": "1"}))
    );
    assert_eq!((&request["Params"], &request["Body"]), (&json!({"id": "7"}), &json!("{\"b\":2}")));
    assert_eq!(request["Headers"]["X-Mine"], json!(["1"]));
    let metadata = &seen["envelope"]["Metadata"];
    assert_eq!(
        (&metadata["b"], &metadata["id"], &metadata["sys"]["MethodName"]),
        (&json!("2"), &json!("\"7\""), &json!("order"))
    );
    let messages = pack.until_seen("take", 2).await;
    let mut texts: Vec<_> =
        messages.iter().map(|seen| seen["envelope"]["Data"]["message"].clone()).collect();
    texts.sort_by_key(Value::to_string);
    assert_eq!(texts, [json!("\"{\\\"a\\\":1}\""), json!("\"{\\\"a\\\":2}\"")]);
    // Bytes, and no body without a length.
    ask(Method::PUT, &url, &[("content-type", "application/octet-stream")], "abc").await;
    let pieces = futures::stream::iter(vec![Ok::<_, std::io::Error>(Bytes::from("lost"))]);
    ask(Method::PUT, &url, &[], Body::from_stream(pieces)).await;
    let seen = pack.seen("order");
    assert_eq!(seen[1]["envelope"]["Data"]["req"]["Body"], "YWJj");
    assert_eq!(seen[2]["envelope"]["Data"]["req"].get("Body"), None);
    hosting.stop().await;
}

#[tokio::test]
async fn an_http_output_that_is_no_object_fails_and_none_is_an_empty_object() {
    let one = |name: &str| json!([{"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": name}, {"type": "http", "direction": "out", "name": "res"}]);
    let pack = Pack::hostile()
        .function("bare", &one("bare"))
        .function("plain", &one("plain"))
        .host("/customHandler/enableProxyingHttpRequest", json!(false));
    let hosting = pack.started().await;
    assert_eq!(get(&format!("{}/api/bare", hosting.url)).await.status, 500);
    let plain = get(&format!("{}/api/plain", hosting.url)).await;
    assert_eq!((plain.status, plain.json()), (200, json!({})));
    hosting.stop().await;
}

#[tokio::test]
async fn keys_open_what_their_level_says() {
    let leveled = |level: &str| {
        json!([
            {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": level, "route": format!("hostile/{level}")},
            {"type": "http", "direction": "out", "name": "res"},
        ])
    };
    let pack = Pack::hostile()
        .function("f", &leveled("function"))
        .function("a", &leveled("admin"))
        .event("event");
    let hosting = pack.start(|options| options.enable_auth = true).await.unwrap();
    let keys: Value =
        serde_json::from_slice(&fs::read(pack.data().join("function-keys/app.json")).unwrap())
            .unwrap();
    let key = |name: &str| keys[name].as_str().unwrap().to_owned();
    let (master, default, events) = (key("_master"), key("default"), key("eventgrid_extension"));
    let asked = async |path: &str, key: &str| {
        let url = format!("{}{path}", hosting.url);
        let by_header = ask(Method::POST, &url, &[("x-functions-key", key)], "{}").await;
        let by_code = ask(
            Method::POST,
            &format!("{url}{}code={}", if url.contains('?') { '&' } else { '?' }, key),
            &[],
            "{}",
        )
        .await;
        assert_eq!(by_header.status, by_code.status, "{path}");
        if by_header.status == 401 {
            assert_eq!(by_header.body, Some(vec![]));
        }
        by_header.status
    };
    // 418: the handler answered.
    let (function, admin, hook) = (
        "/api/hostile/function",
        "/api/hostile/admin",
        "/runtime/webhooks/EventGrid?functionName=event",
    );
    assert_eq!(
        [asked(function, "").await, asked(function, "wrong").await, asked(function, &events).await],
        [401; 3]
    );
    assert_eq!([asked(function, &default).await, asked(function, &master).await], [418; 2]);
    assert_eq!([asked(admin, &default).await, asked(admin, &master).await], [401, 418]);
    assert_eq!(
        [asked("/api/hostile/x", "").await, asked("/api/hostile/x", "wrong").await],
        [418; 2]
    );
    assert_eq!([asked(hook, &default).await, asked(hook, &events).await], [401, 400]);
    assert_eq!(
        [
            asked("/admin/functions/event", &default).await,
            asked("/admin/functions/event", &master).await
        ],
        [401, 202]
    );
    hosting.stop().await;
    // They are made once.
    pack.start(|options| options.enable_auth = true).await.unwrap().stop().await;
    let again: Value =
        serde_json::from_slice(&fs::read(pack.data().join("function-keys/app.json")).unwrap())
            .unwrap();
    assert_eq!(keys, again);
}

#[tokio::test]
async fn a_preflight_never_reaches_the_handler() {
    let pack = Pack::hostile();
    let hosting = pack.started().await;
    let url = format!("{}/api/hostile/head", hosting.url);
    let asked = [("origin", "http://a.example"), ("access-control-request-method", "PUT")];
    let answer = ask(Method::OPTIONS, &url, &asked, "").await;
    assert_eq!(
        (answer.status, answer.headers["access-control-allow-origin"].to_str().unwrap()),
        (204, "http://a.example")
    );
    let answer = ask(Method::GET, &url, &[("origin", "http://a.example")], "").await;
    assert_eq!(
        (answer.status, answer.headers["access-control-allow-origin"].to_str().unwrap()),
        (200, "http://a.example")
    );
    let answer = ask(Method::GET, &url, &[("origin", "http://b.example")], "").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    hosting.stop().await;
}

#[tokio::test]
async fn chaos_kills_handlers_under_requests_and_the_host_goes_on() {
    let pack = Pack::hostile();
    let misfortune = Misfortune { kill: 0.5, ..Misfortune::default() };
    let statuses = async || {
        let hosting = pack
            .start(|options| (options.misfortune, options.chaos_seed) = (misfortune, 7))
            .await
            .unwrap();
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(get(&format!("{}/api/hostile/self", hosting.url)).await.status);
        }
        hosting.stop().await;
        statuses
    };
    let first = statuses().await;
    assert!(first.contains(&502) && first.contains(&200), "{first:?}");
    assert_eq!(first, statuses().await);
}
