//! The age file format, version 1 (C2SP `age`), with X25519 recipients.
//!
//! What leaves the machine to be kept by people, the recovery wrap of the root key and the
//! backups, is encrypted in this format: it is small, it is public, and tools that are not
//! ours open it when nothing of ours is left.
//!
//! ```
//! use std::io::{Read, Write};
//! use wardgate_vault::age::{Identity, decrypt, encrypt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::generate()?;
//! let mut file = encrypt(Vec::new(), &[identity.recipient().clone()])?;
//! file.write_all(b"kept apart")?;
//! let file = file.finish()?;
//!
//! let mut opened = String::new();
//! decrypt(file.as_slice(), &[identity])?.read_to_string(&mut opened)?;
//! assert_eq!(opened, "kept apart");
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: passphrase (`scrypt`), tagged and post-quantum recipients, and ASCII
//! armor. Stanzas of other recipients are passed over as the format asks.

mod bech32;
mod error;
mod header;
pub(crate) mod keys;
mod stanza;
pub(crate) mod stream;

use std::io::{BufRead, BufReader, Read, Write};

pub use error::AgeError;
pub use header::{HEADER_BYTES_MAX, STANZAS_MAX};
pub use keys::{Identity, Recipient};
pub use stream::{CHUNK_BYTES, Decryptor, Encryptor};

use crate::secret::random;
use header::{FileKey, Header};

/// Starts a file that each of the recipients can open on their own.
///
/// The header is written at once. What is written to the [`Encryptor`] becomes the payload;
/// without [`Encryptor::finish`] the file is cut short and does not open.
///
/// # Errors
/// [`AgeError::Recipients`] for none or too many recipients, [`AgeError::Recipient`] for a
/// public key that no secret key belongs to, [`AgeError::Io`] when `to` can not be written.
pub fn encrypt<W: Write>(mut to: W, recipients: &[Recipient]) -> Result<Encryptor<W>, AgeError> {
    if recipients.is_empty() || recipients.len() > STANZAS_MAX {
        return Err(AgeError::Recipients {
            count: recipients.len(),
        });
    }
    let file_key = FileKey::random();
    let text = header::write(&file_key, recipients)?;
    let nonce = random();
    to.write_all(&text)?;
    to.write_all(&nonce)?;
    Encryptor::new(to, &file_key.payload_key(&nonce))
}

/// Reads the header of a file and checks it; the payload is then read from the [`Decryptor`].
///
/// Each chunk is released only once it is proven. A file that was cut short, extended or
/// altered ends in an error: only a read that returns zero says that all of it was genuine.
///
/// # Errors
/// [`AgeError::Header`] when it is no file of this format, [`AgeError::NoMatch`] when it is
/// for none of the identities, [`AgeError::Mac`] when the header was altered,
/// [`AgeError::Io`] when `from` can not be read.
pub fn decrypt<R: Read>(
    from: R,
    identities: &[Identity],
) -> Result<Decryptor<BufReader<R>>, AgeError> {
    let mut from = BufReader::with_capacity(CHUNK_BYTES, from);
    let header = Header::read(&mut from)?;
    let file_key = header.open(identities)?;
    let nonce = payload_nonce(&mut from)?;
    Decryptor::new(from, &file_key.payload_key(&nonce))
}

fn payload_nonce(from: &mut impl BufRead) -> Result<[u8; stream::NONCE_BYTES], AgeError> {
    let mut nonce = [0; stream::NONCE_BYTES];
    from.read_exact(&mut nonce)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => AgeError::Header {
                what: "it ends before the payload",
            },
            _ => AgeError::Io(error),
        })?;
    Ok(nonce)
}
