//! A file that appears whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::fault::DatasetFault;

/// A file beside the place that it takes when it is complete; dropped before, it is gone.
#[derive(Debug)]
pub struct Pending {
    file: File,
    temporary: Option<PathBuf>,
    place: PathBuf,
}

impl Pending {
    /// An empty file beside `place`, with the rights that `mode` gives before the umask.
    ///
    /// # Errors
    /// When `place` is a folder or nothing can be written beside it.
    pub fn beside(place: &Path, mode: u32) -> Result<Self, DatasetFault> {
        let failed = DatasetFault::file("write", place);
        let name = place.file_name().filter(|_| !place.is_dir());
        let name = name.ok_or_else(|| failed(io::Error::from(io::ErrorKind::IsADirectory)))?;
        // A name that nobody else has; that nothing stood there before, `create_new` sees to.
        let random = RandomState::new().build_hasher().finish();
        let shown = shown(name);
        let temporary = place.with_file_name(format!(".{shown}.{random:016x}.part"));
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)
            .map_err(&failed)?;
        Ok(Self {
            file,
            temporary: Some(temporary),
            place: place.to_owned(),
        })
    }

    /// The first `bytes` of the file that an earlier run left under this name beside `place`, to be read from
    /// its start and written on; nothing when there is no such file.
    pub(crate) fn left(place: &Path, name: &str, bytes: u64) -> Option<Self> {
        // The name comes from a journal: it must not lead anywhere else.
        let own = is_pending_name_of(name, place) && Path::new(name).file_name()? == name;
        let temporary = own.then(|| place.with_file_name(name))?;
        let found = fs::symlink_metadata(&temporary).ok()?;
        if !found.is_file() {
            return None;
        }
        let pending = Self {
            file: OpenOptions::new()
                .read(true)
                .write(true)
                .open(&temporary)
                .ok()?,
            temporary: Some(temporary),
            place: place.to_owned(),
        };
        let whole = found.len() >= bytes && pending.file.set_len(bytes).is_ok();
        whole.then_some(pending)
    }

    /// The name under which it stands until it takes its place.
    pub(crate) fn name(&self) -> Option<String> {
        let name = self.temporary.as_ref()?.file_name()?;
        Some(name.to_str()?.to_owned())
    }

    /// Is not taken away when it is dropped: a later run goes on with it.
    pub(crate) fn leave(&mut self) {
        self.temporary = None;
    }

    /// The file itself.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Has everything that was written brought to the disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> Result<(), DatasetFault> {
        self.file
            .sync_data()
            .map_err(DatasetFault::file("write", &self.place))
    }

    /// Gives the file its name; what had it before is replaced.
    ///
    /// # Errors
    /// When it can not be renamed; the file is gone then.
    pub fn keep(mut self) -> Result<(), DatasetFault> {
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        fs::rename(&temporary, &self.place).map_err(|error| {
            // Nothing is left behind under the name that nobody asked for.
            let _ = fs::remove_file(&temporary);
            DatasetFault::file("write", &self.place)(error)
        })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // It may be gone already; there is nobody left to tell.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Has the names in a folder brought to the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), DatasetFault> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let failed = DatasetFault::file("write", folder);
    File::open(folder)
        .map_err(&failed)?
        .sync_all()
        .map_err(failed)
}

/// Whether a name is one that [`Pending`] gives.
pub(crate) fn is_pending_name(name: &str) -> bool {
    shown_in(name).is_some()
}

/// Whether a name is one that [`Pending`] gives beside this place.
pub(crate) fn is_pending_name_of(name: &str, place: &Path) -> bool {
    place
        .file_name()
        .is_some_and(|own| shown_in(name) == Some(&shown(own)))
}

/// What stands of a file's name in that of the file beside it.
fn shown(name: &OsStr) -> String {
    name.to_string_lossy()
        .chars()
        .take(NAME_CHARS_MAX)
        .collect()
}

fn shown_in(name: &str) -> Option<&str> {
    let stem = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".part"))?;
    let (shown, random) = stem.rsplit_once('.')?;
    let is_random = random.len() == 16 && random.bytes().all(|b| b.is_ascii_hexdigit());
    is_random.then_some(shown)
}

/// What files of this program may be read by, before the umask: everybody.
pub const MODE_USUAL: u32 = 0o666;
/// Patient data: its owner only.
pub const MODE_PRIVATE: u32 = 0o600;
/// A name has at most 255 bytes, the signs around it among them.
const NAME_CHARS_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("out");
        let count = || fs::read_dir(dir.path()).unwrap().count();
        let pending = Pending::beside(&place, MODE_PRIVATE).unwrap();
        pending.file().write_all(b"half").unwrap();
        let entry = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(is_pending_name(&name) && is_pending_name_of(&name, &place));
        assert!(!is_pending_name_of(&name, &dir.path().join("other")));
        drop(pending);
        assert_eq!(count(), 0);
        let pending = Pending::beside(&place, MODE_PRIVATE).unwrap();
        pending.file().write_all(b"whole").unwrap();
        pending.sync().unwrap();
        pending.keep().unwrap();
        assert_eq!(
            (fs::read(&place).unwrap().as_slice(), count()),
            (&b"whole"[..], 1)
        );
    }
}
