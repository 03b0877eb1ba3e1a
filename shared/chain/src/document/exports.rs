//! The vectors of exports: their container, their manifest, and what is found in changed ones.

use super::{heads::checkpoint, leaves};
use crate::{
    Hash, container, manifest::Manifest, note::Note, proof, report::Report, row_proof::RowProof,
    sample, verify,
};

pub(super) fn container() -> String {
    let files = [("a.txt", b"alpha".as_slice()), ("b", b"")];
    let files = files.map(|(name, data)| (name.to_owned(), data.to_vec())).into();
    format!("{}\n", hex::encode(container::write(&files).unwrap()))
}

/// The export of three rows, file by file.
pub(super) fn export() -> String {
    let bytes = sample::bundle(&sample::rows(3));
    let archive = container::read(&bytes);
    let file = |(name, content): (&&str, &&[u8])| {
        format!("{name}: {} bytes, {}\n", content.len(), Hash::of(content))
    };
    let files: String = archive.files.iter().map(file).collect();
    format!("{files}the export: {} bytes, {}\n", bytes.len(), Hash::of(&bytes))
}

pub(super) fn manifest() -> String {
    let bytes = sample::bundle(&sample::rows(3));
    let archive = container::read(&bytes);
    let text = archive.files["manifest.json"];
    let note = Note::parse(archive.files["manifest.sig"]).unwrap();
    assert_eq!(note.text, Manifest::statement(sample::ORIGIN, text));
    let signature = String::from_utf8(archive.files["manifest.sig"].to_vec()).unwrap();
    format!("{}\n\n{signature}", String::from_utf8_lossy(text))
}

pub(super) fn row_proof() -> String {
    let rows = sample::rows(3);
    let hashes = proof::inclusion(leaves(3).as_slice(), 1, 3).unwrap();
    let row = Some(rows[1].clone().into_bytes());
    RowProof { row, index: 1, hashes, checkpoint: &checkpoint() }.to_text()
}

/// One byte of the export of three rows changed, each time another.
pub(super) fn verdicts() -> String {
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
