//! Tokens of RTF.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'r> {
    Open,
    Close,
    /// A control word and its number.
    Word(&'r str, Option<i32>),
    /// A control sign, such as `\~`.
    Sign(u8),
    /// `\'hh`.
    Byte(u8),
    /// A byte of text.
    Text(u8),
}

/// The tokens of a file.
pub(super) struct Tokens<'r> {
    bytes: &'r [u8],
    at: usize,
}

impl<'r> Tokens<'r> {
    pub(super) fn new(bytes: &'r [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn control(&mut self) -> Option<Token<'r>> {
        let first = self.peek()?;
        if first == b'\'' {
            let digits = self.bytes.get(self.at + 1..self.at + 3);
            let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
            let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
            self.at += if byte.is_some() { 3 } else { 1 };
            return Some(byte.map_or(Token::Sign(b'\''), Token::Byte));
        }
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            return Some(Token::Sign(first));
        }
        let word = self.run(u8::is_ascii_alphabetic);
        let begins = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits = self.run(u8::is_ascii_digit);
        if digits.is_empty() {
            self.at = begins;
        }
        let number = self.bytes.get(begins..self.at).unwrap_or_default();
        let number = std::str::from_utf8(number)
            .ok()
            .and_then(|text| text.parse().ok());
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
        if word == "bin" {
            // So many bytes are no RTF.
            let length = number.and_then(|length: i32| usize::try_from(length).ok());
            self.at = self
                .at
                .saturating_add(length.unwrap_or_default())
                .min(self.bytes.len());
        }
        Some(Token::Word(word, number))
    }

    fn run(&mut self, belongs: impl Fn(&u8) -> bool) -> &'r str {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !belongs(byte))
            .unwrap_or(rest.len());
        self.at += length;
        std::str::from_utf8(rest.get(..length).unwrap_or_default()).unwrap_or_default()
    }
}

impl<'r> Iterator for Tokens<'r> {
    type Item = Token<'r>;

    fn next(&mut self) -> Option<Token<'r>> {
        loop {
            let byte = self.peek()?;
            self.at += 1;
            return match byte {
                b'{' => Some(Token::Open),
                b'}' => Some(Token::Close),
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => continue,
                text => Some(Token::Text(text)),
            };
        }
    }
}
