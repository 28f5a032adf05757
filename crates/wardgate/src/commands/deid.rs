//! `wardgate deid`: de-identifies texts outside of calls.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use wardgate_deid::{Deidentifier, Engine, PlaceholderKey, Profile};

use super::Ended;
use crate::failure::Failure;
use crate::output::Output;

/// De-identify texts
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Text(Arguments),
}

/// De-identify a text, or detect the identifiers in it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// File to read [default: standard input]
    #[arg(value_name = "IN")]
    input: Option<PathBuf>,

    /// File to write [default: standard output]
    #[arg(value_name = "OUT")]
    out: Option<PathBuf>,

    /// Form of input and output
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    format: Format,

    /// Write what was found and where, instead of the de-identified text
    #[arg(long)]
    detect: bool,
}

/// Form of input and output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One text
    Plain,
    /// One JSON object `{"id","text"}` a line
    Jsonl,
}

#[derive(Deserialize)]
struct Line {
    id: serde_json::Value,
    text: String,
}

#[derive(Serialize)]
struct Masked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a serde_json::Value>,
    text: &'a str,
}

#[derive(Serialize)]
struct Detected<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a serde_json::Value>,
    text: &'a str,
    spans: Vec<Span>,
}

/// Offsets count Unicode characters.
#[derive(Debug, Serialize, PartialEq)]
struct Span {
    start: usize,
    end: usize,
    r#type: &'static str,
    score: f32,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let Command::Text(arguments) = command;
    let mut input: Box<dyn BufRead> = match &arguments.input {
        None => Box::new(io::stdin().lock()),
        Some(path) => {
            let file = File::open(path).map_err(|error| Failure::file("read", path, &error))?;
            Box::new(BufReader::new(file))
        }
    };
    let mut sink: Box<dyn Write> = match &arguments.out {
        None => Box::new(BufWriter::new(io::stdout().lock())),
        Some(path) => {
            let file = File::create(path).map_err(|error| Failure::file("write", path, &error))?;
            Box::new(BufWriter::new(file))
        }
    };
    let texts = Texts {
        engine: Engine::new(),
        key: PlaceholderKey::new(wardgate_vault::random()),
        detect: arguments.detect,
        json: output.json || arguments.detect || arguments.format == Format::Jsonl,
    };
    let named = |path: &Option<PathBuf>, otherwise: &str| {
        path.clone().unwrap_or_else(|| PathBuf::from(otherwise))
    };
    let from = named(&arguments.input, "standard input");
    let to = named(&arguments.out, "standard output");
    match arguments.format {
        Format::Plain => texts.plain(&mut input, &mut sink, &from, &to)?,
        Format::Jsonl => texts.lines(&mut input, &mut sink, &from, &to)?,
    }
    finish(sink.flush(), &to)?;
    Ok(Ended::Well)
}

struct Texts {
    engine: Engine,
    key: PlaceholderKey,
    detect: bool,
    json: bool,
}

impl Texts {
    fn plain(
        &self,
        input: &mut dyn BufRead,
        sink: &mut dyn Write,
        from: &Path,
        to: &Path,
    ) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        input
            .take(TEXT_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::file("read", from, &error))?;
        let text = checked(bytes, from, 0)?;
        let written = self.write(None, &text, sink);
        finish(written, to)
    }

    fn lines(
        &self,
        input: &mut dyn BufRead,
        sink: &mut dyn Write,
        from: &Path,
        to: &Path,
    ) -> Result<(), Failure> {
        for number in 1_u64.. {
            let mut bytes = Vec::new();
            let read = (&mut *input)
                .take(TEXT_BYTES_MAX + 1)
                .read_until(b'\n', &mut bytes)
                .map_err(|error| Failure::file("read", from, &error))?;
            if read == 0 {
                break;
            }
            let text = checked(bytes, from, number)?;
            if text.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&text).map_err(|_| {
                Failure::new(
                    format!("line {number} of `{}` is not a record", from.display()),
                    "write one JSON object with `id` and `text` a line",
                )
            })?;
            let written = self.write(Some(&line.id), &line.text, sink);
            finish(written, to)?;
        }
        Ok(())
    }

    fn write(
        &self,
        id: Option<&serde_json::Value>,
        text: &str,
        sink: &mut dyn Write,
    ) -> io::Result<()> {
        if self.detect {
            let spans = spans(&self.engine, text);
            serde_json::to_writer(&mut *sink, &Detected { id, text, spans })?;
            return sink.write_all(b"\n");
        }
        let deidentifier = Deidentifier::new(&self.engine, &self.key, None);
        let (masked, _) = deidentifier.text([0; 32], text).into_parts();
        if !self.json {
            return sink.write_all(&masked);
        }
        let text = String::from_utf8_lossy(&masked);
        serde_json::to_writer(&mut *sink, &Masked { id, text: &text })?;
        sink.write_all(b"\n")
    }
}

/// What the exact layer finds, with offsets in Unicode characters.
fn spans(engine: &Engine, text: &str) -> Vec<Span> {
    let mut characters = text.char_indices().map(|(at, _)| at).enumerate().peekable();
    let mut count = 0;
    // Findings are sorted and do not overlap, so one pass over the text places them all.
    let mut place = |byte: usize| {
        while let Some((index, at)) = characters.peek().copied() {
            if at >= byte {
                return index;
            }
            count = index + 1;
            characters.next();
        }
        count
    };
    let mut spans = Vec::new();
    let profile = Profile::safe_harbor();
    for finding in engine.detect(text, None) {
        if !profile.applies(&finding, text) {
            continue;
        }
        let start = place(finding.start);
        spans.push(Span {
            start,
            end: place(finding.end),
            r#type: finding.kind.label(),
            score: finding.score,
        });
    }
    spans
}

fn checked(bytes: Vec<u8>, from: &Path, line: u64) -> Result<String, Failure> {
    let place = match line {
        0 => format!("`{}`", from.display()),
        line => format!("line {line} of `{}`", from.display()),
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > TEXT_BYTES_MAX {
        let message = format!("{place} is longer than {TEXT_BYTES_MAX} bytes");
        return Err(Failure::new(message, "split the text"));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            format!("{place} is not valid UTF-8"),
            "convert it to UTF-8 first",
        )
    })
}

fn finish(written: io::Result<()>, to: &Path) -> Result<(), Failure> {
    match written {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file("write", to, &error))
        }
        _ => Ok(()),
    }
}

/// The longest text, or line of texts.
const TEXT_BYTES_MAX: u64 = 64 << 20;

const AFTER_HELP: &str = "Rules with validators and context find the identifiers; no patient on file is consulted.
Placeholders are made with a random key that is forgotten: they can not be reversed, and the same
value has the same placeholder within one run only.
With --detect, one JSON object a text: {\"id\",\"text\",\"spans\":[{\"start\",\"end\",\"type\",\"score\"}]},
without `id` for plain text. Offsets count Unicode characters.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate deid text --format jsonl notes.jsonl masked.jsonl";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_characters() {
        let text = "Überwiesen von Dr. Müller, E-Mail größe@klinik.example, Tel. 555-867-5309.";
        let characters: Vec<char> = text.chars().collect();
        let spans = spans(&Engine::new(), text);
        let found = |kind: &str| {
            let span = spans.iter().find(|span| span.r#type == kind);
            span.map(|span| characters[span.start..span.end].iter().collect::<String>())
        };
        assert_eq!(found("PHONE").as_deref(), Some("555-867-5309"), "{spans:?}");
    }
}
