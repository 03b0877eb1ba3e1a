//! `docs/threats.md` says of every threat in which tests it is tried. This holds the page to what is in the tree.

use std::collections::BTreeSet;

use domain::EventKind;
use system_tests::tree::{self, quoted};

/// The threats that there is something to try against, by their numbers in the threat model.
const TRIED: [std::ops::RangeInclusive<u32>; 4] = [1..=21, 30..=45, 70..=84, 86..=88];

/// One row of the page: `| T01 | attack | defence | tests | recorded as |`.
struct Threat {
    id: String,
    tests: Vec<String>,
    recorded: Vec<String>,
}

fn threats(page: &str) -> Vec<Threat> {
    page.lines().filter_map(threat).collect()
}

fn threat(line: &str) -> Option<Threat> {
    let cells: Vec<_> = line.strip_prefix("| T")?.split(" | ").collect();
    let [number, _attack, _defence, tests, recorded] = cells.as_slice() else {
        return Some(Threat { id: line.to_owned(), tests: Vec::new(), recorded: Vec::new() });
    };
    let id = format!("T{number}");
    Some(Threat { id, tests: quoted(tests), recorded: quoted(recorded) })
}

/// What is wrong with a row.
fn faults(threat: &Threat, tests: &BTreeSet<String>, events: &BTreeSet<&str>) -> Vec<String> {
    let Threat { id, .. } = threat;
    let unknown = threat.tests.iter().filter(|name| !tests.contains(*name));
    let unheard = threat.recorded.iter().filter(|name| !events.contains(name.as_str()));
    unknown
        .map(|name| format!("{id}: there is no test {name}"))
        .chain(unheard.map(|name| format!("{id}: there is no event {name}")))
        .collect()
}

#[test]
fn every_threat_has_a_row_and_every_row_names_tests_and_events_that_exist() {
    let (tests, page) = (tree::tests(), threats(&tree::read("docs/threats.md")));
    let events = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    let found: Vec<_> = page.iter().flat_map(|threat| faults(threat, &tests, &events)).collect();
    assert_eq!(found, Vec::<String>::new());
    let tried: Vec<_> = page
        .iter()
        .filter(|threat| !threat.tests.is_empty())
        .map(|threat| threat.id.clone())
        .collect();
    let expected: Vec<_> =
        TRIED.into_iter().flatten().map(|number| format!("T{number:02}")).collect();
    assert_eq!(tried, expected);
}

#[test]
fn a_row_that_claims_too_much_is_found() {
    let (tests, events) = (BTreeSet::from(["it_holds".to_owned()]), BTreeSet::from(["a.b"]));
    let check = |line| faults(&threat(line).unwrap(), &tests, &events).len();
    assert_eq!(check("| T01 | a | d | `it_holds` | `a.b` |"), 0);
    assert_eq!(check("| T01 | a | d | `it_waits`, `it_holds` | `a.c` |"), 2);
    assert!(threat("| what | a |").is_none());
}
