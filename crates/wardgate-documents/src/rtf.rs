//! RTF: its text is read, and a new file is written that holds the cleaned text and nothing else.
//!
//! Read by the Rich Text Format Specification 1.9.1: groups, code pages by font, `\'hh`, `\u` with its
//! fallback characters, `\bin`, destinations, hidden and deleted text.

mod reader;
mod word;

use wardgate_deid::{RecordFault, RecordScope};

use crate::{Written, through_engine};
use reader::Reader;

/// An RTF file with the cleaned text of an RTF file.
///
/// # Errors
/// When the file is damaged, nested too deep, or of a code page that is not known, or an identifier is surely left.
pub(crate) fn clean(scope: &RecordScope<'_>, bytes: &[u8]) -> Result<Written, RecordFault> {
    let read = Reader::read(bytes)?;
    let (text, _) = through_engine(scope, &read.shown)?;
    let lines: Vec<&str> = text.split('\n').collect();
    Ok(Written {
        bytes: write(&lines),
        media_type: "application/rtf".to_owned(),
        parts_left_out: read.left_out,
    })
}

/// Everything that could be read in it: shown and hidden text, and metadata.
///
/// # Errors
/// As [`clean`].
pub(crate) fn all_text(bytes: &[u8]) -> Result<String, RecordFault> {
    let read = Reader::read(bytes)?;
    Ok(format!("{}\n{}", read.shown, read.hidden))
}

/// A file of lines.
pub(crate) fn write(lines: &[&str]) -> Vec<u8> {
    let mut out = HEAD.to_owned();
    for line in lines {
        for c in line.chars() {
            match c {
                '\\' | '{' | '}' => {
                    out.push('\\');
                    out.push(c);
                }
                '\t' => out.push_str("\\tab "),
                ' '..='~' => out.push(c),
                c if c.is_control() => {}
                c => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        out.push_str(&format!("\\u{}?", unit.cast_signed()));
                    }
                }
            }
        }
        out.push_str("\\par\r\n");
    }
    out.push('}');
    out.into_bytes()
}

const HEAD: &str = "{\\rtf1\\ansi\\ansicpg1252\\deff0\\uc1{\\fonttbl{\\f0\\fmodern\\fcharset0 Courier;}}\r\n\\f0\\fs20 ";

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rtf: &str) -> String {
        Reader::read(rtf.as_bytes()).unwrap().shown
    }

    #[test]
    fn every_way_of_writing_a_letter_is_read() {
        for rtf in [
            r"{\rtf1\ansi M\'fcller}",
            r"{\rtf1\ansi\uc1 M\u252?ller}",
            r"{\rtf1\ansi\uc2 M\u252 ??ller}",
            r"{\rtf1\ansi M{\b\'fc}ller}",
            r"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset238 B;}}\f1 M\'fcller}",
            "{\\rtf1\\ansi M\\'fcl\r\nler}",
            r"{\rtf1\ansi M\'fcl\-ler}",
            r"{\rtf1\mac M\'9fller}",
            r"{\rtf1\ansi{\*\generator W}M\bin2 }{\'fcller}",
            r"{\rtf1\ansi\uc1{\upr{M\'fcller}{\*\ud{M\u252?ller}}}}",
        ] {
            assert_eq!(shown(rtf), "Müller", "{rtf}");
        }
        assert_eq!(shown(r"{\rtf1\uc0 \u-10179 \u-8704 }"), "\u{1f600}");
    }

    #[test]
    fn what_is_not_shown_is_apart() {
        let rtf = r"{\rtf1\ansi{\info{\author Maria Schmidt}{\title T}}seen{\v hidden Weber}\par{\field{\*\fldinst HYPERLINK x@y}{\fldrslt link}}{\pict\pngblip 89504e47}{\*\bkmkstart Vogt}\row a\cell b}";
        let read = Reader::read(rtf.as_bytes()).unwrap();
        assert_eq!(read.shown, "seen\nlink\na\tb");
        assert_eq!(read.left_out, 1);
        for hidden in ["Maria Schmidt", "Weber", "x@y", "Vogt"] {
            assert!(read.hidden.contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let lines = ["Łucja {x} \\ \u{1f600}\té", "", "b"];
        let read = Reader::read(&write(&lines)).unwrap();
        assert_eq!(read.shown.trim_end_matches('\n'), lines.join("\n"));
        assert_eq!(read.left_out, 0);
    }

    #[test]
    fn damaged_files_are_refused() {
        let deep = format!("{{\\rtf1 {}", "{".repeat(100_000));
        let fault = Reader::read(deep.as_bytes()).unwrap_err();
        assert_eq!(fault.code(), "documents.rtf_too_deep");
        let fault = Reader::read(br"{\rtf1\ansi\ansicpg437 M\'81ller}").unwrap_err();
        assert_eq!(fault.code(), "documents.charset_unknown");
        for rtf in [
            r"{\rtf1",
            r"{\rtf1 \bin99999999999 x",
            r"{\rtf1 \u",
            r"{\rtf1 \'f",
            "{\\rtf1 \\",
            "}}}",
        ] {
            Reader::read(rtf.as_bytes()).unwrap();
        }
    }
}
