//! Text as detection reads it: one spelling for characters that look or mean the same.
//!
//! Folding takes out what is invisible (zero-width characters, soft hyphens),
//! writes full-width and accented letters as plain ones and every space and dash
//! as the ASCII one. Symbols outside ASCII become spaces. The case of ASCII letters
//! stays; others are small. Letters of other scripts that look Latin inside a Latin
//! word, HTML entities, words cut at the end of a line and marks of Markdown inside
//! words are read as what they stand for. Text that is plain ASCII is not copied.

mod look_alike;
mod marks;

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::offsets::OffsetMap;
use marks::Joins;

/// A folded text and the way back to its source.
pub(crate) struct Folded<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) map: OffsetMap,
}

/// Folds a text.
pub(crate) fn fold(source: &str) -> Folded<'_> {
    let mut map = OffsetMap::default();
    let bytes = source.as_bytes();
    if is_clear(bytes) || is_plain(bytes) && !marks::may_hide(bytes) {
        let text = Cow::Borrowed(source);
        return Folded { text, map };
    }
    let mut text = String::with_capacity(source.len() + source.len() / 8);
    let mut joins = Joins::default();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest
            .bytes()
            .take_while(|b| is_plain_byte(*b) && !marks::is_mark(*b))
            .count();
        let (run, odd) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        text.push_str(run);
        at += run.len();
        let Some(character) = odd.chars().next() else {
            continue;
        };
        let before = text.len();
        let len = match joins.read(odd, &mut text) {
            Some(len) => len,
            None => {
                fold_letter(character, odd, &mut text);
                character.len_utf8()
            }
        };
        let derived = text.len() - before;
        if !(derived == len && odd.starts_with(text.get(before..).unwrap_or_default())) {
            map.replaced(before, derived, at, len);
        }
        at += len;
    }
    Folded {
        text: Cow::Owned(text),
        map,
    }
}

/// The letters and digits of a text in lower case, words parted by one space.
pub(crate) fn words(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return text.to_ascii_lowercase();
    }
    if is_clear(text.as_bytes()) {
        return clear_words(text);
    }
    let folded = fold(text);
    let mut out = String::with_capacity(folded.text.len());
    for word in folded.text.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

/// Whether [`words`] makes this of a text.
pub(crate) fn is_words(text: &str, folded: &str) -> bool {
    match text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => {
            let same = |(one, other): (u8, u8)| one.to_ascii_lowercase() == other;
            text.len() == folded.len() && text.bytes().zip(folded.bytes()).all(same)
        }
        false => words(text) == folded,
    }
}

/// What [`words`] makes of one plain word, written into bytes that have room for it; nothing of any other text.
pub(crate) fn small_word<'b>(text: &str, bytes: &'b mut [u8]) -> Option<&'b str> {
    let small = bytes.get_mut(..text.len())?;
    for (to, from) in small.iter_mut().zip(text.bytes()) {
        if !from.is_ascii_alphanumeric() {
            return None;
        }
        *to = from.to_ascii_lowercase();
    }
    std::str::from_utf8(small).ok()
}

/// The same of a text that folding leaves alone.
fn clear_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parted = false;
    for byte in text.bytes() {
        if !byte.is_ascii_alphanumeric() {
            parted = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut parted) {
            out.push(' ');
        }
        out.push(char::from(byte.to_ascii_lowercase()));
    }
    out
}

/// The text in plain spelling, case and accents kept: entities resolved, nothing invisible in it, digits and
/// letters of full width as usual ones. Stand-ins are drawn for this, not for the tricks of a spelling.
pub(crate) fn spelled(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        match marks::entity(rest) {
            Some((letter, len)) if character == '&' => {
                out.extend(letter.chars().filter(|c| !is_invisible(*c)));
                at += len;
            }
            _ => {
                if !is_invisible(character) {
                    out.push(character);
                }
                at += character.len_utf8();
            }
        }
    }
    let plain = |c: char| decimal_of(c).unwrap_or(c);
    Cow::Owned(out.nfkc().map(plain).collect())
}

/// The ASCII digit of a decimal digit of another script.
fn decimal_of(character: char) -> Option<char> {
    if character < '\u{660}' || !character.is_numeric() {
        return None;
    }
    let code = u32::from(character);
    let digit = DECIMAL_ZEROS
        .iter()
        .filter_map(|zero| code.checked_sub(u32::from(*zero)))
        .find(|digit| *digit < 10)?;
    char::from_digit(digit, 10)
}

/// Folds a character; one that only looks like a Latin letter counts as that in a Latin word.
fn fold_letter(character: char, rest: &str, out: &mut String) {
    if let Some(latin) = look_alike::latin_of(character)
        && look_alike::in_latin_word(out, rest)
    {
        out.push(latin);
        return;
    }
    fold_character(character, out);
}

fn fold_character(character: char, out: &mut String) {
    if is_invisible(character) {
        return;
    }
    if character.is_whitespace() {
        out.push(if character == '\u{2028}' || character == '\u{2029}' {
            '\n'
        } else {
            ' '
        });
        return;
    }
    if let Some(digit) = decimal_of(character) {
        out.push(digit);
        return;
    }
    let spelled = match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => "-",
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{2bc}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' => "\"",
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "Ae",
        'œ' => "oe",
        'Œ' => "Oe",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "Th",
        'ı' => "i",
        'µ' | 'μ' => "u",
        _ => {
            let unaccented = std::iter::once(character)
                .nfkd()
                .filter(|c| !is_combining_mark(*c));
            for part in unaccented {
                if part.is_ascii() {
                    out.push(part);
                } else if part.is_alphanumeric() {
                    out.extend(part.to_lowercase());
                } else {
                    out.push(' ');
                }
            }
            return;
        }
    };
    out.push_str(spelled);
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    ) || (character.is_control() && !character.is_whitespace())
}

/// Without a branch per byte, so that plain text costs next to nothing.
fn is_plain(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(true, |plain, b| plain & is_plain_byte(*b))
}

/// Plain text in which no mark can hide anything, told without a branch per byte too.
fn is_clear(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |clear, b| {
        let mark = (*b == b'&') | (*b == b'*') | (*b == b'_') | (*b == b'%');
        clear & (0x20..0x7f).contains(b) & !mark
    })
}

/// Printable ASCII, tab or line ends: what folding leaves alone.
fn is_plain_byte(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) | (byte == b'\n') | (byte == b'\r') | (byte == b'\t')
}

/// The zeros of the decimal digits of living scripts (Unicode, general category Nd); ten follow one another.
const DECIMAL_ZEROS: [char; 24] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}',
    '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{19d0}', '\u{1b50}', '\u{a9d0}', '\u{ff10}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_made_plain() {
        for (written, plain) in [
            ("Mu\u{308}ller", "Müller"),
            ("M&#252;l&#x6c;er", "Müller"),
            ("Pe\u{200b}dro", "Pedro"),
            ("００７-Ａ", "007-A"),
            ("٤٥٦", "456"),
            ("plain", "plain"),
        ] {
            assert_eq!(spelled(written), plain);
        }
        assert_eq!(fold("MRN ٤٥٦७").text, "MRN 4567");
    }
}
