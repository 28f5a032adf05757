//! Where the result goes: standard output, a device, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use wardgate_datasets::Pending;

use crate::failure::Failure;

/// Standard output, a device, or a file that takes its name when it is complete.
pub(super) struct Target {
    sink: BufWriter<Box<dyn Write>>,
    path: PathBuf,
    pending: Option<Pending>,
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
        let failed = |error: io::Error| Failure::file("write", path, &error);
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&place).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let device = OpenOptions::new().write(true).open(&place);
            return Ok(Self::of(device.map_err(failed)?, path, None));
        }
        let pending = Pending::beside(&place, mode)?;
        let file = pending.file().try_clone().map_err(failed)?;
        Ok(Self::of(file, path, Some(pending)))
    }

    fn of(file: File, path: &Path, pending: Option<Pending>) -> Self {
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
            Some(pending) => Ok(pending.keep()?),
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
