//! Files that appear whole or not at all, durably, and for this user alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ports::Randomness;

/// Options for a file that this user alone may read and write.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Makes `folder` and what is missing above it, for this user alone, durably.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => sync_folder(parent.unwrap_or(Path::new("."))),
    }
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates `path` with `bytes`; `false` if it exists. A crash leaves the whole file or none.
pub(crate) fn create(path: &Path, bytes: &[u8], randomness: &dyn Randomness) -> io::Result<bool> {
    let (folder, draft) = write_draft(path, bytes, randomness)?;
    // A hard link refuses an existing name, where a rename would replace it.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        linked => linked.and_then(|()| sync_folder(folder)).map(|()| true),
    }
}

/// Puts `bytes` in the place of what `path` holds. A crash leaves the old file or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8], randomness: &dyn Randomness) -> io::Result<()> {
    let (folder, draft) = write_draft(path, bytes, randomness)?;
    fs::rename(&draft, path)?;
    sync_folder(folder)
}

/// Writes `bytes` beside `path`, under a name that starts with a dot and so is nobody's.
fn write_draft<'a>(
    path: &'a Path,
    bytes: &[u8],
    randomness: &dyn Randomness,
) -> io::Result<(&'a Path, PathBuf)> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make_folder(folder)?;
    let draft = folder.join(format!(".draft-{}", hex::encode(randomness.bytes::<12>())));
    let mut file = private().create_new(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok((folder, draft))
}
