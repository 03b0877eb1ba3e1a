//! What is of the profile, and what is refused by which rule; beside another implementation of RFC 8785.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn check(text: &str) -> Result<(), ProfileError> {
    scan(text, &mut |_, _| {})
}

fn rule(text: &str) -> Option<Rule> {
    check(text).err().map(|error| error.rule)
}

#[test]
fn canonical_text_is_taken() {
    for text in [
        "{}",
        r#"{"a":0,"a_1":9007199254740991,"b":[],"c":[true,false,null,{}],"d":""}"#,
        r#"{"a":"\"\\\b\t\n\f\r\u0000\u0007\u000b\u000e\u001f é 𝄞 /"}"#,
        "{\"a\":\"\u{7f}\u{fffd}\"}",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn every_departure_is_refused_by_its_rule() {
    for (text, expected) in [
        ("", Rule::Syntax),
        ("[]", Rule::Syntax),
        (r#"{"a":1} "#, Rule::Syntax),
        (r#"{"a": 1}"#, Rule::Syntax),
        (r#"{"a":1,}"#, Rule::Syntax),
        (r#"{,"a":1}"#, Rule::Syntax),
        (r#"{"a":tru}"#, Rule::Syntax),
        (r#"{"a":[1,]}"#, Rule::Syntax),
        (r#"{"a":"x"#, Rule::Syntax),
        ("{\"a\":\"\n\"}", Rule::Syntax),
        (r#"{"":1}"#, Rule::Key),
        (r#"{"A":1}"#, Rule::Key),
        (r#"{"\u0061":1}"#, Rule::Key),
        (r#"{"b":1,"a":1}"#, Rule::KeyOrder),
        (r#"{"a":1,"a":1}"#, Rule::KeyOrder),
        (r#"{"a":{"b":1,"b":2}}"#, Rule::KeyOrder),
        (r#"{"a":1.0}"#, Rule::Number),
        (r#"{"a":1e3}"#, Rule::Number),
        (r#"{"a":-0}"#, Rule::Number),
        (r#"{"a":01}"#, Rule::Number),
        (r#"{"a":9007199254740992}"#, Rule::Number),
        (r#"{"a":99999999999999999999999}"#, Rule::Number),
        (r#"{"a":"\/"}"#, Rule::Escape),
        (r#"{"a":"\u000a"}"#, Rule::Escape),
        (r#"{"a":"\u000B"}"#, Rule::Escape),
        (r#"{"a":"\u0041"}"#, Rule::Escape),
        (r#"{"a":"\ud800"}"#, Rule::Escape),
        ("{\"a\":\"\u{fffe}\"}", Rule::Noncharacter),
        ("{\"a\":\"\u{fdd0}\"}", Rule::Noncharacter),
        ("{\"a\":\"\u{10ffff}\"}", Rule::Noncharacter),
    ] {
        assert_eq!(rule(text), Some(expected), "{text}");
    }
}

#[test]
fn limits_hold_on_both_sides() {
    let key = |length| format!(r#"{{"{}":1}}"#, "k".repeat(length));
    assert_eq!((rule(&key(32)), rule(&key(33))), (None, Some(Rule::Key)));
    let deep =
        |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!((rule(&deep(16)), rule(&deep(17))), (None, Some(Rule::Depth)));
    let long = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    assert_eq!((rule(&long(65_535)), rule(&long(65_536))), (None, Some(Rule::Length)));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..=INTEGER_MAX).prop_map(Value::from),
        "[ -~é\u{1f600}\u{0}-\u{1f}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z0-9_]{1,6}", inner, 0..5)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    /// Everything that `serde_json_canonicalizer` writes within the profile is taken; and of what comes out when a byte of
    /// it changes, only what that implementation would have written, too.
    #[test]
    fn exactly_canonical_texts_are_taken(value in any_value(), place: prop::sample::Index, byte in 0x20..0x7f_u8) {
        let text = serde_json_canonicalizer::to_string(&json!({ "value": value })).unwrap();
        prop_assert_eq!(check(&text), Ok(()));
        let mut changed = text.into_bytes();
        let place = place.index(changed.len());
        changed[place] = byte;
        if let Ok(changed) = String::from_utf8(changed) && check(&changed).is_ok() {
            prop_assert_eq!(serde_json_canonicalizer::pipe(&changed).unwrap(), changed);
        }
    }
}

/// Another implementation of RFC 8785 (`serde_json_canonicalizer`) writes only what this one reads.
#[test]
fn what_another_implementation_of_rfc_8785_writes_is_taken() {
    let every_control: String = (0..0x20_u8).map(char::from).collect();
    let value: Value = json!({
        "z": every_control, "a": {"y": [0, 1, {"b": null, "a": "\u{20ac}$\u{f}\nA'\"\\\\\"/"}], "x": true},
        "m": u64::pow(2, 53) - 1, "empty": {}, "list": [], "astral": "\u{1f600}",
    });
    let text = serde_json_canonicalizer::to_string(&value).unwrap();
    assert_eq!(check(&text), Ok(()), "{text}");
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
}
