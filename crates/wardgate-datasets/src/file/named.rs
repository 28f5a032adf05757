//! An output that is complete beside its place: read back from the disk, then named.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::digest::{Digest, hex};
use crate::fault::DatasetFault;
use crate::file::Place;
use crate::pending::Pending;
use crate::report::OutputFile;

/// An output without its name.
pub(super) struct Unnamed {
    pub(super) pending: Pending,
    pub(super) written: Written,
    pub(super) place: Place,
}

/// What is known of an output that was written.
pub(super) enum Written {
    /// Its digest, which was made in passing.
    Digest(String),
    /// All of it.
    Bytes(Vec<u8>),
    /// It was read again already.
    InPassing,
}

impl Unnamed {
    /// Reads anew what stands on the disk: it must be what was cleaned and searched.
    ///
    /// # Errors
    /// When it is not, or can not be read.
    pub(super) fn read_back(&self) -> Result<OutputFile, DatasetFault> {
        let failed = DatasetFault::file("read", &self.place.path);
        let mut file = self.pending.file();
        file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        let read = match &self.written {
            Written::Bytes(bytes) => compared(file, bytes).map_err(failed)?,
            Written::Digest(digest) => {
                let read = Digest::new().read_all(file).map_err(failed)?;
                Some(read).filter(|(sha256, _)| sha256 == digest)
            }
            Written::InPassing => Some(Digest::new().read_all(file).map_err(failed)?),
        };
        let Some((sha256, bytes)) = read else {
            return Err(DatasetFault::refused(
                "dataset.torn",
                "the disk gave back other bytes than were written",
                "check the disk and its file system",
            ));
        };
        Ok(OutputFile {
            path: self.place.name.clone(),
            bytes,
            sha256,
        })
    }
}

/// The digest and the length of a file that has these bytes and no others; otherwise nothing.
fn compared(mut file: &File, bytes: &[u8]) -> io::Result<Option<(String, u64)>> {
    let mut rest = bytes;
    let mut buffer = vec![0; bytes.len().clamp(1, COMPARED_BYTES)];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                let Some((head, tail)) = rest.split_at_checked(read) else {
                    return Ok(None);
                };
                if buffer.get(..read) != Some(head) {
                    return Ok(None);
                }
                rest = tail;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rest
        .is_empty()
        .then(|| (hex(&Digest::of(bytes)), bytes.len() as u64)))
}

/// How much of an output is compared at once with what was written: small enough to stay near the processor.
const COMPARED_BYTES: usize = 64 << 10;
