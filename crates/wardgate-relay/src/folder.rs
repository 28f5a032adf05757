//! A folder that records are written to: whole or not at all, and durably before anybody is told.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::fault::{RelayFault, Unpassed};

/// A folder for what is passed on.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self, RelayFault> {
        fs::create_dir_all(path).map_err(|source| RelayFault::Folder {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Writes a record under a name below the folder; an older one of that name is replaced.
    pub(crate) fn store(&self, name: &Path, record: &mut dyn Read) -> Result<(), Unpassed> {
        self.store_durably(name, record).map_err(|error| {
            tracing::error!(kind = %error.kind(), "a record could not be stored");
            Unpassed::Storage
        })
    }

    fn store_durably(&self, name: &Path, record: &mut dyn Read) -> io::Result<()> {
        let place = self.path.join(name);
        let within = place.parent().unwrap_or(&self.path);
        fs::create_dir_all(within)?;
        let mut file = NamedTempFile::with_prefix_in(PARTIAL_PREFIX, within)?;
        io::copy(record, &mut file)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(&place).map_err(|error| error.error)?;
        // The name is durable when the folders that lead to it are.
        let mut folder = Some(within);
        while let Some(path) = folder.filter(|path| path.starts_with(&self.path)) {
            File::open(path)?.sync_all()?;
            folder = path.parent();
        }
        Ok(())
    }
}

/// What has this prefix is not whole, and was never told of.
const PARTIAL_PREFIX: &str = ".partial-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_whole_or_not_there() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("out")).unwrap();
        folder
            .store(Path::new("a/b.txt"), &mut &b"whole"[..])
            .unwrap();
        assert_eq!(
            fs::read(place.path().join("out/a/b.txt")).unwrap(),
            b"whole"
        );
        let fault = folder.store(Path::new("a/c.txt"), &mut Broken).unwrap_err();
        assert!(fault.may_pass_later());
        let names: Vec<_> = fs::read_dir(place.path().join("out/a")).unwrap().collect();
        assert_eq!(names.len(), 1);
    }
}
