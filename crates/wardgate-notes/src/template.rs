//! Template files: a head with `@` lines, then templates.

mod body;
mod head;
mod slot;

use std::path::{Path, PathBuf};

use crate::fault::{Misread, TemplateFault};
use crate::note::{Kind, Lang};

pub(crate) use slot::{DateStyle, Field, PersonForm, Role, Slot, Word};

/// One file of one writer.
#[derive(Debug, Clone)]
pub(crate) struct TemplateFile {
    /// The file's name without its ending.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) lang: Lang,
    pub(crate) kind: String,
    pub(crate) region: Option<Region>,
    pub(crate) lists: Vec<WordList>,
    pub(crate) templates: Vec<Template>,
}

/// A template and the line at which it begins.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) line: usize,
    pub(crate) nodes: Vec<Node>,
}

/// A list of a file.
#[derive(Debug, Clone)]
pub(crate) struct WordList {
    pub(crate) name: String,
    pub(crate) items: Vec<Vec<Node>>,
}

/// Which formats the identifiers of a document have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Us,
    Uk,
    De,
    Es,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Class(Class),
    Choice(Vec<Vec<Node>>),
    /// An item of a list, by its place in the file.
    List(usize),
    /// A number from low to high in units of one (0 decimals) or of a tenth, a hundredth.
    Number {
        low: i64,
        high: i64,
        decimals: u32,
    },
    Gold(Kind, Vec<Node>),
    Slot(Slot),
}

/// A character drawn from a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Digit,
    DigitFromOne,
    Upper,
    Lower,
    Hex,
}

/// Reads the text of a template that uses no lists.
pub(crate) fn parse_body(source: &str) -> Result<Vec<Node>, Misread> {
    body::parse(source, 1, &[])
}

impl TemplateFile {
    /// Reads a file's text; every fault of it.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Vec<TemplateFault>> {
        let fault =
            |misread: Misread| TemplateFault::new(path, misread.line, misread.what, misread.hint);
        let head = head::read(text).map_err(|misread| vec![fault(misread)])?;
        let mut faults = Vec::new();
        let mut lists = Vec::new();
        for list in &head.lists {
            let mut items = Vec::new();
            for (line, item) in &list.items {
                match body::parse(item, *line, &head.list_names) {
                    Ok(nodes) => items.push(nodes),
                    Err(misread) => faults.push(fault(misread)),
                }
            }
            lists.push(WordList {
                name: list.name.clone(),
                items,
            });
        }
        if faults.is_empty()
            && let Err(misread) = body::check_nesting(&lists, &head)
        {
            faults.push(fault(misread));
        }
        let mut templates = Vec::new();
        for (line, source) in head.templates(text) {
            match body::parse(&source, line, &head.list_names) {
                Ok(nodes) => templates.push(Template { line, nodes }),
                Err(misread) => faults.push(fault(misread)),
            }
        }
        if templates.is_empty() && faults.is_empty() {
            faults.push(fault(Misread::new(
                0,
                "the file has no template",
                "put templates below the head, parted by `%%` lines",
            )));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            path: path.to_path_buf(),
            lang: head.lang,
            kind: head.kind,
            region: head.region,
            lists,
            templates,
        })
    }
}
