//! Character references of HTML.

use quick_xml::escape::resolve_html5_entity;

/// Text with its character references resolved; what is none stands as it is.
pub(crate) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let behind = from.get(1..).unwrap_or_default();
        match reference(behind) {
            Some((resolved, used)) => {
                out.push_str(&resolved);
                rest = behind.get(used..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a reference stands for, and its bytes after the ampersand.
fn reference(behind: &str) -> Option<(String, usize)> {
    match behind.strip_prefix('#') {
        Some(number) => numeric(number),
        None => named(behind),
    }
}

fn numeric(number: &str) -> Option<(String, usize)> {
    let (digits, radix, lead) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 2),
        None => (number, 10, 1),
    };
    let end = digits.find(|c: char| !c.is_digit(radix));
    let end = end.unwrap_or(digits.len());
    let digits_alone = digits.get(..end)?;
    if digits_alone.is_empty() {
        return None;
    }
    let trimmed = digits_alone.trim_start_matches('0');
    let code = match trimmed {
        "" => 0,
        some => u32::from_str_radix(some, radix).unwrap_or(u32::MAX),
    };
    let semicolon = usize::from(digits.get(end..)?.starts_with(';'));
    Some((character(code).to_string(), lead + end + semicolon))
}

/// Numbers from 128 to 159 mean Windows-1252, as browsers take them.
fn character(code: u32) -> char {
    match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9f) => {
            let text = encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(&[byte])
                .0
                .into_owned();
            text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Ok(0) => char::REPLACEMENT_CHARACTER,
        _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

fn named(behind: &str) -> Option<(String, usize)> {
    let end = behind.find(|c: char| !c.is_ascii_alphanumeric());
    let end = end.unwrap_or(behind.len()).min(NAME_LEN_MAX);
    let name = behind.get(..end)?;
    if behind.get(end..)?.starts_with(';') {
        let resolved = resolve_html5_entity(name)?;
        return Some((resolved.to_owned(), end + 1));
    }
    // The names of the oldest HTML end without a semicolon too: those of Latin-1 and of the markup's own signs.
    (2..=end.min(OLD_NAME_LEN_MAX)).rev().find_map(|length| {
        let resolved = resolve_html5_entity(name.get(..length)?)?;
        let first = resolved.chars().next()?;
        let old = first < '\u{100}' && resolved.chars().count() == 1;
        old.then(|| (resolved.to_owned(), length))
    })
}

/// `&CounterClockwiseContourIntegral;`
const NAME_LEN_MAX: usize = 32;
const OLD_NAME_LEN_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_browsers_read_them() {
        for (markup, text) in [
            ("M&uuml;ller", "Müller"),
            ("M&uumlller", "Müller"),
            ("&#77;&#x61;ria", "Maria"),
            ("&#0000077aria", "Maria"),
            ("a &amp;lt; b", "a &lt; b"),
            ("&#150;", "–"),
            ("&period;&NewLine;", ".\n"),
            ("AT&T & co", "AT&T & co"),
            ("&#x110000;", "\u{fffd}"),
            ("&", "&"),
        ] {
            assert_eq!(decoded(markup), text, "{markup}");
        }
    }
}
