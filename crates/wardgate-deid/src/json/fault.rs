//! What can be wrong with a JSON body, and at which byte.

use std::fmt;

/// Why a body is not acceptable JSON, with the byte at which that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct JsonFault {
    kind: JsonFaultKind,
    offset: usize,
}

impl JsonFault {
    pub(crate) fn new(kind: JsonFaultKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> JsonFaultKind {
        self.kind
    }

    /// The byte of the body at which it shows, counted from 0.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// The kinds of fault a body can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFaultKind {
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// A byte that cannot stand here.
    UnexpectedByte,
    /// The body ends inside a value.
    UnexpectedEnd,
    /// A backslash sequence that JSON does not know, or a lone surrogate.
    InvalidEscape,
    /// A control character inside a string that is not escaped.
    ControlCharacter,
    /// A number that JSON does not allow.
    InvalidNumber,
    /// A word other than `true`, `false` or `null`.
    InvalidLiteral,
    /// The same key twice in one object.
    DuplicateKey,
    /// More nested arrays and objects than the limit allows.
    TooDeep,
    /// More strings and keys than the limit allows.
    TooManyStrings,
    /// Something other than white space after the value.
    TrailingData,
}

impl fmt::Display for JsonFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::UnexpectedByte => "unexpected byte",
            Self::UnexpectedEnd => "unexpected end",
            Self::InvalidEscape => "invalid escape",
            Self::ControlCharacter => "unescaped control character",
            Self::InvalidNumber => "invalid number",
            Self::InvalidLiteral => "invalid literal",
            Self::DuplicateKey => "duplicate key",
            Self::TooDeep => "nesting over the limit",
            Self::TooManyStrings => "more strings than the limit",
            Self::TrailingData => "data after the value",
        })
    }
}
