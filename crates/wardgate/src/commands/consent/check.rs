//! `wardgate consent check`: what consents permit, step by step, for one request or many cases.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use wardgate_authz::consent::{Case, CaseFault, Outcome};
use wardgate_records::PatientMatch;

use super::files;
use crate::commands::Ended;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Say what consents permit, and why, for one request or for many cases
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in super::super) struct Arguments {
    /// File with consents: a FHIR Consent, a Bundle, a list, or one on each line; may be repeated
    #[arg(long = "consents", value_name = "FILE", conflicts_with = "cases")]
    consents: Vec<PathBuf>,

    /// File with the request: patient, actors, purpose, resources with their labels
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "cases",
        conflicts_with = "cases"
    )]
    request: Option<PathBuf>,

    /// Data directory whose consents and settings count
    #[arg(long, value_name = "DIR", conflicts_with = "cases")]
    dir: Option<PathBuf>,

    /// Patient in that directory: `Patient/123`, or an identifier on file [default: the request's]
    #[arg(long, value_name = "PATIENT", requires = "dir")]
    patient: Option<String>,

    /// File with one case on each line: consents, request, and what holds in the hospital
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    match (&arguments.cases, &arguments.request) {
        (Some(cases), _) => check_cases(cases, output),
        (None, Some(request)) => check_request(arguments, request, output),
        (None, None) => Err(Failure::new(
            "there is nothing to check",
            "name a `--request` or a file of `--cases`",
        )),
    }
}

fn check_request(arguments: &Arguments, path: &Path, output: Output) -> Result<Ended, Failure> {
    let text = files::read(path)?;
    let mut case = Case::from_request(&text, wiring::now()).map_err(|fault| {
        Failure::new(
            format!("`{}` is no request: {fault}", path.display()),
            "write `patient`, `actors`, `purpose` and `resources` as the help shows them",
        )
    })?;
    if let Some(dir) = &arguments.dir {
        let dir = DataDir::existing(dir)?;
        case = wiring::control_runtime()?.block_on(on_file(dir, case, arguments))?;
    }
    for file in &arguments.consents {
        for consent in files::consents(file)? {
            case.file(&consent);
        }
    }
    let outcome = case.judge();
    output.value(&as_json(&outcome), || {
        let mut lines = steps(&outcome);
        lines.push(format!("decision: {}", outcome.decision));
        lines.join("\n")
    });
    Ok(Ended::Well)
}

/// The case with the consents of the store, and decided as the hospital's settings say.
async fn on_file(dir: DataDir, mut case: Case, arguments: &Arguments) -> Result<Case, Failure> {
    let records = Records::open(dir).await?;
    let snapshot = records.store.snapshot();
    let reference = arguments
        .patient
        .as_deref()
        .unwrap_or(case.patient())
        .to_owned();
    let found = match snapshot.patient(&reference) {
        PatientMatch::One(patient) => Some(patient.clone()),
        PatientMatch::Unknown | PatientMatch::Ambiguous => None,
    };
    records.store.close().await;
    let patient = found.ok_or_else(|| {
        Failure::new(
            "the patient is not on file, or more than one is",
            "name the patient by `Patient/<id>` as on file",
        )
    })?;
    case.file_all(snapshot.consents(patient.handle));
    Ok(case
        .about(&patient.reference)
        .unless_stated(snapshot.consent_domain()))
}

/// What became of the lines of a file of cases.
#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    unasked: usize,
    unreadable: usize,
}

fn check_cases(path: &Path, output: Output) -> Result<Ended, Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file("read", path, &error))?;
    let mut tally = Tally::default();
    for (position, line) in BufReader::new(file).split(b'\n').enumerate() {
        let line = line.map_err(|error| Failure::file("read", path, &error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        check_line(position + 1, &line, &mut tally, output);
    }
    if !output.json {
        output.line(&format!(
            "{} right, {} wrong, {} without an expected answer, {} unreadable",
            tally.right, tally.wrong, tally.unasked, tally.unreadable
        ));
    }
    let well = tally.unreadable == 0 && (output.json || tally.wrong == 0);
    Ok(if well { Ended::Well } else { Ended::Badly })
}

fn check_line(number: usize, line: &[u8], tally: &mut Tally, output: Output) {
    let read = std::str::from_utf8(line)
        .map_err(|_| "it is not UTF-8".to_owned())
        .and_then(|text| Case::from_json(text).map_err(|fault: CaseFault| fault.to_string()));
    let case = match read {
        Ok(case) => case,
        Err(why) => {
            tally.unreadable += 1;
            let id = id_of(line);
            if output.json {
                let value = json!({"id": id, "line": number, "error": why, "decision": "deny",
                    "resources": {}, "deciding_consents": [], "why": [why]});
                output.line(&value.to_string());
            } else {
                let id = id.unwrap_or_else(|| format!("line {number}"));
                output.line(&format!("{id:<12} unreadable: {why}"));
            }
            return;
        }
    };
    let outcome = case.judge();
    let verdict = match &case.expected {
        None => {
            tally.unasked += 1;
            ""
        }
        Some(expected) if outcome.is_as(expected) => {
            tally.right += 1;
            "right"
        }
        Some(_) => {
            tally.wrong += 1;
            "WRONG"
        }
    };
    if output.json {
        let mut value = as_json(&outcome);
        value.insert("id".to_owned(), json!(case.id));
        output.line(&Value::Object(value).to_string());
    } else {
        let id = case.id.clone().unwrap_or_else(|| format!("line {number}"));
        output.line(&format!("{id:<12} {:<8} {verdict}", outcome.decision));
        if verdict == "WRONG" {
            for step in steps(&outcome) {
                output.line(&format!("    {step}"));
            }
        }
    }
}

fn id_of(line: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(line).ok()?;
    value.get("id")?.as_str().map(str::to_owned)
}

fn steps(outcome: &Outcome) -> Vec<String> {
    outcome
        .ruling
        .steps
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn as_json(outcome: &Outcome) -> Map<String, Value> {
    let resources: Map<String, Value> = outcome
        .resources
        .iter()
        .map(|(reference, permitted)| {
            let word = if *permitted { "permit" } else { "deny" };
            (reference.clone(), json!(word))
        })
        .collect();
    let deciding: Vec<&str> = outcome.ruling.deciding.iter().map(AsRef::as_ref).collect();
    let mut value = Map::new();
    value.insert("decision".to_owned(), json!(outcome.decision));
    value.insert("resources".to_owned(), Value::Object(resources));
    value.insert("deciding_consents".to_owned(), json!(deciding));
    value.insert("why".to_owned(), json!(steps(outcome)));
    value
}

const AFTER_HELP: &str =
    "A request is a JSON object: `patient`, `actors` (references of everybody who receives),
`purpose` (`system` and `code`), `resources` (each with `ref`, `labels`, `labelling_done`, and
where known `type`, `date`, `author`, `related`, `code`), and where wanted `action`,
`break_glass_authorized` and `ai_inference`. It may stand in an object as `request`, beside
`now`, `domain_policy` (`implicit`, `conflict`, `explicit_labels`) and `groups`; what is not
stated is the strictest. A consent that cannot be read counts, and refuses.

With `--cases`, every line is answered in its order; with `--json` as one JSON object on a line.
A line that cannot be read is answered with `error` and `deny`, and the others are not lost.

Exit codes: 0 checked, 1 failed, a line could not be read, or (without `--json`) a case came out
otherwise than it expects, 2 wrong use.

Example:
  wardgate consent check --consents consent.json --request request.json
  wardgate consent check --cases cases.jsonl --json";
