//! Durable small files, directories and the lock against a second process.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files that have been written and wait for their directories to be synced.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    directories: BTreeSet<PathBuf>,
}

impl Pending {
    /// Writes a file so that it is there whole or not at all, even after a power loss.
    ///
    /// The name is durable only after [`Pending::sync`].
    pub(crate) fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        self.create_directory(parent)?;
        let temporary = temporary(path);
        let mut file = File::create(&temporary)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        self.directories.insert(parent.to_owned());
        Ok(())
    }

    /// Has the name of a file that is already there made durable too.
    pub(crate) fn keep(&mut self, path: &Path) {
        let parent = path.parent().unwrap_or(Path::new("."));
        self.directories.insert(parent.to_owned());
    }

    /// Creates a directory and the ones above it.
    pub(crate) fn create_directory(&mut self, directory: &Path) -> io::Result<()> {
        if directory.as_os_str().is_empty() || directory.is_dir() {
            return Ok(());
        }
        let parent = directory.parent().unwrap_or(Path::new("."));
        self.create_directory(parent)?;
        match fs::create_dir(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.directories.insert(parent.to_owned());
        Ok(())
    }

    /// Makes the names durable.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        for directory in std::mem::take(&mut self.directories) {
            let shown = if directory.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &directory
            };
            File::open(shown)?.sync_all()?;
        }
        Ok(())
    }
}

/// Writes one file durably, name included.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut pending = Pending::default();
    pending.write(path, bytes)?;
    pending.sync()
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

/// Removes what an interrupted [`Pending::write`] left behind, in one directory.
pub(crate) fn remove_temporaries(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_temporary(&path) {
            fs::remove_file(path)?;
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

/// What to do when the disk is full, for hints.
pub(crate) fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on the volume, then start again"
        }
        io::ErrorKind::FileTooLarge => "raise the file size limit of the process, then start again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the directory writable for the process, then start again"
        }
        _ => "check the disk, then start again",
    }
}

/// The file that holds the lock of a directory.
pub(crate) const LOCK_FILE: &str = "lock";

const TEMPORARY: &str = "tmp";
