//! `cargo xtask notes`: generate clinical notes with gold spans, or check every template.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use wardgate_notes::{Corpus, Lang, Note, Plan};

use crate::workspace::Workspace;

/// What to generate.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// Writers whose templates to use; all by default
    #[arg(long, value_delimiter = ',')]
    writers: Vec<String>,
    /// Kinds of documents; all by default
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// Languages: en, es, de; all by default
    #[arg(long, value_delimiter = ',')]
    lang: Vec<String>,
    /// How many notes
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// The same seed makes the same notes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Percent of notes that are disturbed: scanned, dictated, quoted, wrapped
    #[arg(long, default_value_t = 30)]
    noise: u32,
    /// The file to write, one JSON object a line
    #[arg(long, required = true)]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Parse every template, fill each five times, and count
    Check,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if let Some(Action::Check) = options.action {
        return check(workspace);
    }
    let corpus = Corpus::load(&workspace.root.join(WRITERS))?;
    let langs = options.lang.iter().map(|lang| {
        Lang::parse(lang).with_context(|| format!("unknown language `{lang}`; use en, es or de"))
    });
    let langs = langs.collect::<Result<Vec<_>>>()?;
    let known = corpus.writers();
    if let Some(writer) = options
        .writers
        .iter()
        .find(|writer| !known.contains(&&***writer))
    {
        bail!("unknown writer `{writer}`; there are {}", known.join(", "));
    }
    let writers: Vec<&str> = options.writers.iter().map(String::as_str).collect();
    let kinds: Vec<&str> = options.kinds.iter().map(String::as_str).collect();
    let plan = Plan {
        seed: options.seed,
        writers: &writers,
        kinds: &kinds,
        langs: &langs,
        count: options.count,
        noise: options.noise,
    };
    let path = options
        .out
        .as_ref()
        .context("name the file to write with `--out`")?;
    let mut out = BufWriter::new(File::create(path)?);
    let (mut notes, mut spans) = (0_usize, 0_usize);
    for note in corpus.generate(&plan) {
        notes += 1;
        spans += note.spans.len();
        writeln!(out, "{}", note.to_json())?;
    }
    out.flush()?;
    if notes == 0 {
        bail!("no template fits the writers, kinds and languages asked for");
    }
    println!("{notes} notes with {spans} spans in {}", path.display());
    Ok(())
}

/// Every template parses, and the gold of every note made of it is where it says.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let (corpus, faults) = Corpus::load_all(&workspace.root.join(WRITERS));
    for part in corpus.summary() {
        let lang = part.lang.as_str();
        println!(
            "  {:<12} {lang} {:<16} {:>5}",
            part.writer, part.kind, part.templates
        );
    }
    let mut wrong: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let mut notes = 0_usize;
    for note in corpus.of_every_template(1, EACH) {
        notes += 1;
        wrong.extend(fault(&note).map(|what| format!("{}: {what}", note.id)));
    }
    if !wrong.is_empty() {
        wrong.truncate(SHOWN);
        bail!("templates with faults\n{}", wrong.join("\n"));
    }
    println!("  {notes} notes made, all gold in place");
    Ok(())
}

/// What is wrong with a note's gold.
fn fault(note: &Note) -> Option<String> {
    let length = note.text.chars().count();
    if length == 0 {
        return Some("the note is empty".to_string());
    }
    let mut end = 0;
    for (span, (kind, text)) in note.spans.iter().zip(note.gold()) {
        if span.start < end || span.end <= span.start || span.end > length {
            return Some(format!(
                "a span of {kind} lies outside of the text or over another"
            ));
        }
        if text.trim() != text || text.is_empty() {
            return Some(format!("a span of {kind} begins or ends with white space"));
        }
        end = span.end;
    }
    None
}

/// Where the writers' folders are.
const WRITERS: &str = "crates/wardgate-notes/writers";

/// Notes of each template that a check makes.
const EACH: usize = 5;

/// Faults that a check shows at once.
const SHOWN: usize = 60;
