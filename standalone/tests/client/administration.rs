//! What administrators and operators look after.

use std::fs;

use serde_json::{Value, json};

use super::site::{Site, said};

#[test]
fn an_administrator_looks_after_people_settings_and_visits() {
    let site = Site::start();
    site.come_in();
    let sent = site.json(&["invitations", "send", "bob@customer.example", "--role", "auditor"]);
    let invitation = sent["invitation"].as_str().unwrap();
    let listed = site.json(&["invitations", "list"]);
    assert_eq!(listed[0]["email"], "bob@customer.example");
    assert_eq!(site.json(&["invitations", "resend", invitation])["mailed"], true);
    assert_eq!(site.json(&["invitations", "revoke", invitation])["invitation"], invitation);
    assert_eq!(site.json(&["invitations", "list"]), Value::from(Vec::<Value>::new()));

    let before = site.json(&["tenant", "show"]);
    let changed = site.json(&["tenant", "settings", "--session-max-h", "12"]);
    assert_eq!(changed["settings"]["session_max_h"], 12);
    assert_eq!(changed["settings"]["notice_days"], before["settings"]["notice_days"]);
    assert_eq!(site.run(&["tenant", "settings"]).status.code(), Some(2), "nothing to change");
    let access = site.json(&["tenant", "support-access", "ask"]);
    assert_eq!(access["settings"]["support_access"], "ask");
    assert_eq!(site.json(&["visits", "list"]), Value::from(Vec::<Value>::new()));
    for step in ["allow", "consent", "deny", "end"] {
        let refused = site.run(&["visits", step, "vis_00000000000000000000000009", "--json"]);
        assert_eq!(said(&refused.stderr)["code"], "not-found", "{step}");
    }

    assert_eq!(site.json(&["recoveries", "list"]), Value::from(Vec::<Value>::new()));
    let me = site.json(&["whoami"])["user"].as_str().unwrap().to_owned();
    let asked = site.json(&["recoveries", "request", &me]);
    let recovery = asked["recovery"].as_str().unwrap();
    let own = site.run(&["recoveries", "approve", recovery, "--json"]);
    assert_eq!(said(&own.stderr)["code"], "recovery-own");
    for (step, user) in [("suspend", &me), ("remove", &me)] {
        let mut arguments = vec!["users", step, user, "--json"];
        arguments.extend((step == "remove").then_some("--yes"));
        assert_eq!(said(&site.run(&arguments).stderr)["code"], "own-membership", "{step}");
    }

    let wrong = site.run(&["tenant", "close", "--confirm", "another name", "--json"]);
    assert_eq!(said(&wrong.stderr)["code"], "name-mismatch");
    let closing = site.json(&["tenant", "close", "--confirm", "First tenant"]);
    assert_eq!(closing["state"], "closing");
    assert_eq!(site.json(&["tenant", "reopen"])["state"], "active");
}

const AUTHORITY: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const AUTHOR: &str = "FtIu-VbGrfe_KB6CH7GNwODB72MNxj_ml11dEvO-7kk";
const APPROVER: &str = "FVV5umTuau890q59V-4Ga_R6qWb7ON_ivJc4EjvCwTM";

/// The public keys of RFC 8032 §7.1, tests 1 to 3; thumbprints by Python's `hashlib` over the members that RFC 7638 names.
#[test]
fn a_customer_registers_whose_signatures_count() {
    let site = Site::start();
    site.come_in();
    assert_eq!(said(&site.run(&["customer-keys", "--json"]).stderr)["code"], "not-found");
    let jwk = |x: &str| json!({"crv": "Ed25519", "kty": "OKP", "x": x});
    let (author, approver) = (
        jwk("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"),
        jwk("_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU"),
    );
    let mut keys = json!({
        "authority": jwk("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        "signers": [
            {"kid": AUTHOR, "jwk": author, "role": "author"},
            {"kid": APPROVER, "jwk": approver, "role": "approver"},
        ],
        "threshold": 2,
    });
    let file = site.folder.path().join("keys.json");
    fs::write(&file, keys.to_string()).unwrap();
    let set = site.json(&["customer-keys", "set", "keys.json"]);
    assert_eq!((&set["version"], &set["authority_kid"]), (&1.into(), &AUTHORITY.into()));
    keys["threshold"] = 3.into();
    fs::write(&file, keys.to_string()).unwrap();
    let refused = site.run(&["customer-keys", "set", "keys.json", "--json"]);
    assert_eq!(said(&refused.stderr)["code"], "threshold-invalid");
    assert_eq!(site.json(&["customer-keys"])["version"], 1);
    assert_eq!(site.json(&["tenant", "encryption-key"])["vault"], "ours");
}

/// The owner of the platform's tenant comes in with the invitation that the machine gives; who is no operator looks after no tenant.
#[test]
fn the_platforms_owner_comes_in_by_the_machine_and_makes_operators() {
    let mut site = Site::start();
    let data = site.folder.path().join("proofline-data");
    let invite = || {
        let invited = site.json(&["bootstrap-operator", "--data", data.to_str().unwrap()]);
        invited["invitation"].as_str().unwrap().to_owned()
    };
    let token = invite();
    assert_eq!(invite(), token, "asked again, the same one");
    site.invitation = token;
    // Whoever serves takes the message a moment later.
    while site.try_to_come_in().is_none() {}
    assert_eq!(site.json(&["whoami"])["tenant_name"], "Platform");
    let sent = site.json(&["invitations", "send", "ops@p.example", "--role", "platform_operator"]);
    assert_eq!(sent["role"], "platform_operator");
    let refused = site.run(&["admin", "tenants", "list", "--json"]);
    assert_eq!(said(&refused.stderr)["code"], "forbidden");
    let help = site.run(&["admin", "tenants", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    for command in
        ["list", "show", "create", "invite-owner", "plan", "override", "suspend", "resume"]
    {
        assert!(help.contains(command), "{command}: {help}");
    }
}
