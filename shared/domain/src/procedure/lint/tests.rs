//! A sound procedure, and each defect with its code.

use serde_json::{Value, json};

use super::*;

fn sound() -> Value {
    json!({
        "schema": "proofline-procedure/1", "key": "host.baseline", "title": "Host baseline",
        "version": "1.0.0", "revision": 1, "owner": "security",
        "steps": [{
            "id": "passwd", "title": "Account file", "connector": "file",
            "with": { "path": "/etc/passwd" },
            "checks": [{
                "id": "mode", "title": "Nobody else writes", "expr": "value.mode == '0644'",
                "severity": "high", "weight": 10, "fail_message": "Set the mode to 0644.",
                "must_fail": { "mode": "0666" },
            }],
        }],
    })
}

fn codes_after(change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut document = sound();
    change(&mut document);
    let procedure: Procedure = serde_json::from_value(document).unwrap();
    lint(&procedure).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn a_sound_procedure_has_no_finding() {
    assert_eq!(codes_after(|_| {}), Vec::<&str>::new());
}

#[test]
fn each_defect_has_its_code() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 18] = [
        ("schema-unknown", |p| p["schema"] = json!("proofline-procedure/2")),
        ("key-malformed", |p| p["key"] = json!("Host")),
        ("version-malformed", |p| p["version"] = json!("1.02.0")),
        ("revision-zero", |p| p["revision"] = json!(0)),
        ("text-length", |p| p["title"] = json!("é".repeat(121))),
        ("text-control", |p| p["owner"] = json!("a\u{1b}[31m")),
        ("need-unknown", |p| p["steps"][0]["needs"] = json!(["nothing"])),
        ("needs-cyclic", |p| p["steps"][0]["needs"] = json!(["passwd"])),
        ("id-malformed", |p| p["steps"][0]["id"] = json!("a b")),
        ("checks-missing", |p| p["steps"][0]["checks"] = json!([])),
        ("limit-out-of-range", |p| p["steps"][0]["timeout_s"] = json!(601)),
        ("limit-out-of-range", |p| p["steps"][0]["evidence"] = json!({ "max_bytes": 0 })),
        ("weight-out-of-range", |p| p["steps"][0]["checks"][0]["weight"] = json!(0)),
        ("weight-out-of-range", |p| p["steps"][0]["checks"][0]["weight"] = json!(101)),
        ("expression-length", |p| {
            p["steps"][0]["checks"][0]["expr"] = json!("1".repeat(2_049));
        }),
        ("fixture-missing", |p| p["steps"][0]["checks"][0]["must_fail"] = Value::Null),
        ("path-not-plain", |p| p["steps"][0]["with"]["path"] = json!("/etc/../root/x")),
        ("path-not-plain", |p| p["steps"][0]["with"]["path"] = json!("etc/passwd")),
    ];
    for (code, change) in cases {
        assert_eq!(codes_after(change), [code]);
    }
}

#[test]
fn limits_are_allowed_up_to_their_last_value() {
    let at_limits = codes_after(|p| {
        p["title"] = json!("é".repeat(120));
        p["steps"][0]["timeout_s"] = json!(600);
        p["steps"][0]["checks"][0]["weight"] = json!(100);
        p["steps"][0]["checks"][0]["expr"] = json!("1".repeat(2_048));
        let step = p["steps"][0].clone();
        p["steps"] = (0..200)
            .map(|number| {
                let mut step = step.clone();
                step["id"] = json!(format!("s{number}"));
                step["checks"][0]["id"] = json!(format!("c{number}"));
                step
            })
            .collect();
    });
    assert_eq!(at_limits, Vec::<&str>::new());
}

#[test]
fn too_many_and_twice_the_same_are_found() {
    let codes = codes_after(|p| {
        let step = p["steps"][0].clone();
        p["steps"] = json!(vec![step; 201]);
    });
    assert!(codes.contains(&"steps-too-many") && codes.contains(&"id-duplicate"));
    let codes = codes_after(|p| {
        let check = p["steps"][0]["checks"][0].clone();
        p["steps"][0]["checks"] = json!(vec![check; 1_001]);
    });
    assert!(codes.contains(&"checks-too-many"));
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    for pointer in ["", "/steps/0", "/steps/0/with", "/steps/0/checks/0"] {
        let mut document = sound();
        document.pointer_mut(pointer).unwrap()["surprise"] = json!(1);
        assert!(serde_json::from_value::<Procedure>(document).is_err(), "{pointer}");
    }
}

#[test]
fn the_settings_must_be_those_of_the_connector() {
    let mut document = sound();
    document["steps"][0]["connector"] = json!("http");
    assert!(serde_json::from_value::<Procedure>(document).is_err());
}

#[test]
fn the_plan_honours_needs_and_otherwise_keeps_the_order() {
    let mut document = sound();
    let step = document["steps"][0].clone();
    let named = |id: &str, needs: &[&str]| {
        let mut step = step.clone();
        (step["id"], step["needs"]) = (json!(id), json!(needs));
        step
    };
    document["steps"] = json!([named("a", &["c"]), named("b", &[]), named("c", &[])]);
    let procedure: Procedure = serde_json::from_value(document).unwrap();
    let order: Vec<&str> = plan(&procedure).unwrap().iter().map(|s| s.id.as_str()).collect();
    assert_eq!(order, ["b", "c", "a"]);
}
