//! The only text that may stand in a ledger leaf.

use std::fmt;

/// A short word made by configuration or code: an id, a code, a model name, an address.
///
/// Printable ASCII without spaces, quotes and backslashes, at most [`Token::BYTES_MAX`] bytes.
/// A sentence, a note or a person's full name does not fit, and no escaping is ever needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token<'a>(&'a str);

impl<'a> Token<'a> {
    /// The longest token.
    pub const BYTES_MAX: usize = 200;

    /// What stands in a leaf instead of a text that is not a token.
    pub const UNFIT: Token<'static> = Token("unfit");

    /// The token, or the fault that it is not one.
    ///
    /// # Errors
    /// [`NotAToken`] when the text is empty, too long, or holds another character than
    /// printable ASCII, or a space, quote or backslash.
    pub fn new(text: &'a str) -> Result<Self, NotAToken> {
        let fits = !text.is_empty()
            && text.len() <= Self::BYTES_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        if fits { Ok(Self(text)) } else { Err(NotAToken) }
    }

    /// The token, or [`Token::UNFIT`] when the text is not one: a leaf is written in any case.
    #[must_use]
    pub fn or_unfit(text: &'a str) -> Self {
        Self::new(text).unwrap_or(Token::UNFIT)
    }

    /// The text of the token.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The text cannot stand in a ledger leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a token: expected 1 to 200 printable ASCII characters without space, quote or backslash"
)]
pub struct NotAToken;
