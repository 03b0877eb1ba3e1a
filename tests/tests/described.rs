//! The API descriptions are what they say: valid OpenAPI 3.1 by a validator that we did not write, and kept by the apps whatever schemathesis
//! thinks of sending them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use domain::{Plan, Role};
use serde_json::Value;
use system_tests::world::World;
use tokio::net::TcpListener;
use web::{Access, Problem};

/// So that a failure can be had again.
const SEED: &str = "20261121";
/// How time passes meanwhile.
const STEP: Duration = Duration::from_millis(20);
/// Requests that are made up for each operation, at most.
const EXAMPLES: &str = "12";

/// Where `cargo xtask interop` installed them.
fn python() -> Command {
    let mut python = Command::new("python3");
    let packages =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/counterparts/api-packages");
    python.env("PYTHONPATH", packages);
    python
}

fn descriptions(world: &World, folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let with_endpoints = world.apps().iter().filter(|app| !app.endpoints.is_empty());
    let written = with_endpoints.map(|app| {
        let name = app.identity.name();
        let description = web::openapi(name, &app.endpoints);
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, description.to_string()).unwrap();
        (name, path)
    });
    written.collect()
}

#[tokio::test]
#[ignore = "needs Python and packages of PyPI: cargo xtask interop"]
async fn every_description_is_openapi_3_1() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in descriptions(&world, folder.path()) {
        let output = python()
            .args(["-m", "openapi_spec_validator", "--schema", "3.1.0"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("OK"), "{name}: {said}");
    }
}

/// What somebody needs who reads nothing else: what each operation does, what each parameter means, what is sent and answered, and every problem.
#[tokio::test]
async fn every_operation_says_what_it_does_and_shows_what_it_takes_and_gives() {
    let world = World::new().await;
    let mut lacking = Vec::new();
    for app in world.apps() {
        let description = web::openapi(app.identity.name(), &app.endpoints);
        for (path, operations) in description["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let lacks = lacks(operation).into_iter();
                lacking.extend(lacks.map(|what| format!("{method} {path}: {what}")));
            }
        }
    }
    assert_eq!(lacking, Vec::<String>::new());
}

/// What is missing of the description of an operation.
fn lacks(operation: &Value) -> Vec<String> {
    let mut lacking = Vec::new();
    let mut need = |holds: bool, what: String| {
        if !holds {
            lacking.push(what);
        }
    };
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    need(is_text(&operation["summary"]), "a summary".to_owned());
    for parameter in operation["parameters"].as_array().unwrap() {
        need(is_text(&parameter["description"]), format!("what {} means", parameter["name"]));
    }
    need(has_examples(&operation["requestBody"]), "an example of what it takes".to_owned());
    for (status, response) in operation["responses"].as_object().unwrap() {
        need(has_examples(response), format!("an example of {status}"));
        need(
            status.starts_with('4') || status.starts_with('5') || response["content"].is_object(),
            "what it answers".to_owned(),
        );
        let problem = &response["content"]["application/problem+json"]["schema"]["allOf"][1];
        let codes = problem["properties"]["code"]["enum"].as_array().into_iter().flatten();
        for code in codes.filter_map(Value::as_str) {
            let said = response["description"].as_str().unwrap();
            need(said.contains(&format!("- `{code}`: ")), format!("what {code} means"));
        }
    }
    lacking
}

/// Each body has an example, which is not empty unless nothing else can be sent.
fn has_examples(of: &Value) -> bool {
    let mut media = of["content"].as_object().into_iter().flatten();
    media.all(|(_, media)| {
        let (example, may_be_empty) = (&media["example"], media["schema"]["required"].is_null());
        match example {
            Value::Null => false,
            Value::Object(members) => !members.is_empty() || may_be_empty,
            Value::Array(items) => !items.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    })
}

/// The table of problems explains nothing that nobody answers, and each code once for each of its statuses.
#[tokio::test]
async fn every_problem_that_is_explained_is_one_that_something_answers() {
    let world = World::new().await;
    let declared: BTreeSet<_> = { world.apps().iter() }
        .flat_map(|app| app.endpoints.iter().flat_map(|endpoint| web::problems_of(endpoint)))
        .flat_map(|(status, codes)| codes.into_iter().map(move |code| (status, code)))
        .collect();
    let explained: Vec<_> = web::known_problems().map(|(status, code, _)| (status, code)).collect();
    assert_eq!(explained.iter().copied().collect::<BTreeSet<_>>(), declared);
    assert_eq!(explained.len(), declared.len(), "none twice");
    assert!(web::known_problems().all(|(_, _, meaning)| (10..200).contains(&meaning.len())));
}

/// A part of a path that is not even UTF-8 names nothing, and is refused like everything else.
#[tokio::test]
async fn a_path_that_is_no_text_names_nothing() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    for app in world.apps() {
        let description = web::openapi(app.identity.name(), &app.endpoints);
        for endpoint in app.endpoints.iter().filter(|endpoint| endpoint.path.contains('{')) {
            let Access::Requires(permission) = endpoint.access else { continue };
            if permission.is_platform() {
                continue;
            }
            let path = format!("/api/{}{}", app.identity.name(), endpoint.path);
            let method = endpoint.method.name();
            let operation = &description["paths"][&path][method.to_lowercase()];
            let body = &operation["requestBody"]["content"]["application/json"]["example"];
            let parts = path.split('/');
            let parts = parts.map(|part| if part.starts_with('{') { "%ff%00" } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            let body = (!body.is_null()).then_some(body);
            let answer = world.call(method, &path, Some(&owner.token), body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (404, "not-found"),
                "{method} {path}"
            );
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
}

/// No 5xx, no status that is not described, no answer that does not fit its schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Python and packages of PyPI: cargo xtask interop"]
async fn every_app_keeps_its_description_whatever_it_is_sent() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in descriptions(&world, folder.path()) {
        let tenant = world.tenant(Plan::Enterprise).await;
        let owner = world.person(tenant, Role::Owner).await;
        let app = world.apps().iter().find(|app| app.identity.name() == name).unwrap();
        let broken = Broken::default();
        let address = serve(app.routers.public.clone(), &broken).await;
        let mut schemathesis = python();
        schemathesis
            .args(["-m", "schemathesis.cli", "run"])
            .arg(&path)
            .args(["--url", &address, "--seed", SEED, "--max-examples", EXAMPLES])
            .args(["--header", &format!("Authorization: Bearer {}", owner.token)])
            .args(["--checks", "status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"])
            .args(["--phases", "examples,coverage,fuzzing", "--no-color"])
            .current_dir(folder.path());
        let tried = tokio::task::spawn_blocking(move || schemathesis.output().unwrap());
        // Some answers wait until what they record is in the log: time passes, and what is waiting in queues is done.
        while !tried.is_finished() {
            world.drain().await;
            world.clock.advance(STEP);
            tokio::time::sleep(STEP).await;
        }
        let output = tried.await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{name}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(*broken.lock().unwrap(), Vec::<String>::new(), "{name}");
    }
}

/// What was answered with 5xx. An event that is not sealed yet is none: here, waiting takes no time.
type Broken = Arc<Mutex<Vec<String>>>;

async fn watch(broken: Broken, request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri());
    let response = next.run(request).await;
    let code = response.extensions().get::<Problem>().map(|problem| problem.code);
    if response.status().is_server_error() && code != Some("not-sealed-yet") {
        broken.lock().unwrap().push(format!("{asked}: {} {code:?}", response.status()));
    }
    response
}

/// The base URL of an app on a port of its own, for as long as the test lives.
async fn serve(router: Router, broken: &Broken) -> String {
    let broken = Arc::clone(broken);
    let router =
        router.layer(from_fn(move |request, next| watch(Arc::clone(&broken), request, next)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a server of this test")]
    drop(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    format!("http://{address}")
}
