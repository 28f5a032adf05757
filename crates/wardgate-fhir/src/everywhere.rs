//! A patient's identifiers in every element of every resource that the type tables know: none may come out.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};

use crate::schema::{Member, Schema, Shape};
use crate::treatment::Special;
use crate::{FhirVersion, Options, PatientIndex, ResourceDeidentifier};

const PATIENT: &str = r#"{"resourceType":"Patient","id":"quastenberg-7741902",
    "identifier":[{"value":"MRN7741902"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"543-52-0579"}],
    "name":[{"family":"Quastenberg","given":["Wilhelmina"]}],"birthDate":"1974-04-09",
    "telecom":[{"system":"phone","value":"(555) 117-4911"},{"value":"wq@mail.example"}],
    "address":[{"line":["831 Lindqvist Terrace"],"city":"East Saltmere"}]}"#;

const SOUGHT: [&str; 9] = [
    "quastenberg",
    "wilhelmina",
    "7741902",
    "117-4911",
    "wq@mail",
    "43-52-0579",
    "543520579",
    "lindqvist",
    "saltmere",
];

/// What stands in the elements.
#[derive(Clone, Copy)]
enum Plant {
    Text,
    Name,
    Number,
    Digits,
    Url,
    Reference,
    Base64,
}

const PLANTS: [Plant; 7] = [
    Plant::Text,
    Plant::Name,
    Plant::Number,
    Plant::Digits,
    Plant::Url,
    Plant::Reference,
    Plant::Base64,
];

impl Plant {
    fn value(self) -> String {
        let text = "Seen: Wilhelmina Quastenberg (MRN7741902, SSN 543-52-0579), tel (555) 117-4911, \
                    mail wq@mail.example, lives at 831 Lindqvist Terrace, East Saltmere.";
        match self {
            Self::Text => text.to_owned(),
            Self::Name => "QUASTENBERG, Wilhelmina".to_owned(),
            Self::Number => "MRN7741902".to_owned(),
            Self::Digits => "543520579".to_owned(),
            Self::Url => {
                "https://ehr.example/fhir/Patient?identifier=MRN7741902&name=Quastenberg".to_owned()
            }
            Self::Reference => {
                "https://ehr.example/fhir/Patient/quastenberg-7741902/_history/7741902".to_owned()
            }
            Self::Base64 => BASE64_STANDARD.encode(text),
        }
    }
}

struct Planting {
    schema: &'static Schema,
    plant: Plant,
    left: usize,
}

impl Planting {
    fn object(&mut self, shape: &Shape, open: &mut Vec<&'static str>) -> Value {
        let mut object = Map::new();
        open.push(shape.name);
        for member in shape.members() {
            let value = match self.left {
                0 => None,
                _ => self.member(shape, member, open),
            };
            if let Some(value) = value {
                object.insert(
                    member.key.clone(),
                    if member.many { json!([value]) } else { value },
                );
            }
        }
        open.pop();
        if shape.name == "Extension" {
            object.insert(
                "url".to_owned(),
                json!("http://hl7.org/fhir/StructureDefinition/condition-related"),
            );
        }
        Value::Object(object)
    }

    fn member(
        &mut self,
        shape: &Shape,
        member: &Member,
        open: &mut Vec<&'static str>,
    ) -> Option<Value> {
        self.left = self.left.saturating_sub(1);
        if member.shape.is_none() || (!member.kind.is_empty() && open.len().is_multiple_of(2)) {
            let url = shape.name == "Extension" && member.key == "url";
            return (!url).then(|| match member.kind.as_str() {
                "boolean" => json!(true),
                "decimal" | "integer" | "positiveInt" | "unsignedInt"
                    if matches!(self.plant, Plant::Digits) =>
                {
                    json!(543_520_579)
                }
                _ => json!(self.plant.value()),
            });
        }
        let inner = self.schema.shape_of(member)?;
        let deep =
            open.len() >= 7 || open.contains(&inner.name) || member.special == Special::Resource;
        (!deep).then(|| self.object(inner, open))
    }
}

fn deidentifier() -> ResourceDeidentifier {
    let as_of = Day::new(2026, 11, 30).unwrap();
    let rules = RecordRules::new(
        Engine::new(),
        Profile::safe_harbor(),
        ProjectKey::new([7; 32]),
        as_of,
    );
    let mut patients = PatientIndex::new();
    patients.learn(PATIENT.as_bytes());
    ResourceDeidentifier::new(Arc::new(rules), Arc::new(patients), Options::default())
}

/// Decodes base64 that stands in the output, so that nothing hides in it.
fn decoded(output: &str) -> String {
    let mut all = output.to_lowercase();
    let words: Vec<&str> = output.split('"').collect();
    for (at, word) in words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.len() >= 24)
    {
        if let Ok(bytes) = BASE64_STANDARD.decode(word) {
            all.push_str(&format!("\"base64 of {}\":", words[at.saturating_sub(2)]));
            all.push_str(&String::from_utf8_lossy(&bytes).to_lowercase());
        }
    }
    all
}

#[test]
fn no_element_of_any_resource_lets_the_patient_out() {
    let fhir = deidentifier();
    let mut leaks = Vec::new();
    for version in [FhirVersion::R4, FhirVersion::R5] {
        let schema = Schema::of(version);
        let mut names: Vec<&str> = schema.resource_names().collect();
        names.sort_unstable();
        for (index, name) in names.iter().enumerate() {
            // Each resource with two of the plants, so that all of them meet all types of elements.
            for plant in [index, index + 3].map(|at| PLANTS[at % PLANTS.len()]) {
                let mut planting = Planting {
                    schema,
                    plant,
                    left: ELEMENTS_MAX,
                };
                let shape = schema.resource(name).unwrap();
                let mut resource = planting.object(shape, &mut Vec::new());
                resource["resourceType"] = json!(name);
                for (key, _) in [("subject", 0), ("patient", 0)] {
                    if resource.get(key).is_some_and(Value::is_object) {
                        resource[key] = json!({"reference": "Patient/quastenberg-7741902"});
                    }
                }
                let input = serde_json::to_vec(&resource).unwrap();
                let mut output = Vec::new();
                fhir.resource(&input, &mut output).unwrap();
                let output = String::from_utf8(output).unwrap();
                serde_json::from_str::<Value>(&output).unwrap();
                let all = decoded(&output);
                for sought in SOUGHT {
                    if let Some(at) = all.find(sought) {
                        let from = all[..at]
                            .char_indices()
                            .rev()
                            .nth(150)
                            .map_or(0, |(at, _)| at);
                        let clip = &all[from..at + sought.len()];
                        let key = clip
                            .rsplit("\":")
                            .nth(1)
                            .unwrap_or(clip)
                            .rsplit('"')
                            .next()
                            .unwrap_or(clip);
                        leaks.push(format!("{key} <- {name} {version:?}: …{clip}"));
                    }
                }
            }
        }
    }
    leaks.sort();
    leaks.dedup_by_key(|leak| leak.split(" <- ").next().unwrap_or_default().to_owned());
    assert!(
        leaks.is_empty(),
        "{} leaks, first:\n{}",
        leaks.len(),
        leaks[..leaks.len().min(40)].join("\n")
    );
}

/// Elements of one resource that are filled.
const ELEMENTS_MAX: usize = 900;
