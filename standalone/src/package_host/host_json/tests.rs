//! `host.json` as it is, with settings over it, and each rule that it can break.

use std::{collections::BTreeMap, path::Path};

use super::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let environment: BTreeMap<_, _> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::read(&environment, Path::new("/nowhere")).unwrap().0
}

fn parse(text: &str, pairs: &[(&str, &str)]) -> Result<HostJson, Vec<String>> {
    HostJson::parse(text.as_bytes(), &settings(pairs))
        .map_err(|rules| rules.iter().map(ToString::to_string).collect())
}

fn with(members: &str) -> String {
    format!(
        r#"{{"version": "2.0", "customHandler": {{"description": {{"defaultExecutablePath": "handler"}}}}{members}}}"#
    )
}

#[test]
fn the_packages_host_json_reads_as_it_is() {
    let host = parse(include_str!("../../../../host.json"), &[]).unwrap();
    assert_eq!(host.function_timeout, Some(Duration::from_mins(5)));
    assert_eq!((host.route_prefix.as_str(), host.executable.as_str()), ("api", "handler"));
    assert_eq!(host.passing, Passing::Proxy);
    assert_eq!(host.visibility_timeout, Duration::from_secs(2));
}

/// functions-host §1.1, and the defaults of Flex Consumption.
#[test]
fn what_is_not_said_counts_as_the_host_says() {
    let host = parse(&with(""), &[]).unwrap();
    assert_eq!(host.function_timeout, Some(Duration::from_mins(30)));
    assert_eq!(host.passing, Passing::Envelope);
    assert!(host.stderr_is_errors && host.port.is_none() && host.allows("anything"));
    assert_eq!((host.ready_within, host.batch_size), (Duration::from_secs(30), 16));
    assert_eq!(parse(&with(r#", "functionTimeout": "-1""#), &[]).unwrap().function_timeout, None);
}

#[test]
fn every_rule_that_is_broken_is_said() {
    let rules = |text: &str| parse(text, &[]).unwrap_err().join("\n");
    assert!(rules("[]").contains("not a JSON object"));
    for version in [r#""3.0""#, r#""2""#, "2.0", "null"] {
        let text = with("").replace(r#""2.0""#, version);
        assert!(rules(&text).contains("version must be exactly"), "{version}");
    }
    let both = rules(r#"{"customHandler": {"type": "none"}}"#);
    for part in ["version", "defaultExecutablePath", "\"none\""] {
        assert!(both.contains(part), "{both}");
    }
    for (members, part) in [
        (r#", "functionTimeout": 5"#, "functionTimeout is 5"),
        (r#", "functionTimeout": "5 minutes""#, "time span"),
        (r#", "configurationProfile": "web-app-custom-handler""#, "configurationProfile"),
        (r#", "extensions": {"queues": {"maxDequeueCount": 9}}"#, "maxDequeueCount is 9"),
        (r#", "extensions": {"queues": {"batchSize": 33}}"#, "batchSize"),
        (r#", "functions": "all""#, "functions is"),
    ] {
        assert!(rules(&with(members)).contains(part), "{members}");
    }
    let empty = with("").replace("\"handler\"", "\"%NOWHERE%\"");
    assert!(rules(&empty).contains("defaultExecutablePath"));
}

#[test]
fn app_settings_count_over_the_file() {
    let host = parse(
        &with(r#", "functions": ["a", "b"], "extensions": {"http": {"routePrefix": "api"}}"#),
        &[
            ("AzureFunctionsJobHost__customHandler__description__defaultExecutablePath", "other"),
            ("AzureFunctionsJobHost__Extensions__HTTP__RoutePrefix", ""),
            ("AzureFunctionsJobHost__functions__0", "c"),
            ("AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest", "True"),
            ("AzureFunctionsJobHost__functionTimeout", "00:00:01"),
        ],
    )
    .unwrap();
    assert_eq!((host.executable.as_str(), host.route_prefix.as_str()), ("other", ""));
    assert_eq!(host.passing, Passing::Forward);
    assert_eq!(host.function_timeout, Some(Duration::from_secs(1)));
    assert!(host.allows("C") && host.allows("b") && !host.allows("a"));
    let new = parse(&with(""), &[("AzureFunctionsJobHost__functions__0", "sweep")]).unwrap();
    assert!(new.allows("sweep") && !new.allows("http"));
}

#[test]
fn proxying_wins_over_forwarding() {
    let name =
        |mode: &str| format!("AzureFunctionsJobHost__customHandler__enable{mode}HttpRequest");
    let (proxy, forward) = (name("Proxying"), name("Forwarding"));
    let host = parse(&with(""), &[(&proxy, "true"), (&forward, "true")]).unwrap();
    assert_eq!(host.passing, Passing::Proxy);
}

#[test]
fn arguments_are_joined_and_settings_in_them_expanded() {
    let arguments = r#""defaultExecutablePath": "%BIN%", "arguments": ["--a %A%", "%NONE%", "b"]"#;
    let text = with("").replace(r#""defaultExecutablePath": "handler""#, arguments);
    let host = parse(&text, &[("A", "1"), ("BIN", "handler")]).unwrap();
    assert_eq!(
        (host.executable.as_str(), host.arguments),
        ("handler", ["--a", "1", "b"].map(str::to_owned).to_vec())
    );
}
