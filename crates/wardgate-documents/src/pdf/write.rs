//! A new PDF that shows lines of text, and holds nothing else.
//!
//! One font of every reader, Courier, in as many encodings as the text needs: the first is Windows-1252, and
//! each further one holds up to 224 characters by their names, with a `ToUnicode` table, so that the text can
//! be sought and copied whatever its script. No time, author or identifier is written: equal text gives equal bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use encoding_rs::WINDOWS_1252;

/// A file with the lines of a text.
pub(crate) fn write(text: &str) -> Vec<u8> {
    let lines: Vec<String> = text.split(['\n', '\u{c}']).flat_map(wrapped).collect();
    let fonts = Fonts::of(&lines);
    let pages: Vec<&[String]> = match lines.is_empty() {
        true => vec![&[]],
        false => lines.chunks(LINES_PER_PAGE).collect(),
    };
    let mut file = File::new();
    let first_font = 3;
    let first_page = first_font + fonts.object_count();
    let kids: Vec<String> = (0..pages.len())
        .map(|n| format!("{} 0 R", first_page + 2 * n))
        .collect();
    file.object("<< /Type /Catalog /Pages 2 0 R >>");
    let resources = fonts.resources(first_font);
    file.object(&format!(
        "<< /Type /Pages /Count {} /Kids [{}] /MediaBox [0 0 595 842] /Resources << /Font << {resources} >> >> >>",
        pages.len(),
        kids.join(" "),
    ));
    fonts.write(&mut file);
    for (n, page) in pages.iter().enumerate() {
        let contents = first_page + 2 * n + 1;
        file.object(&format!(
            "<< /Type /Page /Parent 2 0 R /Contents {contents} 0 R >>"
        ));
        file.stream(&fonts.shown(page));
    }
    file.end()
}

/// The objects of a file, and where each begins.
struct File {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl File {
    fn new() -> Self {
        Self {
            bytes: b"%PDF-1.7\n%\xc2\xa5\xc2\xb1\n".to_vec(),
            offsets: Vec::new(),
        }
    }

    fn object(&mut self, body: &str) {
        self.offsets.push(self.bytes.len());
        let number = self.offsets.len();
        let object = format!("{number} 0 obj\n{body}\nendobj\n");
        self.bytes.extend_from_slice(object.as_bytes());
    }

    fn stream(&mut self, content: &str) {
        let length = content.len();
        self.object(&format!(
            "<< /Length {length} >>\nstream\n{content}\nendstream"
        ));
    }

    fn end(mut self) -> Vec<u8> {
        let size = self.offsets.len() + 1;
        let begins = self.bytes.len();
        let mut tail = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            let _ = writeln!(tail, "{offset:010} 00000 n ");
        }
        let _ = write!(
            tail,
            "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{begins}\n%%EOF\n"
        );
        self.bytes.extend_from_slice(tail.as_bytes());
        self.bytes
    }
}

/// The encodings that a text needs, beside Windows-1252.
struct Fonts {
    codes: BTreeMap<char, (usize, u8)>,
    further: Vec<Vec<char>>,
}

impl Fonts {
    fn of(lines: &[String]) -> Self {
        let mut fonts = Self {
            codes: BTreeMap::new(),
            further: Vec::new(),
        };
        for c in lines.iter().flat_map(|line| line.chars()) {
            if windows_code(c).is_some() || fonts.codes.contains_key(&c) {
                continue;
            }
            if fonts
                .further
                .last()
                .is_none_or(|last| last.len() >= CODES_PER_FONT)
            {
                fonts.further.push(Vec::new());
            }
            let number = fonts.further.len();
            if let Some(last) = fonts.further.last_mut() {
                let code = u8::try_from(usize::from(CODE_MIN) + last.len()).unwrap_or(u8::MAX);
                last.push(c);
                fonts.codes.insert(c, (number, code));
            }
        }
        fonts
    }

    /// Each further font has its table beside it.
    fn object_count(&self) -> usize {
        1 + 2 * self.further.len()
    }

    fn resources(&self, first: usize) -> String {
        let mut all = format!("/F0 {first} 0 R");
        for n in 0..self.further.len() {
            let _ = write!(all, " /F{} {} 0 R", n + 1, first + 1 + 2 * n);
        }
        all
    }

    fn write(&self, file: &mut File) {
        file.object(
            "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        );
        for characters in &self.further {
            let mut names = String::new();
            for c in characters {
                let code = u32::from(*c);
                let _ = match code > 0xffff {
                    true => write!(names, " /u{code:05X}"),
                    false => write!(names, " /uni{code:04X}"),
                };
            }
            let table = file.offsets.len() + 2;
            let last = usize::from(CODE_MIN) + characters.len() - 1;
            let widths = vec!["600"; characters.len()].join(" ");
            file.object(&format!(
                "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /FirstChar {CODE_MIN} /LastChar {last} \
                 /Widths [{widths}] /Encoding << /Type /Encoding /Differences [{CODE_MIN}{names}] >> \
                 /ToUnicode {table} 0 R >>"
            ));
            file.stream(&to_unicode(characters));
        }
    }

    /// The operators that show lines from the top of a page.
    fn shown(&self, lines: &[String]) -> String {
        let mut out = format!("BT\n{LEADING} TL\n50 {TOP} Td\n/F0 {SIZE} Tf\n");
        for line in lines {
            let mut font = 0;
            let mut run = String::new();
            for c in line.chars() {
                let (wanted, code) = match windows_code(c) {
                    Some(code) => (0, code),
                    None => self.codes.get(&c).copied().unwrap_or((0, b'?')),
                };
                if wanted != font {
                    show(&mut run, &mut out);
                    let _ = writeln!(out, "/F{wanted} {SIZE} Tf");
                    font = wanted;
                }
                let _ = write!(run, "{code:02X}");
            }
            show(&mut run, &mut out);
            if font != 0 {
                let _ = writeln!(out, "/F0 {SIZE} Tf");
            }
            out.push_str("T*\n");
        }
        out.push_str("ET");
        out
    }
}

/// Strings are written in hexadecimal digits, so that no code needs an escape.
fn show(run: &mut String, out: &mut String) {
    if !run.is_empty() {
        let _ = writeln!(out, "<{run}> Tj");
        run.clear();
    }
}

fn to_unicode(characters: &[char]) -> String {
    let mut out = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /T def\n/CMapType 2 def\n\
         1 begincodespacerange\n<00> <FF>\nendcodespacerange\n",
    );
    // A block may hold a hundred lines (Adobe Technical Note 5014).
    for (block, hundred) in characters.chunks(100).enumerate() {
        let _ = writeln!(out, "{} beginbfchar", hundred.len());
        for (n, c) in hundred.iter().enumerate() {
            let code = usize::from(CODE_MIN) + block * 100 + n;
            let _ = write!(out, "<{code:02X}> <");
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "{unit:04X}");
            }
            out.push_str(">\n");
        }
        out.push_str("endbfchar\n");
    }
    out.push_str("endcmap\nend\nend");
    out
}

/// The code of a character in Windows-1252, when it has one that every reader shows.
fn windows_code(c: char) -> Option<u8> {
    if c.is_ascii() {
        return (' '..='~').contains(&c).then_some(c as u8);
    }
    let mut buffer = [0; 4];
    let (bytes, _, unmapped) = WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
    match (bytes.as_ref(), unmapped) {
        ([byte], false) if *byte > 0xa0 || !c.is_control() => Some(*byte),
        _ => None,
    }
}

/// A line in parts that fit on a page, broken between words where it can be.
fn wrapped(line: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut width = 0;
    let line = line.replace('\t', "   ");
    for word in line.trim_end().split_inclusive(' ') {
        let length = word.chars().count();
        if width > 0 && width + word.trim_end().chars().count() > COLUMNS {
            parts.push(std::mem::take(&mut part));
            width = 0;
        }
        match length > COLUMNS {
            true => {
                for c in word.chars().filter(|c| !c.is_control()) {
                    if width >= COLUMNS {
                        parts.push(std::mem::take(&mut part));
                        width = 0;
                    }
                    part.push(c);
                    width += 1;
                }
            }
            false => {
                part.extend(word.chars().filter(|c| !c.is_control()));
                width += length;
            }
        }
    }
    parts.push(part);
    parts
}

const CODE_MIN: u8 = 32;
const CODES_PER_FONT: usize = 224;
/// A4 of 595 by 842 points, 50 free at each side: Courier is 0.6 of its height wide.
const SIZE: u32 = 9;
const LEADING: u32 = 12;
const TOP: u32 = 780;
const LINES_PER_PAGE: usize = 61;
const COLUMNS: usize = 91;
