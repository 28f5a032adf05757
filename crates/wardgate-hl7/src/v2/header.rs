//! What the header of a message says about reading it.

use std::borrow::Cow;

use wardgate_deid::RecordFault;

use super::charset::Charset;
use super::delimiters::{Delimiters, is_sign};
use super::escape;
use super::lines::parts;
use super::policy::{Tables, Version};

/// How the rest of a message is read.
pub(crate) struct Header {
    pub(crate) signs: Delimiters,
    pub(crate) charset: Charset,
    pub(crate) tables: &'static Tables,
    pub(crate) version: Version,
    /// Which bytes are no part of a plain value.
    marks: [u8; 256],
}

impl Header {
    /// Reads the header of a message or of what stands around messages.
    ///
    /// # Errors
    /// When the bytes begin with no header, or with one of an unknown version or character set.
    pub(crate) fn of(message: &[u8], charset_default: Option<&str>) -> Result<Self, RecordFault> {
        let id = message.first_chunk::<3>().copied().unwrap_or_default();
        let (signs, version, charset) = match &id {
            b"MSH" => {
                let signs = Delimiters::of(message)?;
                let end = memchr::memchr2(b'\r', b'\n', message).unwrap_or(message.len());
                let line = String::from_utf8_lossy(message.get(..end).unwrap_or_default());
                let field = |number: usize| {
                    parts(Some(&line), signs.field)
                        .nth(number - 1)
                        .unwrap_or_default()
                };
                let first = |value| part(value, signs.repetition, 0);
                let version = part(first(field(12)), signs.component, 0).trim();
                let version = Version::of(version).ok_or_else(unknown_version)?;
                let charset = Charset::named(first(field(18)), charset_default)?;
                (signs, version, charset)
            }
            b"FHS" | b"BHS" => {
                let charset = Charset::named("", charset_default)?;
                (Delimiters::of(message)?, Version::newest(), charset)
            }
            b"BTS" | b"FTS" => {
                let sign = message.get(3).copied().unwrap_or(b'|');
                let sign = if is_sign(sign) { sign } else { b'|' };
                let header = [b"MSH", &[sign][..], b"^~\\&"].concat();
                let charset = Charset::named("", charset_default)?;
                (Delimiters::of(&header)?, Version::newest(), charset)
            }
            _ => return Err(no_header()),
        };
        let mut marks = [0; 256];
        let inner = [Some(signs.component), Some(signs.repetition), signs.escape];
        let others = [
            signs.subcomponent,
            Some(signs.field),
            Some(b'\r'),
            Some(b'\n'),
        ];
        for sign in inner.into_iter().chain(others).flatten() {
            if let Some(mark) = marks.get_mut(usize::from(sign)) {
                *mark = 1;
            }
        }
        Ok(Self {
            marks,
            signs,
            charset,
            tables: version.tables(),
            version,
        })
    }

    /// Whether a value holds signs that part or escape, or ends of lines; 0 when it is plain.
    pub(crate) fn signs_in(&self, value: &str) -> u8 {
        let mark = |byte: u8| self.marks.get(usize::from(byte)).copied().unwrap_or(1);
        value.bytes().fold(0, |marks, byte| marks | mark(byte))
    }

    /// What tells messages apart that are read differently.
    pub(crate) fn key(&self) -> String {
        let mut key = String::with_capacity(KEY_BYTES);
        let signs = [
            self.signs.field,
            self.signs.component,
            self.signs.repetition,
        ];
        let some = [
            self.signs.escape,
            self.signs.subcomponent,
            self.signs.truncation,
        ];
        key.extend(
            signs
                .into_iter()
                .chain(some.map(Option::unwrap_or_default))
                .map(char::from),
        );
        key.push(self.version.mark());
        key.push_str(self.charset.name());
        key
    }

    /// A component of a value, counted from 0.
    pub(crate) fn component<'a>(&self, value: &'a str, at: usize) -> &'a str {
        part(value, self.signs.component, at)
    }

    /// The subcomponents of a component.
    pub(crate) fn subcomponents<'a>(&self, component: &'a str) -> impl Iterator<Item = &'a str> {
        let (sign, whole) = match self.signs.subcomponent {
            Some(sign) => (sign, Some(component)),
            None => (0, Some(component)),
        };
        parts(whole, sign)
    }

    /// A leaf with its escapes resolved.
    pub(crate) fn plain<'a>(&self, leaf: &'a str) -> Cow<'a, str> {
        match self.signs.escape {
            Some(escape) if memchr::memchr(escape, leaf.as_bytes()).is_some() => {
                Cow::Owned(escape::decode(leaf, &self.signs, self.charset).text)
            }
            _ => Cow::Borrowed(leaf),
        }
    }
}

/// What the identifying fields of a message take as a rule.
const KEY_BYTES: usize = 1024;

fn part(value: &str, sign: u8, at: usize) -> &str {
    parts(Some(value), sign).nth(at).unwrap_or_default()
}

fn no_header() -> RecordFault {
    RecordFault::new(
        "hl7.no_header",
        "the message does not begin with an MSH segment",
        "check that the file holds HL7 v2 messages in their pipe-and-hat encoding",
    )
}

fn unknown_version() -> RecordFault {
    RecordFault::new(
        "hl7.version",
        "MSH-12 names no version of HL7 v2 that is known",
        "versions 2.1 to 2.8.2 are understood; put the version into MSH-12",
    )
}
