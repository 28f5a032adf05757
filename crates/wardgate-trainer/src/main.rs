//! `wardgate-trainer`: trains the tagger, or measures it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use wardgate_deid::{Engine, Language, training};
use wardgate_trainer::corpus::{Document, Source};
use wardgate_trainer::measure;
use wardgate_trainer::noise::Shares;
use wardgate_trainer::perceptron::{self, Lesson, Settings};
use wardgate_trainer::random::Random;

#[derive(Debug, Parser)]
#[command(
    name = "wardgate-trainer",
    about = "Train and measure the tagger of wardgate-deid"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train the weights of a language and write their file
    Train {
        #[command(flatten)]
        lessons: Lessons,
        /// Write the weights here
        #[arg(long)]
        out: PathBuf,
    },
    /// Measure weights, or the ones that ship
    Eval {
        #[arg(long, value_enum)]
        language: Tongue,
        /// Gold files, or `notes:LANGUAGE:WRITERS@KINDS:SEED:COUNT[:NOISE]`
        #[arg(required = true)]
        gold: Vec<Source>,
        /// The folder of the writers of notes
        #[arg(long, default_value = TEMPLATES)]
        templates: PathBuf,
        /// A file of weights
        #[arg(long)]
        weights: Option<PathBuf>,
        /// Only the rules
        #[arg(long)]
        exact: bool,
        /// Write what was missed or found wrongly here
        #[arg(long)]
        errors: Option<PathBuf>,
    },
    /// Read texts many times, for a profiler
    Read {
        /// Gold files, or `notes:LANGUAGE:WRITERS@KINDS:SEED:COUNT[:NOISE]`
        #[arg(required = true)]
        gold: Vec<Source>,
        /// The folder of the writers of notes
        #[arg(long, default_value = TEMPLATES)]
        templates: PathBuf,
        #[arg(long, default_value_t = 20)]
        times: usize,
        /// Only the rules
        #[arg(long)]
        exact: bool,
    },
    /// Train on all parts but one and measure on that one, for each part
    CrossValidate {
        #[command(flatten)]
        lessons: Lessons,
        /// Parts that the first file is split into
        #[arg(long, default_value_t = 5)]
        parts: usize,
        /// Write what was missed or found wrongly here
        #[arg(long)]
        errors: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct Lessons {
    #[arg(long, value_enum)]
    language: Tongue,
    /// Gold files to learn from, or `notes:LANGUAGE:WRITERS@KINDS:SEED:COUNT[:NOISE]`
    #[arg(required = true)]
    gold: Vec<Source>,
    /// The folder of the writers of notes
    #[arg(long, default_value = TEMPLATES)]
    templates: PathBuf,
    #[arg(long, default_value_t = 8)]
    epochs: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 90)]
    missed: i32,
    #[arg(long, default_value_t = 60)]
    invented: i32,
    #[arg(long, default_value_t = 30)]
    confused: i32,
    /// Names hidden, in a hundred
    #[arg(long, default_value_t = 30)]
    hide_names: usize,
    /// Other words hidden, in a hundred
    #[arg(long, default_value_t = 15)]
    hide_words: usize,
    /// Texts with hidden lists, in a hundred
    #[arg(long, default_value_t = 15)]
    hide_lists: usize,
    /// Texts where a person gets a name that is a word, too, in a hundred
    #[arg(long, default_value_t = 0)]
    rename: usize,
}

impl Lessons {
    fn settings(&self) -> Settings {
        Settings {
            epochs: self.epochs,
            seed: self.seed,
            missed: self.missed,
            invented: self.invented,
            confused: self.confused,
            hidden: Shares {
                names: self.hide_names,
                words: self.hide_words,
                lists: self.hide_lists,
            },
            renamed: self.rename,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    En,
    Es,
    De,
}

impl Tongue {
    fn language(self) -> Language {
        match self {
            Self::En => Language::English,
            Self::Es => Language::Spanish,
            Self::De => Language::German,
        }
    }
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Train { lessons, out } => {
            let documents = documents(&lessons.gold, &lessons.templates)?;
            let file = train(&lessons, &documents)?;
            std::fs::write(&out, &file)
                .with_context(|| format!("can not write `{}`", out.display()))?;
            say(&format!("{} bytes", file.len()))
        }
        Command::Eval {
            language,
            gold,
            templates,
            weights,
            exact,
            errors,
        } => {
            let engine = match weights {
                _ if exact => Engine::exact_only(),
                Some(path) => {
                    let file = std::fs::read(&path)?;
                    training::engine(language.language(), &file).context("not a file of weights")?
                }
                None => Engine::new(),
            };
            let documents = documents(&gold, &templates)?;
            let mut mistakes = String::new();
            let score = measure::score(&engine, &documents, |line| {
                mistakes.push_str(line);
                mistakes.push('\n');
            });
            if let Some(path) = errors {
                std::fs::write(path, mistakes)?;
            }
            say(&measure::figures(&score))
        }
        Command::Read {
            gold,
            templates,
            times,
            exact,
        } => {
            let engine = if exact {
                Engine::exact_only()
            } else {
                Engine::new()
            };
            let documents = documents(&gold, &templates)?;
            let (mut bytes, mut found) = (0, 0);
            for document in documents.iter().cycle().take(times * documents.len()) {
                bytes += document.text.len();
                found += engine.detect(&document.text, None).len();
            }
            say(&format!("{bytes} bytes, {found} findings"))
        }
        Command::CrossValidate {
            lessons,
            parts,
            errors,
        } => cross_validate(&lessons, parts, errors),
    }
}

fn cross_validate(lessons: &Lessons, parts: usize, errors: Option<PathBuf>) -> Result<()> {
    let (first, others) = lessons.gold.split_first().context("no file")?;
    let mut own = first.documents(&lessons.templates)?;
    Random::new(7).shuffle(&mut own);
    let others = documents(others, &lessons.templates)?;
    let mut score = wardgate_deid::score::Score::default();
    let mut mistakes = String::new();
    for part in 0..parts {
        let kept = own.iter().enumerate().filter(|(at, _)| at % parts != part);
        let learnt: Vec<Document> = kept
            .map(|(_, d)| d.clone())
            .chain(others.iter().cloned())
            .collect();
        let file = train(lessons, &learnt)?;
        let engine = training::engine(lessons.language.language(), &file).context("no weights")?;
        let tested = own
            .iter()
            .enumerate()
            .filter(|(at, _)| at % parts == part)
            .map(|(_, d)| d);
        let of_part = measure::score(&engine, tested, |line| {
            mistakes.push_str(line);
            mistakes.push('\n');
        });
        say(&format!(
            "part {}: {}",
            part + 1,
            measure::figures(&of_part)
        ))?;
        score.merge(&of_part);
    }
    if let Some(path) = errors {
        std::fs::write(path, mistakes)?;
    }
    say(&measure::figures(&score))
}

fn documents(sources: &[Source], templates: &Path) -> Result<Vec<Document>> {
    let mut all = Vec::new();
    for source in sources {
        all.extend(source.documents(templates)?);
    }
    Ok(all)
}

fn train(plan: &Lessons, documents: &[Document]) -> Result<Vec<u8>> {
    let lessons: Vec<Lesson<'_>> = documents
        .iter()
        .map(|document| Lesson { document, every: 1 })
        .collect();
    let mut told = Ok(());
    let engine = Engine::new();
    let file = perceptron::train(&engine, &lessons, &plan.settings(), |epoch, wrong, all| {
        let line = format!("epoch {epoch}: {wrong} wrong of {all}");
        told = std::mem::replace(&mut told, Ok(())).and_then(|()| say(&line));
    });
    told?;
    Ok(file)
}

fn say(line: &str) -> Result<()> {
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

const TEMPLATES: &str = "crates/wardgate-notes/writers";
