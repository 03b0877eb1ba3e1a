//! The files of this repository, as the tests of its shape read them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold what was made, not what was written.
const MADE: [&str; 5] = [".git", "demo-out", "node_modules", "proofline-data", "target"];

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below `folder` (a path from the root, `""` for the root), as paths from the root, sorted.
///
/// A folder that does not exist has no files.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(Path::new(folder), &mut found);
    found.sort();
    found
}

/// Every Rust source file below `folder`.
pub fn sources(folder: &str) -> Vec<String> {
    let is_rust = |path: &String| Path::new(path).extension().is_some_and(|end| end == "rs");
    files(folder).into_iter().filter(is_rust).collect()
}

/// The text of a file, by its path from the root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// What stands between backquotes.
pub fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// Every test function of the tree.
pub fn tests() -> BTreeSet<String> {
    sources("").iter().flat_map(|path| tests_of(&read(path))).collect()
}

/// A function counts as a test when an attribute `#[test]` or `#[…::test…]` stands above it.
pub fn tests_of(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line == "#[test]" || (line.starts_with("#[") && line.contains("::test")) {
            marked = true;
        } else if let Some((_, rest)) = line.split_once("fn ")
            && marked
        {
            found.extend(rest.split('(').next().map(ToOwned::to_owned));
            marked = false;
        }
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = folder.join(&name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !MADE.contains(&name.as_str()) => collect(&path, found),
            Ok(kind) if kind.is_file() => found.push(path.to_string_lossy().into_owned()),
            Ok(_) | Err(_) => {}
        }
    }
}
