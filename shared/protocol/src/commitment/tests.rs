use serde_json::json;

use super::*;
use crate::{
    Base64,
    samples::{commitment, evidence, header},
};

const ROOT: &str = "5c4bb10c7a358e0ff6a2348c2dd15fae6981bfdc5f33132f7de3b57270e3391c";

fn root() -> Digest {
    ROOT.parse().unwrap()
}

fn paths(of: &[&str]) -> Vec<String> {
    of.iter().map(|path| (*path).to_owned()).collect()
}

fn shown() -> Disclosure {
    commitment().disclose(&paths(&["/permit_root", "/ratio"])).unwrap()
}

/// Computed with Python `hashlib`, `json` and cryptography 50.0.2 (`HKDFExpand`) from the description at
/// [`crate::commitment`].
#[test]
fn the_root_is_the_one_that_another_implementation_computes() {
    assert_eq!(commitment().root(), root());
    assert_eq!(commitment().header().leaves, 9);
}

/// Computed likewise; proofs by the recursive definition of RFC 6962 §2.1.1.
#[test]
fn a_disclosure_is_the_one_that_another_implementation_computes() {
    let expected: Disclosure = serde_json::from_str(
        r#"{"header": {"evidence": "evd_00000000000000000000000003", "run": "run_00000000000000000000000004", "step": "sshd", "tenant": "ten_00000000000000000000000001", "runner": "rnr_00000000000000000000000002", "media_type": "application/json", "leaves": 9}, "leaves": [{"index": 4, "path": "/permit_root", "value": "no", "salt": "upw4Wj1VlYkdZnSPU6pKSnBOzxTAtywjWX963/j6V14=", "proof": ["Steh8tvYarvo1z6VsF2zypIYp8fu9PQfHSp1euUjrHc=", "R/Ap1l/o9MHpDy7DKmCukGipK1HZyjaWU1u4bmrtnNU=", "t66r7MOqHgM76E7/3iSJwFoL8qIUBoogogLgXNqq8po=", "LojxC7w90mKDvwWJovyOGpkYRFMDXaTI8DerEP7ykR0="]}, {"index": 8, "path": "/ratio", "value": 0.5, "salt": "P9ZhtQiFjJc+7jJnVb+mJBNpbHoVzpoXcB5LA2KQBGQ=", "proof": ["zvocjEehihFKreO8DhkdJWVMjN5zLmmCRr3/O0FWqqg="]}]}"#,
    )
    .unwrap();
    assert_eq!(shown(), expected);
    assert!(expected.verify(&root()).is_ok());
}

#[test]
fn leaves_are_in_the_order_of_their_paths_and_nothing_is_left_out() {
    let found: Vec<_> =
        leaves(&evidence()).unwrap().into_iter().map(|leaf| (leaf.path, leaf.value)).collect();
    let expected = [
        ("/a~1b/m~0n", json!(null)),
        ("/big", json!("18446744073709551615")),
        ("/empty", json!({})),
        ("/none", json!([])),
        ("/permit_root", json!("no")),
        ("/port", json!(true)),
        ("/ports/0", json!(22)),
        ("/ports/1", json!(2222)),
        ("/ratio", json!(0.5)),
    ];
    assert_eq!(found, expected.map(|(path, value)| (path.to_owned(), value)));
    for whole in [json!(7), json!({}), json!([])] {
        let leaf = Leaf { path: String::new(), value: whole.clone() };
        assert_eq!(leaves(&whole).unwrap(), [leaf]);
    }
}

#[test]
fn an_integer_that_would_be_rounded_is_committed_to_as_text() {
    let value = |value: Value| leaves(&value).unwrap()[0].value.clone();
    let exact = (1_i64 << 53) - 1;
    assert_eq!(value(json!(exact)), json!(exact));
    assert_eq!(value(json!(-exact)), json!(-exact));
    assert_eq!(value(json!(exact + 1)), json!("9007199254740992"));
    assert_eq!(value(json!(i64::MIN)), json!("-9223372036854775808"));
}

#[test]
fn every_leaf_of_trees_of_every_size_can_be_shown() {
    for size in 1..=70_usize {
        let items: Vec<_> = (0..size).collect();
        let commitment = Commitment::new(header(), &[7; 32], &json!(items)).unwrap();
        for index in 0..size {
            let shown = commitment.disclose(&[format!("/{index}")]).unwrap();
            assert_eq!(shown.leaves.len(), 1);
            assert!(shown.verify(&commitment.root()).is_ok(), "{index} of {size}");
        }
        assert!(commitment.disclose(&paths(&[""])).unwrap().verify(&commitment.root()).is_ok());
    }
}

#[test]
fn a_forged_disclosure_is_refused() {
    let changes: [fn(&mut Disclosure); 12] = [
        |it| it.leaves[0].value = json!("yes"),
        |it| it.leaves[0].path = "/permit_root2".to_owned(),
        |it| it.leaves[0].index = 3,
        |it| it.leaves[1].index = 9,
        |it| it.leaves[0].salt.0[0] ^= 1,
        |it| it.leaves[0].salt.0.truncate(31),
        |it| it.leaves[0].proof[0].0[0] ^= 1,
        |it| drop(it.leaves[0].proof.pop()),
        |it| it.leaves[1].proof.push(Base64(vec![0; 32])),
        |it| it.leaves[0].proof[0].0.truncate(31),
        |it| it.header.leaves = 8,
        |it| it.header.evidence = EvidenceId::from_u128(99),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut forged = shown();
        change(&mut forged);
        let refused = forged.verify(&root()).unwrap_err();
        assert_eq!(refused.code(), "commitment-mismatch", "change {number}");
    }
    assert_eq!(shown().verify(&Digest::ZERO).unwrap_err().code(), "commitment-mismatch");
}

#[test]
fn a_disclosure_shows_something_once_and_in_order() {
    let mut nothing = shown();
    nothing.leaves.clear();
    let mut twice = shown();
    twice.leaves[1] = twice.leaves[0].clone();
    let mut reversed = shown();
    reversed.leaves.reverse();
    for bad in [nothing, twice, reversed] {
        assert!(matches!(bad.verify(&root()), Err(CommitmentError::Order)));
    }
}

#[test]
fn a_path_shows_its_value_or_everything_below_it() {
    let shown = |path: &str| -> Vec<String> {
        let shown = commitment().disclose(&paths(&[path])).unwrap();
        shown.leaves.into_iter().map(|leaf| leaf.path).collect()
    };
    assert_eq!(shown("/ports"), ["/ports/0", "/ports/1"]);
    assert_eq!(shown("/port"), ["/port"]);
    assert_eq!(shown("/a~1b"), ["/a~1b/m~0n"]);
    assert_eq!(shown("").len(), 9);
    for missing in ["/por", "/ports/2", "/ports/", "ports", "/a/b"] {
        let refused = commitment().disclose(&paths(&["/port", missing])).err().unwrap();
        assert_eq!(refused.code(), "evidence-unknown", "{missing}");
    }
}

#[test]
fn an_answer_shows_every_path_and_nothing_else() {
    let shown = shown();
    assert!(shown.answers(&paths(&["/permit_root", "/ratio"])));
    assert!(shown.answers(&paths(&[""])));
    assert!(!shown.answers(&paths(&["/permit_root"])));
    assert!(!shown.answers(&paths(&["/permit_root", "/ratio", "/port"])));
}

#[test]
fn equal_values_do_not_look_equal() {
    let of = |evk: [u8; 32]| Commitment::new(header(), &evk, &json!([1, 1])).unwrap();
    assert_ne!(of([1; 32]).root(), of([2; 32]).root());
    let shown = of([1; 32]).disclose(&paths(&[""])).unwrap();
    assert_ne!(shown.leaves[0].salt, shown.leaves[1].salt);
    assert_ne!(shown.leaves[0].proof, shown.leaves[1].proof);
}

#[test]
fn a_disclosure_with_unknown_fields_is_refused() {
    let mut value = serde_json::to_value(shown()).unwrap();
    assert!(serde_json::from_value::<Disclosure>(value.clone()).is_ok());
    value["leaves"][0]["note"] = json!(1);
    assert!(serde_json::from_value::<Disclosure>(value).is_err());
}
