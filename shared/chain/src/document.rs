//! Holds `docs/chain.md` to what the code does: every vector in it is computed again.

use std::collections::BTreeMap;

use crate::{
    Hash, container,
    intent::SignedIntent,
    manifest::Manifest,
    note::Note,
    policy::{Policy, Tier},
    profile, proof,
    report::{Kind, Report},
    row::Row,
    row_proof::RowProof,
    sample::{self, log_signer},
    tile::{Content, Tile},
    tree::leaf_hash,
    verify,
};

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

/// Texts and what the profile says of them.
fn profile() -> String {
    let texts = [
        r#"{"a":[true,null,{}],"b_1":9007199254740991,"c":"é\n\u001f"}"#,
        r#"{"a": 1}"#,
        r#"{"b":1,"a":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"A":1}"#,
        r#"{"a":-1}"#,
        r#"{"a":1.0}"#,
        r#"{"a":9007199254740992}"#,
        r#"{"a":"\u000a"}"#,
        r#"{"a":"\u001F"}"#,
        r#"{"a":"\/"}"#,
        r"[]",
    ];
    let line = |text: &str| match profile::scan(text, &mut |_, _| {}) {
        Ok(()) => format!("taken: {text}\n"),
        Err(error) => format!("refused at byte {}: {text}\n", error.at),
    };
    texts.into_iter().map(line).collect()
}

fn intent() -> String {
    let signed = SignedIntent::sign(sample::INTENT_7.to_owned(), &sample::app_key());
    lines(&[
        ("text", signed.intent.clone()),
        ("sha256", signed.digest().to_string()),
        ("public key", hex::encode(sample::app_key().verifying_key().as_bytes())),
        ("kid", signed.kid),
        ("sig", signed.sig),
    ])
}

fn row() -> String {
    let row = Row::seal(sample::INTENT_7, 1234, &Hash::of(b"abc"), sample::RX).unwrap();
    lines(&[("text", row.clone()), ("hash", leaf_hash(row.as_bytes()).to_string())])
}

fn tree() -> String {
    let leaves = leaves(5);
    let mut pairs = vec![("leaves".to_owned(), hashes(&leaves))];
    for size in 0..=5 {
        let root = proof::root(leaves.as_slice(), size).unwrap();
        pairs.push((format!("root of {size}"), root.to_string()));
    }
    let path = proof::inclusion(leaves.as_slice(), 3, 5).unwrap();
    pairs.push(("inclusion of 3 in 5".to_owned(), hashes(&path)));
    let path = proof::consistency(leaves.as_slice(), 3, 5).unwrap();
    pairs.push(("consistency of 3 with 5".to_owned(), hashes(&path)));
    pairs.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn paths() -> String {
    let tiles = [
        (Content::Entries, 0, 256),
        (Content::Entries, 1, 44),
        (Content::Hashes { level: 0 }, 0, 256),
        (Content::Hashes { level: 1 }, 0, 1),
        (Content::Hashes { level: 0 }, 1_234_067, 256),
    ];
    let line = |(content, index, width)| {
        let content_name = match content {
            Content::Entries => "entries".to_owned(),
            Content::Hashes { level } => format!("level {level}"),
        };
        format!(
            "{content_name}, index {index}, width {width}: {}\n",
            Tile { content, index, width }.path()
        )
    };
    tiles.into_iter().map(line).collect()
}

fn checkpoint() -> String {
    sample::checkpoint(&sample::rows(3)).sign(&log_signer()).unwrap()
}

fn policy() -> String {
    Policy { tier: Tier::Signed, ..sample::policy() }.to_string()
}

fn container() -> String {
    let files = [("a.txt", b"alpha".as_slice()), ("b", b"")];
    let files = files.map(|(name, data)| (name.to_owned(), data.to_vec())).into();
    format!("{}\n", hex::encode(container::write(&files).unwrap()))
}

/// The export of three rows, file by file.
fn export() -> String {
    let bytes = sample::bundle(&sample::rows(3));
    let archive = container::read(&bytes);
    let file = |(name, content): (&&str, &&[u8])| {
        format!("{name}: {} bytes, {}\n", content.len(), Hash::of(content))
    };
    let files: String = archive.files.iter().map(file).collect();
    format!("{files}the export: {} bytes, {}\n", bytes.len(), Hash::of(&bytes))
}

fn manifest() -> String {
    let bytes = sample::bundle(&sample::rows(3));
    let archive = container::read(&bytes);
    let text = archive.files["manifest.json"];
    let note = Note::parse(archive.files["manifest.sig"]).unwrap();
    assert_eq!(note.text, Manifest::statement(sample::ORIGIN, text));
    let signature = String::from_utf8(archive.files["manifest.sig"].to_vec()).unwrap();
    format!("{}\n\n{signature}", String::from_utf8_lossy(text))
}

fn row_proof() -> String {
    let rows = sample::rows(3);
    let hashes = proof::inclusion(leaves(3).as_slice(), 1, 3).unwrap();
    let row = Some(rows[1].clone().into_bytes());
    RowProof { row, index: 1, hashes, checkpoint: &checkpoint() }.to_text()
}

/// One byte of the export of three rows changed, each time another.
fn verdicts() -> String {
    let bytes = sample::bundle(&sample::rows(3));
    let mut text = describe("nothing", &verify::bundle(&bytes, Some(&sample::policy())));
    text += &describe("nothing, and no policy", &verify::bundle(&bytes, None));
    text +=
        &describe("the empty log", &verify::bundle(&sample::bundle(&[]), Some(&sample::policy())));
    for (what, mark, at, to) in [
        ("“ADMIN” of row 1 becomes “BDMIN”", "ADMIN", 0, b'B'),
        ("“log.genesis” of row 0 becomes “lpg.genesis”", "\"log.genesis\",\"at\"", 2, b'p'),
        ("the first letter of README.txt becomes “a”", "AN AUDIT LOG", 0, b'a'),
        ("the size in the checkpoint becomes 2", "\n3\n", 1, b'2'),
    ] {
        let mut changed = bytes.clone();
        let place = bytes.windows(mark.len()).position(|window| window == mark.as_bytes()).unwrap();
        changed[place + at] = to;
        text += &describe(what, &verify::bundle(&changed, Some(&sample::policy())));
    }
    text += &describe(
        "the last byte is missing",
        &verify::bundle(&bytes[..bytes.len() - 1], Some(&sample::policy())),
    );
    text
}

fn describe(what: &str, report: &Report) -> String {
    let verdict = serde_json::to_value(report.verdict).unwrap();
    let bad = report.first_bad.as_ref().map_or(String::new(), |finding| {
        let row = finding.seq.map_or(String::new(), |seq| format!(" at row {seq}"));
        format!(", {}{row}", finding.kind.name())
    });
    format!("{what}: {} at tier {}{bad}\n", verdict.as_str().unwrap(), report.tier)
}

#[test]
fn every_vector_of_the_document_is_what_the_code_computes() {
    let computed = BTreeMap::from([
        ("profile", profile()),
        ("intent", intent()),
        ("row", row()),
        ("tree", tree()),
        ("paths", paths()),
        ("checkpoint", checkpoint()),
        ("policy", policy()),
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
    for seed in [[42; 32], [7; 32]].map(hex::encode) {
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
