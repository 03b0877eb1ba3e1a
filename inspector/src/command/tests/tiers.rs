//! The tier that is asked for, and the one that is proved.

use std::process::ExitCode;

use chain::policy::Tier;

use super::{Desk, run};

/// Two logs of one signer and one policy: five rows whose head stands in a directory that OpenSSL stamped, and three rows without.
const STAMPED: &[u8] =
    include_bytes!("../../../../shared/chain/src/verify/testdata/stamped.audit.zip");

const UNSTAMPED: &[u8] =
    include_bytes!("../../../../shared/chain/src/verify/testdata/v1.audit.zip");

const ANCHORED_POLICY: &str =
    include_str!("../../../../shared/chain/src/verify/testdata/stamped.policy");

/// Exit status, verdict, tier and what was asked for, as words and as JSON say them.
fn at_tier(export: &[u8], policy: Option<&str>, tier: Option<&str>) -> (ExitCode, [String; 3]) {
    let desk = Desk::new(1);
    desk.write("log.audit.zip", export);
    let mut words = vec![desk.path("log.audit.zip").display().to_string()];
    if let Some(policy) = policy {
        desk.write("policy.txt", policy.as_bytes());
        words.extend(["--policy".to_owned(), desk.path("policy.txt").display().to_string()]);
    }
    words.extend(tier.into_iter().flat_map(|tier| ["--tier".to_owned(), tier.to_owned()]));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let (status, told, _) = run(&words);
    let (same, json, _) = run(&[&words[..], &["--json"]].concat());
    assert_eq!(status, same);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let said =
        ["verdict", "tier", "asked"].map(|name| json[name].as_str().unwrap_or("").to_owned());
    assert!(told.starts_with(&said[0].to_uppercase()), "{told}");
    assert!(told.contains(&format!("\n  tier       {}: ", said[1])), "{told}");
    assert_eq!(told.contains("\n  asked for "), !said[2].is_empty(), "{told}");
    (status, said)
}

#[test]
fn below_the_tier_that_is_asked_for_a_log_is_incomplete_and_never_ok() {
    let names = Tier::ALL.map(Tier::name);
    for (export, proved) in [(STAMPED, 2), (UNSTAMPED, 1)] {
        for (asked, name) in names.into_iter().enumerate() {
            let (status, [verdict, tier, said]) =
                at_tier(export, Some(ANCHORED_POLICY), Some(name));
            let expected = if asked <= proved { (0, "ok") } else { (2, "incomplete") };
            assert_eq!(
                (status, verdict.as_str()),
                (ExitCode::from(expected.0), expected.1),
                "{name}"
            );
            assert_eq!(tier, names[proved]);
            // The policy asks for `signed`, and is not talked down.
            assert_eq!(said, names[asked.max(1)]);
        }
    }
}

#[test]
fn a_tier_in_the_policy_is_said_and_without_a_policy_no_tier_is_ok() {
    let policy = format!("{ANCHORED_POLICY}tier timestamped\n");
    let (status, said) = at_tier(STAMPED, Some(&policy), None);
    assert_eq!((status, said[2].as_str()), (ExitCode::SUCCESS, "timestamped"));
    let (status, said) = at_tier(UNSTAMPED, Some(&policy), Some("signed"));
    assert_eq!(said, ["incomplete", "signed", "timestamped"]);
    assert_eq!(status, ExitCode::from(2));
    for tier in Tier::ALL.map(Tier::name) {
        let (status, said) = at_tier(STAMPED, None, Some(tier));
        assert_eq!(
            (status, said),
            (ExitCode::from(2), ["incomplete", "chained", tier].map(str::to_owned))
        );
    }
    assert_eq!(at_tier(STAMPED, None, None).1, ["incomplete", "chained", ""]);
}
