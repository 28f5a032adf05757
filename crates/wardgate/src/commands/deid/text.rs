//! `wardgate deid text`: texts, files, folders and streams.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, ValueEnum};
use wardgate_datasets::{MODE_PRIVATE, MODE_USUAL, files, random_key, read_key};
use wardgate_deid::{Action, Profile};

use super::encoding::Encoding;
use super::known::Known;
use super::review;
use super::rules::{Choice, Rules};
use super::run::{Mirror, Run, is_records, to_mirror};
use super::span::Offsets;
use super::target::Target;
use super::work::{Form, Work};
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;

/// De-identify a text, a file, a folder or a stream, or detect the identifiers in it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    /// File or folder to read; - is standard input [default: -]
    #[arg(value_name = "IN")]
    input: Option<PathBuf>,

    /// File to write, or folder that mirrors IN; - is standard output [default: -]
    #[arg(value_name = "OUT")]
    out: Option<PathBuf>,

    /// Form of input and output [default: jsonl for .jsonl and .ndjson, otherwise plain]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Write what was found and where, instead of the de-identified text
    #[arg(long)]
    detect: bool,

    /// What the offsets of --detect count
    #[arg(long, value_enum, default_value_t = Offsets::Chars)]
    offsets: Offsets,

    #[command(flatten)]
    choice: Choice,

    /// What takes the place of identifiers, where the profile says placeholder
    #[arg(long, value_enum)]
    transform: Option<Replacement>,

    /// Dates that are shifted move by whole weeks
    #[arg(long)]
    keep_weekday: bool,

    /// File with the key of the project: 32 bytes, or the same in hexadecimal or base64. With it,
    /// equal values have equal stand-ins in every run [default: a random key, then forgotten]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Patient whom the texts are about, where a record has no `patient`
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    patient: String,

    /// JSON file with the identifiers on file of the patient or patients
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// Encoding of the input; the output is UTF-8
    #[arg(long, value_enum, default_value_t = Encoding::Utf8)]
    encoding: Encoding,

    /// Go on where bytes are no text: U+FFFD takes their place
    #[arg(long)]
    lossy: bool,

    /// Replace files of OUT, or IN itself
    #[arg(long)]
    force: bool,

    /// Threads [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// File for a report in JSON: counts by type and layer, what was refused; never values
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// HTML page to write for a person who checks the marks: it holds the original texts
    #[arg(long, value_name = "FILE")]
    review: Option<PathBuf>,
}

/// Form of input and output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One text
    Plain,
    /// One JSON object `{"id","text"}` a line, with `patient` and `known` if wanted
    Jsonl,
}

/// What takes the place of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Replacement {
    /// A keyed stand-in such as [NAME_X7K2QM9DTBCFGH]
    Placeholder,
    /// Another value of the same form; dates move by the patient's own number of days
    Surrogate,
    /// Dates move by the patient's own number of days; the rest becomes placeholders
    Shift,
    /// A coarser date, age or postal code; the rest becomes placeholders
    Generalise,
    /// * for each letter and digit
    Mask,
    /// A keyed hash
    Hash,
    /// The bare name of its type, such as [NAME]
    Redact,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let input = arguments.input.as_deref().filter(|path| !is_dash(path));
    let out = arguments.out.as_deref().filter(|path| !is_dash(path));
    let folder = input.is_some_and(Path::is_dir);
    if let Some(page) = arguments.review.as_deref().filter(|page| page.exists()) {
        return Err(Failure::new(
            format!("`{}` exists already", page.display()),
            "a review page is never replaced, with the decisions that may belong to it: name another file",
        ));
    }
    let work = arguments.work(input, out.is_none() && output.json)?;
    if arguments.key.is_none() && !arguments.detect && work.rules.draws_from_key() {
        output.note("No --key: stand-ins and shifts come from a random key that is now forgotten, so another run draws others.");
    }
    let progress = Progress::new(total(input)?, out.is_none());
    let threads = arguments.threads.map_or_else(
        || thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let mut run = Run::new(&work, threads, progress);
    match (input, out) {
        (Some(input), Some(out)) if folder => {
            let files = to_mirror(input, out)?;
            let mirror = Mirror {
                out,
                force: arguments.force,
                records: arguments.format.map(|format| format == Format::Jsonl),
            };
            run.folder(&files, &mirror)?;
        }
        (Some(input), None) if folder => {
            return Err(Failure::new(
                format!("`{}` is a folder", input.display()),
                "name the folder to write as well: wardgate deid text IN OUT",
            ));
        }
        _ => arguments.one(&mut run, input, out)?,
    }
    run.progress.finish();
    arguments.end(run, out, output)
}

impl Arguments {
    fn work(&self, input: Option<&Path>, json: bool) -> Result<Work, Failure> {
        let known = self.known.as_deref().map(Known::read).transpose()?;
        let key = match &self.key {
            Some(path) => read_key(path)?,
            None => random_key()?,
        };
        let form = if self.detect {
            Form::Detected
        } else if json || self.is_jsonl(input) {
            Form::Record
        } else {
            Form::Bare
        };
        Ok(Work {
            rules: self.transformed(self.choice.rules()?),
            key,
            patient: self.patient.clone(),
            known: known.unwrap_or_default(),
            encoding: self.encoding,
            lossy: self.lossy,
            form,
            offsets: self.offsets,
            keep_marked: self.review.is_some(),
        })
    }

    fn transformed(&self, rules: Rules) -> Rules {
        let shift = Action::Shift {
            keep_weekday: false,
        };
        rules.with_profiles(|profile: Profile| {
            let changed = match self.transform {
                None | Some(Replacement::Placeholder) => profile,
                Some(Replacement::Surrogate) => profile.replacing(Action::Surrogate),
                Some(Replacement::Shift) => profile.replacing(shift),
                Some(Replacement::Generalise) => profile.replacing(Action::Generalise { band: 10 }),
                Some(Replacement::Mask) => profile.replacing(Action::Mask { with: '*' }),
                Some(Replacement::Hash) => profile.replacing(Action::Hash { len: 12 }),
                Some(Replacement::Redact) => profile.replacing(Action::Redact),
            };
            match self.keep_weekday {
                true => changed.keeping_weekdays(),
                false => changed,
            }
        })
    }

    fn is_jsonl(&self, input: Option<&Path>) -> bool {
        match self.format {
            Some(format) => format == Format::Jsonl,
            None => input.is_some_and(is_records),
        }
    }

    /// One file or stream.
    fn one(
        &self,
        run: &mut Run<'_>,
        input: Option<&Path>,
        out: Option<&Path>,
    ) -> Result<(), Failure> {
        let from = input.unwrap_or(Path::new("standard input"));
        let reader: Box<dyn BufRead> = match input {
            None => Box::new(io::stdin().lock()),
            Some(path) => {
                let file = File::open(path).map_err(|error| Failure::file("read", path, &error))?;
                Box::new(BufReader::with_capacity(READ_BYTES, file))
            }
        };
        let mut target = match out {
            None => Target::stdout(),
            Some(out) if !self.force && is_same(input, out) => {
                return Err(Failure::new(
                    format!("`{}` would replace itself", out.display()),
                    "name another file, or add --force",
                ));
            }
            Some(out) => Target::file(out, MODE_USUAL)?,
        };
        if self.is_jsonl(input) {
            run.lines(reader, from, &mut target)?;
        } else {
            run.plain(reader, from, &mut target)?;
        }
        // When nothing could be done, nothing appears.
        if out.is_none() || run.tally.texts > 0 || run.tally.refused.is_empty() {
            target.finish()?;
        }
        Ok(())
    }

    fn end(&self, run: Run<'_>, out: Option<&Path>, output: Output) -> Result<Ended, Failure> {
        let report = run.tally.json();
        if let Some(path) = &self.report {
            let mut target = Target::file(path, MODE_USUAL)?;
            target.write(format!("{report:#}\n").as_bytes())?;
            target.finish()?;
        }
        if let Some(path) = &self.review {
            let mut target = Target::file(path, MODE_PRIVATE)?;
            target.write(review::page(&run.marked).as_bytes())?;
            target.finish()?;
            output.note(&format!(
                "{} holds the original texts: open it in a browser, and delete it after the review.",
                path.display()
            ));
        }
        if run.tally.replaced_faults > 0 {
            let count = run.tally.replaced_faults;
            output.note(&format!("{count} places were no text and are now U+FFFD."));
        }
        if let Some(failure) = run.tally.failure() {
            return Err(failure);
        }
        if out.is_some() {
            match output.json {
                true => output.value(&report, String::new),
                false => output.note(&run.tally.text_lines()),
            }
        }
        Ok(Ended::Well)
    }
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn is_same(input: Option<&Path>, out: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    input
        .and_then(real)
        .is_some_and(|from| real(out) == Some(from))
}

/// The bytes to read, when they can be known.
fn total(input: Option<&Path>) -> Result<Option<u64>, Failure> {
    let Some(path) = input else {
        return Ok(None);
    };
    let metadata = fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
    if metadata.is_dir() {
        let files = files(path)?;
        return Ok(Some(files.iter().map(|found| found.bytes).sum()));
    }
    Ok(metadata.is_file().then_some(metadata.len()))
}

const READ_BYTES: usize = 1 << 18;

const AFTER_HELP: &str = "Rules, word lists and a learned tagger find the identifiers; --known adds those on file of a patient.
Records may have a `patient`, which keys stand-ins and date shifts, and `known`, as --known has it:
{\"names\":[\"Given Family\"],\"birth_dates\":[],\"record_numbers\":[],\"addresses\":[],\"phones\":[],
\"emails\":[],\"contacts\":[]}; the file may also be {\"patients\":{\"ID\":{...}}}.
With --detect, one JSON object a text:
{\"id\",\"text\",\"spans\":[{\"start\",\"end\",\"type\",\"score\",\"layer\",\"reason\"}]}, without `id` for plain text;
spans are what the profile takes out. In a folder, each file gets its own, with .json added.
A text or line has at most 64 MiB. Files whose name begins with a dot are passed over, links are not
followed. An `id` is written as it was read: do not let it identify anybody.
A second look reads what is to be written: a text with a sure identifier left in it is refused.
A text that is refused (no UTF-8, no record, too long, binary) is not written, the others are.
--review writes one page that needs no network: marks in context, accepted and rejected by keys, missed
ones added, exported as JSON lines that `wardgate deid eval` reads. A page holds at most 256 MiB of texts.
The output does not depend on the number of threads.

Exit codes: 0 done, 1 failed or some texts were refused, 2 wrong use.

Example:
  wardgate deid text notes/ masked/ --transform surrogate --key project.key --report report.json";
