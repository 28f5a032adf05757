//! Durable small files, directories and the lock against a second process.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::Disk;

/// Files that have been written and wait for their directories to be synced.
///
/// What a failed sync left open stays on the list, so that the next one makes up for it.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    directories: BTreeSet<PathBuf>,
}

impl Pending {
    /// Writes a file so that it is there whole or not at all, even after a power loss.
    ///
    /// The name is durable only after [`Pending::sync`].
    pub(crate) fn write(&mut self, disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.create_directory(disk, parent(path))?;
        let temporary = write_temporary(disk, path, bytes)?;
        if let Err(error) = disk.rename(&temporary, path) {
            let _ = disk.remove(&temporary);
            return Err(error);
        }
        self.keep(path);
        Ok(())
    }

    /// Has the name of a file that is already there made durable too.
    pub(crate) fn keep(&mut self, path: &Path) {
        self.directories.insert(parent(path).to_owned());
    }

    /// Creates a directory and the ones above it.
    pub(crate) fn create_directory(&mut self, disk: &dyn Disk, directory: &Path) -> io::Result<()> {
        if directory.as_os_str().is_empty() || directory.is_dir() {
            return Ok(());
        }
        self.create_directory(disk, parent(directory))?;
        match disk.create_directory(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.directories.insert(parent(directory).to_owned());
        Ok(())
    }

    /// Makes the names durable.
    pub(crate) fn sync(&mut self, disk: &dyn Disk) -> io::Result<()> {
        while let Some(directory) = self.directories.first() {
            let shown = if directory.as_os_str().is_empty() {
                Path::new(".")
            } else {
                directory
            };
            disk.sync_directory(shown)?;
            self.directories.pop_first();
        }
        Ok(())
    }
}

/// Writes one file durably, name included.
pub(crate) fn write_durably(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut pending = Pending::default();
    pending.write(disk, path, bytes)?;
    pending.sync(disk)
}

/// Writes a file durably under a name that nothing has yet.
pub(crate) fn write_new(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = write_temporary(disk, path, bytes)?;
    let linked = match disk.link(&temporary, path) {
        // Not every file system has second names. There the look comes first.
        Err(error) if is_unsupported(&error) && !path.exists() => disk.rename(&temporary, path),
        linked => linked.and_then(|()| disk.remove(&temporary)),
    };
    if let Err(error) = linked {
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_directory(parent(path))
}

fn write_temporary(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let temporary = temporary(path);
    let file = disk.create(&temporary)?;
    let written = file.write_at(bytes, 0).and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = written {
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    Ok(temporary)
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    )
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Takes the lock of a directory; `None` when another process holds it.
///
/// The lock ends with the file, so also with the process.
pub(crate) fn lock(directory: &Path) -> io::Result<Option<File>> {
    let path = directory.join(LOCK_FILE);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes what an interrupted write left behind, in one directory.
pub(crate) fn remove_temporaries(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_temporary(&path) {
            disk.remove(&path)?;
        }
    }
    Ok(())
}

/// Whether a file is one that an interrupted write left behind.
pub(crate) fn is_temporary(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == TEMPORARY)
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Whether there is no room on the volume.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// What to do about a failing disk, for hints.
pub(crate) fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        _ if is_full(error) => "free space on the volume",
        io::ErrorKind::FileTooLarge => "raise the file size limit of the process, then start again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the directory writable for the process"
        }
        _ => "check the disk",
    }
}

/// The file that holds the lock of a directory.
pub(crate) const LOCK_FILE: &str = "lock";

const TEMPORARY: &str = "tmp";
