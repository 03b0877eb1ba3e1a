//! Holds `docs/chain.md` to what the code does: every vector in it is computed again.

mod exports;
mod heads;
mod rows;

use std::collections::BTreeMap;

use crate::{Hash, policy::Tier, report::Kind, sample, tree::leaf_hash};

use exports::{container, export, manifest, row_proof, verdicts};
use heads::{checkpoint, cosignature, policy, policy_witnessed};
use rows::{detail, intent, paths, profile, purge, row, tree};

const DOCUMENT: &str = include_str!("../../../docs/chain.md");

/// The vectors of the document by name: what stands between "```vector NAME" and "```".
fn written() -> BTreeMap<&'static str, &'static str> {
    let blocks = DOCUMENT.split("```vector ").skip(1);
    let parse = |block: &'static str| {
        let (name, rest) = block.split_once('\n').unwrap();
        (name, rest.split_once("```").unwrap().0)
    };
    blocks.map(parse).collect()
}

fn lines(pairs: &[(&str, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn leaves(count: u64) -> Vec<Hash> {
    sample::rows(count).iter().map(|row| leaf_hash(row.as_bytes())).collect()
}

fn hashes(hashes: &[Hash]) -> String {
    hashes.iter().map(Hash::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_vector_of_the_document_is_what_the_code_computes() {
    let computed = BTreeMap::from([
        ("profile", profile()),
        ("intent", intent()),
        ("row", row()),
        ("tree", tree()),
        ("paths", paths()),
        ("detail", detail()),
        ("rotation", crate::epoch::tests::vector()),
        ("purge", purge()),
        ("checkpoint", checkpoint()),
        ("anchor", crate::anchor::tests::vector()),
        ("cosignature", cosignature()),
        ("policy", policy()),
        ("policy-witnessed", policy_witnessed()),
        ("container", container()),
        ("export", export()),
        ("manifest", manifest()),
        ("row-proof", row_proof()),
        ("verdicts", verdicts()),
    ]);
    let written = written();
    assert_eq!(written.keys().collect::<Vec<_>>(), computed.keys().collect::<Vec<_>>());
    for (name, expected) in computed {
        assert_eq!(written.get(name).copied(), Some(expected.as_str()), "the vector {name}");
    }
}

/// The rows that the vectors are made of stand in the document, so that nobody needs our code to repeat them.
#[test]
fn the_document_holds_the_rows_of_its_vectors() {
    for row in sample::rows(3) {
        assert!(DOCUMENT.contains(&format!("\n{row}\n")), "{row}");
    }
    for seed in [[42; 32], [7; 32], [99; 32]].map(hex::encode) {
        assert!(DOCUMENT.contains(&seed), "{seed}");
    }
}

#[test]
fn every_rule_and_tier_of_a_report_is_explained() {
    let kinds = [
        Kind::RowHash,
        Kind::Link,
        Kind::SeqGap,
        Kind::SeqDup,
        Kind::TimeRegress,
        Kind::MissingBody,
        Kind::UnexplainedPurge,
        Kind::Disclosure,
        Kind::Profile,
        Kind::Tenant,
        Kind::Signature,
        Kind::Tile,
        Kind::Root,
        Kind::Manifest,
        Kind::Container,
    ];
    for name in kinds.map(Kind::name).into_iter().chain(Tier::ALL.map(Tier::name)) {
        assert!(DOCUMENT.contains(&format!("| `{name}` |")), "{name}");
    }
}
