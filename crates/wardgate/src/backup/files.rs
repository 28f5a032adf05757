//! Files and directories of a backup: private, whole, durable.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// Makes a directory and its parents for the owner only.
pub(crate) fn make_dir(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::file("make", path, &error))
}

/// Writes a file whole or not at all; durable once the file system is synced.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let draft = draft(path);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| Failure::file("write", path, &error))
}

/// Writes a file whole or not at all; durable on return.
pub(crate) fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let draft = draft(path);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&draft, path))
        .and_then(|()| sync_parent(path));
    written.map_err(|error| Failure::file("write", path, &error))
}

/// Makes everything durable that was written to the file system of a directory.
pub(crate) fn sync_all(dir: &Path) -> Result<(), Failure> {
    let synced = File::open(dir).and_then(|dir| Ok(rustix::fs::syncfs(&dir)?));
    synced.map_err(|error| Failure::file("sync", dir, &error))
}

/// Reads a file of at most so many bytes. `None` when there is none.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error: io::Error| Failure::file("read", path, &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::new(
            format!("`{}` is too large", path.display()),
            "check that it belongs to a backup",
        ));
    }
    Ok(Some(bytes))
}

/// Overwrites and removes a file, durably. It may be gone already.
pub(crate) fn destroy(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(mut file) => {
            let zeros = [0; 4096];
            let mut left = file.metadata()?.len();
            file.rewind()?;
            while left > 0 {
                let size = usize::try_from(left)
                    .unwrap_or(zeros.len())
                    .min(zeros.len());
                file.write_all(zeros.get(..size).unwrap_or(&zeros))?;
                left -= size as u64;
            }
            file.sync_all()?;
            fs::remove_file(path)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    sync_parent(path)
}

/// Takes a directory for this process alone.
pub(crate) fn lock(dir: &Path) -> Result<File, Failure> {
    lock_by(dir, "lock")
}

/// Takes a directory for this process alone, as far as others look at the same name in it.
pub(crate) fn lock_by(dir: &Path, name: &str) -> Result<File, Failure> {
    let path = dir.join(name);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Failure::file("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            format!("another backup runs on `{}`", dir.display()),
            "wait until it has ended",
        )),
        Err(TryLockError::Error(error)) => Err(Failure::file("lock", &path, &error)),
    }
}

/// The names in a directory without drafts, sorted; none when there is no such directory.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>, Failure> {
    let mut names = names_and_drafts(dir)?;
    names.retain(|name| !is_draft(name));
    Ok(names)
}

/// The names in a directory with what a crash left half-written, sorted.
pub(crate) fn names_and_drafts(dir: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error: io::Error| Failure::file("read", dir, &error);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if let Some(name) = name.to_str() {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The names of all files below a directory, relative to it, sorted; drafts too.
pub(crate) fn names_below(dir: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for name in names_and_drafts(dir)? {
        let path = dir.join(&name);
        if path.is_dir() {
            let below = names_below(&path)?;
            found.extend(below.into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name);
        }
    }
    Ok(found)
}

/// A name from a manifest below a directory, if it stays below it.
pub(crate) fn below(dir: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(name);
    let mut parts = path.components().peekable();
    let fits = parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)));
    if fits {
        return Ok(dir.join(path));
    }
    Err(Failure::new(
        "the backup names a file outside of the data directory",
        "do not use this backup",
    ))
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(DRAFT);
    PathBuf::from(name)
}

/// Whether a name is that of a file that was not written whole.
pub(crate) fn is_draft(name: &str) -> bool {
    name.ends_with(DRAFT)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

const DRAFT: &str = ".tmp";
