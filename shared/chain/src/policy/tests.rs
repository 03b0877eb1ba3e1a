//! What a policy is read as, and what is refused.

use super::*;

const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

const WITNESS: &str = crate::cosignature::tests::KEY;

fn parse(text: &str) -> Result<Policy, PolicyError> {
    text.replace("KEY", KEY).parse()
}

#[test]
fn a_policy_is_read_as_it_is_written() {
    let policy = parse(
        "# pinned\n\n  origin example.com/foo\r\nlog KEY\nlog KEY\nexport KEY\ntier witnessed\n",
    )
    .unwrap();
    assert_eq!(policy.origin, "example.com/foo");
    assert_eq!(
        (policy.log_keys.len(), policy.export_keys.len(), policy.tier),
        (2, 1, Tier::Witnessed)
    );
    assert_eq!(policy.to_string().parse(), Ok(policy));
    assert_eq!(parse("origin o\nlog KEY").unwrap().tier, Tier::Signed);
}

/// C2SP tlog-policy has neither origin nor tier: the log is named by its key, and the quorum is what is asked for.
#[test]
fn a_policy_of_tlog_policy_can_be_used_as_it_is() {
    let text = format!("log KEY https://log.example.com\n\twitness w {WITNESS}\nquorum w\n");
    let policy = parse(&text).unwrap();
    assert_eq!((policy.origin.as_str(), policy.tier), ("example.com/foo", Tier::Witnessed));
    assert_eq!(policy.quorum.witnesses()[0].key.to_string(), WITNESS);
    assert_eq!(policy.to_string().parse(), Ok(policy));
    let nobody = parse("log KEY\nquorum none").unwrap();
    assert_eq!((nobody.origin.as_str(), nobody.tier), ("example.com/foo", Tier::Signed));
    assert_eq!(nobody.to_string().parse(), Ok(nobody));
    let other = KEY.replace("example.com/foo", "example.com/bar");
    assert!(parse(&format!("log KEY\nlog {other}\nquorum none")).is_err());
}

#[test]
fn witnesses_are_asked_for_as_the_policy_says() {
    let with = |rest: &str| parse(&format!("origin o\nlog KEY\nwitness w {WITNESS}\n{rest}"));
    assert_eq!(with("quorum w").unwrap().tier, Tier::Witnessed);
    assert_eq!(with("quorum w\ntier signed").unwrap().tier, Tier::Signed);
    assert_eq!(with(""), Err(PolicyError::NoQuorum));
    assert_eq!(with("quorum w\nquorum w"), Err(PolicyError::Twice(5)));
    assert!(matches!(with("quorum v"), Err(PolicyError::Quorum { line: 4, .. })));
    assert!(matches!(with("group g 2 w"), Err(PolicyError::Quorum { line: 4, .. })));
    assert!(matches!(
        with(&format!("witness v {WITNESS}")),
        Err(PolicyError::Quorum { line: 4, .. })
    ));
}

/// A log that could witness itself would be witnessed by nobody.
#[test]
fn the_key_of_the_log_is_no_witness() {
    let log: VerifierKey = KEY.parse().unwrap();
    let own = crate::cosignature::WitnessKey::new("example.com/w", *log.key()).unwrap();
    let text = format!("origin o\nlog KEY\nwitness w {own}\nquorum w");
    assert_eq!(parse(&text), Err(PolicyError::OwnWitness));
}

#[test]
fn a_policy_that_pins_nothing_is_refused() {
    assert_eq!(parse(""), Err(PolicyError::NoOrigin));
    assert_eq!(parse("log KEY"), Err(PolicyError::NoOrigin));
    assert_eq!(parse("origin o"), Err(PolicyError::NoKey));
}

#[test]
fn a_line_that_no_rule_knows_is_refused_by_its_number() {
    assert_eq!(parse("origin o\nlog KEY\nwatchman x"), Err(PolicyError::Line(3)));
    assert_eq!(parse("origin"), Err(PolicyError::Line(1)));
    assert_eq!(parse("origin o\ntier golden"), Err(PolicyError::Line(2)));
    assert_eq!(parse("origin o\norigin p"), Err(PolicyError::Twice(2)));
    assert_eq!(parse("origin o\ntier signed\ntier chained"), Err(PolicyError::Twice(3)));
    assert!(matches!(parse("\nlog KEYx"), Err(PolicyError::Key { line: 2, .. })));
}

#[test]
fn whoever_verifies_may_ask_for_more_than_the_policy_and_not_for_less() {
    let policy = parse("origin o\nlog KEY\ntier timestamped").unwrap();
    for (asked, tier) in [
        (None, Tier::Timestamped),
        (Some(Tier::Chained), Tier::Timestamped),
        (Some(Tier::Timestamped), Tier::Timestamped),
        (Some(Tier::Witnessed), Tier::Witnessed),
    ] {
        assert_eq!(policy.clone().asking(asked).tier, tier);
    }
}

#[test]
fn tiers_are_ordered_by_strength() {
    assert!(Tier::ALL.is_sorted());
    for tier in Tier::ALL {
        assert_eq!(serde_json::to_value(tier).unwrap(), tier.name());
    }
}
