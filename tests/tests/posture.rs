//! What every answer of every app carries, and what no request gets past: every route, known and unknown, right and wrong methods.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use domain::{Plan, Role};
use host::Config;
use http_body_util::BodyExt as _;
use ports::Identity;
use system_tests::world::{Answer, DEPLOYMENT, PUBLIC_URL, World};
use tower::ServiceExt as _;
use web::{Access, Endpoint};

/// Design §7.12, to the letter.
const HEADERS: [(&str, &str); 7] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
    ),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'none'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
    ),
];

#[track_caller]
fn check(headers: &HeaderMap, of: &str) {
    for (name, value) in HEADERS {
        assert_eq!(headers.get(name).map(|found| found.to_str().unwrap()), Some(value), "{of}");
    }
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert!(!headers.contains_key(name), "{of} has {name}");
    }
}

fn path(app: Identity, endpoint: &Endpoint) -> String {
    let parts =
        endpoint.path.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
    format!("/api/{}{}", app.name(), parts.collect::<Vec<_>>().join("/"))
}

fn routes(world: &World) -> Vec<(&'static Endpoint, String)> {
    let of = |app: &host::Opened| {
        let identity = app.identity;
        app.endpoints
            .iter()
            .map(move |endpoint| (*endpoint, path(identity, endpoint)))
            .collect::<Vec<_>>()
    };
    world.apps().iter().flat_map(of).collect()
}

#[tokio::test]
async fn every_route_of_every_app_answers_with_the_whole_posture() {
    let world = World::new().await;
    let person = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    for (endpoint, path) in routes(&world) {
        let method = endpoint.method.name();
        for token in [None, Some(person.token.as_str())] {
            let answer = world.call(method, &path, token, None).await;
            let of = format!("{method} {path} {}", answer.status);
            check(&answer.headers, &of);
            if token.is_some() && !matches!(endpoint.access, Access::Public(_)) {
                assert_eq!(answer.headers["cache-control"], "no-store", "{of}");
            }
        }
    }
}

/// Threat T74: nothing that was answered to somebody is kept by anything in between.
#[tokio::test]
async fn what_is_answered_to_somebody_is_kept_by_nobody() {
    let world = World::new().await;
    let person = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    for path in ["/api/auth/v1/tenant", "/api/auth/v1/invitations", "/api/runs/v1/runs"] {
        let answer = world.call("GET", path, Some(&person.token), None).await;
        assert_eq!(
            (answer.status, &answer.headers["cache-control"]),
            (StatusCode::OK, &"no-store".parse().unwrap()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn methods_that_a_route_does_not_have_are_405_with_the_ones_it_has() {
    let world = World::new().await;
    let routes = routes(&world);
    for (_, path) in &routes {
        let known: Vec<_> = routes
            .iter()
            .filter(|(_, other)| other == path)
            .map(|(endpoint, _)| endpoint.method.name())
            .collect();
        for method in ["PATCH", "TRACE", "OPTIONS", "DELETE", "PUT", "PROPFIND"] {
            if known.contains(&method) {
                continue;
            }
            let answer = world.call(method, path, None, None).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.code(), "method-not-allowed");
            check(&answer.headers, path);
            let allowed = answer.headers["allow"].to_str().unwrap();
            for known in &known {
                assert!(allowed.contains(known), "{method} {path}: {allowed}");
            }
            assert!(!allowed.contains("TRACE"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_none_of_ours_has_the_posture_too() {
    let world = World::new().await;
    let config = Config::parse(|name| match name {
        "PROOFLINE_DEPLOYMENT" => Some(DEPLOYMENT.to_owned()),
        "PROOFLINE_PUBLIC_URL" => Some(PUBLIC_URL.to_owned()),
        _ => None,
    })
    .unwrap();
    let opened =
        host::open::<auth::Auth>(world.store.ports(Identity::Auth), &config).await.unwrap();
    let handler = host::handler(opened);
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/nothing"),
        ("POST", "/"),
        ("TRACE", "/"),
        ("GET", "/api/auth/v1/nothing"),
        ("GET", "/api/auth/v1/me/"),
        ("GET", "/api//auth/v1/me"),
        ("GET", "/api/auth/v1/%6De"),
        ("POST", "/no_such_function"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = handler.clone().oneshot(request).await.unwrap();
        check(response.headers(), &format!("{method} {path} {}", response.status()));
        assert!(path == "/" || response.status().is_client_error(), "{method} {path}");
    }
}

/// Threat T75: a request says the same with and without any of these, whoever it is from.
#[tokio::test]
async fn no_header_makes_a_request_another_one_or_somebody_else_of_its_sender() {
    let world = World::new().await;
    let viewer = world.person(world.tenant(Plan::Business).await, Role::Viewer).await;
    let other = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    let principal = format!("{{\"userId\":\"{}\"}}", other.user);
    let headers = [
        ("forwarded", "for=127.0.0.1;host=evil.test;proto=https".to_owned()),
        ("x-forwarded-for", "127.0.0.1".to_owned()),
        ("x-forwarded-host", "evil.test".to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-forwarded-prefix", "/api/auth/v1/tenant".to_owned()),
        ("x-original-url", "/api/auth/v1/tenant".to_owned()),
        ("x-original-host", "evil.test".to_owned()),
        ("x-rewrite-url", "/api/auth/v1/tenant".to_owned()),
        ("x-http-method-override", "DELETE".to_owned()),
        ("x-method-override", "PUT".to_owned()),
        ("x-arr-clientcert", "MIIB".to_owned()),
        ("x-client-cert", "MIIB".to_owned()),
        ("x-ms-client-principal", principal.clone()),
        ("x-ms-client-principal-id", other.user.to_string()),
        ("x-ms-client-principal-name", "ada@example.com".to_owned()),
        ("x-ms-token-aad-access-token", other.token.clone()),
        ("x-azure-fdid", "00000000-0000-0000-0000-000000000000".to_owned()),
        ("x-tenant-id", other.tenant.to_string()),
        ("proofline-tenant", other.tenant.to_string()),
        ("x-user", other.user.to_string()),
        ("x-role", "owner".to_owned()),
    ];
    let cases = [
        ("GET", "/api/auth/v1/tenant", Some(&viewer.token)),
        ("GET", "/api/auth/v1/users", Some(&viewer.token)),
        ("GET", "/api/auth/v1/tenant", None),
    ];
    for (method, path, token) in cases {
        let ask = async |header: Option<(&str, &str)>| -> Answer {
            let mut request = Request::builder().method(method).uri(path);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            world.send(request.body(Body::empty()).unwrap()).await
        };
        let plain = ask(None).await;
        for (name, value) in &headers {
            let smuggled = ask(Some((name, value))).await;
            assert_eq!(smuggled.status, plain.status, "{name} on {path}");
            let told = |answer: &Answer| {
                let mut body = answer.json();
                body.as_object_mut().map(|members| members.remove("instance"));
                body
            };
            assert_eq!(told(&smuggled), told(&plain), "{name} on {path}");
        }
    }
}

/// Threat T86: floods of headers and bodies over the limit get a clear problem, before anything is done with them.
#[tokio::test]
async fn floods_get_a_clear_problem() {
    let world = World::new().await;
    let mut request = Request::get("/api/auth/v1/me");
    for number in 0..200 {
        request = request.header(format!("x-{number}"), "a");
    }
    let flooded = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((flooded.status.as_u16(), flooded.code().as_str()), (413, "headers-too-large"));
    let request = Request::get("/api/auth/v1/me").header("x-long", "a".repeat(30_000));
    let long = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(long.code(), "headers-too-large");
    let owner = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    for (endpoint, path) in routes(&world) {
        if endpoint.request.is_none() || endpoint.access == Access::Runner {
            continue;
        }
        let body = format!("{{\"a\":\"{}\"}}", "b".repeat(5 * 1024 * 1024));
        let request = Request::builder()
            .method(endpoint.method.name())
            .uri(&path)
            .header("authorization", format!("Bearer {}", owner.token))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = world.send(request).await;
        let refused = [400, 401, 403, 404, 413, 429];
        assert!(refused.contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        let is_read = matches!(endpoint.access, Access::Public(_)) && !endpoint.path.contains('{');
        if is_read && endpoint.body_bytes_max < 5 * 1024 * 1024 {
            assert!([413, 429].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        }
        check(&answer.headers, &path);
    }
}

/// Answers to the body's end are those of a whole answer: what is said in the header of its length is what comes.
#[tokio::test]
async fn a_refusal_has_one_length() {
    let world = World::new().await;
    let app = world.apps().iter().find(|app| app.identity == Identity::Auth).unwrap();
    let request = Request::get("/api/auth/v1/me").body(Body::empty()).unwrap();
    let response = app.routers.public.clone().oneshot(request).await.unwrap();
    let said = response.headers().get("content-length").cloned();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(said.is_none_or(|said| said == bytes.len().to_string().as_str()));
}
