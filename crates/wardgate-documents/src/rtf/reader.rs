//! The text of RTF, shown and hidden.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};
use wardgate_deid::RecordFault;

use super::word::{Token, Tokens};
use crate::charset;

/// What was read of a file.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What a reader sees.
    pub(super) shown: String,
    /// What stands in it besides: hidden text, metadata, fields, names of bookmarks.
    pub(super) hidden: String,
    /// Pictures and embedded objects.
    pub(super) left_out: u32,
    group: Group,
    groups: Vec<Group>,
    /// Bytes that are not decoded yet: a character may have two.
    bytes: Vec<u8>,
    units: Vec<u16>,
    fallback_left: u32,
    page: CodePage,
    fonts: HashMap<i32, CodePage>,
    default_font: i32,
}

/// What holds within a group.
#[derive(Clone, Copy, Debug)]
struct Group {
    place: Place,
    hidden: bool,
    font: Option<i32>,
    fallback_chars: u32,
    /// `\*` was read, and the next word names a destination.
    optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Shown,
    /// Text of a destination that is not shown.
    Hidden,
    Fonts,
    /// No text: pictures and other data.
    Data,
}

#[derive(Clone, Copy, Debug)]
enum CodePage {
    Known(&'static Encoding),
    /// Signs of a symbol font.
    Symbols,
    Unknown,
}

impl Default for CodePage {
    fn default() -> Self {
        Self::Known(WINDOWS_1252)
    }
}

impl Default for Group {
    fn default() -> Self {
        Self {
            place: Place::Shown,
            hidden: false,
            font: None,
            fallback_chars: 1,
            optional: false,
        }
    }
}

impl Reader {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, RecordFault> {
        let mut reader = Self::default();
        for token in Tokens::new(bytes) {
            reader.token(token)?;
        }
        reader.flush()?;
        let shown = reader.shown.trim_end_matches(['\n', '\t']).len();
        reader.shown.truncate(shown);
        Ok(reader)
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), RecordFault> {
        if self.fallback_left > 0 {
            match token {
                // A group ends the characters that stand for one that cannot be shown.
                Token::Open | Token::Close => self.fallback_left = 0,
                Token::Word("u", Some(_)) => {}
                Token::Text(_) | Token::Byte(_) | Token::Sign(_) | Token::Word(..) => {
                    self.fallback_left -= 1;
                    return Ok(());
                }
            }
        }
        match token {
            Token::Text(byte) | Token::Byte(byte) => {
                self.flush_units();
                self.bytes.push(byte);
                Ok(())
            }
            Token::Word("u", Some(number)) => {
                self.flush_bytes()?;
                // Numbers above 32767 are written as negative ones.
                self.units
                    .push(u16::try_from(number & 0xffff).unwrap_or(0xfffd));
                self.fallback_left = self.group.fallback_chars;
                Ok(())
            }
            Token::Open => {
                self.flush()?;
                if self.groups.len() >= GROUPS_MAX {
                    return Err(RecordFault::new(
                        "documents.rtf_too_deep",
                        format!(
                            "the RTF document has more than {GROUPS_MAX} groups in one another"
                        ),
                        "save the document anew with a word processor",
                    ));
                }
                self.groups.push(self.group);
                self.group.optional = false;
                Ok(())
            }
            Token::Close => {
                self.flush()?;
                if self.group.place == Place::Hidden {
                    self.hidden.push('\n');
                }
                self.group = self.groups.pop().unwrap_or_default();
                Ok(())
            }
            Token::Sign(sign) => self.sign(sign),
            Token::Word(word, number) => self.word(word, number),
        }
    }

    fn sign(&mut self, sign: u8) -> Result<(), RecordFault> {
        self.flush()?;
        match sign {
            b'*' => self.group.optional = true,
            b'~' => self.put(' '),
            b'_' => self.put('-'),
            b'\r' | b'\n' => self.put('\n'),
            b'\t' => self.put('\t'),
            b'\\' | b'{' | b'}' => self.put(char::from(sign)),
            _ => {}
        }
        Ok(())
    }

    fn word(&mut self, word: &str, number: Option<i32>) -> Result<(), RecordFault> {
        let optional = std::mem::take(&mut self.group.optional);
        // Marks of letters stand within words; everything before them has been read by the old rules.
        self.flush()?;
        match word {
            "par" | "line" | "sect" | "page" | "row" | "nestrow" | "column" => self.put('\n'),
            "cell" | "tab" | "nestcell" => self.put('\t'),
            "emdash" => self.put('—'),
            "endash" => self.put('–'),
            "bullet" => self.put('•'),
            "lquote" => self.put('‘'),
            "rquote" => self.put('’'),
            "ldblquote" => self.put('“'),
            "rdblquote" => self.put('”'),
            "emspace" | "enspace" | "qmspace" => self.put(' '),
            "v" | "deleted" => self.group.hidden = number != Some(0),
            "plain" => self.group.hidden = false,
            "uc" => self.group.fallback_chars = number.map_or(1, |n| u32::try_from(n).unwrap_or(0)),
            "ansi" => self.page = CodePage::default(),
            "mac" => self.page = page_of(10000),
            "pc" => self.page = page_of(437),
            "pca" => self.page = page_of(850),
            "ansicpg" => self.page = page_of(number.unwrap_or(1252)),
            "deff" => self.default_font = number.unwrap_or_default(),
            "f" => self.group.font = number,
            "fcharset" if self.group.place == Place::Fonts => self.font_charset(number),
            "fonttbl" => self.group.place = Place::Fonts,
            "pict" | "object" if self.group.place == Place::Shown => {
                self.left_out = self.left_out.saturating_add(1);
                self.group.place = Place::Data;
            }
            // The text of an object stands in it as a picture of its own; that is not read either.
            "colortbl" | "objdata" | "themedata" | "colorschememapping" | "datastore" => {
                self.group.place = Place::Data;
            }
            "bin" => {}
            // The older of two spellings of the same text: the newer one is Unicode.
            "upr" => self.group.place = Place::Hidden,
            "ud" if self.group.place == Place::Hidden => self.group.place = Place::Shown,
            "shppict" | "nonshppict" | "shp" | "shpinst" | "shptxt" | "fldrslt" | "field" => {}
            word if self.group.place == Place::Shown && (optional || NOT_SHOWN.contains(&word)) => {
                self.group.place = Place::Hidden;
            }
            _ => {}
        }
        Ok(())
    }

    fn font_charset(&mut self, number: Option<i32>) {
        let page = page_of_charset(number.unwrap_or_default());
        if let (Some(font), Some(page)) = (self.group.font, page)
            && self.fonts.len() < FONTS_MAX
        {
            self.fonts.insert(font, page);
        }
    }

    fn put(&mut self, c: char) {
        match (self.group.place, self.group.hidden) {
            (Place::Shown, false) => self.shown.push(c),
            (Place::Shown | Place::Hidden, _) => self.hidden.push(c),
            (Place::Fonts | Place::Data, _) => {}
        }
    }

    fn flush(&mut self) -> Result<(), RecordFault> {
        self.flush_units();
        self.flush_bytes()
    }

    fn flush_units(&mut self) {
        let units = std::mem::take(&mut self.units);
        for c in char::decode_utf16(units) {
            self.put(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn flush_bytes(&mut self) -> Result<(), RecordFault> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        if matches!(self.group.place, Place::Fonts | Place::Data) {
            return Ok(());
        }
        let font = self.group.font.unwrap_or(self.default_font);
        let page = self.fonts.get(&font).copied().unwrap_or(self.page);
        match page {
            CodePage::Known(encoding) => {
                let text = encoding.decode_without_bom_handling(&bytes).0;
                text.chars().for_each(|c| self.put(c));
            }
            CodePage::Unknown if bytes.is_ascii() => {
                bytes.iter().for_each(|byte| self.put(char::from(*byte)));
            }
            CodePage::Symbols => bytes.iter().for_each(|byte| {
                self.put(if byte.is_ascii_whitespace() {
                    ' '
                } else {
                    '•'
                });
            }),
            CodePage::Unknown => {
                return Err(RecordFault::new(
                    "documents.charset_unknown",
                    "the RTF document is of a code page that is not known",
                    "save the document anew with a word processor",
                ));
            }
        }
        Ok(())
    }
}

fn page_of(number: i32) -> CodePage {
    let page = u32::try_from(number).ok().and_then(charset::code_page);
    page.map_or(CodePage::Unknown, CodePage::Known)
}

/// The code page of a font's character set; nothing where it is the document's.
fn page_of_charset(number: i32) -> Option<CodePage> {
    let page = match number {
        0 => 1252,
        1 => return None,
        2 => return Some(CodePage::Symbols),
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178..=180 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        254 => 437,
        255 => 850,
        _ => return Some(CodePage::Unknown),
    };
    Some(page_of(page))
}

/// Destinations that are no text of the document, though nothing marks them as optional.
const NOT_SHOWN: &[&str] = &[
    "info",
    "stylesheet",
    "fldinst",
    "bkmkstart",
    "bkmkend",
    "listtable",
    "listoverridetable",
    "revtbl",
    "rsidtbl",
    "generator",
    "filetbl",
    "datafield",
    "private",
    "xe",
    "tc",
    "rxe",
    "formfield",
    "sp",
    "sn",
    "sv",
    "title",
    "author",
    "operator",
    "subject",
    "keywords",
    "comment",
    "doccomm",
    "company",
    "manager",
    "category",
    "hlinkbase",
    "template",
    "pntext",
    "listtext",
    "atnid",
    "atnauthor",
    "atndate",
];

const GROUPS_MAX: usize = 1000;
const FONTS_MAX: usize = 10_000;
