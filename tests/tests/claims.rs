//! `docs/claims.md` says of every promise what keeps it. This holds the page to what is in the tree.

use std::collections::BTreeSet;

use system_tests::tree::{self, quoted, tests_of};

/// How many promises there are: S1 to S94.
const PROMISES: usize = 94;

/// What a row may say of its promise.
const STATES: [&str; 5] = ["implemented", "partly", "not yet", "needs a subscription", "document"];

/// One row of the page: `| S1 | promise | state | code | test |`.
struct Claim {
    id: String,
    state: String,
    code: Vec<String>,
    tests: Vec<String>,
}

fn claims(page: &str) -> Vec<Claim> {
    page.lines().filter_map(claim).collect()
}

fn claim(line: &str) -> Option<Claim> {
    let cells: Vec<_> = line
        .strip_prefix("| S")?
        .trim_end()
        .trim_end_matches('|')
        .split(" | ")
        .map(str::trim)
        .collect();
    let [number, _promise, state, code, tests] = cells.as_slice() else {
        return Some(Claim {
            id: line.to_owned(),
            state: "a row has five cells".to_owned(),
            code: Vec::new(),
            tests: Vec::new(),
        });
    };
    Some(Claim {
        id: format!("S{number}"),
        state: (*state).to_owned(),
        code: quoted(code),
        tests: quoted(tests),
    })
}

/// What is wrong with a row, given the paths and the tests that exist.
fn faults(claim: &Claim, exists: &dyn Fn(&str) -> bool, tests: &BTreeSet<String>) -> Vec<String> {
    let Claim { id, state, code, tests: named } = claim;
    let (has_code, has_test) = (!code.is_empty(), !named.is_empty());
    let mut found = Vec::new();
    if !STATES.contains(&state.as_str()) {
        found.push(format!("{id}: {state:?} is no state"));
    }
    if matches!(state.as_str(), "implemented" | "partly") && !(has_code && has_test) {
        found.push(format!("{id}: {state} needs code and a test"));
    }
    if state == "document" && !has_code {
        found.push(format!("{id}: a document is a file"));
    }
    if state == "not yet" && (has_code || has_test) {
        found.push(format!("{id}: what is not yet has neither code nor test"));
    }
    found.extend(
        code.iter().filter(|path| !exists(path)).map(|path| format!("{id}: there is no {path}")),
    );
    found.extend(
        named
            .iter()
            .filter(|name| !tests.contains(*name))
            .map(|name| format!("{id}: there is no test {name}")),
    );
    found
}

#[test]
fn every_promise_has_one_row() {
    let ids: Vec<_> =
        claims(&tree::read("docs/claims.md")).into_iter().map(|claim| claim.id).collect();
    let expected: Vec<_> = (1..=PROMISES).map(|number| format!("S{number}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn every_row_names_code_and_tests_that_exist() {
    let tests = tree::tests();
    let exists = |path: &str| tree::root().join(path).exists();
    let rows = claims(&tree::read("docs/claims.md"));
    let found: Vec<_> = rows.iter().flat_map(|claim| faults(claim, &exists, &tests)).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_row_that_claims_too_much_is_found() {
    let tests = tests_of(
        "#[test]\nfn it_holds() {\n#[tokio::test]\n#[expect(x)]\nasync fn it_waits() {\nfn no_test() {",
    );
    assert_eq!(tests, ["it_holds", "it_waits"]);
    let tests = tests.into_iter().collect();
    let check =
        |line: &str| faults(&claim(line).expect("a row"), &|path| path == "src/a.rs", &tests);
    assert_eq!(check("| S1 | p | implemented | `src/a.rs` | `it_holds` |"), Vec::<String>::new());
    assert_eq!(check("| S1 | p | not yet | – | – |"), Vec::<String>::new());
    let wrong = [
        "| S1 | p | implemented | `src/a.rs` | – |",
        "| S1 | p | partly | – | `it_holds` |",
        "| S1 | p | implemented | `src/b.rs` | `it_holds` |",
        "| S1 | p | implemented | `src/a.rs` | `no_test` |",
        "| S1 | p | done | `src/a.rs` | `it_holds` |",
        "| S1 | p | document | – | – |",
        "| S1 | p | not yet | `src/a.rs` | – |",
        "| S1 | p | implemented | `src/a.rs` |",
    ];
    assert_eq!(wrong.map(|line| check(line).len()), [1; 8]);
}
