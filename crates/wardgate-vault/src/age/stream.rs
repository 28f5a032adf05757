//! The payload: chunks of 64 KiB, each sealed with its number and whether it is the last.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::{Zeroize, Zeroizing};

use super::error::AgeError;
use crate::secret::Secret;

/// Encrypts what is written to it. [`Encryptor::finish`] ends the file.
pub struct Encryptor<W> {
    to: W,
    chunks: Chunks,
    plain: Zeroizing<Vec<u8>>,
    /// A chunk did not reach what is written to: nothing that follows could be opened.
    broken: bool,
}

impl<W: Write> Encryptor<W> {
    pub(super) fn new(to: W, key: &Secret) -> Result<Self, AgeError> {
        Ok(Self {
            to,
            chunks: Chunks::new(key)?,
            plain: Zeroizing::new(Vec::with_capacity(SEALED_BYTES)),
            broken: false,
        })
    }

    /// Writes the last chunk and returns what was written to, flushed.
    ///
    /// # Errors
    /// [`AgeError::Io`] when it can not be written.
    pub fn finish(mut self) -> Result<W, AgeError> {
        self.emit(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn emit(&mut self, last: bool) -> Result<(), AgeError> {
        if self.broken {
            return Err(io::Error::other("writing an earlier chunk failed").into());
        }
        self.broken = true;
        let nonce = self.chunks.nonce(last)?;
        self.chunks.number += 1;
        self.chunks
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut *self.plain)
            .map_err(|_| AgeError::Crypto {
                what: "encrypt a chunk",
            })?;
        self.to.write_all(&self.plain)?;
        self.plain.clear();
        self.broken = false;
        Ok(())
    }
}

impl<W: Write> Write for Encryptor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for more: without more it is the last one.
        if self.broken || self.plain.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.emit(false)?;
        }
        let size = bytes.len().min(CHUNK_BYTES - self.plain.len());
        self.plain
            .extend_from_slice(bytes.get(..size).unwrap_or_default());
        Ok(size)
    }

    /// Passes on to what is written to; the chunk being filled stays, as its end is not known.
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Decrypts as it is read. A read of zero bytes says that the file ended where it should.
pub struct Decryptor<R> {
    from: R,
    chunks: Chunks,
    sealed: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    /// How much of `plain` was read.
    taken: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Reading,
    /// Everything was proven and nothing follows.
    Ended,
    Failed(&'static str),
}

impl<R: BufRead> Decryptor<R> {
    pub(super) fn new(from: R, key: &Secret) -> Result<Self, AgeError> {
        Ok(Self {
            from,
            chunks: Chunks::new(key)?,
            sealed: Vec::with_capacity(SEALED_BYTES),
            plain: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES)),
            taken: 0,
            state: State::Reading,
        })
    }

    /// Reads and proves the next chunk; what is not proven is not released.
    fn refill(&mut self) -> Result<State, AgeError> {
        let first = self.chunks.number == 0;
        self.sealed.clear();
        self.from
            .by_ref()
            .take(SEALED_BYTES as u64)
            .read_to_end(&mut self.sealed)?;
        let ends = self.sealed.len() < SEALED_BYTES || self.from.fill_buf()?.is_empty();
        let plain_bytes = self
            .sealed
            .len()
            .checked_sub(TAG_BYTES)
            .ok_or(fault("it ends before its last chunk"))?;
        if plain_bytes == 0 && !first {
            return Err(fault("its last chunk is empty"));
        }
        // What the file's length suggests is tried first. The other way, the chunk is genuine
        // and the file around it is not: the chunk is released, the error comes behind it.
        if self.open(plain_bytes, ends)? {
            return Ok(if ends { State::Ended } else { State::Reading });
        }
        if self.sealed.len() == SEALED_BYTES && self.open(plain_bytes, !ends)? {
            return Ok(State::Failed(if ends {
                "it ends before its last chunk"
            } else {
                "something follows its last chunk"
            }));
        }
        Err(fault("a chunk was altered, or is not the last one"))
    }

    /// Opens the chunk into `plain`; leaves that empty when the chunk is not genuine.
    fn open(&mut self, plain_bytes: usize, last: bool) -> Result<bool, AgeError> {
        let nonce = self.chunks.nonce(last)?;
        let (body, tag) = self
            .sealed
            .split_at_checked(plain_bytes)
            .ok_or(fault("it ends before its last chunk"))?;
        self.plain.zeroize();
        self.plain.resize(plain_bytes, 0);
        self.taken = 0;
        let opened =
            self.chunks
                .key
                .open_separate_gather(nonce, Aad::empty(), body, tag, &mut self.plain);
        if opened.is_err() {
            self.plain.zeroize();
            return Ok(false);
        }
        self.chunks.number += 1;
        Ok(true)
    }
}

impl<R: BufRead> Read for Decryptor<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while !to.is_empty() && self.taken == self.plain.len() {
            match self.state {
                State::Reading => {}
                State::Ended => return Ok(0),
                State::Failed(what) => return Err(fault(what).into()),
            }
            // Until this chunk is proven, there is nothing to go on with.
            self.state = State::Failed("reading it failed before");
            self.state = self.refill().inspect_err(|error| {
                if let AgeError::Payload { what } = error {
                    self.state = State::Failed(what);
                }
            })?;
        }
        let rest = self.plain.get(self.taken..).unwrap_or_default();
        let size = rest.len().min(to.len());
        for (to, from) in to.iter_mut().zip(rest) {
            *to = *from;
        }
        self.taken += size;
        Ok(size)
    }
}

/// The key of one payload and the number of its next chunk.
struct Chunks {
    key: LessSafeKey,
    number: u64,
}

impl Chunks {
    fn new(key: &Secret) -> Result<Self, AgeError> {
        let key = payload_cipher(key)?;
        Ok(Self { key, number: 0 })
    }

    /// The number of the chunk in eleven bytes, then whether it is the last.
    fn nonce(&self, last: bool) -> Result<Nonce, AgeError> {
        let number = self.number.to_be_bytes();
        let parts = [&[0; 3], number.as_slice(), &[u8::from(last)]].concat();
        Nonce::try_assume_unique_for_key(&parts).map_err(|_| AgeError::Crypto {
            what: "number a chunk",
        })
    }
}

impl<W> fmt::Debug for Encryptor<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryptor(at chunk {})", self.chunks.number)
    }
}

impl<R> fmt::Debug for Decryptor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decryptor(at chunk {})", self.chunks.number)
    }
}

pub(crate) fn payload_cipher(key: &Secret) -> Result<LessSafeKey, AgeError> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.bytes());
    key.map(LessSafeKey::new).map_err(|_| AgeError::Crypto {
        what: "set up a payload key",
    })
}

fn fault(what: &'static str) -> AgeError {
    AgeError::Payload { what }
}

/// Plaintext bytes of every chunk but the last, which may have fewer.
pub const CHUNK_BYTES: usize = 64 * 1024;
pub(super) const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const SEALED_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
