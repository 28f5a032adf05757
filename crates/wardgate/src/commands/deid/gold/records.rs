//! Gold standards as JSON lines: what `--detect` writes, and what the review page exports.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::super::encoding::Encoding;
use super::super::lines::Lines;
use super::super::work::TEXT_BYTES_MAX;
use super::{Characters, Reading, Text};
use crate::failure::Failure;

/// One line.
#[derive(Deserialize)]
pub(in super::super) struct Record {
    id: Option<Value>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    pub(in super::super) spans: Vec<RecordSpan>,
    /// False when a reviewer has not looked at everything.
    #[serde(default = "yes")]
    complete: bool,
}

/// A span; offsets count Unicode characters.
#[derive(Deserialize)]
pub(in super::super) struct RecordSpan {
    pub(in super::super) start: usize,
    pub(in super::super) end: usize,
    #[serde(default)]
    pub(in super::super) r#type: String,
}

impl Record {
    /// The id as text: 7 and "7" are the same.
    pub(in super::super) fn id(&self, line: u64) -> String {
        match &self.id {
            None | Some(Value::Null) => line.to_string(),
            Some(Value::String(id)) => id.clone(),
            Some(other) => other.to_string(),
        }
    }
}

impl Reading<'_> {
    pub(super) fn records(&mut self, file: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::file("read", file, &error);
        let input = BufReader::new(File::open(file).map_err(failed)?);
        let mut lines = Lines::new(input, Encoding::Utf8).map_err(failed)?;
        while let Some(line) = lines.next(TEXT_BYTES_MAX).map_err(failed)? {
            let number = line.number;
            let decoded = line.bytes.map(|bytes| Encoding::Utf8.decode(bytes, false));
            let text = match decoded {
                Some(Ok(decoded)) => decoded.text,
                Some(Err(fault)) => {
                    self.fault(file, number, fault.reason, &fault.hint);
                    continue;
                }
                None => {
                    self.fault(file, number, "the line is too long", "split the text");
                    continue;
                }
            };
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            if text.trim().is_empty() {
                continue;
            }
            match serde_json::from_str::<Record>(text) {
                Ok(record) if record.complete => self.record(record, file, number),
                Ok(_) => self.incomplete += 1,
                Err(error) => {
                    let message = format!("this is not a record (column {})", error.column());
                    self.fault(file, number, message, FORM);
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, record: Record, file: &Path, line: u64) {
        let characters = Characters::of(&record.text);
        let mut spans = Vec::with_capacity(record.spans.len());
        for span in &record.spans {
            let ends = (span.start, span.end);
            spans.extend(self.span(&characters, ends, &span.r#type, (file, line)));
        }
        self.texts.push(Text {
            id: record.id(line),
            file: file.to_owned(),
            line,
            spans,
            text: record.text,
        });
    }
}

fn yes() -> bool {
    true
}

const FORM: &str = "write {\"id\",\"text\",\"spans\":[{\"start\",\"end\",\"type\"}]} on each line";
