//! The text of a document as lines of cells, which go through the engine together and come back apart.
//!
//! The engine sees the document as a person does: a label beside its value, a name whole although markup
//! stands in it. Where it replaced something that reached over a border, the lines are no longer the same
//! ones, and the caller writes them without the old structure.

use wardgate_deid::{RecordFault, RecordScope};

use crate::through_engine;

/// Lines of cells; no cell holds a tab or an end of line.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Vec<Vec<String>>,
}

/// Where a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    line: usize,
    cell: usize,
}

/// What the engine made of lines.
#[derive(Debug)]
pub(crate) enum Cleaned {
    /// The same lines and cells.
    Same(Lines),
    /// Other lines.
    Other(Vec<String>),
}

impl Lines {
    /// Adds a cell at the end of the last line.
    pub(crate) fn cell(&mut self, text: String) -> Place {
        if self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        let line = self.lines.len().saturating_sub(1);
        let Some(cells) = self.lines.last_mut() else {
            return Place { line, cell: 0 };
        };
        cells.push(text);
        Place {
            line,
            cell: cells.len().saturating_sub(1),
        }
    }

    /// Begins a line, unless the last one is empty.
    pub(crate) fn line(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Vec::new());
        }
    }

    /// The text of a cell.
    pub(crate) fn at(&self, place: Place) -> &str {
        let line = self.lines.get(place.line);
        let cell = line.and_then(|line| line.get(place.cell));
        cell.map(String::as_str).unwrap_or_default()
    }

    /// All lines, their cells parted by tabs.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(|cells| cells.join("\t")).collect();
        lines.join("\n")
    }

    /// The lines without identifiers.
    ///
    /// # Errors
    /// When an identifier is surely left.
    pub(crate) fn cleaned(&self, scope: &RecordScope<'_>) -> Result<Cleaned, RecordFault> {
        let (text, _) = through_engine(scope, &self.text())?;
        let new: Vec<&str> = text.split('\n').collect();
        let same = new.len() == self.lines.len().max(1);
        let cells = |(new, old): (&&str, &Vec<String>)| -> Option<Vec<String>> {
            let cells: Vec<String> = new.split('\t').map(str::to_owned).collect();
            (cells.len() == old.len().max(1)).then_some(cells)
        };
        let aligned: Option<Vec<Vec<String>>> = match same {
            true => new.iter().zip(&self.lines).map(cells).collect(),
            false => None,
        };
        Ok(match aligned {
            Some(lines) => Cleaned::Same(Self { lines }),
            None => Cleaned::Other(
                new.into_iter()
                    .map(|line| line.replace('\t', " "))
                    .collect(),
            ),
        })
    }
}

/// Text with every run of white space as one blank.
pub(crate) fn collapse(text: &str, into: &mut String) {
    for c in text.chars() {
        match c.is_whitespace() || c == '\u{a0}' {
            true if into.ends_with(' ') || into.is_empty() => {}
            true => into.push(' '),
            // Invisible, and only there to part or to hide.
            false
                if matches!(
                    c,
                    '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
                ) => {}
            false if c.is_control() => {}
            false => into.push(c),
        }
    }
}
