//! The gate's "no": an identifier stands where nothing may be rewritten.

use std::fmt;

/// Why a body cannot be de-identified, and at which byte; never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeidRefusal {
    cause: Cause,
    offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Key,
    Number,
    Part,
    Residue,
    Unread,
}

impl DeidRefusal {
    pub(crate) fn new(cause: Cause, offset: usize) -> Self {
        Self { cause, offset }
    }

    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.cause {
            Cause::Key => "deid.identifier_in_key",
            Cause::Number => "deid.identifier_in_number",
            Cause::Part => "deid.part_invalid",
            Cause::Residue => "deid.residue",
            Cause::Unread => "deid.unread",
        }
    }

    /// The byte of the body at which the key, number or part begins; of residue, that of the text with it.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What the caller can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.cause {
            Cause::Key => "send identifiers as string values, not as keys of an object",
            Cause::Number => "send identifiers as strings, which can be replaced, not as numbers",
            Cause::Part => "the parts to scan must be separate strings of the body",
            Cause::Unread => "check the model that looks for identifiers",
            Cause::Residue => "write identifiers in a usual form, or leave them out",
        }
    }
}

impl fmt::Display for DeidRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.cause {
            Cause::Key => "a key holds an identifier of the patient",
            Cause::Number => "a number holds an identifier of the patient",
            Cause::Part => "a part of the body cannot be scanned",
            Cause::Residue => "an identifier is left after de-identification",
            Cause::Unread => "the model that looks for identifiers failed on a text",
        };
        write!(f, "{what} at byte {}", self.offset)
    }
}

impl std::error::Error for DeidRefusal {}
