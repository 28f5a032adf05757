//! Fonts: what the codes of a shown string stand for, and how wide they are (ISO 32000-1, 9.6 to 9.10).

use std::collections::HashMap;

use wardgate_deid::RecordFault;

use super::cmap::{CodeMap, number, utf16};
use super::file::{File, too_long};
use super::glyph::{self, Codes};
use super::object::{Dict, Object, Scanner};
use super::width;

/// A font that was read.
#[derive(Debug)]
pub(super) struct Font {
    codes: Coding,
    to_unicode: Option<CodeMap>,
    widths: HashMap<u32, f64>,
    width_otherwise: Option<f64>,
    family: width::Family,
}

/// A shown code.
#[derive(Debug)]
pub(super) struct Glyph {
    /// Its text; nothing when the font does not tell.
    pub(super) text: Option<String>,
    /// In parts of the font's size.
    pub(super) width: f64,
    /// Whether word spacing counts: the code 32 of one byte.
    pub(super) is_space: bool,
}

#[derive(Debug)]
enum Coding {
    /// One byte a code.
    Simple(Vec<Option<String>>),
    /// As many bytes a code as a table tells.
    Composite {
        spaces: Option<CodeMap>,
        unicode: bool,
    },
    /// Signs that are no text, such as bullets.
    Symbols,
}

impl Font {
    /// Reads a font of a file.
    pub(super) fn read(
        file: &File<'_>,
        dict: &Dict,
        left: &mut usize,
    ) -> Result<Self, RecordFault> {
        charge(file, dict, left)?;
        let table = dict.get(b"ToUnicode".as_slice());
        let table = match table {
            Some(stream) => file.content(stream, left)?,
            None => None,
        };
        let to_unicode = table.map(|bytes| CodeMap::read(&bytes));
        let composite = file.entry(dict, "Subtype").and_then(Object::name) == Some(b"Type0");
        let mut font = Self {
            codes: match composite {
                true => composite_coding(file, dict, left)?,
                false => simple_coding(file, dict, left)?,
            },
            to_unicode,
            widths: HashMap::new(),
            width_otherwise: None,
            family: width::Family::of(base_name(file, dict)),
        };
        match composite {
            true => font.composite_widths(file, dict),
            false => font.simple_widths(file, dict),
        }
        Ok(font)
    }

    /// The glyphs that a string shows.
    pub(super) fn glyphs(&self, string: &[u8]) -> Vec<Glyph> {
        let mut glyphs = Vec::new();
        let mut rest = string;
        while !rest.is_empty() {
            let length = self.code_len(rest).min(rest.len()).max(1);
            let (code, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            glyphs.push(self.glyph(code));
            rest = behind;
        }
        glyphs
    }

    fn code_len(&self, string: &[u8]) -> usize {
        match &self.codes {
            Coding::Simple(_) | Coding::Symbols => 1,
            Coding::Composite {
                spaces: Some(map), ..
            } => map.code_len(string).unwrap_or(2),
            Coding::Composite { .. } => 2,
        }
    }

    fn glyph(&self, bytes: &[u8]) -> Glyph {
        let code = number(bytes);
        let mapped = self.to_unicode.as_ref().and_then(|map| map.text(code));
        // A table that maps to nothing says as little as one that does not map.
        let mapped = mapped
            .filter(|text| !text.is_empty() && !text.contains(['\0', char::REPLACEMENT_CHARACTER]));
        let text = mapped.or_else(|| match &self.codes {
            Coding::Simple(texts) => texts.get(usize::from(*bytes.first()?))?.clone(),
            Coding::Composite { unicode: true, .. } => Some(utf16(bytes)),
            Coding::Composite { .. } => None,
            Coding::Symbols => Some("•".to_owned()),
        });
        let approximate = || text.as_deref().map_or(0.5, |text| self.family.width(text));
        let told = self.widths.get(&code).copied().or(self.width_otherwise);
        Glyph {
            width: told.unwrap_or_else(approximate),
            is_space: bytes == b" ",
            text,
        }
    }

    fn simple_widths(&mut self, file: &File<'_>, dict: &Dict) {
        let first = file
            .entry(dict, "FirstChar")
            .and_then(Object::whole)
            .unwrap_or(0);
        // The glyphs of a Type 3 font have a scale of their own.
        let scale = match file.array(dict, "FontMatrix").first() {
            Some(scale) => file.resolve(scale).number().unwrap_or(0.001).abs(),
            None => 0.001,
        };
        for (code, width) in (0..=255_u32).skip(first).zip(file.array(dict, "Widths")) {
            if let Some(width) = file.resolve(width).number() {
                self.widths.insert(code, width * scale);
            }
        }
        if !self.widths.is_empty() {
            let descriptor = file.dict(dict, "FontDescriptor");
            let missing = descriptor.and_then(|dict| file.entry(dict, "MissingWidth"));
            self.width_otherwise = missing.and_then(Object::number).map(|width| width * scale);
        }
    }

    fn composite_widths(&mut self, file: &File<'_>, dict: &Dict) {
        let Some(descendant) = descendant(file, dict) else {
            return;
        };
        let otherwise = file.entry(descendant, "DW").and_then(Object::number);
        self.width_otherwise = Some(otherwise.unwrap_or(1000.0) / 1000.0);
        let mut array = file
            .array(descendant, "W")
            .iter()
            .map(|object| file.resolve(object));
        while let (Some(first), Some(second)) = (array.next(), array.next()) {
            let Some(first) = first.whole().and_then(|first| u32::try_from(first).ok()) else {
                return;
            };
            match second {
                Object::Array(widths) => {
                    for (code, width) in (first..).zip(widths) {
                        let width = file.resolve(width).number().unwrap_or(1000.0);
                        self.widths.insert(code, width / 1000.0);
                    }
                }
                last => {
                    let last = last.whole().and_then(|last| u32::try_from(last).ok());
                    let width = array.next().and_then(Object::number);
                    let (Some(last), Some(width)) = (last.filter(|last| *last <= 0xffff), width)
                    else {
                        return;
                    };
                    for code in first..=last {
                        self.widths.insert(code, width / 1000.0);
                    }
                }
            }
            if self.widths.len() > WIDTHS_MAX {
                return;
            }
        }
    }
}

/// A font is paid for by the lengths of its arrays, which many fonts may share.
fn charge(file: &File<'_>, dict: &Dict, left: &mut usize) -> Result<(), RecordFault> {
    let inner = file.dict(dict, "Encoding");
    let arrays = [
        file.array(dict, "Widths"),
        descendant(file, dict)
            .map(|dict| file.array(dict, "W"))
            .unwrap_or_default(),
        inner
            .map(|dict| file.array(dict, "Differences"))
            .unwrap_or_default(),
    ];
    let values = arrays.iter().map(|array| array.len()).sum::<usize>();
    let bytes = values
        .saturating_mul(VALUE_BYTES)
        .saturating_add(FONT_BYTES);
    *left = left.checked_sub(bytes).ok_or_else(too_long)?;
    Ok(())
}

fn base_name<'f>(file: &'f File<'_>, dict: &'f Dict) -> &'f [u8] {
    file.entry(dict, "BaseFont")
        .and_then(Object::name)
        .unwrap_or_default()
}

fn descendant<'f>(file: &'f File<'_>, dict: &'f Dict) -> Option<&'f Dict> {
    file.resolve(file.array(dict, "DescendantFonts").first()?)
        .dict()
}

fn composite_coding(file: &File<'_>, dict: &Dict, left: &mut usize) -> Result<Coding, RecordFault> {
    let Some(encoding) = file.entry(dict, "Encoding") else {
        return Ok(Coding::Composite {
            spaces: None,
            unicode: false,
        });
    };
    if let Some(name) = encoding.name() {
        let name = String::from_utf8_lossy(name);
        let unicode = name.starts_with("Uni") && (name.contains("UCS2") || name.contains("UTF16"));
        return Ok(Coding::Composite {
            spaces: None,
            unicode,
        });
    }
    let spaces = file
        .content(encoding, left)?
        .map(|bytes| CodeMap::read(&bytes));
    Ok(Coding::Composite {
        spaces,
        unicode: false,
    })
}

fn simple_coding(file: &File<'_>, dict: &Dict, left: &mut usize) -> Result<Coding, RecordFault> {
    let name = base_name(file, dict);
    let name = name.rsplit(|byte| *byte == b'+').next().unwrap_or(name);
    if SYMBOL_FONTS.iter().any(|symbol| name.starts_with(symbol)) {
        return Ok(Coding::Symbols);
    }
    let encoding = file.entry(dict, "Encoding");
    let named = encoding.and_then(Object::name);
    let inner = encoding.and_then(Object::dict);
    let base = inner
        .and_then(|dict| file.entry(dict, "BaseEncoding"))
        .and_then(Object::name);
    let base = match named.or(base).and_then(glyph::named_encoding) {
        Some(codes) => texts_of(&codes),
        None if name.starts_with(b"Symbol") => texts_of(&glyph::symbol()),
        None => own_coding(file, dict, left)?,
    };
    let mut texts = base;
    let mut code = 0;
    let differences = inner
        .map(|dict| file.array(dict, "Differences"))
        .unwrap_or_default();
    for difference in differences.iter().map(|object| file.resolve(object)) {
        match difference {
            Object::Number(_) => code = difference.whole().unwrap_or(usize::MAX),
            Object::Name(name) => {
                if let Some(slot) = texts.get_mut(code) {
                    *slot = glyph::text(name);
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    Ok(Coding::Simple(texts))
}

/// The encoding that a font has by itself.
fn own_coding(
    file: &File<'_>,
    dict: &Dict,
    left: &mut usize,
) -> Result<Vec<Option<String>>, RecordFault> {
    let unknown = || vec![None; 256];
    let kind = file
        .entry(dict, "Subtype")
        .and_then(Object::name)
        .unwrap_or_default();
    if kind == b"Type3" {
        return Ok(unknown());
    }
    let descriptor = file.dict(dict, "FontDescriptor");
    let flags = descriptor
        .and_then(|dict| file.entry(dict, "Flags"))
        .and_then(Object::whole);
    let embedded = descriptor.is_some_and(|dict| {
        ["FontFile", "FontFile2", "FontFile3"]
            .iter()
            .any(|key| file.entry(dict, key).is_some())
    });
    let program = match descriptor.and_then(|dict| dict.get(b"FontFile".as_slice())) {
        Some(stream) => file.content(stream, left)?,
        None => None,
    };
    if let Some(texts) = program.as_deref().and_then(program_encoding) {
        return Ok(texts);
    }
    let latin = flags.is_none_or(|flags| flags & NON_SYMBOLIC != 0);
    match (embedded, latin) {
        (true, false) => Ok(unknown()),
        _ if kind == b"TrueType" => Ok(texts_of(
            &glyph::named_encoding(b"WinAnsiEncoding").unwrap_or([None; 256]),
        )),
        _ => Ok(texts_of(&glyph::standard())),
    }
}

/// The encoding in the clear part of a Type 1 font program: `dup 65 /A put`.
fn program_encoding(program: &[u8]) -> Option<Vec<Option<String>>> {
    let clear = program
        .windows(5)
        .position(|five| five == b"eexec")
        .unwrap_or(program.len());
    let clear = program.get(..clear)?;
    let at = clear.windows(9).position(|nine| nine == b"/Encoding")? + 9;
    let mut scanner = Scanner::new(clear, at, ENCODING_VALUES_MAX);
    let mut texts = vec![None; 256];
    let mut held: Vec<Object> = Vec::new();
    let mut any = false;
    while let Some(lexeme) = scanner.next() {
        match lexeme {
            super::object::Lexeme::Value(value) => held.push(value),
            super::object::Lexeme::Word(b"StandardEncoding") => {
                return Some(texts_of(&glyph::standard()));
            }
            super::object::Lexeme::Word(b"put") => {
                if let [.., code, Object::Name(name)] = held.as_slice()
                    && let Some(slot) = code.whole().and_then(|code| texts.get_mut(code))
                {
                    *slot = glyph::text(name);
                    any = true;
                }
                held.clear();
            }
            super::object::Lexeme::Word(b"readonly" | b"def") if any => break,
            super::object::Lexeme::Word(_) => held.clear(),
        }
    }
    any.then_some(texts)
}

fn texts_of(codes: &Codes) -> Vec<Option<String>> {
    codes.iter().map(|c| c.map(String::from)).collect()
}

/// Bit 6 of a font's flags: its letters are Latin ones.
const NON_SYMBOLIC: usize = 1 << 5;
const WIDTHS_MAX: usize = 200_000;
const FONT_BYTES: usize = 4096;
const VALUE_BYTES: usize = 8;
const ENCODING_VALUES_MAX: usize = 4096;

const SYMBOL_FONTS: &[&[u8]] = &[b"ZapfDingbats", b"Wingdings", b"Webdings", b"Dingbats"];
