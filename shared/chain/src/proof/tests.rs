//! Proofs as they are published for the test tree of RFC 6962, and what is none.

use super::*;
use crate::tree::tests::{RFC_6962_ROOTS, rfc_6962_leaves};

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn root_at(size: u64) -> Hash {
    RFC_6962_ROOTS[usize::try_from(size).unwrap()].parse().unwrap()
}

#[test]
fn roots_are_those_of_the_test_tree() {
    let leaves = rfc_6962_leaves();
    for size in 0..=8 {
        assert_eq!(root(leaves.as_slice(), size), Some(root_at(size)));
    }
    assert_eq!(root(leaves.as_slice(), 9), None);
}

/// Published with the test tree (`merkletree/merkle_tree_test.cc`, here counted from 0): rows 0 and 5 of 8, 2 of 3, 1 of 5.
#[test]
fn inclusion_proofs_are_those_published_for_the_test_tree() {
    let leaves = rfc_6962_leaves();
    for (index, size, expected) in [
        (
            0,
            8,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            vec![
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, vec!["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            vec![
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let proof = inclusion(leaves.as_slice(), index, size).unwrap();
        assert_eq!(proof, hashes(&expected), "{index} of {size}");
    }
}

/// Published with the test tree: from 1, 6 to 8, and 2 to 5.
#[test]
fn consistency_proofs_are_those_published_for_the_test_tree() {
    let leaves = rfc_6962_leaves();
    for (earlier, size, expected) in [
        (1, 1, vec![]),
        (
            1,
            8,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            vec![
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            vec![
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let proof = consistency(leaves.as_slice(), earlier, size).unwrap();
        assert_eq!(proof, hashes(&expected), "{earlier} to {size}");
    }
}

#[test]
fn every_proof_holds_for_its_row_and_tree_and_for_no_other() {
    let leaves = rfc_6962_leaves();
    for size in 1..=8 {
        for index in 0..size {
            let leaf = leaves[usize::try_from(index).unwrap()];
            let proof = inclusion(leaves.as_slice(), index, size).unwrap();
            assert_eq!(check_inclusion(leaf, index, size, &proof, root_at(size)), Ok(()));
            for other in (0..size).filter(|other| *other != index) {
                assert!(check_inclusion(leaf, other, size, &proof, root_at(size)).is_err());
            }
            refuses_damage(&proof, |proof| {
                check_inclusion(leaf, index, size, proof, root_at(size))
            });
        }
        for earlier in 0..=size {
            let check = |proof: &[Hash]| {
                check_consistency(earlier, root_at(earlier), size, root_at(size), proof)
            };
            let proof = consistency(leaves.as_slice(), earlier, size).unwrap();
            assert_eq!(check(&proof), Ok(()), "{earlier} to {size}");
            refuses_damage(&proof, check);
            let forked = Hash::of(b"fork");
            let check = check_consistency(earlier, forked, size, root_at(size), &proof);
            assert!(check.is_err(), "{earlier} to {size}");
        }
    }
}

fn refuses_damage(proof: &[Hash], check: impl Fn(&[Hash]) -> Result<(), ProofError>) {
    for place in 0..proof.len() {
        let mut edited = proof.to_vec();
        edited[place].0[31] ^= 1;
        assert_eq!(check(&edited), Err(ProofError::Root));
    }
    let longer = [proof, &[Hash::ZERO]].concat();
    assert_eq!(check(&longer), Err(ProofError::Length));
    if let Some((_, shorter)) = proof.split_last() {
        assert!(check(shorter).is_err());
    }
}

#[test]
fn what_the_tree_does_not_contain_has_no_proof() {
    let leaves = rfc_6962_leaves();
    assert_eq!(inclusion(leaves.as_slice(), 8, 8), None);
    assert_eq!(inclusion(leaves.as_slice(), 0, 9), None);
    assert_eq!(consistency(leaves.as_slice(), 4, 3), None);
    assert_eq!(check_inclusion(leaves[0], 8, 8, &[], root_at(8)), Err(ProofError::Range));
    assert_eq!(check_inclusion(leaves[0], 0, 0, &[], root_at(0)), Err(ProofError::Range));
    let consistency = check_consistency(4, root_at(4), 3, root_at(3), &[]);
    assert_eq!(consistency, Err(ProofError::Range));
}
