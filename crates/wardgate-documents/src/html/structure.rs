//! A page as lines of cells, with the marks of structure between them.

use super::entity::decoded;
use super::escape;
use super::token::{Tag, Token, tokens};
use crate::lines::{Lines, Place, collapse};

/// A page that was read.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: Lines,
    pub(super) pieces: Vec<Piece>,
    /// Pictures and other embedded things.
    pub(super) left_out: u32,
    cell: Cell,
    open: Vec<&'static str>,
}

/// A part of a page as it will be written.
#[derive(Debug)]
pub(super) enum Piece {
    /// A mark of structure.
    Mark(String),
    /// The text of a cell, and how it is written with its inline marks when nothing in it was replaced.
    Cell { place: Place, marked: String },
}

/// The cell that is being read.
#[derive(Debug, Default)]
struct Cell {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    /// Bytes of the cell's text.
    Text(usize, usize),
    Open(&'static str),
    Close(&'static str),
}

impl Page {
    pub(super) fn read(markup: &str) -> Self {
        let mut page = Self::default();
        for token in tokens(markup) {
            match token {
                Token::Text(text) => page.text(&decoded(text)),
                Token::Open(tag) => page.open(&tag),
                Token::Close(name) => page.close(&name),
                Token::Hidden(_) => {}
            }
        }
        page.end_cell();
        while let Some(name) = page.open.pop() {
            page.pieces.push(Piece::Mark(format!("</{name}>")));
        }
        page
    }

    fn text(&mut self, text: &str) {
        if !self.open.contains(&"pre") {
            return self.cell.text(text);
        }
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.end_cell();
                self.lines.line();
                self.pieces.push(Piece::Mark("\n".to_owned()));
            }
            self.cell.text(line);
        }
    }

    fn open(&mut self, tag: &Tag) {
        if let Some(name) = known(INLINE, &tag.name) {
            return self.cell.parts.push(Part::Open(name));
        }
        match tag.name.as_str() {
            "br" | "hr" => {
                self.end_cell();
                self.lines.line();
                self.pieces.push(Piece::Mark(format!("<{}/>", tag.name)));
            }
            "input" if tag.attribute("type") != Some("hidden") => {
                self.cell
                    .text(&format!(" {} ", tag.attribute("value").unwrap_or_default()));
            }
            name if EMBEDDED.contains(&name) => {
                self.left_out = self.left_out.saturating_add(1);
                let alt = tag.attribute("alt").unwrap_or_default().trim();
                if !alt.is_empty() {
                    self.cell.text(&format!(" [{alt}] "));
                }
            }
            "title" => self.open_block("h1", tag),
            name => {
                if let Some(block) = known(BLOCKS, name) {
                    self.open_block(block, tag);
                }
            }
        }
    }

    fn open_block(&mut self, name: &'static str, tag: &Tag) {
        self.end_cell();
        for closes in IMPLIED_ENDS {
            if closes.opens.contains(&name)
                && self
                    .open
                    .last()
                    .is_some_and(|last| closes.ends.contains(last))
            {
                self.close_last();
            }
        }
        if !matches!(name, "td" | "th") {
            self.lines.line();
        }
        if self.open.len() >= DEPTH_MAX {
            return;
        }
        let mut mark = format!("<{name}");
        for key in ["colspan", "rowspan"] {
            let span = tag
                .attribute(key)
                .and_then(|span| span.trim().parse::<u16>().ok());
            if let (Some(span), "td" | "th") = (span, name) {
                mark.push_str(&format!(" {key}=\"{span}\""));
            }
        }
        mark.push('>');
        self.pieces.push(Piece::Mark(mark));
        self.open.push(name);
    }

    fn close(&mut self, name: &str) {
        if let Some(name) = known(INLINE, name) {
            return self.cell.parts.push(Part::Close(name));
        }
        let name = if name == "title" { "h1" } else { name };
        let Some(block) = known(BLOCKS, name) else {
            return;
        };
        self.end_cell();
        if !matches!(block, "td" | "th") {
            self.lines.line();
        }
        if self.open.contains(&block) {
            while self.close_last().is_some_and(|closed| closed != block) {}
        }
    }

    fn close_last(&mut self) -> Option<&'static str> {
        let name = self.open.pop()?;
        self.pieces.push(Piece::Mark(format!("</{name}>")));
        Some(name)
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if cell.text.trim().is_empty() {
            return;
        }
        let marked = cell.marked();
        let place = self.lines.cell(cell.text);
        self.pieces.push(Piece::Cell { place, marked });
    }
}

impl Cell {
    fn text(&mut self, text: &str) {
        let from = self.text.len();
        collapse(text, &mut self.text);
        if self.text.len() > from {
            self.parts.push(Part::Text(from, self.text.len()));
        }
    }

    /// The cell with those inline marks that begin and end in it.
    fn marked(&self) -> String {
        let mut paired = vec![false; self.parts.len()];
        let mut open: Vec<(usize, &str)> = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Open(name) => open.push((index, name)),
                Part::Close(name) if open.last().is_some_and(|(_, last)| last == name) => {
                    let begun = open.pop().map(|(begun, _)| begun);
                    for at in begun.into_iter().chain([index]) {
                        if let Some(paired) = paired.get_mut(at) {
                            *paired = true;
                        }
                    }
                }
                Part::Close(_) | Part::Text(..) => {}
            }
        }
        let mut out = String::with_capacity(self.text.len());
        for (part, paired) in self.parts.iter().zip(paired) {
            match part {
                Part::Text(from, to) => {
                    escape(self.text.get(*from..*to).unwrap_or_default(), &mut out)
                }
                Part::Open(name) if paired => out.push_str(&format!("<{name}>")),
                Part::Close(name) if paired => out.push_str(&format!("</{name}>")),
                Part::Open(_) | Part::Close(_) => {}
            }
        }
        out
    }
}

fn known(names: &[&'static str], name: &str) -> Option<&'static str> {
    names.iter().find(|known| **known == name).copied()
}

/// Which elements end when another begins, though nothing says so.
struct ImpliedEnd {
    opens: &'static [&'static str],
    ends: &'static [&'static str],
}

const IMPLIED_ENDS: &[ImpliedEnd] = &[
    ImpliedEnd {
        opens: BLOCKS,
        ends: &["p", "h1", "h2", "h3", "h4", "h5", "h6"],
    },
    ImpliedEnd {
        opens: &["li"],
        ends: &["li"],
    },
    ImpliedEnd {
        opens: &["dt", "dd"],
        ends: &["dt", "dd"],
    },
    ImpliedEnd {
        opens: &["td", "th", "tr", "tbody", "tfoot"],
        ends: &["td", "th"],
    },
    ImpliedEnd {
        opens: &["tr", "tbody", "tfoot"],
        ends: &["tr"],
    },
    ImpliedEnd {
        opens: &["tbody", "tfoot"],
        ends: &["thead", "tbody"],
    },
];

const INLINE: &[&str] = &[
    "b", "i", "u", "em", "strong", "sub", "sup", "small", "code", "s", "mark",
];

const BLOCKS: &[&str] = &[
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "pre",
    "blockquote",
    "section",
    "article",
    "header",
    "footer",
    "address",
    "main",
    "aside",
    "nav",
    "figure",
    "figcaption",
];

const EMBEDDED: &[&str] = &[
    "img", "object", "embed", "iframe", "video", "audio", "svg", "canvas", "applet", "image",
    "picture",
];

/// Deeper blocks are written as if they were not nested.
const DEPTH_MAX: usize = 100;
