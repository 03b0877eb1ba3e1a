//! The vectors of rows, of the tree over them, and of what they commit to and account for.

use super::{hashes, leaves, lines};
use crate::{
    Hash,
    disclosure::{self, Gone, Line, Shown},
    intent::SignedIntent,
    profile, proof,
    purge::{Kept, Purge, months_before},
    row::Row,
    sample,
    tile::{Content, Tile},
    tree::leaf_hash,
};

/// Texts and what the profile says of them.
pub(super) fn profile() -> String {
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

pub(super) fn intent() -> String {
    let signed = SignedIntent::sign(sample::INTENT_7.to_owned(), &sample::app_key());
    lines(&[
        ("text", signed.intent.clone()),
        ("sha256", signed.digest().to_string()),
        ("public key", hex::encode(sample::app_key().verifying_key().as_bytes())),
        ("kid", signed.kid),
        ("sig", signed.sig),
    ])
}

pub(super) fn row() -> String {
    let row = Row::seal(sample::INTENT_7, 1234, &Hash::of(b"abc"), sample::RX).unwrap();
    lines(&[("text", row.clone()), ("hash", leaf_hash(row.as_bytes()).to_string())])
}

pub(super) fn tree() -> String {
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

pub(super) fn paths() -> String {
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

/// What rows commit to, and how it is shown.
pub(super) fn detail() -> String {
    let salt = [7; 32];
    let line = |field: &str, value: &str| {
        let commitment = disclosure::commitment(&salt, field, value);
        format!("{field} {value} with the salt {}: {commitment}\n", Hash(salt))
    };
    let (field, value) = ("ip".to_owned(), "203.0.113.7".to_owned());
    let shown = Line::Shown(Shown { field, salt: Hash(salt), seq: 5, value });
    let gone = Line::Erased(Gone { erased_by: 9, field: "name".to_owned(), seq: 5 });
    let text = |line: &Line| serde_json::to_string(line).unwrap();
    let pairs = lines(&[("shown", text(&shown)), ("gone", text(&gone))]);
    line("ip", "203.0.113.7") + &line("name", "Zoë") + &pairs
}

/// What accounts for rows that are gone.
pub(super) fn purge() -> String {
    let (export, root) = (Hash::of(b"export"), Hash::of(b"root"));
    let before = "2025-10-21T00:00:00.000000Z".to_owned();
    let (epoch, kept) = (Some(0), Kept::from(vec![(2, 4)]));
    let account = Purge { before, epoch, export, from: 1, kept, months: 13, root, to: 6 };
    let mut text = lines(&[("data", serde_json::to_string(&account).unwrap())]);
    for (at, months) in [
        ("2026-11-21T00:00:00.000000Z", 13),
        ("2026-03-31T10:20:30.000001Z", 13),
        ("2028-02-29T00:00:00.000000Z", 48),
        ("2104-02-29T00:00:00.000000Z", 48),
    ] {
        let before = months_before(at, months).unwrap();
        text += &lines(&[(format!("{at}, {months} months before").as_str(), before)]);
    }
    text
}
