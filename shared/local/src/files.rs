//! Files that appear whole or not at all, durably, and for this user alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ports::Randomness;

/// How the names of drafts begin.
const DRAFT: &str = ".draft-";

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
    let mut draft = Draft::begin(path, randomness)?;
    draft.append(bytes)?;
    draft.create()
}

/// Puts `bytes` in the place of what `path` holds. A crash leaves the old file or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8], randomness: &dyn Randomness) -> io::Result<()> {
    let mut draft = Draft::begin(path, randomness)?;
    draft.append(bytes)?;
    draft.file.sync_all()?;
    fs::rename(&draft.draft, &draft.path)?;
    sync_folder(&draft.folder)
}

/// Removes `path` durably, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes the drafts in `folder` that nobody writes any more: whoever did was killed.
pub(crate) fn remove_left_drafts(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(DRAFT) {
            continue;
        }
        // Gone meanwhile, or somebody writes it.
        let is_left = File::open(entry.path()).is_ok_and(|file| file.try_lock_shared().is_ok());
        if is_left {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// A file that is written beside its path, under a name that starts with a dot and so is nobody's. Gone when it is dropped.
pub(crate) struct Draft {
    path: PathBuf,
    folder: PathBuf,
    draft: PathBuf,
    file: File,
}

impl Draft {
    pub(crate) fn begin(path: &Path, randomness: &dyn Randomness) -> io::Result<Self> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        make_folder(folder)?;
        let draft = folder.join(format!("{DRAFT}{}", hex::encode(randomness.bytes::<12>())));
        let file = private().create_new(true).open(&draft)?;
        // Held until the file is closed, or this process ends in whatever way: so that others see that somebody writes it.
        file.lock()?;
        Ok(Self { path: path.to_owned(), folder: folder.to_owned(), draft, file })
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes it the file at its path; `false` if one is there.
    pub(crate) fn create(self) -> io::Result<bool> {
        self.file.sync_all()?;
        // A hard link refuses an existing name, where a rename would replace it.
        match fs::hard_link(&self.draft, &self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            linked => linked.and_then(|()| sync_folder(&self.folder)).map(|()| true),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It was renamed, or its name says what it is.
        fs::remove_file(&self.draft).ok();
    }
}
