//! Resources of an NDJSON file a second, on one core: with and without the second look, as values come again and for
//! the first time. "New values" are copies of the file with other ids, names, numbers and dates in each, of which none
//! was seen before.
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
    group.bench_function("rewrite, new values", |bench| {
        let mut copies = Copies::default();
        bench.iter_batched(
            || {
                let lines = copies.next(&lines);
                (deidentifier(&lines), lines)
            },
            |(fresh, lines)| {
                output.clear();
                for line in &lines {
                    let _ = fresh.resource_into(black_box(line), &mut output, &mut counts);
                }
                (fresh, lines)
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("rewrite and verify", |bench| {
        bench.iter(|| {
            for line in &lines {
                output.clear();
                let _ = black_box(fhir.searched_into(line, &mut output, &mut counts));
            }
        });
    });
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

/// Copies of a file in which whatever tells of somebody is another: UUIDs, days, and words that end in digits, as the
/// generator Synthea writes names. The same value is the same all over a copy.
#[derive(Default)]
struct Copies {
    made: u64,
}

impl Copies {
    fn next(&mut self, lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
        self.made += 1;
        let copied = lines.iter().map(|line| self.copy(line));
        copied.collect()
    }

    fn copy(&self, line: &[u8]) -> Vec<u8> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let mut copy = Vec::with_capacity(line.len());
        for word in line.chunk_by(|one, other| is_part(one) == is_part(other)) {
            let dashes = word.iter().filter(|byte| **byte == b'-').count();
            let named = word.first().is_some_and(u8::is_ascii_uppercase)
                && word.last().is_some_and(u8::is_ascii_digit);
            match word {
                [year @ .., b'-', _, _, b'-', tens, _] if year.len() == 4 && *tens != b'3' => {
                    copy.extend_from_slice(word.get(..9).unwrap_or_default());
                    copy.push(b'1' + u8::try_from(self.made % 9).unwrap_or_default());
                }
                _ if word.len() == 36 && dashes == 4 => {
                    self.other(word, b"0123456789abcdef", &mut copy)
                }
                _ if named && dashes == 0 => self.other(word, b"aeiolmnrst", &mut copy),
                _ => copy.extend_from_slice(word),
            }
        }
        copy
    }

    /// Other letters in the places of small letters, and of digits where there are such.
    fn other(&self, word: &[u8], letters: &[u8], copy: &mut Vec<u8>) {
        let start = word
            .iter()
            .fold(self.made, |state, byte| mixed(state ^ u64::from(*byte)));
        let mut state = start;
        for byte in word {
            state = mixed(state);
            let drawn = usize::try_from(state >> 32).unwrap_or_default() % letters.len();
            let drawn = letters.get(drawn).copied().unwrap_or_default();
            let goes =
                byte.is_ascii_lowercase() || (byte.is_ascii_digit() && letters.contains(byte));
            copy.push(if goes { drawn } else { *byte });
        }
    }
}

/// A step of the generator of Steele, Lea and Flood ("Fast splittable pseudorandom number generators", 2014).
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
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
