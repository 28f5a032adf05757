//! All templates of all writers, and the notes made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::chart::Chart;
use crate::draft::Draft;
use crate::fault::TemplateFault;
use crate::frame;
use crate::grammar::{self, Form};
use crate::noise;
use crate::note::{Lang, Note};
use crate::random::Random;
use crate::template::{Template, TemplateFile};

/// The templates of every writer.
#[derive(Debug)]
pub struct Corpus {
    writers: Vec<Writer>,
}

#[derive(Debug)]
struct Writer {
    name: String,
    files: Vec<TemplateFile>,
    /// What the program writes by itself.
    forms: Vec<(Form, TemplateFile)>,
}

/// Which notes to make.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan<'a> {
    /// The same seed makes the same notes.
    pub seed: u64,
    /// Names of writers; all when empty.
    pub writers: &'a [&'a str],
    /// Kinds of documents; all when empty.
    pub kinds: &'a [&'a str],
    /// Languages; all when empty.
    pub langs: &'a [Lang],
    /// How many notes.
    pub count: usize,
    /// How much the notes are disturbed.
    pub noise: u32,
}

/// How many templates a writer has of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The writer's folder.
    pub writer: String,
    /// The language.
    pub lang: Lang,
    /// The kind of document.
    pub kind: String,
    /// How many templates.
    pub templates: usize,
}

/// A template with the file that it stands in.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    writer: &'a str,
    file: &'a TemplateFile,
    sheet: Sheet<'a>,
}

/// A template that somebody wrote, or one that the grammar grows anew for each note.
#[derive(Debug, Clone, Copy)]
enum Sheet<'a> {
    Written(&'a Template),
    Grown(Form),
}

impl Source<'_> {
    fn write(self, chart: &mut Chart, draft: &mut Draft, random: &mut Random) {
        match self.sheet {
            Sheet::Written(template) => chart.write(&template.nodes, &self.file.lists, draft),
            Sheet::Grown(form) => {
                let nodes = grammar::grow(random, form, self.file.lang);
                chart.write(&nodes, &[], draft);
            }
        }
    }

    fn line(self) -> usize {
        match self.sheet {
            Sheet::Written(template) => template.line,
            Sheet::Grown(_) => 0,
        }
    }
}

impl Corpus {
    /// Reads every `<writer>/<name>.txt` below a folder; the first fault ends it.
    pub fn load(folder: &Path) -> Result<Self, TemplateFault> {
        let (corpus, faults) = Self::load_all(folder);
        faults.into_iter().next().map_or(Ok(corpus), Err)
    }

    /// Reads what can be read, and lists every fault.
    pub fn load_all(folder: &Path) -> (Self, Vec<TemplateFault>) {
        let mut faults = Vec::new();
        let mut writers = Vec::new();
        for writer in entries(folder, &mut faults) {
            if !writer.is_dir() {
                continue;
            }
            let mut files = Vec::new();
            for path in entries(&writer, &mut faults) {
                if path.extension().is_none_or(|extension| extension != "txt") {
                    continue;
                }
                match read(&path) {
                    Ok(file) => files.push(file),
                    Err(found) => faults.extend(found),
                }
            }
            let name = writer.file_name().unwrap_or_default().to_string_lossy();
            writers.push(Writer {
                name: name.into_owned(),
                files,
                forms: Vec::new(),
            });
        }
        writers.push(program());
        (Self { writers }, faults)
    }

    /// The writers' names, sorted.
    pub fn writers(&self) -> Vec<&str> {
        self.writers.iter().map(|writer| &*writer.name).collect()
    }

    /// How many templates there are, by writer, language and kind.
    pub fn summary(&self) -> Vec<Summary> {
        let mut counts: BTreeMap<(&str, Lang, &str), usize> = BTreeMap::new();
        for writer in &self.writers {
            for source in sources_of(writer) {
                let key = (source.writer, source.file.lang, &*source.file.kind);
                *counts.entry(key).or_default() += 1;
            }
        }
        counts
            .into_iter()
            .map(|((writer, lang, kind), templates)| Summary {
                writer: writer.to_string(),
                lang,
                kind: kind.to_string(),
                templates,
            })
            .collect()
    }

    /// Makes notes: each writer, then each of its kinds, has the same share.
    pub fn generate<'a>(&'a self, plan: &Plan<'_>) -> impl Iterator<Item = Note> + use<'a> {
        let shelves = self.shelves(plan);
        let mut random = Random::new(plan.seed);
        let (seed, noise) = (plan.seed, plan.noise);
        (0..plan.count).filter_map(move |number| {
            let mut random = random.fork(u64::try_from(number).unwrap_or(0));
            let kinds = random.pick(&shelves)?;
            let sources = random.pick(kinds)?;
            let source = *random.pick(sources)?;
            let id = format!("{}-{}-{seed}-{number}", source.writer, source.file.name);
            Some(make(source, &mut random, id, noise))
        })
    }

    /// Makes `each` notes of every template, in order.
    pub fn of_every_template(&self, seed: u64, each: usize) -> impl Iterator<Item = Note> {
        let mut random = Random::new(seed);
        let sources = self.writers.iter().flat_map(sources_of);
        sources
            .flat_map(move |source| (0..each).map(move |number| (source, number)))
            .map(move |(source, number)| {
                let id = format!("{}:{}-{number}", source.file.path.display(), source.line());
                make(source, &mut random, id, 0)
            })
    }

    /// Writers, each with the templates of each kind that the plan asks for.
    fn shelves<'a>(&'a self, plan: &Plan<'_>) -> Vec<Vec<Vec<Source<'a>>>> {
        let wanted = |list: &[&str], name: &str| list.is_empty() || list.contains(&name);
        let mut shelves = Vec::new();
        for writer in &self.writers {
            if !wanted(plan.writers, &writer.name) {
                continue;
            }
            let mut kinds: BTreeMap<(Lang, &str), Vec<Source<'a>>> = BTreeMap::new();
            for source in sources_of(writer) {
                let file = source.file;
                let spoken = plan.langs.is_empty() || plan.langs.contains(&file.lang);
                if spoken && wanted(plan.kinds, &file.kind) {
                    kinds
                        .entry((file.lang, &file.kind))
                        .or_default()
                        .push(source);
                }
            }
            if !kinds.is_empty() {
                shelves.push(kinds.into_values().collect());
            }
        }
        shelves
    }
}

fn sources_of(writer: &Writer) -> impl Iterator<Item = Source<'_>> {
    let written = writer.files.iter().flat_map(|file| {
        let sheets = file.templates.iter().map(Sheet::Written);
        sheets.map(move |sheet| (file, sheet))
    });
    let grown = writer.forms.iter();
    let grown = grown.map(|(form, file)| (file, Sheet::Grown(*form)));
    written.chain(grown).map(|(file, sheet)| Source {
        writer: &writer.name,
        file,
        sheet,
    })
}

fn make(source: Source<'_>, random: &mut Random, id: String, noise: u32) -> Note {
    let file = source.file;
    let mut chart = Chart::new(random.fork(1), file.lang, file.region);
    let mut draft = Draft::default();
    let mut weather = random.fork(2);
    let clean = file.kind == CLEAN;
    if !clean && weather.percent(noise) && weather.percent(FRAMED) {
        framed(source, &mut chart, &mut draft, &mut weather);
    } else {
        source.write(&mut chart, &mut draft, &mut weather);
    }
    if weather.percent(noise) {
        noise::disturb(&mut draft, &mut weather, file.lang);
    }
    let (text, spans) = draft.finish();
    Note {
        id,
        lang: file.lang,
        kind: file.kind.clone(),
        writer: source.writer.to_string(),
        text,
        spans,
    }
}

/// The note inside of a mail, a fax, a printed page.
fn framed(source: Source<'_>, chart: &mut Chart, draft: &mut Draft, random: &mut Random) {
    let found = frame::frames(source.file.lang);
    let frame = found.and_then(|(file, frames)| Some((file, random.pick(frames)?)));
    let Some((file, frame)) = frame else {
        return source.write(chart, draft, random);
    };
    chart.write(&frame.before, &file.lists, draft);
    let from = draft.marks.len();
    source.write(chart, draft, random);
    if frame.quoted {
        noise::quote_from(draft, from);
    }
    chart.write(&frame.after, &file.lists, draft);
}

/// The writer that is a program.
fn program() -> Writer {
    let langs = [Lang::En, Lang::Es, Lang::De];
    let forms = langs.iter().flat_map(|lang| {
        let forms = Form::ALL.iter();
        forms.map(|form| (*form, grammar::file(*form, *lang)))
    });
    Writer {
        name: grammar::WRITER.to_string(),
        files: Vec::new(),
        forms: forms.collect(),
    }
}

/// The entries of a folder, sorted.
fn entries(folder: &Path, faults: &mut Vec<TemplateFault>) -> Vec<PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            paths
        }
        Err(error) => {
            let what = format!("the folder cannot be read: {error}");
            faults.push(TemplateFault::new(
                folder,
                0,
                what,
                "name a folder of writers",
            ));
            Vec::new()
        }
    }
}

fn read(path: &Path) -> Result<TemplateFile, Vec<TemplateFault>> {
    match std::fs::read_to_string(path) {
        Ok(text) => TemplateFile::parse(path, &text),
        Err(error) => {
            let what = format!("the file cannot be read: {error}");
            Err(vec![TemplateFault::new(path, 0, what, "save it as UTF-8")])
        }
    }
}

/// The kind of texts that hold no identifiers: nothing is put around them.
const CLEAN: &str = "clean";

/// Percent of the disturbed notes that stand in a frame.
const FRAMED: u32 = 35;
