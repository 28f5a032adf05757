//! Marks that stand inside words and numbers without being part of them: HTML entities, hyphens at
//! the end of a line, Markdown, percent-encoding.

use std::borrow::Cow;

use memchr::{memchr_iter, memchr3_iter, memmem};

use super::fold_character;

/// Whether a text of plain characters has any of these marks.
pub(super) fn may_hide(bytes: &[u8]) -> bool {
    let before = |at: usize| at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let cut = memchr_iter(b'\n', bytes).any(|at| {
        let mut end = at;
        while end > 0 && at - end < LINE_END_LEN_MAX && matches!(before(end), Some(b' ' | b'\r')) {
            end -= 1;
        }
        before(end) == Some(b'-')
    });
    let marked = |at: usize| {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        match bytes.get(at) {
            Some(b'&') => next == b'#' || next.is_ascii_alphabetic(),
            _ => before(at).is_some_and(|b| b.is_ascii_alphabetic()) && !next.is_ascii_whitespace(),
        }
    };
    cut || memchr3_iter(b'&', b'*', b'_', bytes).any(marked)
        || memmem::find(bytes, b"%40").is_some()
}

/// The bytes at which such a mark can begin.
pub(super) fn is_mark(byte: u8) -> bool {
    matches!(byte, b'&' | b'*' | b'_' | b'-' | b'%')
}

/// Reads marks in the order in which they stand.
#[derive(Default)]
pub(super) struct Joins {
    /// Length of the folded text when an underscore inside a word was last left out.
    underscore: Option<usize>,
}

impl Joins {
    /// Reads the mark at the start of `rest`, writes what it stands for and gives its length.
    pub(super) fn read(&mut self, rest: &str, out: &mut String) -> Option<usize> {
        let bytes = rest.as_bytes();
        match bytes.first()? {
            b'&' => {
                let (stands, len) = entity(rest)?;
                stands.chars().for_each(|c| fold_character(c, out));
                Some(len)
            }
            b'-' => line_end(bytes, out),
            b'*' => {
                let stars = bytes
                    .iter()
                    .take(STARS_MAX)
                    .take_while(|b| **b == b'*')
                    .count();
                joins_letters(bytes, stars, out).then_some(stars)
            }
            b'_' => self.underscores(bytes, out),
            b'%' => {
                let at =
                    bytes.starts_with(b"%40") && out.ends_with(|c: char| c.is_ascii_alphanumeric());
                at.then(|| out.push('@')).map(|()| 3)
            }
            _ => None,
        }
    }

    /// `J__oh__n`, `J_o_hn`; a name such as `id_number` stays as it is.
    fn underscores(&mut self, bytes: &[u8], out: &str) -> Option<usize> {
        let count = bytes
            .iter()
            .take(STARS_MAX)
            .take_while(|b| **b == b'_')
            .count();
        let letters = out
            .bytes()
            .rev()
            .take(2)
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let again = self.underscore.is_some_and(|len| out.len() - len <= 2);
        let joined = joins_letters(bytes, count, out) && (count > 1 || letters == 1 || again);
        joined.then(|| {
            self.underscore = Some(out.len());
            count
        })
    }
}

/// Whether letters stand on both sides of a mark.
fn joins_letters(bytes: &[u8], len: usize, out: &str) -> bool {
    let next = bytes.get(len).is_some_and(u8::is_ascii_alphabetic);
    next && out.ends_with(|c: char| c.is_ascii_alphabetic())
}

/// `Schmi-\ndt` is one word, and of `555-\n0142` the hyphen stays.
fn line_end(bytes: &[u8], out: &mut String) -> Option<usize> {
    let tail = bytes.get(1..)?;
    let spaces = |from: usize| {
        let rest = tail.get(from..).unwrap_or_default();
        rest.iter()
            .take(LINE_END_LEN_MAX)
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
            .count()
    };
    let end = spaces(0);
    if tail.get(end) != Some(&b'\n') {
        return None;
    }
    let next = end + 1 + spaces(end + 1);
    let (before, after) = (out.bytes().next_back()?, tail.get(next)?);
    if before.is_ascii_digit() && after.is_ascii_digit() {
        out.push('-');
        return Some(next + 1);
    }
    (before.is_ascii_lowercase() && after.is_ascii_lowercase()).then_some(next + 1)
}

/// What an entity stands for, and its length: `&nbsp;`, `&#8203;`; of `&eacute;` the letter without its accent.
pub(super) fn entity(rest: &str) -> Option<(Cow<'static, str>, usize)> {
    let head = rest.strip_prefix('&')?;
    let len = head.bytes().take(ENTITY_LEN_MAX).position(|b| b == b';')?;
    let name = head.get(..len)?;
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some((char::from_u32(code)?.to_string().into(), len + 2));
    }
    if let Some((_, text)) = ENTITIES.iter().find(|(other, _)| *other == name) {
        return Some(((*text).into(), len + 2));
    }
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let accent = name.get(1..)?;
    ACCENTS
        .contains(&accent)
        .then(|| (letter.to_string().into(), len + 2))
}

const ENTITY_LEN_MAX: usize = 10;
const STARS_MAX: usize = 3;
const LINE_END_LEN_MAX: usize = 16;
const ENTITIES: [(&str, &str); 26] = [
    ("nbsp", " "),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("shy", ""),
    ("zwnj", ""),
    ("zwj", ""),
    ("lrm", ""),
    ("rlm", ""),
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("rsquo", "'"),
    ("lsquo", "'"),
    ("ndash", "-"),
    ("mdash", "-"),
    ("hyphen", "-"),
    ("szlig", "ss"),
    ("aelig", "ae"),
    ("AElig", "Ae"),
    ("oelig", "oe"),
    ("commat", "@"),
    ("period", "."),
    ("colon", ":"),
];
const ACCENTS: [&str; 9] = [
    "acute", "grave", "circ", "uml", "tilde", "cedil", "ring", "slash", "caron",
];
