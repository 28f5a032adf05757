//! `wardgate deid eval`: how well the engine, or anybody's predictions, agree with a gold standard.

mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use serde_json::{Value, json};
use wardgate_datasets::MODE_PRIVATE;
use wardgate_deid::score::{self, Mark, Score, Wrong};
use wardgate_deid::{Kind, Part, Profile};

use super::gold::{Characters, Form, Gold, Meaning, Meanings, Record, Span, Text};
use super::rules::{Choice, Rules};
use super::span::{Offsets, Ruler, layer_name, type_name};
use super::target::Target;
use super::work::{TEXT_BYTES_MAX, in_order};
use super::{encoding::Encoding, lines::Lines};
use crate::commands::Ended;
use crate::failure::{Failure, FileFault};
use crate::output::Output;
use crate::progress::Progress;

/// Measure against a gold standard: what leaks, what is found, what is altered for nothing
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    /// File or folder with texts and the spans that people marked
    #[arg(value_name = "GOLD")]
    gold: PathBuf,

    /// Form of the gold standard [default: by the names of its files]
    #[arg(long, value_enum)]
    format: Option<Form>,

    #[command(flatten)]
    choice: Choice,

    /// File that says what types of the gold standard mean: lines THEIRS = OURS, or = ignore
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,

    /// JSON lines {"id","spans"} to measure, instead of what the engine finds
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,

    /// File for every miss and false alarm, as JSON lines with offsets and types
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,

    /// Write the text of each into --errors as well: it is patient data
    #[arg(long, requires = "errors")]
    with_text: bool,

    /// Threads [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let meanings = match &arguments.map {
        Some(path) => Meanings::read(path)?,
        None => Meanings::default(),
    };
    let gold = Gold::read(&arguments.gold, arguments.format, &meanings)?;
    let mut predictions = match &arguments.predictions {
        Some(path) => Some(read_predictions(path, &gold)?),
        None => None,
    };
    let eval = Eval {
        rules: arguments.choice.rules()?,
        errors: arguments.errors.is_some(),
        with_text: arguments.with_text,
    };
    let threads = arguments.threads.map_or_else(
        || thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let total = gold.texts.iter().map(|text| text.text.len() as u64).sum();
    let progress = Progress::new(Some(total), false);
    let texts: Vec<(Text, Option<Vec<Mark>>)> = gold
        .texts
        .into_iter()
        .map(|text| {
            let found = predictions
                .as_mut()
                .map(|all| all.remove(&text.id).unwrap_or_default());
            (text, found)
        })
        .collect();
    let count = texts.len();
    let mut score = Score::default();
    let mut errors = Vec::new();
    let done = in_order(texts, threads, |(text, found)| {
        progress.passed(text.text.len() as u64);
        eval.text(&text, found)
    })?;
    for (part, lines) in done {
        score.merge(&part);
        errors.extend_from_slice(&lines);
    }
    progress.finish();
    if let Some(path) = &arguments.errors {
        let mut target = Target::file(path, MODE_PRIVATE)?;
        target.write(&errors)?;
        target.finish()?;
    }
    if gold.incomplete > 0 {
        output.note(&format!(
            "{} texts that were not wholly reviewed are left out.",
            gold.incomplete
        ));
    }
    output.value(&table::json(&score, count, gold.incomplete), || {
        table::text(&score, count)
    });
    Ok(Ended::Well)
}

struct Eval {
    rules: Rules,
    errors: bool,
    with_text: bool,
}

impl Eval {
    /// Scores one text, and tells its errors as JSON lines.
    fn text(&self, text: &Text, given: Option<Vec<Mark>>) -> (Score, Vec<u8>) {
        let language = self.rules.language_of(&text.text);
        let profile = self.rules.profile_of(language);
        let gold: Vec<Mark> = text
            .spans
            .iter()
            .map(|span| mark(span, &text.text, profile))
            .collect();
        let mut whys = BTreeMap::new();
        let found = given.unwrap_or_else(|| {
            let findings = self.rules.find(&text.text, language, None);
            let marks = findings.iter().map(|finding| {
                let layer = layer_name(finding.layer);
                whys.insert(finding.start, (layer, finding.reason, finding.score));
                Mark {
                    at: finding.start..finding.end,
                    kind: Some(finding.kind),
                }
            });
            marks.collect()
        });
        let mut score = Score::default();
        score.add_marks(&text.text, &gold, &found);
        let mut lines = Vec::new();
        if self.errors {
            let mut ruler = Ruler::new(&text.text, Offsets::Chars);
            for fault in score::faults(&text.text, &gold, &found) {
                let line = self.error(text, &fault, ruler.measure(fault.at.start), &whys);
                lines.extend_from_slice(line.to_string().as_bytes());
                lines.push(b'\n');
            }
        }
        (score, lines)
    }

    fn error(
        &self,
        text: &Text,
        fault: &score::Fault,
        start: usize,
        whys: &BTreeMap<usize, (String, &'static str, f32)>,
    ) -> Value {
        let surface = text.text.get(fault.at.clone()).unwrap_or_default();
        let mut line = json!({
            "id": text.id,
            "file": text.file.to_string_lossy(),
            "error": match fault.wrong {
                Wrong::Missed => "missed",
                Wrong::Partial => "partial",
                Wrong::FalseAlarm => "false_alarm",
            },
            "start": start,
            "end": start + surface.chars().count(),
            "type": fault.kind.map(type_name),
        });
        let mut add = |name: &str, value: Value| {
            if let Some(map) = line.as_object_mut() {
                map.insert(name.to_owned(), value);
            }
        };
        if text.line > 0 {
            add("line", json!(text.line));
        }
        if let (Wrong::FalseAlarm, Some((layer, reason, score))) =
            (fault.wrong, whys.get(&fault.at.start))
        {
            add("layer", json!(layer));
            add("reason", json!(reason));
            add("score", json!((score * 1000.0).round() / 1000.0));
        }
        if self.with_text {
            add("text", json!(surface));
        }
        line
    }
}

/// What the profile lets stand is neutral: a bare year, an age under 90.
fn mark(span: &Span, text: &str, profile: &Profile) -> Mark {
    let kind = match span.meaning {
        Meaning::Neutral => None,
        Meaning::Kind(kind) => {
            let surface = text.get(span.at.clone()).unwrap_or_default();
            let part = part_of(kind, surface);
            Some(kind).filter(|kind| profile.takes(*kind, part, surface))
        }
    };
    Mark {
        at: span.at.clone(),
        kind,
    }
}

fn part_of(kind: Kind, surface: &str) -> Part {
    let digits: String = surface.chars().filter(char::is_ascii_digit).collect();
    let bare = surface.chars().filter(|c| c.is_alphanumeric()).count() == digits.len();
    match (kind, digits.parse::<u32>()) {
        (Kind::Date, Ok(1800..=2199)) if bare && digits.len() == 4 => Part::Year,
        (Kind::Age, Ok(0..=89)) => Part::Under90,
        _ => Part::Whole,
    }
}

type Predictions = BTreeMap<String, Vec<Mark>>;

/// The spans that another program found; every text must have its line.
fn read_predictions(path: &Path, gold: &Gold) -> Result<Predictions, Failure> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    let texts: BTreeMap<&str, &str> = gold
        .texts
        .iter()
        .map(|text| (text.id.as_str(), text.text.as_str()))
        .collect();
    let input = std::io::BufReader::new(std::fs::File::open(path).map_err(failed)?);
    let mut lines = Lines::new(input, Encoding::Utf8).map_err(failed)?;
    let (mut all, mut faults) = (Predictions::new(), Vec::new());
    while let Some(line) = lines.next(TEXT_BYTES_MAX).map_err(failed)? {
        let bytes = line.bytes.unwrap_or_default();
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let mut fault = |message: &str, hint: &str| {
            faults.push(FileFault {
                file: path.to_owned(),
                line: u32::try_from(line.number).unwrap_or(u32::MAX),
                column: 0,
                message: message.to_owned(),
                hint: hint.to_owned(),
            });
        };
        let Ok(record) = serde_json::from_slice::<Record>(&bytes) else {
            fault(
                "this is not a prediction",
                "write {\"id\",\"spans\":[{\"start\",\"end\",\"type\"}]}",
            );
            continue;
        };
        let id = record.id(line.number);
        // Predictions may be about more texts than the gold standard.
        let Some(text) = texts.get(id.as_str()) else {
            continue;
        };
        let characters = Characters::of(text);
        let marks = record.spans.iter().map(|span| {
            let at = characters.bytes(span.start, span.end)?;
            let kind = Mark::kind_named(&span.r#type);
            Some(Mark { at, kind })
        });
        match marks.collect::<Option<Vec<Mark>>>() {
            Some(marks) => {
                all.insert(id, marks);
            }
            None => fault(
                "a span does not fit the text",
                "offsets count Unicode characters",
            ),
        }
    }
    if !faults.is_empty() {
        return Err(Failure::in_files("the predictions can not be read", faults));
    }
    let missing = texts.keys().filter(|id| !all.contains_key(**id)).count();
    if missing > 0 {
        return Err(Failure::new(
            format!(
                "`{}` has no predictions for {missing} texts",
                path.display()
            ),
            "write a line for every text, with no spans where nothing was found",
        ));
    }
    Ok(all)
}

const AFTER_HELP: &str = "GOLD is JSON lines {\"id\",\"text\",\"spans\":[{\"start\",\"end\",\"type\"}]} (.jsonl; also what --review
exports), a folder of brat files (.txt and .ann), or i2b2 2014 XML (.xml, or a folder of them).
Only letters and digits count, and whatever they were taken for. A text leaks when any letter or
digit of any span was not found. Neutral types (AGE_U90, SEX, COUNTRY, STATE, TITLE, RELATIVE,
PROFESSION, ORG, OTHER) and what the profile lets stand, such as bare years and ages under 90 under
safe-harbor, are neither right nor wrong; a text without anything to find is clean, and altered
when anything at all was found in it.

Exit codes: 0 measured, 1 failed, 2 wrong use.

Example:
  wardgate deid eval gold/ --profile safe-harbor --errors errors.jsonl";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_ages_follow_the_profile() {
        let neutral = |kind, text: &str, profile: &Profile| {
            let span = Span {
                at: 0..text.len(),
                meaning: Meaning::Kind(kind),
            };
            mark(&span, text, profile).kind.is_none()
        };
        let (us, eu) = (Profile::safe_harbor(), Profile::gdpr_pseudonymise());
        for (kind, text, in_us, in_eu) in [
            (Kind::Date, "2019", true, false),
            (Kind::Date, "May 2019", false, false),
            (Kind::Age, "54", true, false),
            (Kind::Age, "54 years", true, false),
            (Kind::Age, "91", false, false),
            (Kind::Name, "54", false, false),
        ] {
            assert_eq!(neutral(kind, text, &us), in_us, "{text}");
            assert_eq!(neutral(kind, text, &eu), in_eu, "{text}");
        }
    }
}
