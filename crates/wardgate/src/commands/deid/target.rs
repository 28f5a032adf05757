//! Where the result goes: a file appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Standard output, a device, or a file that takes its name when it is complete.
pub(super) struct Target {
    sink: BufWriter<Box<dyn Write>>,
    path: PathBuf,
    /// The name the file has until it is complete, and the one it gets.
    pending: Option<(PathBuf, PathBuf)>,
}

impl Target {
    pub(super) fn stdout() -> Self {
        Self {
            sink: BufWriter::new(Box::new(io::stdout())),
            path: PathBuf::from("standard output"),
            pending: None,
        }
    }

    /// A file, with the rights that `mode` gives its owner and others before the umask.
    pub(super) fn file(path: &Path, mode: u32) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::file("write", path, error);
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&place).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let device = OpenOptions::new().write(true).open(&place);
            let device = device.map_err(|error| failed(&error))?;
            return Ok(Self::of(device, path, None));
        }
        let name = place.file_name().filter(|_| !place.is_dir());
        let name = name.ok_or_else(|| failed(&io::Error::from(io::ErrorKind::IsADirectory)))?;
        let random = u64::from_le_bytes(wardgate_vault::random());
        let temporary = format!(".{}.{random:016x}.part", name.to_string_lossy());
        let temporary = place.with_file_name(temporary);
        let mut options = OpenOptions::new();
        let opened = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary);
        let file = opened.map_err(|error| failed(&error))?;
        Ok(Self::of(file, path, Some((temporary, place))))
    }

    fn of(file: File, path: &Path, pending: Option<(PathBuf, PathBuf)>) -> Self {
        Self {
            sink: BufWriter::new(Box::new(file)),
            path: path.to_owned(),
            pending,
        }
    }

    /// Writes; gives whether anybody still reads.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        let written = self.sink.write_all(bytes);
        self.still_read(written)
    }

    /// Writes the rest and gives the file its name.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.sink.flush();
        self.still_read(flushed)?;
        match self.pending.take() {
            Some((from, to)) => fs::rename(&from, &to).map_err(|error| {
                // Nothing is left behind under the name that nobody asked for.
                let _ = fs::remove_file(&from);
                Failure::file("write", &self.path, &error)
            }),
            None => Ok(()),
        }
    }

    fn still_read(&self, written: io::Result<()>) -> Result<bool, Failure> {
        match written {
            Ok(()) => Ok(true),
            // A reader that has seen enough is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Failure::file("write", &self.path, &error)),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.pending {
            // It may be gone already; there is nobody left to tell.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// What files of this program may be read by, before the umask: everybody.
pub(super) const MODE_USUAL: u32 = 0o666;
/// Patient data: its owner only.
pub(super) const MODE_PRIVATE: u32 = 0o600;
