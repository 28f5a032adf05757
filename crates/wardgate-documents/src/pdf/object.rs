//! Values of PDF (ISO 32000-1, 7.3), read from any place of a file or content stream.

use std::collections::BTreeMap;
use std::ops::Range;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    Null,
    Bool(bool),
    Number(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    /// The number of an object; generations are not told apart.
    Reference(u32),
    /// A stream, and where its coded bytes lie in the file.
    Stream(Dict, Range<usize>),
}

/// A dictionary.
pub(super) type Dict = BTreeMap<Vec<u8>, Object>;

/// A value, or a word that is none: an operator or `endobj`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lexeme<'b> {
    Value(Object),
    Word(&'b [u8]),
}

/// Reads values from bytes; what it reads it does not read again.
#[derive(Debug)]
pub(super) struct Scanner<'b> {
    bytes: &'b [u8],
    pub(super) at: usize,
    /// How many more values may be read.
    pub(super) values_left: usize,
}

impl Object {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<usize> {
        let number = self.number().filter(|number| (0.0..1e9).contains(number))?;
        Some(number as usize)
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The dictionary of a dictionary or stream.
    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) | Self::Stream(dict, _) => Some(dict),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Object]> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }
}

impl<'b> Scanner<'b> {
    pub(super) fn new(bytes: &'b [u8], at: usize, values_left: usize) -> Self {
        Self {
            bytes,
            at,
            values_left,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next value or word; nothing at the end, or where there is neither.
    pub(super) fn next(&mut self) -> Option<Lexeme<'b>> {
        self.lexeme(DEPTH_MAX)
    }

    /// The next value; nothing where a word stands.
    pub(super) fn value(&mut self) -> Option<Object> {
        match self.next()? {
            Lexeme::Value(value) => Some(value),
            Lexeme::Word(_) => None,
        }
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'%' => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                    self.at += end.unwrap_or(rest.len());
                }
                byte if is_space(byte) => self.at += 1,
                _ => return,
            }
        }
    }

    fn lexeme(&mut self, depth: usize) -> Option<Lexeme<'b>> {
        self.skip_space();
        self.values_left = self.values_left.checked_sub(1)?;
        let first = self.peek()?;
        let value = match first {
            b'/' => Object::Name(self.name()),
            b'(' => Object::Text(self.literal()?),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => self.dict(depth)?,
            b'<' => Object::Text(self.hexadecimal()),
            b'[' => self.array(depth)?,
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number_or_reference(),
            b')' | b'>' | b']' | b'{' | b'}' => {
                self.at += 1;
                return Some(Lexeme::Word(self.bytes.get(self.at - 1..self.at)?));
            }
            _ => {
                let word = self.word();
                match word {
                    b"true" => Object::Bool(true),
                    b"false" => Object::Bool(false),
                    b"null" => Object::Null,
                    word => return Some(Lexeme::Word(word)),
                }
            }
        };
        Some(Lexeme::Value(value))
    }

    fn word(&mut self) -> &'b [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !is_regular(*byte));
        let word = rest
            .get(..end.unwrap_or(rest.len()).max(1))
            .unwrap_or_default();
        self.at += word.len();
        word
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !is_regular(*byte));
        let raw = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += raw.len();
        let mut name = Vec::with_capacity(raw.len());
        let mut at = 0;
        while let Some(byte) = raw.get(at) {
            let digits = raw.get(at + 1..at + 3).filter(|_| *byte == b'#');
            let coded =
                digits.and_then(|two| Some(nibble(*two.first()?)? << 4 | nibble(*two.get(1)?)?));
            name.push(coded.unwrap_or(*byte));
            at += if coded.is_some() { 3 } else { 1 };
        }
        name
    }

    fn literal(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1_usize;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' if open == 1 => return Some(text),
                b')' => open -= 1,
                b'\\' => {
                    if let Some(byte) = self.escape() {
                        text.push(byte);
                    }
                    continue;
                }
                b'\r' => {
                    // An end of line of any kind is one line feed.
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    text.push(b'\n');
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
    }

    fn escape(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
                return None;
            }
            b'\n' => return None,
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else {
                        break;
                    };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                (code & 0xff) as u8
            }
            other => other,
        })
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut text = Vec::new();
        let mut half = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = nibble(byte) else {
                continue;
            };
            match half.take() {
                None => half = Some(digit),
                Some(high) => text.push(high << 4 | digit),
            }
        }
        text.extend(half.map(|high| high << 4));
        text
    }

    fn array(&mut self, depth: usize) -> Option<Object> {
        let depth = depth.checked_sub(1)?;
        self.at += 1;
        let mut array = Vec::new();
        loop {
            match self.lexeme(depth)? {
                Lexeme::Value(value) => array.push(value),
                Lexeme::Word(b"]") => return Some(Object::Array(array)),
                Lexeme::Word(_) => return None,
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Object> {
        let depth = depth.checked_sub(1)?;
        self.at += 2;
        let mut dict = Dict::new();
        loop {
            let key = match self.lexeme(depth)? {
                Lexeme::Value(Object::Name(key)) => key,
                Lexeme::Word(b">") if self.peek() == Some(b'>') => {
                    self.at += 1;
                    return Some(Object::Dict(dict));
                }
                _ => return None,
            };
            match self.lexeme(depth)? {
                Lexeme::Value(value) => dict.insert(key, value),
                Lexeme::Word(_) => return None,
            };
        }
    }

    fn number_or_reference(&mut self) -> Object {
        let number = self.number();
        let whole = u32::try_from(number as i64)
            .ok()
            .filter(|whole| f64::from(*whole) == number);
        if let Some(object) = whole
            && let Some(behind) = self.reference_end()
        {
            self.at = behind;
            return Object::Reference(object);
        }
        Object::Number(number)
    }

    /// The end of a generation and an `R` that follow.
    fn reference_end(&self) -> Option<usize> {
        let rest = self
            .bytes
            .get(self.at..self.bytes.len().min(self.at + REFERENCE_LEN_MAX))?;
        let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
        let digits = rest
            .iter()
            .skip(spaces)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let more = rest
            .iter()
            .skip(spaces + digits)
            .take_while(|byte| is_space(**byte))
            .count();
        let end = spaces + digits + more;
        let regular = rest.get(end + 1).is_some_and(|byte| is_regular(*byte));
        let reads =
            spaces > 0 && digits > 0 && more > 0 && rest.get(end) == Some(&b'R') && !regular;
        reads.then_some(self.at + end + 1)
    }

    /// A number; signs and points in odd places are passed over, as readers do.
    fn number(&mut self) -> f64 {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| !byte.is_ascii_digit() && !b"+-.".contains(byte));
        let raw = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += raw.len();
        let negative = raw.first() == Some(&b'-');
        let (mut number, mut scale, mut point) = (0.0_f64, 1.0_f64, false);
        for byte in raw {
            match byte {
                b'.' => point = true,
                digit @ b'0'..=b'9' => {
                    number = number * 10.0 + f64::from(digit - b'0');
                    if point {
                        scale *= 10.0;
                    }
                }
                _ => {}
            }
        }
        let number = number / scale;
        let number = if number.is_finite() { number } else { 0.0 };
        if negative { -number } else { number }
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

pub(super) fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// How deep arrays and dictionaries may stand in one another.
const DEPTH_MAX: usize = 64;
const REFERENCE_LEN_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Object> {
        Scanner::new(text.as_bytes(), 0, 1000).value()
    }

    #[test]
    fn values_are_read_as_the_standard_writes_them() {
        let text = |text: &str| Object::Text(text.as_bytes().to_vec());
        assert_eq!(
            value(
                r"(a\(b\)(c)\101\
d)"
            ),
            Some(text("a(b)(c)Ad"))
        );
        assert_eq!(value("<48 65 6c6C6>"), Some(text("Hell`")));
        assert_eq!(value("/A#42#x"), Some(Object::Name(b"AB#x".to_vec())));
        assert_eq!(value("-.5"), Some(Object::Number(-0.5)));
        assert_eq!(value("12 0 R"), Some(Object::Reference(12)));
        assert_eq!(value("12 0 Rx"), Some(Object::Number(12.0)));
        let dict = value("<< /A [1 2 0 R (x)] % comment\n /B null >>").unwrap();
        let array = dict
            .dict()
            .unwrap()
            .get(b"A".as_slice())
            .unwrap()
            .array()
            .unwrap();
        assert_eq!(array[1], Object::Reference(2));
    }

    #[test]
    fn broken_and_deep_values_end() {
        for text in ["(", "<", "<<", "[", "<< /A", "<< 1", "]", ">", "[[)", "/"] {
            value(text);
        }
        assert_eq!(value(&"[".repeat(1_000_000)), None);
        assert_eq!(Scanner::new(b"[1 1 1 1]", 0, 3).value(), None);
    }
}
