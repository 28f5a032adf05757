//! Writes RFC 8785 canonical JSON straight into bytes.
//!
//! INVARIANT: every text is a [`Token`], hexadecimal or a timestamp, so nothing needs escaping;
//! every number is an integer of at most 2^53 - 1; the callers name the members of an object in
//! ascending order (the property test compares every event with a sorting canonicaliser).

use std::io::Write as _;

use jiff::Timestamp;

use super::Token;
use crate::RecordId;

/// The largest integer that every JSON reader keeps exact. Larger counts saturate here.
pub(super) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Canonical JSON under construction.
pub(super) struct Canonical {
    out: Vec<u8>,
    first: bool,
}

impl Canonical {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            first: true,
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Writes `{`, what `members` writes, and `}`.
    pub(super) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.out.push(b'{');
        self.first = true;
        members(self);
        self.out.push(b'}');
        self.first = false;
    }

    /// Writes an array of what `element` writes for each item.
    pub(super) fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut element: impl FnMut(&mut Self, T),
    ) {
        self.out.push(b'[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            element(self, item);
        }
        self.out.push(b']');
        self.first = false;
    }

    /// Starts the member `name` of the object being written; its value must follow.
    pub(super) fn member(&mut self, name: &'static str) -> &mut Self {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.quoted(name);
        self.out.push(b':');
        self
    }

    pub(super) fn token(&mut self, token: Token<'_>) {
        self.quoted(token.as_str());
    }

    pub(super) fn fixed(&mut self, word: &'static str) {
        self.quoted(word);
    }

    /// Tokens parted by single spaces, such as the codes of a set; anything else is unfit.
    pub(super) fn words(&mut self, text: &str) {
        let fits = text.is_empty() || text.split(' ').all(|word| Token::new(word).is_ok());
        self.quoted(if fits { text } else { Token::UNFIT.as_str() });
    }

    pub(super) fn integer(&mut self, value: u64) {
        let value = value.min(INTEGER_MAX);
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "{value}");
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.out
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn time(&mut self, at: Timestamp) {
        let _ = write!(self.out, "\"{at}\"");
    }

    pub(super) fn id(&mut self, id: &RecordId) {
        let mut buffer = [0; 36];
        self.quoted(id.encode(&mut buffer));
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.out.push(b'"');
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                self.out
                    .push(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
            }
        }
        self.out.push(b'"');
    }

    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }
}
