//! Files that are either wholly there or not there, also after a power cut.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
    let mut bytes = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(VaultError::io("read", path))?;
    if bytes.len() as u64 > bytes_max {
        return Err(VaultError::damaged(path, "it is too large"));
    }
    Ok(Some(bytes))
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
    overwrite(&mut file).map_err(VaultError::io("overwrite", path))?;
    remove(path)
}

/// Removes a file durably. It may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), VaultError> {
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
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .map_err(VaultError::io("sync folder", parent))
}
