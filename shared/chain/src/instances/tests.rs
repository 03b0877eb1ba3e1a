use super::*;
use crate::sample;

/// The digest of the `number`th intent of an instance.
fn digest(number: u64) -> Hash {
    Hash::of(&number.to_be_bytes())
}

fn source(number: u64) -> Source {
    Source {
        app: "auth".to_owned(),
        instance: "7f9c".to_owned(),
        number,
        prev: number.checked_sub(2).map(|_| digest(number - 1)),
        void: Vec::new(),
    }
}

fn insert(instances: &mut Instances, source: &Source) {
    instances.insert(source, digest(source.number), 498_768);
}

fn seen(numbers: &[u64]) -> Instances {
    let mut instances = Instances::default();
    for number in numbers {
        insert(&mut instances, &source(*number));
    }
    instances
}

fn gap(from: u64, to: u64) -> Gap {
    Gap { instance: "auth/7f9c".to_owned(), from, to }
}

#[test]
fn numbers_in_any_order_become_one_run() {
    let instances = seen(&[2, 1, 5, 4, 3]);
    let text =
        format!(r#"{{"auth/7f9c":{{"hour":498768,"runs":[{{"last":"{}","to":5}}]}}}}"#, digest(5));
    assert_eq!(serde_json::to_string(&instances).unwrap(), text);
    assert_eq!(instances.gaps(), []);
}

#[test]
fn a_number_that_was_declared_void_is_no_gap() {
    let mut instances = seen(&[1]);
    insert(&mut instances, &Source { void: vec![2, 3, 9], ..source(4) });
    assert_eq!(instances.gaps(), []);
    assert!(!instances.contains(&source(9)), "only smaller numbers can be void");
}

#[test]
fn what_was_seen_is_known_by_instance_and_number() {
    let instances = seen(&[1, 2, 4]);
    assert!([1, 2, 4].iter().all(|number| instances.contains(&source(*number))));
    assert!(!instances.contains(&source(3)) && !instances.contains(&source(5)));
    assert!(!instances.contains(&Source { instance: "other".to_owned(), ..source(1) }));
}

#[test]
fn every_gap_is_found_and_survives_storage() {
    let instances = seen(&[1, 4, 5, 7]);
    let text = serde_json::to_string(&instances).unwrap();
    let stored: Instances = serde_json::from_str(&text).unwrap();
    assert_eq!(stored, instances);
    assert_eq!(stored.gaps(), [gap(2, 3), gap(6, 6)]);
    assert_eq!(seen(&[3]).gaps(), [gap(1, 2)]);
}

#[test]
fn a_recorded_gap_is_no_longer_waited_for_and_its_numbers_may_still_come() {
    let mut instances = seen(&[1, 4, 5, 7]);
    instances.close(&gap(2, 3));
    assert_eq!(instances.gaps(), [gap(6, 6)]);
    assert!(!instances.contains(&source(2)) && !instances.contains(&source(3)));
    // Only the gap that is there can be closed: nothing gives up numbers that nobody took yet.
    instances.close(&gap(8, 9));
    instances.close(&gap(6, 20));
    assert_eq!(instances.gaps(), [gap(6, 6)]);
}

#[test]
fn a_late_number_is_remarked_on_once_and_leaves_the_rest_of_its_gap_recorded() {
    let mut instances = seen(&[1, 6]);
    instances.close(&gap(2, 5));
    for (number, left) in [(4, r#""2":3,"5":5"#), (2, r#""3":3,"5":5"#), (5, r#""3":3"#)] {
        let late = Remark::late(&source(number), "missing");
        assert_eq!(instances.remarks(&source(number), digest(number)), [late], "{number}");
        insert(&mut instances, &source(number));
        assert_eq!(instances.gaps(), []);
        let text = serde_json::to_string(&instances).unwrap();
        assert!(text.contains(&format!(r#""missing":{{{left}}}"#)), "{text}");
    }
    insert(&mut instances, &source(3));
    assert_eq!(instances, seen(&[1, 2, 3, 4, 5, 6]));
}

#[test]
fn what_was_recorded_as_missing_and_turns_out_void_is_closed() {
    let mut instances = seen(&[1, 3]);
    instances.close(&gap(2, 2));
    insert(&mut instances, &Source { void: vec![2], ..source(4) });
    assert!(instances.contains(&source(2)));
    assert!(!serde_json::to_string(&instances).unwrap().contains("missing"));
}

#[test]
fn an_intent_that_names_another_predecessor_is_a_fork_whichever_comes_first() {
    let other = Hash::of(b"other words");
    let forged = Source { prev: Some(other), ..source(3) };
    let fork =
        |number, expected, got| vec![Remark::forked(&source(1), Broken { number, expected, got })];
    let mut instances = seen(&[1, 2]);
    assert_eq!(instances.remarks(&source(3), digest(3)), []);
    assert_eq!(instances.remarks(&forged, digest(3)), fork(3, digest(2), other));
    // Sealed all the same: then the next one hangs on it.
    insert(&mut instances, &forged);
    assert_eq!(instances.remarks(&source(4), digest(4)), []);
    let after = seen(&[1, 3]);
    assert_eq!(after.remarks(&source(2), digest(2)), []);
    assert_eq!(after.remarks(&source(2), other), fork(3, other, digest(2)));
}

#[test]
fn both_neighbours_are_compared_when_a_hole_is_filled() {
    let other = Hash::of(b"other words");
    let instances = seen(&[1, 3]);
    let lost = Source { prev: Some(other), ..source(2) };
    let broken = [
        Broken { number: 2, expected: digest(1), got: other },
        Broken { number: 3, expected: other, got: digest(2) },
    ];
    let remarks = broken.map(|broken| Remark::forked(&lost, broken));
    assert_eq!(instances.remarks(&lost, other), remarks);
}

/// Nobody knows what the intent said that was never committed.
#[test]
fn nothing_is_compared_across_a_void_number() {
    let mut instances = seen(&[1]);
    insert(&mut instances, &Source { void: vec![2], ..source(3) });
    assert_eq!(instances.remarks(&source(4), digest(4)), []);
    let mut instances = seen(&[1, 4]);
    insert(&mut instances, &Source { void: vec![2], ..source(5) });
    let anything = Source { prev: Some(Hash::of(b"anything")), ..source(3) };
    assert_eq!(instances.remarks(&anything, digest(3)), []);
}

#[test]
fn a_void_number_that_comes_after_all_is_remembered() {
    let mut instances = seen(&[1]);
    insert(&mut instances, &Source { void: vec![2], ..source(3) });
    assert!(!instances.revived(&source(2)));
    assert_eq!(instances.remarks(&source(2), digest(2)), [Remark::late(&source(2), "void")]);
    insert(&mut instances, &source(2));
    assert!(instances.revived(&source(2)) && !instances.revived(&source(3)));
}

#[test]
fn an_instance_is_forgotten_after_48_hours_unless_it_is_waited_for() {
    let mut instances = seen(&[1, 2]);
    let kept = instances.clone();
    instances.forget(498_768 + 48);
    assert_eq!(instances, kept);
    instances.forget(498_768 + 49);
    assert_eq!(instances, Instances::default());

    let mut waiting = seen(&[1, 3]);
    waiting.forget(498_768 + 49);
    assert_eq!(waiting, seen(&[1, 3]));
    waiting.close(&gap(2, 2));
    waiting.forget(498_768 + 49);
    assert_eq!(waiting, Instances::default());
}

#[test]
fn the_log_is_asked_about_what_was_seen_and_about_strangers_older_than_a_day() {
    let instances = seen(&[1, 2]);
    let intent = |number, at: &str| Intent {
        at: at.to_owned(),
        src: source(number),
        ..sample::intent(number)
    };
    let rx = "2026-11-22T09:59:59.000000Z";
    let (old, new) = ("2026-11-21T08:59:59.999999Z", "2026-11-21T09:00:00.000000Z");
    assert!(instances.must_ask(&intent(2, new), rx));
    assert!(!instances.must_ask(&intent(3, old), rx), "its instance is known");
    assert!(!Instances::default().must_ask(&intent(3, new), rx));
    assert!(Instances::default().must_ask(&intent(3, old), rx));
}

#[test]
fn the_sealers_own_rows_are_not_followed() {
    let mut instances = Instances::default();
    let own =
        Source { app: "audit".to_owned(), instance: format!("{}00", Source::SEALER), ..source(1) };
    insert(&mut instances, &own);
    assert_eq!(instances, Instances::default());
    insert(&mut instances, &Source { app: "auth".to_owned(), ..own });
    assert_ne!(instances, Instances::default());
}

/// Computed with Python: `calendar.timegm(time.strptime(text[:13], "%Y-%m-%dT%H")) // 3600`.
#[test]
fn hours_are_those_that_python_counts() {
    for (text, expected) in [
        ("1970-01-01T00:59:59.999999Z", 0),
        ("1999-12-31T23:00:00.000000Z", 262_967),
        ("2000-02-29T12:00:00.000000Z", 264_396),
        ("2000-03-01T00:00:00.000000Z", 264_408),
        ("2026-11-21T09:20:00.000000Z", 498_681),
        ("2100-02-28T23:00:00.000000Z", 1_140_983),
        ("2100-03-01T00:00:00.000000Z", 1_140_984),
    ] {
        assert_eq!(hours(text), expected, "{text}");
    }
    assert_eq!(hours("no time"), 0);
}
