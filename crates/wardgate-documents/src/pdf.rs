//! PDF: its text is read, and a new file is written that holds the cleaned text and nothing else.
//!
//! What cannot be read wholly does not pass: an encrypted file, one without any text (a scan), or one that
//! shows letters whose meaning its fonts do not tell. Pictures and attachments are left out and counted.

mod cmap;
mod content;
mod file;
mod filter;
mod font;
mod glyph;
mod layout;
mod lzw;
mod object;
mod width;
mod write;

use std::collections::HashSet;

use wardgate_deid::{RecordFault, RecordScope};

use crate::{Written, through_engine};
use content::{Drawing, Matrix, numbers};
use file::{File, too_long};
use object::{Dict, Object};

pub(crate) use write::write;

/// A PDF with the cleaned text of a PDF.
///
/// # Errors
/// When the file is damaged, encrypted, unfolds to too much, has no text or text that cannot be read, or an
/// identifier is surely left.
pub(crate) fn clean(scope: &RecordScope<'_>, bytes: &[u8]) -> Result<Written, RecordFault> {
    let file = File::read(bytes)?;
    let shown = Shown::read(&file)?;
    if shown.text.trim().is_empty() {
        return Err(RecordFault::new(
            "documents.pdf_without_text",
            "the PDF document holds no text; text in pictures is not read",
            "look at it by hand, or leave it out",
        ));
    }
    let (text, _) = through_engine(scope, &shown.text)?;
    Ok(Written {
        bytes: write(&text),
        media_type: "application/pdf".to_owned(),
        parts_left_out: shown.left_out.saturating_add(attachments(&file)),
    })
}

/// Everything that could be read in it: what its pages show, and every string of its other objects.
///
/// # Errors
/// When the file is damaged, encrypted, unfolds to too much, or has text that cannot be read.
pub(crate) fn all_text(bytes: &[u8]) -> Result<String, RecordFault> {
    let file = File::read(bytes)?;
    let mut text = match file.catalog() {
        Some(_) => Shown::read(&file)?.text,
        None => String::new(),
    };
    if let Some(info) = file.info() {
        strings(&Object::Dict(info.clone()), &mut text);
    }
    let mut left = file.bytes_left();
    for object in file.objects() {
        strings(object, &mut text);
        let kind = object.dict().and_then(|dict| dict.get(b"Type".as_slice()));
        if kind.and_then(Object::name) == Some(b"Metadata")
            && let Some(metadata) = file.content(object, &mut left)?
        {
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(&metadata));
        }
    }
    Ok(text)
}

/// What the pages of a file show.
struct Shown {
    text: String,
    left_out: u32,
}

/// A page, and the resources that it has from the nodes above it.
struct Page<'f> {
    dict: &'f Dict,
    resources: Option<&'f Dict>,
}

impl Shown {
    fn read(file: &File<'_>) -> Result<Self, RecordFault> {
        let mut drawing = Drawing::new(file);
        let mut text = String::new();
        let none = Dict::new();
        let mut annotations_left = ANNOTATIONS_MAX;
        for page in pages(file)? {
            let resources = page.resources.unwrap_or(&none);
            drawing.page(page.dict, resources)?;
            let mut notes = Vec::new();
            let annotations = file.array(page.dict, "Annots");
            let left = annotations_left.checked_sub(annotations.len());
            annotations_left = left.ok_or_else(too_long)?;
            for annotation in annotations {
                if let Some(dict) = file.resolve(annotation).dict() {
                    annotate(file, dict, &mut drawing, &mut notes)?;
                }
            }
            let runs = std::mem::take(&mut drawing.runs);
            for line in layout::lines(runs).iter().chain(&notes) {
                text.push_str(line);
                text.push('\n');
            }
            text.push('\n');
        }
        if drawing.unreadable > 0 {
            return Err(RecordFault::new(
                "documents.pdf_font_unreadable",
                "the PDF document shows letters whose meaning its fonts do not tell",
                "write the document anew with fonts that tell it (`ToUnicode`), or leave it out",
            ));
        }
        Ok(Self {
            text,
            left_out: drawing.pictures,
        })
    }
}

/// The pages in their order.
fn pages<'f>(file: &'f File<'_>) -> Result<Vec<Page<'f>>, RecordFault> {
    let catalog = file.catalog().ok_or_else(|| {
        RecordFault::new(
            "documents.pdf_damaged",
            "the PDF document has no catalog of pages",
            "write the document anew",
        )
    })?;
    let mut pages = Vec::new();
    let mut seen = HashSet::new();
    let mut kids_left = KIDS_MAX;
    let root = catalog.get(b"Pages".as_slice());
    let mut waiting: Vec<(&Object, Option<&Dict>)> =
        root.map(|root| (root, None)).into_iter().collect();
    while let Some((object, above)) = waiting.pop() {
        if let Object::Reference(number) = object
            && !seen.insert(*number)
        {
            continue;
        }
        let Some(dict) = file.resolve(object).dict() else {
            continue;
        };
        let resources = file.dict(dict, "Resources").or(above);
        let kids = file.array(dict, "Kids");
        // Many nodes may share one array of kids.
        kids_left = kids_left.checked_sub(kids.len()).ok_or_else(too_long)?;
        match kids.is_empty() {
            true => pages.push(Page { dict, resources }),
            false => waiting.extend(kids.iter().rev().map(|kid| (kid, resources))),
        }
        if pages.len() > PAGES_MAX {
            return Err(RecordFault::new(
                "documents.pdf_too_long",
                format!("the PDF document has more than {PAGES_MAX} pages"),
                "split the document",
            ));
        }
    }
    Ok(pages)
}

/// Draws an annotation where it has an appearance, and otherwise notes its text.
fn annotate(
    file: &File<'_>,
    dict: &Dict,
    drawing: &mut Drawing<'_, '_>,
    notes: &mut Vec<String>,
) -> Result<(), RecordFault> {
    let before = drawing.runs.len();
    let normal = file
        .dict(dict, "AP")
        .and_then(|looks| file.entry(looks, "N"));
    let form = match normal {
        Some(Object::Dict(states)) => {
            let state = file
                .entry(dict, "AS")
                .and_then(Object::name)
                .unwrap_or_default();
            states.get(state)
        }
        other => other,
    };
    if let Some(form) = form {
        let ctm = placed(file, dict, form);
        drawing.form(form, &Dict::new(), ctm, 0)?;
    }
    let drawn = drawing.runs.len() > before;
    let keys: &[&str] = if drawn { &[] } else { &["V", "Contents"] };
    for value in keys.iter().filter_map(|key| file.entry(dict, key)) {
        if let Object::Text(bytes) = value {
            notes.push(text_string(bytes).replace(['\r', '\n'], " "));
        }
    }
    Ok(())
}

/// The map that puts an appearance's box where the annotation is.
fn placed(file: &File<'_>, annotation: &Dict, form: &Object) -> Matrix {
    let corner = |dict: &Dict, key: &str| {
        let numbers = numbers(file, file.array(dict, key));
        match numbers.as_slice() {
            [x, y, other_x, other_y, ..] => (x.min(*other_x), y.min(*other_y)),
            _ => (0.0, 0.0),
        }
    };
    let (x, y) = corner(annotation, "Rect");
    let (own_x, own_y) = match file.resolve(form).dict() {
        Some(dict) => corner(dict, "BBox"),
        None => (0.0, 0.0),
    };
    [1.0, 0.0, 0.0, 1.0, x - own_x, y - own_y]
}

/// Files within the file, and forms that are programs.
fn attachments(file: &File<'_>) -> u32 {
    let holds = |object: &&Object| {
        object.dict().is_some_and(|dict| {
            [b"EF".as_slice(), b"XFA"]
                .iter()
                .any(|key| dict.contains_key(*key))
        })
    };
    let count = file.objects().into_iter().filter(holds).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Every string in a value.
fn strings(object: &Object, into: &mut String) {
    match object {
        Object::Text(bytes) => {
            into.push('\n');
            into.push_str(&text_string(bytes));
        }
        Object::Array(all) => all.iter().for_each(|one| strings(one, into)),
        Object::Dict(dict) | Object::Stream(dict, _) => {
            dict.values().for_each(|one| strings(one, into));
        }
        _ => {}
    }
}

/// A text string: UTF-16 or UTF-8 with a mark, and otherwise PDFDocEncoding, of which Windows-1252 is near.
fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => cmap::utf16(rest),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE
            .decode_without_bom_handling(rest)
            .0
            .into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        other => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(other)
            .0
            .into_owned(),
    }
}

const PAGES_MAX: usize = 10_000;
const KIDS_MAX: usize = 200_000;
const ANNOTATIONS_MAX: usize = 200_000;
