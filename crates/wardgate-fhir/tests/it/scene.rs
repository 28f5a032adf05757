//! Data sets of a few resources, and what became of them.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_fhir::{Options, PatientIndex, ResourceDeidentifier, RuleFile};

/// A data set as it went in and as it came out.
pub(crate) struct Set {
    pub(crate) inputs: Vec<Value>,
    pub(crate) outputs: Vec<Value>,
    pub(crate) text: String,
}

pub(crate) fn deidentifier(lines: &[&str], profile: Profile) -> ResourceDeidentifier {
    keyed(lines, profile, 7)
}

/// The same under another key.
pub(crate) fn keyed(lines: &[&str], profile: Profile, key: u8) -> ResourceDeidentifier {
    let as_of = Day::new(2026, 11, 30).unwrap();
    let rules = RecordRules::new(Engine::new(), profile, ProjectKey::new([key; 32]), as_of);
    let mut patients = PatientIndex::new();
    for line in lines {
        patients.learn(line.as_bytes());
    }
    ResourceDeidentifier::new(Arc::new(rules), Arc::new(patients), Options::default())
}

/// What becomes of a set under a profile; every output is looked through by the verifier.
pub(crate) fn under(lines: &[&str], profile: Profile) -> Set {
    run(lines, &deidentifier(lines, profile), true)
}

pub(crate) fn ruled(lines: &[&str], file: &str) -> Set {
    let fhir =
        deidentifier(lines, Profile::safe_harbor()).with_rules(RuleFile::parse(file).unwrap());
    run(lines, &fhir, false)
}

fn run(lines: &[&str], fhir: &ResourceDeidentifier, verified: bool) -> Set {
    let mut set = Set {
        inputs: Vec::new(),
        outputs: Vec::new(),
        text: String::new(),
    };
    for (number, line) in lines.iter().enumerate() {
        let mut output = Vec::new();
        fhir.resource(line.as_bytes(), &mut output).unwrap();
        if verified {
            let found = fhir.verify(line.as_bytes(), &output).unwrap();
            assert!(!found.any(), "line {}: {found:?}", number + 1);
        }
        let output = String::from_utf8(output).unwrap();
        set.inputs.push(serde_json::from_str(line).unwrap());
        set.outputs.push(serde_json::from_str(&output).unwrap());
        set.text.push_str(&output);
        set.text.push('\n');
    }
    set
}

/// The folder of public FHIR samples, for whoever has it.
pub(crate) fn samples() -> Option<PathBuf> {
    let place = match std::env::var_os("WARDGATE_SHARED") {
        Some(named) => PathBuf::from(named),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = place.join("corpora/fhir");
    folder.is_dir().then_some(folder)
}

/// Calls with the path and value of every scalar.
pub(crate) fn each(value: &Value, path: &mut Vec<String>, call: &mut dyn FnMut(&[String], &Value)) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                path.push(key.clone());
                each(inner, path, call);
                path.pop();
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, path, call)),
        scalar => call(path, scalar),
    }
}
