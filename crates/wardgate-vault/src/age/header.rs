//! The textual header: who can open the file, and a MAC that binds it to the file key.

use std::io::{BufRead, Read};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::error::AgeError;
use super::keys::{Identity, Recipient};
use super::stanza::Wrapped;
use super::stream;
use crate::derive::hkdf;
use crate::secret::{Secret, random};

/// The key that everything in one file hangs on. Made for that file alone.
pub(super) struct FileKey(Zeroizing<[u8; FILE_KEY_BYTES]>);

impl FileKey {
    pub(super) fn random() -> Self {
        Self(Zeroizing::new(random()))
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    pub(super) fn bytes(&self) -> &[u8; FILE_KEY_BYTES] {
        &self.0
    }

    pub(super) fn payload_key(&self, nonce: &[u8; stream::NONCE_BYTES]) -> Secret {
        hkdf(nonce, self.bytes(), b"payload")
    }

    fn mac_key(&self) -> hmac::Key {
        let key = hkdf(&[], self.bytes(), b"header");
        hmac::Key::new(hmac::HMAC_SHA256, key.bytes())
    }
}

/// One way to the file key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stanza {
    pub(super) arguments: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// A header that was read and fits the format; its MAC is checked by [`Header::open`].
#[derive(Debug)]
pub(super) struct Header {
    stanzas: Vec<Stanza>,
    mac: Vec<u8>,
    /// The bytes that the MAC is over.
    text: Vec<u8>,
}

impl Header {
    /// Reads up to and with the line of the MAC.
    pub(super) fn read(from: &mut impl BufRead) -> Result<Self, AgeError> {
        let mut lines = Lines {
            from,
            text: Vec::new(),
        };
        if lines.next()? != VERSION_LINE {
            return Err(fault("it does not start with the line of version 1"));
        }
        let mut stanzas = Vec::new();
        loop {
            let line = lines.next()?;
            if let Some(mac) = line.strip_prefix(END_MARK) {
                let mac = mac.strip_prefix(' ').map(base64);
                let mac = mac.transpose()?.filter(|mac| mac.len() == MAC_BYTES);
                let mac = mac.ok_or_else(|| fault("its last line is not a MAC"))?;
                let mut text = lines.text;
                text.truncate(text.len() - (line.len() + 1) + END_MARK.len());
                return Self::checked(stanzas, mac, text);
            }
            if stanzas.len() == STANZAS_MAX {
                return Err(fault("it has too many recipients"));
            }
            stanzas.push(stanza(&line, &mut lines)?);
        }
    }

    fn checked(stanzas: Vec<Stanza>, mac: Vec<u8>, text: Vec<u8>) -> Result<Self, AgeError> {
        if stanzas.is_empty() {
            return Err(fault("it has no recipient"));
        }
        // Whoever opens a file by passphrase expects that only who knows it could have made it.
        let passphrase = |stanza: &Stanza| {
            stanza
                .arguments
                .first()
                .is_some_and(|kind| kind == "scrypt")
        };
        if stanzas.len() > 1 && stanzas.iter().any(passphrase) {
            return Err(fault("a passphrase stands beside other recipients"));
        }
        Ok(Self { stanzas, mac, text })
    }

    /// The file key, by the first identity that fits, and only if the MAC holds.
    pub(super) fn open(&self, identities: &[Identity]) -> Result<FileKey, AgeError> {
        let mut wrapped = Vec::new();
        for stanza in &self.stanzas {
            wrapped.extend(Wrapped::read(stanza)?);
        }
        for identity in identities {
            for wrapped in &wrapped {
                if let Some(file_key) = wrapped.open(identity)? {
                    hmac::verify(&file_key.mac_key(), &self.text, &self.mac)
                        .map_err(|_| AgeError::Mac)?;
                    return Ok(file_key);
                }
            }
        }
        Err(AgeError::NoMatch)
    }
}

/// The header of a new file.
pub(super) fn write(file_key: &FileKey, recipients: &[Recipient]) -> Result<Vec<u8>, AgeError> {
    let mut text = format!("{VERSION_LINE}\n");
    for recipient in recipients {
        Wrapped::new(file_key, recipient)?
            .to_stanza()
            .write(&mut text);
    }
    text.push_str(END_MARK);
    let mac = hmac::sign(&file_key.mac_key(), text.as_bytes());
    text.push(' ');
    text.push_str(&STANDARD_NO_PAD.encode(mac));
    text.push('\n');
    Ok(text.into_bytes())
}

impl Stanza {
    fn write(&self, text: &mut String) {
        text.push_str("->");
        for argument in &self.arguments {
            text.push(' ');
            text.push_str(argument);
        }
        text.push('\n');
        let body = STANDARD_NO_PAD.encode(&self.body);
        let mut rest = body.as_str();
        while let Some((line, after)) = rest.split_at_checked(COLUMNS) {
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(rest);
        text.push('\n');
    }
}

/// Reads the body of a stanza whose first line is given.
fn stanza(first: &str, lines: &mut Lines<'_, impl BufRead>) -> Result<Stanza, AgeError> {
    let arguments = first
        .strip_prefix("-> ")
        .ok_or_else(|| fault("a line is neither a recipient nor the MAC"))?;
    let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    if arguments.iter().any(String::is_empty) {
        return Err(fault("an argument of a recipient is empty"));
    }
    let mut body = Vec::new();
    loop {
        let line = lines.next()?;
        if line.len() > COLUMNS {
            return Err(fault("a line of a recipient is too long"));
        }
        body.extend(base64(&line)?);
        if line.len() < COLUMNS {
            return Ok(Stanza { arguments, body });
        }
    }
}

/// Lines of visible characters and spaces, each ended by one line feed; the bytes are kept.
struct Lines<'a, R> {
    from: &'a mut R,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self) -> Result<String, AgeError> {
        let start = self.text.len();
        let room = (HEADER_BYTES_MAX - start) as u64;
        let from: &mut R = self.from;
        from.take(room).read_until(b'\n', &mut self.text)?;
        let line = self.text.get(start..).unwrap_or_default();
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(fault(if self.text.len() == HEADER_BYTES_MAX {
                "its header is too long"
            } else {
                "it ends in the header"
            }));
        };
        if !line.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            return Err(fault(
                "its header has a character that does not belong there",
            ));
        }
        let line = String::from_utf8(line.to_vec());
        line.map_err(|_| fault("its header is not text"))
    }
}

/// Unpadded base64 in its one canonical form.
fn base64(text: &str) -> Result<Vec<u8>, AgeError> {
    STANDARD_NO_PAD
        .decode(text)
        .map_err(|_| fault("its header has base64 that is not canonical"))
}

fn fault(what: &'static str) -> AgeError {
    AgeError::Header { what }
}

/// The greatest size of a header that is read, in bytes.
pub const HEADER_BYTES_MAX: usize = 128 * 1024;
/// The greatest number of recipients of a file.
pub const STANZAS_MAX: usize = 512;
pub(super) const FILE_KEY_BYTES: usize = 16;
const VERSION_LINE: &str = "age-encryption.org/v1";
const END_MARK: &str = "---";
const COLUMNS: usize = 64;
const MAC_BYTES: usize = 32;
