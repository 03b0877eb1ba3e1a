//! `cargo xtask generate`: files that are made from the tables in the code, and never written by hand.

mod access;
mod apps;
mod attacks;
mod bicep;
mod events;
mod rights;
mod rights_page;
mod settings;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};

use crate::{progress::say, workspace::root};

/// Folders that hold nothing but generated files.
const FOLDERS: [&str; 3] = ["bicep/generated", "docs/api", "docs/generated"];

/// Generated files: path from the root, and content.
pub(crate) type Files = BTreeMap<String, String>;

pub(crate) fn run(only_check: bool) -> anyhow::Result<ExitCode> {
    if only_check {
        check()?;
        say("generated files: unchanged");
    } else {
        write(&root(), &files()?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares what is in the tree with what would be written.
fn check() -> anyhow::Result<()> {
    let differing = differences(&root(), &files()?)?;
    ensure!(
        differing.is_empty(),
        "not as the code says: {}; run cargo xtask generate",
        differing.join(", ")
    );
    Ok(())
}

fn files() -> anyhow::Result<Files> {
    let mut files = apps::files()?;
    files.extend(bicep::files()?);
    files.extend(rights::files()?);
    files.extend(rights_page::files());
    files.extend(access::files());
    files.extend(events::files());
    files.extend(settings::files()?);
    files.extend(attacks::files());
    Ok(files)
}

fn write(root: &Path, files: &Files) -> anyhow::Result<()> {
    for path in differences(root, files)? {
        let place = root.join(&path);
        if let Some(content) = files.get(&path) {
            fs::create_dir_all(place.parent().context("a file is in a folder")?)?;
            fs::write(&place, content).with_context(|| format!("{path} cannot be written"))?;
            say(format_args!("wrote   {path}"));
        } else {
            fs::remove_file(&place).with_context(|| format!("{path} cannot be removed"))?;
            say(format_args!("removed {path}"));
        }
    }
    say(format_args!("generated files: {}", files.len()));
    Ok(())
}

/// Files that are missing, differ, or should not be there.
fn differences(root: &Path, files: &Files) -> anyhow::Result<Vec<String>> {
    let mut paths: BTreeSet<String> = files.keys().cloned().collect();
    for folder in FOLDERS {
        paths.extend(files_below(root, Path::new(folder))?);
    }
    let differs =
        |path: &String| fs::read_to_string(root.join(path)).ok().as_ref() != files.get(path);
    Ok(paths.into_iter().filter(differs).collect())
}

fn files_below(root: &Path, folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_tree_is_what_the_tables_say() {
        check().unwrap();
    }

    #[test]
    fn a_changed_a_missing_and_a_stale_file_are_found_and_put_right() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::from([
            ("docs/api/a.json".to_owned(), "{}\n".to_owned()),
            ("docs/generated/x/b.json".to_owned(), "{}\n".to_owned()),
        ]);
        write(folder.path(), &files).unwrap();
        assert_eq!(differences(folder.path(), &files).unwrap(), Vec::<String>::new());
        fs::write(folder.path().join("docs/api/a.json"), "{ }").unwrap();
        fs::remove_file(folder.path().join("docs/generated/x/b.json")).unwrap();
        fs::write(folder.path().join("docs/generated/old.md"), "").unwrap();
        let found = differences(folder.path(), &files).unwrap();
        assert_eq!(found, ["docs/api/a.json", "docs/generated/old.md", "docs/generated/x/b.json"]);
        write(folder.path(), &files).unwrap();
        assert_eq!(differences(folder.path(), &files).unwrap(), Vec::<String>::new());
    }
}
