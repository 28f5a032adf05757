//! Texts with gold spans: files of one JSON object a line, or generated notes.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use wardgate_deid::Language;
use wardgate_deid::score::Mark;
use wardgate_notes::{Corpus, Lang, Plan};

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

/// Where texts come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file of one JSON object a line.
    File(String),
    /// `notes:en:anna,bert@prompt,clean:7:1000:20`: of these writers and kinds, with seed 7, a thousand notes,
    /// a fifth of them disturbed.
    Notes(Generated),
}

/// Which notes to generate.
#[derive(Clone, Debug)]
pub struct Generated {
    lang: Lang,
    writers: Vec<String>,
    kinds: Vec<String>,
    seed: u64,
    count: usize,
    /// Notes that are disturbed, in a hundred.
    noise: u32,
}

impl FromStr for Source {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some(plan) = text.strip_prefix("notes:") else {
            return Ok(Self::File(text.to_owned()));
        };
        let parts: Vec<&str> = plan.split(':').collect();
        let (lang, writers, seed, count, noise) = match *parts.as_slice() {
            [lang, writers, seed, count] => (lang, writers, seed, count, "0"),
            [lang, writers, seed, count, noise] => (lang, writers, seed, count, noise),
            _ => bail!("`{text}` is not `notes:LANGUAGE:WRITERS@KINDS:SEED:COUNT[:NOISE]`"),
        };
        let (writers, kinds) = writers.split_once('@').unwrap_or((writers, ""));
        let list = |names: &str| {
            let names = names.split(',').filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        Ok(Self::Notes(Generated {
            lang: Lang::parse(lang).with_context(|| format!("no language is called `{lang}`"))?,
            writers: list(writers),
            kinds: list(kinds),
            seed: seed.parse()?,
            count: count.parse()?,
            noise: noise.parse()?,
        }))
    }
}

impl Source {
    /// Reads or makes the texts; `templates` is the folder of the writers.
    ///
    /// # Errors
    /// When a file can not be read or a line is not a document.
    pub fn documents(&self, templates: &Path) -> Result<Vec<Document>> {
        match self {
            Self::File(path) => read(Path::new(path)),
            Self::Notes(plan) => plan.documents(templates),
        }
    }
}

impl Generated {
    fn documents(&self, templates: &Path) -> Result<Vec<Document>> {
        let (corpus, faults) = Corpus::load_all(templates);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault).context("a template can not be read");
        }
        let known = corpus.writers();
        if let Some(stranger) = self.writers.iter().find(|w| !known.contains(&w.as_str())) {
            bail!("no writer is called `{stranger}`");
        }
        let writers: Vec<&str> = self.writers.iter().map(String::as_str).collect();
        let kinds: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
        let plan = Plan {
            seed: self.seed,
            writers: &writers,
            kinds: &kinds,
            langs: &[self.lang],
            count: self.count,
            noise: self.noise,
        };
        let notes = corpus.generate(&plan);
        let spans = |note: &wardgate_notes::Note| {
            let raw = note.spans.iter().map(|span| RawSpan {
                start: span.start,
                end: span.end,
                kind: span.kind.as_str().to_owned(),
            });
            raw.collect()
        };
        let raw = notes.map(|note| Raw {
            spans: spans(&note),
            id: note.id,
            lang: note.lang.as_str().to_owned(),
            text: note.text,
        });
        Ok(raw.map(Raw::into_document).collect())
    }
}

/// Reads a file; lines that are not a document are refused.
fn read(path: &Path) -> Result<Vec<Document>> {
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
