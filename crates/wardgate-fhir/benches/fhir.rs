//! Resources of an NDJSON file a second, on one core: with and without the second look, as values come again and for
//! the first time.
//!
//! `FHIR_FILE=synthea.ndjson cargo bench -p wardgate-fhir` takes any file; without one, resources of its own.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput};
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_fhir::{Options, PatientIndex, ResourceDeidentifier};

fn main() {
    let lines = lines();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("fhir");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("learn", |bench| bench.iter(|| learned(black_box(&lines))));
    let fhir = deidentifier(&lines);
    let mut counts = fhir.counts();
    let mut output = Vec::new();
    group.bench_function("rewrite", |bench| {
        bench.iter(|| {
            output.clear();
            for line in &lines {
                let _ = fhir.resource_into(black_box(line), &mut output, &mut counts);
            }
        });
    });
    group.bench_function("rewrite, nothing remembered", |bench| {
        bench.iter_batched(
            || deidentifier(&lines),
            |fresh| {
                output.clear();
                for line in &lines {
                    let _ = fresh.resource_into(black_box(line), &mut output, &mut counts);
                }
                fresh
            },
            BatchSize::LargeInput,
        );
    });
    let outputs: Vec<Vec<u8>> = lines.iter().map(|line| written(&fhir, line)).collect();
    group.bench_function("verify", |bench| {
        bench.iter(|| {
            for (line, output) in lines.iter().zip(&outputs) {
                let _ = black_box(fhir.verify(line, output));
            }
        });
    });
    group.finish();
    criterion.final_summary();
}

fn lines() -> Vec<Vec<u8>> {
    let text = match std::env::var_os("FHIR_FILE") {
        Some(path) => std::fs::read(path).unwrap_or_default(),
        None => OWN.as_bytes().to_vec(),
    };
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

fn learned(lines: &[Vec<u8>]) -> PatientIndex {
    let mut patients = PatientIndex::new();
    lines.iter().for_each(|line| patients.learn(line));
    patients
}

fn deidentifier(lines: &[Vec<u8>]) -> ResourceDeidentifier {
    let as_of = Day::new(2026, 11, 30).unwrap_or_else(|| unreachable!("the day exists"));
    let rules = RecordRules::new(
        Engine::new(),
        Profile::safe_harbor(),
        ProjectKey::new([7; 32]),
        as_of,
    );
    ResourceDeidentifier::new(
        Arc::new(rules),
        Arc::new(learned(lines)),
        Options::default(),
    )
}

fn written(fhir: &ResourceDeidentifier, line: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let _ = fhir.resource(line, &mut output);
    output
}

const OWN: &str = r#"{"resourceType":"Patient","id":"p1","identifier":[{"value":"MR5570921"}],"name":[{"family":"Ashgrove","given":["Oriel"]}],"birthDate":"1974-05-02"}
{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Body weight"}],"text":"Body weight"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-03-12T10:11:12+01:00","issued":"2024-03-12T10:11:12.250+01:00","valueQuantity":{"value":61.5,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}
{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006","display":"Diabetes mellitus type 2"}],"text":"Type 2 diabetes"},"recordedDate":"2024-03-12","note":[{"text":"Seen with her sister."}]}
"#;
