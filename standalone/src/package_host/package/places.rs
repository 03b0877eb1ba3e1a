//! Where packages are: folders, zips, and folders that hold some.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    super::mistake::{Mistake, Rule},
    HOST_JSON,
};

/// The packages at `path`: itself, or those in the folder. A folder counts before a zip of the same name.
pub(super) fn found(path: &Path) -> Result<Vec<PathBuf>, Mistake> {
    let path = path.canonicalize().map_err(|error| Rule::Unreadable(error).of(path))?;
    if is_package(&path) {
        return Ok(vec![path]);
    }
    let entries = fs::read_dir(&path).map_err(|_| Rule::NoPackage.of(&path))?;
    let mut inside: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_package(path))
        .collect();
    inside.sort();
    let is_beside_its_folder =
        |path: &PathBuf| path.is_file() && inside.contains(&path.with_extension(""));
    let chosen: Vec<PathBuf> =
        inside.iter().filter(|path| !is_beside_its_folder(path)).cloned().collect();
    if chosen.is_empty() { Err(Rule::NoPackage.of(&path)) } else { Ok(chosen) }
}

fn is_package(path: &Path) -> bool {
    let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    path.join(HOST_JSON).is_file() || (is_zip && path.is_file())
}

/// Unpacks into a folder of its own, with the modes that the zip says; nothing lands outside of it.
pub(super) fn unpack(path: &Path) -> Result<TempDir, Mistake> {
    let unpack = || -> Result<TempDir, String> {
        let said = |error: io::Error| error.to_string();
        let folder =
            tempfile::Builder::new().prefix("proofline-package-").tempdir().map_err(said)?;
        let file = fs::File::open(path).map_err(said)?;
        let mut zip = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
        zip.extract(folder.path()).map_err(|error| error.to_string())?;
        Ok(folder)
    };
    let folder = unpack().map_err(|reason| Rule::Zip(reason).of(path))?;
    if folder.path().join(HOST_JSON).is_file() { Ok(folder) } else { Err(Rule::NoPackage.of(path)) }
}
