//! Texts with gold spans, from files of one JSON object a line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use wardgate_deid::Language;
use wardgate_deid::score::Mark;

/// A text with what identifies somebody in it.
#[derive(Clone, Debug)]
pub struct Document {
    /// Names the text in lists of errors.
    pub id: String,
    /// The language that it is written in.
    pub language: Language,
    /// The text.
    pub text: String,
    /// The gold spans.
    pub spans: Vec<Span>,
}

/// A gold span.
#[derive(Clone, Debug)]
pub struct Span {
    /// Bytes, and what it is for the score.
    pub mark: Mark,
    /// Whether the tagger may say what it likes here: the corpora do not agree about it.
    pub free: bool,
}

impl Document {
    /// The spans as the score wants them.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        self.spans.iter().map(|span| span.mark.clone()).collect()
    }
}

/// Reads a file; lines that are not a document are refused.
///
/// # Errors
/// When the file can not be read or a line is not a document.
pub fn read(path: &Path) -> Result<Vec<Document>> {
    let name = path.display();
    let file = fs::read_to_string(path).with_context(|| format!("can not read `{name}`"))?;
    let lines = file.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let raw: Raw = serde_json::from_str(line)?;
            Ok(raw.into_document())
        })
        .collect::<Result<_, serde_json::Error>>()
        .with_context(|| format!("`{name}` is not one of documents"))
}

#[derive(Deserialize)]
struct Raw {
    id: String,
    lang: String,
    text: String,
    spans: Vec<RawSpan>,
}

#[derive(Deserialize)]
struct RawSpan {
    start: usize,
    end: usize,
    #[serde(rename = "type")]
    kind: String,
}

impl Raw {
    fn into_document(self) -> Document {
        let mut bytes: Vec<usize> = self.text.char_indices().map(|(at, _)| at).collect();
        bytes.push(self.text.len());
        let at = |character: usize| bytes.get(character).copied().unwrap_or(self.text.len());
        let spans = self.spans.iter().map(|span| {
            let kind = Mark::kind_named(&span.kind);
            Span {
                mark: Mark {
                    at: at(span.start)..at(span.end),
                    kind,
                },
                free: matches!(span.kind.as_str(), "ORG" | "OTHER"),
            }
        });
        Document {
            spans: spans.collect(),
            id: self.id,
            language: match self.lang.as_str() {
                "es" => Language::Spanish,
                "de" => Language::German,
                _ => Language::English,
            },
            text: self.text,
        }
    }
}
