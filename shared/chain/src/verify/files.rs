//! Whether the files are those of the manifest and of the rows, to the last byte.

use std::collections::BTreeMap;

use crate::{
    bundle::{
        FILE_BYTES_MAX, FIXED_FILES, MANIFEST, MANIFEST_SIGNATURE, OPTIONAL_FILES, hash_tiles,
    },
    disclosure::{self, Claims},
    later,
    manifest::{File, Manifest},
    note::Note,
    policy::Policy,
    report::{Finding, Head, Kind},
    tile,
    verify::{head, rows::Rows},
};

/// Reads the manifest, and checks its signature and every file against it.
pub(super) fn manifest(
    files: &BTreeMap<&str, &[u8]>,
    policy: Option<&Policy>,
    findings: &mut Vec<Finding>,
) -> Option<Manifest> {
    let bytes = files.get(MANIFEST).copied().unwrap_or_default();
    let manifest = match Manifest::parse(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            findings.push(Finding::of(Kind::Manifest, "a manifest", error.to_string()));
            return None;
        }
    };
    statement(files, &Manifest::statement(&manifest.origin, bytes), policy, findings);
    findings
        .extend(manifest.files.iter().filter_map(|(path, listed)| differs(files, path, *listed)));
    let is_listed = |path: &str| {
        manifest.files.contains_key(path) || path == MANIFEST || path == MANIFEST_SIGNATURE
    };
    let unlisted = files.keys().find(|path| !is_listed(path));
    findings.extend(
        unlisted
            .map(|path| Finding::of(Kind::Manifest, "only files that the manifest lists", *path)),
    );
    Some(manifest)
}

/// The manifest's signature: one line, so that no byte of it goes unchecked.
fn statement(
    files: &BTreeMap<&str, &[u8]>,
    expected: &str,
    policy: Option<&Policy>,
    findings: &mut Vec<Finding>,
) {
    let bytes = files.get(MANIFEST_SIGNATURE).copied().unwrap_or_default();
    match Note::parse(bytes) {
        Ok(note) if note.text == expected && note.signatures.len() == 1 => {
            if let Some(policy) = policy {
                head::signers(&note, &policy.manifest_keys(), findings);
            }
        }
        Ok(note) => findings.push(Finding::of(Kind::Manifest, expected, note.text)),
        Err(error) => {
            findings.push(Finding::of(Kind::Manifest, "a signed manifest", error.to_string()));
        }
    }
}

/// A file that is longer than any of an export, which nobody needs to hold in memory.
pub(super) fn too_long(files: &BTreeMap<&str, &[u8]>) -> Option<Finding> {
    let mut others = files.iter().filter(|(path, _)| **path != MANIFEST);
    let (path, content) = others.find(|(_, content)| content.len() > FILE_BYTES_MAX)?;
    let expected = format!("{path} of at most {FILE_BYTES_MAX} bytes");
    Some(Finding::of(Kind::Container, expected, format!("{} bytes", content.len())))
}

/// The personal details that the export shows.
pub(super) fn claims(files: &BTreeMap<&str, &[u8]>, findings: &mut Vec<Finding>) -> Claims {
    let file = files.get(disclosure::FILE).copied().unwrap_or_default();
    Claims::read(file).unwrap_or_else(|finding| {
        findings.push(finding);
        Claims::default()
    })
}

/// The rows of later epochs that the export shows.
pub(super) fn later(
    files: &BTreeMap<&str, &[u8]>,
    policy: Option<&Policy>,
    findings: &mut Vec<Finding>,
) -> later::Lines {
    let file = files.get(later::FILE).copied().unwrap_or_default();
    later::Lines::read(file, policy).unwrap_or_else(|finding| {
        findings.push(finding);
        later::Lines::default()
    })
}

fn differs(files: &BTreeMap<&str, &[u8]>, path: &str, listed: File) -> Option<Finding> {
    let describe =
        |file: File| format!("{path} with {} bytes and SHA-256 {}", file.bytes, file.sha256);
    let found = files.get(path).map(|content| File::of(content));
    (found != Some(listed)).then(|| {
        Finding::of(
            Kind::Manifest,
            describe(listed),
            found.map_or(format!("no file {path}"), describe),
        )
    })
}

/// Whether manifest and checkpoint are about the same log.
pub(super) fn same_log(manifest: &Manifest, head: &Head) -> Option<Finding> {
    let describe = |origin: &str, size| format!("{size} rows of {origin}");
    let (listed, signed) =
        (describe(&manifest.origin, manifest.size), describe(&head.origin, head.size));
    (listed != signed).then(|| Finding::of(Kind::Manifest, signed, listed))
}

/// Whether there are exactly the files that a log of so many rows has, and its tiles are those of the rows.
pub(super) fn tiles(files: &BTreeMap<&str, &[u8]>, rows: &Rows<'_>, findings: &mut Vec<Finding>) {
    let mut expected = 0;
    for tile in hash_tiles(rows.size()) {
        let path = tile.path();
        let fits = files.get(path.as_str()).copied() == rows.levels().encode(&tile).as_deref();
        if !fits {
            findings.push(Finding::of(
                Kind::Tile,
                format!("{path} as the rows have it"),
                "another content",
            ));
        }
        expected += 1;
    }
    for (tile, found) in tile::bundles(rows.size()).zip(rows.widths()) {
        if tile.width != *found || !files.contains_key(tile.path().as_str()) {
            let wanted = format!("{} with {} rows", tile.path(), tile.width);
            findings.push(Finding::of(
                Kind::Container,
                wanted,
                format!("a file with {found} rows"),
            ));
        }
        expected += 1;
    }
    let missing = FIXED_FILES.iter().find(|path| !files.contains_key(**path));
    findings.extend(missing.map(|path| Finding::of(Kind::Container, *path, "no such file")));
    let optional = OPTIONAL_FILES.iter().filter(|path| files.contains_key(**path)).count();
    if files.len() != expected + FIXED_FILES.len() + optional {
        let wanted = format!("{} files", expected + FIXED_FILES.len() + optional);
        findings.push(Finding::of(Kind::Container, wanted, format!("{} files", files.len())));
    }
}
