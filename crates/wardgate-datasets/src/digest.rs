//! SHA-256 of what is read and written, as it passes.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use crate::fault::DatasetFault;

/// A digest in the making.
#[derive(Clone)]
pub struct Digest(Context);

impl Digest {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// The digest of bytes that are in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> [u8; 32] {
        let digest = aws_lc_rs::digest::digest(&SHA256, bytes);
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// Takes bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest, in 64 hexadecimal digits.
    #[must_use]
    pub fn hex(self) -> String {
        hex(self.0.finish().as_ref())
    }

    /// Takes in the next `bytes` of an input.
    ///
    /// # Errors
    /// When the input can not be read, or ends before.
    pub(crate) fn take(&mut self, input: impl Read, bytes: u64) -> io::Result<()> {
        let mut input = input.take(bytes);
        let mut buffer = vec![0; BUFFER_BYTES.min(usize::try_from(bytes).unwrap_or(BUFFER_BYTES))];
        while input.limit() > 0 {
            let read = match input.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.update(buffer.get(..read).unwrap_or_default());
        }
        Ok(())
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// When the input can not be read.
    pub fn read_all(mut self, mut input: impl Read) -> io::Result<(String, u64)> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut total = 0;
        loop {
            let read = match input.read(&mut buffer) {
                Ok(0) => return Ok((self.hex(), total)),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.update(buffer.get(..read).unwrap_or_default());
            total += read as u64;
        }
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").finish_non_exhaustive()
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16));
        out.extend(digits.into_iter().flatten());
    }
    out
}

/// The SHA-256 and the length of a file.
///
/// # Errors
/// When it can not be read.
pub fn sha256_of_file(path: &Path) -> Result<(String, u64), DatasetFault> {
    let file = File::open(path).map_err(DatasetFault::file("read", path))?;
    Digest::new()
        .read_all(file)
        .map_err(DatasetFault::file("read", path))
}

const BUFFER_BYTES: usize = 1 << 18;
