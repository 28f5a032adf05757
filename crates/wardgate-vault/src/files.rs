//! Files that are either wholly there or not there, also after a power cut.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::secret::random;

/// Makes a folder that only its owner can enter. Parents must exist.
pub(crate) fn make_dir(path: &Path) -> Result<(), VaultError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(VaultError::io("create folder", path)(error)),
    }
}

/// Writes a new file durably. Returns false, and changes nothing, when the name is taken.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<bool, VaultError> {
    let draft = draft_path(path);
    let made = write_draft(&draft, bytes).and_then(|()| {
        // A link fails when the name is taken, also against another process; a rename would replace.
        match fs::hard_link(&draft, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(VaultError::io("create", path)(error)),
        }
    });
    let removed = fs::remove_file(&draft);
    if made? {
        removed.map_err(VaultError::io("remove", &draft))?;
        sync_parent(path)?;
        return Ok(true);
    }
    Ok(false)
}

/// Reads a small file. `None` when it does not exist.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(VaultError::io("open", path)(error)),
    };
    // A buffer that never grows leaves no copy of a secret behind.
    let mut bytes = Vec::with_capacity(usize::try_from(bytes_max + 1).unwrap_or(0));
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(VaultError::io("read", path))?;
    if bytes.len() as u64 > bytes_max {
        return Err(VaultError::damaged(path, "it is too large"));
    }
    Ok(Some(bytes))
}

/// Reads a small file that only its owner may be able to read.
pub(crate) fn read_private(path: &Path, bytes_max: u64) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let metadata = fs::metadata(path).map_err(VaultError::io("read", path))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(VaultError::Exposed {
            path: path.to_owned(),
        });
    }
    let gone = || VaultError::io("read", path)(io::Error::from(io::ErrorKind::NotFound));
    read(path, bytes_max)?.map(Zeroizing::new).ok_or_else(gone)
}

/// Whether a file exists. An answer that cannot be had is an error, never "no".
pub(crate) fn exists(path: &Path) -> Result<bool, VaultError> {
    match rustix::fs::access(path, rustix::fs::Access::EXISTS) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::NOENT) => Ok(false),
        Err(error) => Err(VaultError::io("look for", path)(error.into())),
    }
}

/// Overwrites a file with random bytes, durably, then removes it, durably.
pub(crate) fn destroy(path: &Path) -> Result<(), VaultError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return sync_parent(path),
        Err(error) => return Err(VaultError::io("open", path)(error)),
    };
    step("overwrite", path)?;
    overwrite(&mut file).map_err(VaultError::io("overwrite", path))?;
    remove(path)
}

/// Replaces a file durably, or makes it. One process at a time: the caller holds a lock.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let draft = beside(path, "new");
    remove(&draft)?;
    write_draft(&draft, bytes)?;
    rename(&draft, path)
}

/// Replaces a file durably and overwrites what it held before. What a crash leaves is put
/// right by [`settle`]. One process at a time: the caller holds a lock.
pub(crate) fn supersede(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    settle(path)?;
    let old = beside(path, "old");
    step("link", path)?;
    fs::hard_link(path, &old).map_err(VaultError::io("link", path))?;
    replace(path, bytes)?;
    destroy(&old)
}

/// Finishes what [`supersede`] left when it was cut short.
pub(crate) fn settle(path: &Path) -> Result<(), VaultError> {
    let old = beside(path, "old");
    match (identity(path)?, identity(&old)?) {
        (_, None) => {}
        // Nothing had been replaced yet: both names mean the file that is in use.
        (Some(current), Some(old_file)) if current == old_file => remove(&old)?,
        _ => destroy(&old)?,
    }
    let draft = beside(path, "new");
    if exists(&draft)? {
        destroy(&draft)?;
    }
    Ok(())
}

/// Destroys a file, and what a cut-short replacement left of it.
pub(crate) fn destroy_all(path: &Path) -> Result<(), VaultError> {
    for path in [path, &beside(path, "old"), &beside(path, "new")] {
        destroy(path)?;
    }
    Ok(())
}

/// A lock on a file, between processes and threads alike; released when dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock.
    pub(crate) fn take(path: &Path) -> Result<Self, VaultError> {
        let file = lock_file(path)?;
        rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))
            .map_err(|error| VaultError::io("lock", path)(error.into()))?;
        Ok(Self { _file: file })
    }

    /// The lock, if nobody has it.
    pub(crate) fn try_take(path: &Path) -> Result<Option<Self>, VaultError> {
        let file = lock_file(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(VaultError::io("lock", path)(error.into())),
        }
    }
}

fn lock_file(path: &Path) -> Result<File, VaultError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(VaultError::io("open", path))
}

/// Which file a name means, if any.
fn identity(path: &Path) -> Result<Option<(u64, u64)>, VaultError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(VaultError::io("look for", path)(error)),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    step("replace", to)?;
    fs::rename(from, to).map_err(VaultError::io("replace", to))?;
    sync_parent(to)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Removes a file durably. It may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), VaultError> {
    step("remove", path)?;
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(VaultError::io("remove", path)(error)),
    }
    sync_parent(path)
}

fn overwrite(file: &mut File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    file.rewind()?;
    while left > 0 {
        let block = random::<256>();
        let size = usize::try_from(left)
            .unwrap_or(block.len())
            .min(block.len());
        file.write_all(block.get(..size).unwrap_or(&block))?;
        left -= size as u64;
    }
    file.sync_all()
}

fn write_draft(draft: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    step("write", draft)?;
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(draft)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(VaultError::io("write", draft))
}

fn draft_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}.tmp", u64::from_le_bytes(random())));
    PathBuf::from(name)
}

fn sync_parent(path: &Path) -> Result<(), VaultError> {
    step("sync folder", path)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .map_err(VaultError::io("sync folder", parent))
}

/// One step on files. Tests make the Nth step and all after it fail, as a crash does.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it fails")]
fn step(_action: &'static str, _path: &Path) -> Result<(), VaultError> {
    Ok(())
}

#[cfg(test)]
fn step(action: &'static str, path: &Path) -> Result<(), VaultError> {
    let left = STEPS_LEFT.with(|left| {
        let before = left.get();
        left.set(before.saturating_sub(1));
        before
    });
    if left == 0 {
        return Err(VaultError::io(action, path)(io::Error::other("crashed")));
    }
    Ok(())
}

#[cfg(test)]
thread_local! {
    /// How many steps of this thread succeed from now on.
    pub(crate) static STEPS_LEFT: std::cell::Cell<u64> = const { std::cell::Cell::new(u64::MAX) };
}
