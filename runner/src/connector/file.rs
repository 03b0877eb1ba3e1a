//! `file`: what one file is, and where a format is named what it says.
//!
//! Evidence: `{path, exists}`, and where it exists `{kind, mode, uid, gid, size, modified}`, and where the Runner may read a
//! regular file of which a format is named `{sha256, content}`; `mode` is four octal digits, `modified` seconds since 1970.

use std::{
    fs,
    io::{self, Read as _},
    os::fd::OwnedFd,
    time::Instant,
};

use domain::{
    procedure::{File, FileFormat},
    run::ReasonCode,
};
use protocol::Digest;
use rustix::{
    fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat},
    io::Errno,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Bounds, CollectError, Collected, format};

/// Collects on a thread of its own: what a file system does not answer keeps nobody waiting beyond the time that a step has.
pub(super) async fn collect_apart(
    settings: &File,
    bounds: &Bounds<'_>,
) -> Result<Collected, CollectError> {
    let (settings, scratch) = (settings.clone(), bounds.scratch.to_owned());
    let Bounds { timeout, max_bytes, now, .. } = *bounds;
    let work = move || collect(&settings, &Bounds { timeout, max_bytes, now, scratch: &scratch });
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(CollectError::unreadable(error.to_string())))
}

fn collect(settings: &File, bounds: &Bounds<'_>) -> Result<Collected, CollectError> {
    let deadline = Instant::now().checked_add(bounds.timeout);
    let path = settings.path.as_str();
    let Some(handle) = locate(path)? else {
        return Ok(Collected::of(json!({ "path": path, "exists": false })));
    };
    let stat = fstat(&handle).map_err(|error| failed(path, error))?;
    let mut fields = metadata(path, &stat);
    let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if settings.format == FileFormat::Stat {
        return Ok(Collected::of(fields));
    }
    let content = if is_regular { open(path)? } else { None };
    let unread = || CollectError::unreachable(format!("{path} cannot be read"));
    let limits = (bounds.max_bytes, deadline);
    read_content(settings.format, content.ok_or_else(unread)?, limits, &mut fields)?;
    Ok(Collected::of(fields))
}

/// A handle on `path` that needs no right to read it, following no symbolic link on the whole way; `None` when there is nothing.
fn locate(path: &str) -> Result<Option<OwnedFd>, CollectError> {
    walk(path, OFlags::PATH).or_else(|error| match error {
        Errno::NOENT => Ok(None),
        other => Err(failed(path, other)),
    })
}

/// The content of the same path; `None` when the Runner may not read it.
fn open(path: &str) -> Result<Option<fs::File>, CollectError> {
    let opened = walk(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY);
    match opened {
        Ok(handle) => Ok(handle.map(fs::File::from)),
        Err(Errno::ACCESS | Errno::PERM) => Ok(None),
        Err(other) => Err(failed(path, other)),
    }
}

/// Opens component by component, so that a link anywhere on the way is refused and not only the last one.
fn walk(path: &str, last: OFlags) -> Result<Option<OwnedFd>, Errno> {
    let closed = OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let directory = closed | OFlags::PATH | OFlags::DIRECTORY;
    let mut at = openat(CWD, "/", directory, Mode::empty())?;
    let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        if matches!(name, "." | "..") {
            return Err(Errno::LOOP);
        }
        let flags = if names.peek().is_some() { directory } else { closed | last };
        at = openat(&at, name, flags, Mode::empty()).map_err(|error| match error {
            // Linux answers "not a directory" for a link where a directory is wanted.
            Errno::NOTDIR if is_link(&at, name) => Errno::LOOP,
            other => other,
        })?;
        if is_link(&at, "") {
            return Err(Errno::LOOP);
        }
    }
    Ok(Some(at))
}

fn is_link(at: &OwnedFd, name: &str) -> bool {
    use rustix::fs::{AtFlags, statat};
    let stat =
        if name.is_empty() { fstat(at) } else { statat(at, name, AtFlags::SYMLINK_NOFOLLOW) };
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

fn failed(path: &str, error: Errno) -> CollectError {
    match error {
        Errno::LOOP => CollectError::new(
            ReasonCode::PolicyDenied,
            format!("{path} leads through a symbolic link: name the real path"),
        ),
        other => CollectError::unreachable(format!("{path}: {}", io::Error::from(other))),
    }
}

fn metadata(path: &str, stat: &Stat) -> Map<String, Value> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "link",
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => "other",
    };
    Map::from_iter([
        ("path".to_owned(), path.into()),
        ("exists".to_owned(), true.into()),
        ("kind".to_owned(), kind.into()),
        ("mode".to_owned(), format!("{:04o}", stat.st_mode & 0o7777).into()),
        ("uid".to_owned(), stat.st_uid.into()),
        ("gid".to_owned(), stat.st_gid.into()),
        ("size".to_owned(), stat.st_size.into()),
        ("modified".to_owned(), stat.st_mtime.into()),
    ])
}

/// Adds the digest and the content, or that there was too much of it.
fn read_content(
    format: FileFormat,
    mut file: fs::File,
    (max_bytes, deadline): (u64, Option<Instant>),
    fields: &mut Map<String, Value>,
) -> Result<(), CollectError> {
    let unreachable = |error: io::Error| CollectError::unreachable(error.to_string());
    let (mut hasher, mut kept, mut is_truncated) = (Sha256::new(), Vec::new(), false);
    let mut chunk = vec![0; 64 * 1024];
    loop {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(CollectError::new(ReasonCode::TimedOut, "not read in time"));
        }
        let length = file.read(&mut chunk).map_err(unreachable)?;
        let Some(read) = chunk.get(..length).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
        let room = max_bytes.saturating_sub(kept.len() as u64);
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(read.len());
        is_truncated |= fits < read.len();
        kept.extend(read.iter().take(fits));
    }
    fields.insert("sha256".to_owned(), Digest(hasher.finalize().into()).to_string().into());
    if is_truncated {
        fields.insert("truncated".to_owned(), true.into());
        return Ok(());
    }
    let text = String::from_utf8(kept).map_err(|_| CollectError::unreadable("not UTF-8"))?;
    if let Some(content) = format::parse(format, &text).map_err(CollectError::unreadable)? {
        fields.insert("content".to_owned(), content);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::{PermissionsExt as _, symlink},
        time::Duration,
    };

    use super::*;
    use crate::connector::{
        is_truncated,
        tests::{assert_check, bounds},
    };

    fn settings(path: &std::path::Path, format: FileFormat) -> File {
        File { path: path.to_str().unwrap().to_owned(), format }
    }

    fn real_dir() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        (dir, path)
    }

    /// SHA-256 of "a=1\n" by `printf 'a=1\n' | sha256sum`.
    #[test]
    fn a_file_is_described_hashed_and_read() {
        let (_keep, dir) = real_dir();
        let path = dir.join("settings");
        fs::write(&path, "a=1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let value = collect(&settings(&path, FileFormat::Kv), &bounds(&dir)).unwrap().value;
        assert_eq!((&value["mode"], &value["size"]), (&json!("0640"), &json!(4)));
        let sha256 = "fe3209d6d4f51935b391288a43df48d9ddece1a992597ae53387ca16611a9179";
        assert_eq!(value["sha256"], sha256);
        assert_check(
            &value,
            "value.exists && value.mode == '0640' && value.content.a == '1'",
            &json!({ "exists": true, "mode": "0644", "content": { "a": "1" } }),
        );
    }

    #[test]
    fn what_is_not_there_is_a_fact_and_not_an_error() {
        let (_keep, dir) = real_dir();
        let value = collect(&settings(&dir.join("none"), FileFormat::Kv), &bounds(&dir)).unwrap();
        assert_check(&value.value, "!value.exists", &json!({ "exists": true }));
    }

    #[test]
    fn a_link_is_refused_at_the_end_and_on_the_way() {
        let (_keep, dir) = real_dir();
        fs::create_dir(dir.join("real")).unwrap();
        fs::write(dir.join("real/secret"), "x").unwrap();
        symlink(dir.join("real/secret"), dir.join("last")).unwrap();
        symlink(dir.join("real"), dir.join("way")).unwrap();
        for path in [dir.join("last"), dir.join("way/secret"), dir.join("real/../last")] {
            let refused = collect(&settings(&path, FileFormat::Lines), &bounds(&dir)).unwrap_err();
            assert_eq!(refused.reason, ReasonCode::PolicyDenied, "{path:?}");
        }
    }

    #[test]
    fn what_is_longer_than_allowed_is_cut_and_said_to_be() {
        let (_keep, dir) = real_dir();
        let path = dir.join("long");
        let bounds = Bounds { max_bytes: 10, ..bounds(&dir) };
        fs::write(&path, "0123456789").unwrap();
        let whole = collect(&settings(&path, FileFormat::Lines), &bounds).unwrap();
        assert!(!is_truncated(&whole.value));
        fs::write(&path, "0123456789x").unwrap();
        let cut = collect(&settings(&path, FileFormat::Lines), &bounds).unwrap();
        assert!(is_truncated(&cut.value));
    }

    #[test]
    fn a_file_is_read_as_long_as_there_is_time() {
        let (_keep, dir) = real_dir();
        let path = dir.join("settings");
        fs::write(&path, "a=1\n").unwrap();
        let bounds = Bounds { timeout: Duration::ZERO, ..bounds(&dir) };
        let late = collect(&settings(&path, FileFormat::Kv), &bounds).unwrap_err();
        assert_eq!(late.reason, ReasonCode::TimedOut);
        let value = collect(&settings(&path, FileFormat::Stat), &bounds).unwrap().value;
        assert_eq!((&value["size"], value.get("sha256")), (&json!(4), None), "it is not read");
    }

    #[test]
    fn a_directory_and_a_pipe_are_described_and_not_read() {
        let (_keep, dir) = real_dir();
        let value = collect(&settings(&dir, FileFormat::Stat), &bounds(&dir)).unwrap().value;
        assert_eq!(value["kind"], "directory");
        assert!(collect(&settings(&dir, FileFormat::Lines), &bounds(&dir)).is_err());
    }

    #[test]
    fn content_of_another_format_is_unreadable() {
        let (_keep, dir) = real_dir();
        let path = dir.join("text");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        let refused = collect(&settings(&path, FileFormat::Lines), &bounds(&dir)).unwrap_err();
        assert_eq!(refused.reason, ReasonCode::OutputUnreadable);
    }
}
