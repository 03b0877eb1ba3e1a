//! The example of tlog-policy, what is written, and what is refused.

use ed25519_dalek::SigningKey;

use super::*;
use crate::cosignature::Witness;

fn key(seed: u8) -> WitnessKey {
    let name = format!("w.example.com/{seed}");
    Witness::new(&name, SigningKey::from_bytes(&[seed; 32])).unwrap().public()
}

/// A word before each line says what it is, and `#n` stands for the nth key.
fn read(text: &str) -> Result<Quorum, QuorumError> {
    let mut quorum = Quorum::default();
    for line in text.lines() {
        let mut line = line.to_owned();
        for seed in 1..=9 {
            line = line.replace(&format!("#{seed}"), &key(seed).to_string());
        }
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "witness" => quorum.add_witness(rest)?,
            "group" => quorum.add_group(rest)?,
            _ => quorum.decide(rest)?,
        }
    }
    Ok(quorum)
}

/// The example of C2SP tlog-policy, "Example policy", with keys.
const EXAMPLE: &str = "witness X1 #1\nwitness X2 #2\nwitness X3 #3\ngroup X-witnesses 2 X1 X2 X3\nwitness Y1 #4\nwitness Y2 #5\nwitness Y3 #6\ngroup Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y";

#[test]
fn the_example_of_the_specification_asks_for_two_of_three_and_one_of_three() {
    let quorum = read(EXAMPLE).unwrap();
    let met = |names: &str| quorum.is_met(&names.split(' ').collect());
    assert!(met("X1 X3 Y2") && met("X1 X2 X3 Y1 Y2 Y3"));
    assert!(!met("X1 X2 X3") && !met("X1 Y1 Y2 Y3") && !met("") && !met("X-and-Y"));
    assert_eq!(quorum.describe(), "((2 of X1, X2, X3) and (Y1 or Y2 or Y3))");
    assert_eq!(quorum.witnesses().len(), 6);
}

#[test]
fn one_witness_is_a_quorum_and_nobody_never_is() {
    let one = Quorum::of_one("runner", key(1)).unwrap();
    assert!(one.is_met(&BTreeSet::from(["runner"])) && !one.is_met(&BTreeSet::new()));
    let none = read("witness runner #1\nquorum none").unwrap();
    assert!(none.asks_nobody() && !none.is_met(&BTreeSet::from(["runner"])));
    assert!(!Quorum::default().is_met(&BTreeSet::new()));
}

#[test]
fn what_was_read_is_written() {
    for text in ["witness a #1 https://a.example\nquorum a", "witness a #1\nquorum none", EXAMPLE] {
        let quorum = read(text).unwrap();
        let written = quorum.to_string();
        assert_eq!(read(written.trim_end()), Ok(quorum), "{written}");
    }
    assert_eq!(Quorum::default().to_string(), "");
}

#[test]
fn what_tlog_policy_forbids_is_refused() {
    let unknown = |name: &str| Err(QuorumError::Unknown(name.to_owned()));
    assert_eq!(read("witness a"), Err(QuorumError::Form));
    assert_eq!(read("witness a #1 url more"), Err(QuorumError::Form));
    assert_eq!(read("witness none #1"), Err(QuorumError::Form));
    assert!(matches!(read("witness a b"), Err(QuorumError::Key(_))));
    assert!(matches!(read("witness a #1\nwitness b #1"), Err(QuorumError::Twice(_))));
    assert!(matches!(read("witness a #1\nwitness a #2"), Err(QuorumError::Twice(_))));
    assert!(matches!(read("witness a #1\ngroup a any a"), Err(QuorumError::Twice(_))));
    assert_eq!(read("quorum a"), unknown("a"));
    assert_eq!(read("witness a #1\nquorum a b"), Err(QuorumError::Form));
    assert_eq!(read("witness a #1\ngroup g any g"), unknown("g"));
    assert_eq!(read("witness a #1\ngroup g any none"), unknown("none"));
    assert_eq!(read("witness a #1\ngroup g any"), Err(QuorumError::Threshold));
    assert_eq!(read("witness a #1\ngroup g 0 a"), Err(QuorumError::Threshold));
    assert_eq!(read("witness a #1\ngroup g 2 a"), Err(QuorumError::Threshold));
    assert_eq!(read("witness a #1\ngroup g 01 a"), Err(QuorumError::Form));
    let twice = Err(QuorumError::Member("a".to_owned()));
    assert_eq!(read("witness a #1\ngroup g 2 a a"), twice);
    assert_eq!(read("witness a #1\ngroup g any a\ngroup h any a"), twice);
}

#[test]
fn there_is_an_end_to_witnesses_and_groups() {
    let witness = |seed: usize| {
        let bytes = [u8::try_from(seed).unwrap() + 10; 32];
        let key = Witness::new("w", SigningKey::from_bytes(&bytes)).unwrap().public();
        format!("w{seed} {key}")
    };
    let mut quorum = Quorum::default();
    for seed in 0..NAMES_MAX {
        quorum.add_witness(&witness(seed)).unwrap();
        quorum.add_group(&format!("g{seed} any w{seed}")).unwrap();
    }
    assert_eq!(quorum.add_witness(&witness(NAMES_MAX)), Err(QuorumError::TooMany));
    assert_eq!(quorum.add_group("g any g0"), Err(QuorumError::TooMany));
}
