//! Text of any character set as Unicode.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use wardgate_deid::RecordFault;

use crate::form;

/// The text of bytes: by its byte order mark, by its label, as UTF-8, and otherwise as Windows-1252, which
/// gives every byte a meaning.
///
/// # Errors
/// When the label names a character set that is not known, or the bytes are not of the one that it names.
pub(crate) fn decode(media_type: &str, bytes: &[u8]) -> Result<String, RecordFault> {
    decode_as(form::parameter(media_type, "charset").as_deref(), bytes)
}

/// The text of markup, which may name its character set in itself.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_markup(media_type: &str, bytes: &[u8]) -> Result<String, RecordFault> {
    let label = form::parameter(media_type, "charset");
    let own = || own_label(bytes).filter(|label| Encoding::for_label(label.as_bytes()).is_some());
    decode_as(label.or_else(own).as_deref(), bytes)
}

/// The encoding of a Windows code page, as RTF and XML name them by number.
pub(crate) fn code_page(number: u32) -> Option<&'static Encoding> {
    match number {
        65001 => Some(UTF_8),
        437 | 850 | 858 => None,
        10000 => Some(encoding_rs::MACINTOSH),
        932 => Some(encoding_rs::SHIFT_JIS),
        936 => Some(encoding_rs::GBK),
        949 => Some(encoding_rs::EUC_KR),
        950 => Some(encoding_rs::BIG5),
        _ => Encoding::for_label(format!("windows-{number}").as_bytes()),
    }
}

fn decode_as(label: Option<&str>, bytes: &[u8]) -> Result<String, RecordFault> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return whole(encoding, bytes.get(mark..).unwrap_or_default());
    }
    let named = match label {
        None | Some("") => None,
        Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            RecordFault::new(
                "documents.charset_unknown",
                "the document's character set is not known",
                "send documents as UTF-8",
            )
        })?),
    };
    match named {
        // A label of a wide form over narrow bytes is a wrong label; the zeros tell.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            match bytes.contains(&0) {
                true => whole(encoding, bytes),
                false => Ok(narrow(bytes)),
            }
        }
        // `us-ascii` and `iso-8859-1` are Windows-1252 by the Encoding Standard; UTF-8 passes as neither by chance.
        Some(encoding) if encoding == WINDOWS_1252 || encoding == UTF_8 => Ok(narrow(bytes)),
        Some(encoding) => whole(encoding, bytes),
        None => Ok(narrow(bytes)),
    }
}

fn narrow(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, RecordFault> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(std::borrow::Cow::into_owned).ok_or_else(|| {
        RecordFault::new(
            "documents.charset_wrong",
            "the document's bytes are not of the character set that it names",
            "name the character set rightly, or send documents as UTF-8",
        )
    })
}

/// The character set that an XML declaration or an HTML `meta` names.
fn own_label(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..DECLARED_WITHIN).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let after = |word: &str| head.find(word).and_then(|at| head.get(at + word.len()..));
    let rest = match head.trim_start().starts_with("<?xml") {
        true => after("encoding").or_else(|| after("charset")),
        false => after("charset"),
    }?;
    let value = rest.trim_start().strip_prefix('=')?;
    let value = value.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)));
    let label = value.get(..end.unwrap_or(value.len()))?;
    // Nobody can read this label in a wide form.
    (!label.is_empty() && !label.starts_with("utf-16")).then(|| label.to_owned())
}

const DECLARED_WITHIN: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_text_gives_the_same() {
        let wide: Vec<u8> = "\u{feff}Müller"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let bare: Vec<u8> = "Müller".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (label, bytes) in [
            ("text/plain", "Müller".as_bytes()),
            ("text/plain", "\u{feff}Müller".as_bytes()),
            ("text/plain;charset=iso-8859-1", b"M\xfcller"),
            ("text/plain;charset=us-ascii", "Müller".as_bytes()),
            ("", b"M\xfcller"),
            ("", &wide),
            ("text/plain;charset=utf-16be", &bare),
        ] {
            assert_eq!(decode(label, bytes).unwrap(), "Müller", "{label}");
        }
    }

    #[test]
    fn what_is_not_of_its_charset_is_refused() {
        let fault = decode("text/plain; charset=shift_jis", b"\xff\xff\xff").unwrap_err();
        assert_eq!(fault.code(), "documents.charset_wrong");
        let fault = decode("text/plain; charset=ebcdic-x", b"a").unwrap_err();
        assert_eq!(fault.code(), "documents.charset_unknown");
    }

    #[test]
    fn markup_names_its_own() {
        let page = b"<html><meta charset=iso-8859-2><p>\xa3ucja";
        assert!(decode_markup("text/html", page).unwrap().contains("Łucja"));
        let xml = b"<?xml version='1.0' encoding='ISO-8859-2'?><p>\xa3ucja</p>";
        assert!(decode_markup("", xml).unwrap().contains("Łucja"));
    }
}
