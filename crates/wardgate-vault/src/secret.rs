//! Key bytes that wipe themselves, and the one place that asks for randomness.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Random bytes from the operating system by way of the cryptographic library.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        // A process that cannot get randomness must not go on to make keys, and no
        // caller could do anything but stop.
        std::process::abort();
    }
    bytes
}

/// 32 bytes of key, wiped when dropped, never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secret([u8; KEY_BYTES]);

impl Secret {
    pub(crate) fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn random() -> Self {
        Self(random())
    }

    /// The same key once more.
    pub(crate) fn copy(&self) -> Self {
        Self(self.0)
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; KEY_BYTES] {
        &mut self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(32 bytes)")
    }
}

pub(crate) const KEY_BYTES: usize = 32;
