//! Gold standards: texts with the spans that people marked, in the forms that such sets come in.

mod brat;
mod i2b2;
mod meaning;
mod records;

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use wardgate_datasets::files;

use crate::failure::{Failure, FileFault};
pub(super) use meaning::{Meaning, Meanings};
pub(super) use records::Record;

/// The form of a gold standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// `{"id","text","spans":[{"start","end","type"}]}` on each line
    Jsonl,
    /// A folder of .txt files, each with its .ann
    Brat,
    /// The XML of the i2b2 2014 and UTHealth tasks
    I2b2,
}

/// A text with the spans that people marked.
#[derive(Debug)]
pub(super) struct Text {
    /// The id of the record, or the path below the folder without its extension.
    pub(super) id: String,
    pub(super) file: PathBuf,
    /// The line of the record; 0 when the text is a file.
    pub(super) line: u64,
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
}

/// A marked span, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) at: Range<usize>,
    pub(super) meaning: Meaning,
}

/// The texts as they are read, and all that is wrong with them.
pub(super) struct Reading<'m> {
    meanings: &'m Meanings,
    texts: Vec<Text>,
    /// Records that a reviewer has not finished.
    incomplete: u64,
    faults: Vec<FileFault>,
}

/// A gold standard.
#[derive(Debug)]
pub(super) struct Gold {
    pub(super) texts: Vec<Text>,
    pub(super) incomplete: u64,
}

impl Gold {
    /// Reads a file or folder; all faults are told together.
    pub(super) fn read(
        path: &Path,
        form: Option<Form>,
        meanings: &Meanings,
    ) -> Result<Self, Failure> {
        let mut reading = Reading {
            meanings,
            texts: Vec::new(),
            incomplete: 0,
            faults: Vec::new(),
        };
        let all = if path.is_dir() {
            let found = files(path)?;
            found.into_iter().map(|found| found.from).collect()
        } else {
            vec![path.to_owned()]
        };
        let form = form.or_else(|| all.iter().find_map(|file| Form::of(file)));
        let root = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(path)
        };
        for file in &all {
            let own = Form::of(file) == form || all.len() == 1;
            match form {
                Some(Form::Jsonl) if own => reading.records(file)?,
                Some(Form::Brat) if own => reading.brat(file, root),
                Some(Form::I2b2) if own => reading.i2b2(file, root),
                Some(_) => {}
                None => break,
            }
        }
        reading.finish(path)
    }
}

impl Form {
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "jsonl" | "ndjson" => Self::Jsonl,
            "ann" => Self::Brat,
            "xml" => Self::I2b2,
            _ => return None,
        })
    }
}

impl Reading<'_> {
    fn fault(&mut self, file: &Path, line: u64, message: impl Into<String>, hint: &str) {
        self.faults.push(FileFault {
            file: file.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 0,
            message: message.into(),
            hint: hint.to_owned(),
        });
    }

    /// The bytes of a span that is given in characters, and what its type means.
    fn span(
        &mut self,
        characters: &Characters<'_>,
        (start, end): (usize, usize),
        kind: &str,
        (file, line): (&Path, u64),
    ) -> Option<Span> {
        let Some(at) = characters.bytes(start, end) else {
            let message = format!(
                "a span from {start} to {end} does not fit a text of {} characters",
                characters.count()
            );
            let hint = "offsets count Unicode characters from 0, and the end is behind the last";
            self.fault(file, line, message, hint);
            return None;
        };
        let Some(meaning) = self.meanings.of(kind) else {
            let shown: String = kind.chars().take(40).collect();
            let hint = "say what it means in a file for --map: a line `THEIRS = OURS`";
            self.fault(file, line, format!("the type `{shown}` is not known"), hint);
            return None;
        };
        Some(Span { at, meaning })
    }

    fn file(&mut self, path: &Path) -> Option<String> {
        let read = std::fs::read(path).map(String::from_utf8);
        match read {
            Ok(Ok(text)) => return Some(text),
            Ok(Err(error)) => {
                let offset = error.utf8_error().valid_up_to();
                let message = format!("is not valid UTF-8 at byte {offset}");
                self.fault(path, 0, message, "convert it to UTF-8");
            }
            Err(error) => {
                let hint = "check the path, its owner and permissions";
                self.fault(path, 0, format!("can not be read: {error}"), hint);
            }
        }
        None
    }

    fn finish(mut self, path: &Path) -> Result<Gold, Failure> {
        if !self.faults.is_empty() {
            let count = self.faults.len();
            self.faults.truncate(FAULTS_TOLD_MAX);
            let message = format!("the gold standard has {count} faults");
            return Err(Failure::with_faults(
                message,
                "correct the places named above, or leave those texts out",
                self.faults,
            ));
        }
        if self.texts.is_empty() {
            return Err(Failure::new(
                format!("`{}` holds no gold standard", path.display()),
                "give a file of JSON lines (.jsonl), i2b2 XML (.xml), or a folder of brat files (.txt and .ann)",
            ));
        }
        Ok(Gold {
            texts: self.texts,
            incomplete: self.incomplete,
        })
    }
}

/// The characters of a text, by number.
pub(super) struct Characters<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Characters<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at);
        Self {
            text,
            starts: starts.chain([text.len()]).collect(),
        }
    }

    /// The bytes from one character to another; nothing when that is no span of the text.
    pub(super) fn bytes(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let (from, to) = (self.starts.get(start)?, self.starts.get(end)?);
        (from < to).then_some(*from..*to)
    }

    fn count(&self) -> usize {
        self.text.chars().count()
    }
}

/// The path of a file below a folder, without its extension.
fn id_of(file: &Path, root: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    below.with_extension("").to_string_lossy().into_owned()
}

/// More faults than these are only counted.
const FAULTS_TOLD_MAX: usize = 20;
