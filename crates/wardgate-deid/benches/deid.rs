//! What de-identification costs: a 4 KB note masked, a body scanned, an answer restored.

use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::Range;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wardgate_deid::json::{self, Limits, Path, Visitor};
use wardgate_deid::{
    Address, Deidentifier, Engine, Escape, JsonPart, KnownIdentifiers, PatientIdentifiers,
    PersonName, PlaceholderKey, Treat,
};

/// An invented note of about 4 KB.
fn note() -> String {
    let mut note = String::from(
        "Patient: Schönfeld, Maria\nMRN: WG-0044127\nDOB: 03/04/1957\nAttending: Dr. Okafor\nPhone: (503) 555-0142\n\
         Address: 12 Alder Grove Road, Tillamook, OR 97141\nE-mail: m.schoenfeld57@example.org\n\n",
    );
    let mut day = 1;
    while note.len() < 3_900 {
        let _ = writeln!(
            note,
            "2024-03-{day:02}: Ms Schönfeld was seen with shortness of breath on exertion. BP 132/84 mmHg, HR 88 bpm, SpO2 95% on room air. \
             Lungs clear to auscultation, no peripheral edema. Continue metoprolol 25 mg twice daily and furosemide 40 mg in the morning; \
             potassium 4.1, creatinine 1.2. The plan was discussed with her son Jürgen, who agrees to call if symptoms worsen."
        );
        day += 1;
    }
    note
}

fn known() -> KnownIdentifiers {
    let name = |given: &str| PersonName {
        given: vec![given.to_owned()],
        family: "Schönfeld".to_owned(),
    };
    let mut patient = PatientIdentifiers::default();
    patient.names.push(name("Maria"));
    patient.contacts.push(name("Jürgen"));
    patient.birth_dates.push("1957-03-04".to_owned());
    patient.record_numbers.push("WG-0044127".to_owned());
    patient.phones.push("+1 503 555 0142".to_owned());
    patient.emails.push("m.schoenfeld57@example.org".to_owned());
    patient.addresses.push(Address {
        lines: vec!["12 Alder Grove Road".to_owned()],
        city: "Tillamook".to_owned(),
        postal_code: "97141".to_owned(),
    });
    KnownIdentifiers::compile(&patient)
}

#[derive(Default)]
struct Parts(Vec<JsonPart>);

impl Visitor for Parts {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        if path.is(&["messages", "*", "content"]) {
            self.0.push(JsonPart {
                at,
                treat: Treat::Text,
            });
        }
    }
    fn number(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
    fn key(&mut self, _path: &Path<'_>, at: Range<usize>) {
        self.0.push(JsonPart {
            at,
            treat: Treat::CheckKey,
        });
    }
}

fn scan(body: &[u8]) -> Parts {
    let mut parts = Parts::default();
    let _ = black_box(json::scan(body, &Limits::default(), &mut parts));
    parts
}

/// Texts that would be slow if any layer looked back or ahead without a bound.
const HOSTILE: [&str; 7] = ["1", "1 ", "A ", "Aa ", " ", "@", "."];

/// What each layer costs, and that the cost of a byte does not grow with the text.
fn layers(criterion: &mut Criterion) {
    let (exact, all) = (Engine::exact_only(), Engine::new());
    let prompt = "Please summarize the course of Maria Okafor, seen at Alder Grove Clinic on March 3 with chest pain. ";
    let texts = [
        ("2 KB prompt", prompt.repeat(20)),
        ("4 KB note", note()),
        ("1 MB of notes", note().repeat(256)),
    ];
    let mut group = criterion.benchmark_group("layers");
    for (name, text) in &texts {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("exact, {name}"), |b| {
            b.iter(|| exact.detect(text, None));
        });
        group.bench_function(format!("exact and learned, {name}"), |b| {
            b.iter(|| all.detect(text, None));
        });
    }
    group.sample_size(10);
    for unit in HOSTILE {
        for size in [1_000_000, 10_000_000] {
            let text = unit.repeat(size / unit.len());
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(format!("hostile {unit:?}, {size} bytes"), |b| {
                b.iter(|| all.detect(&text, None));
            });
        }
    }
    group.finish();
}

fn benches(criterion: &mut Criterion) {
    let (engine, key, known) = (Engine::new(), PlaceholderKey::new([7; 32]), known());
    let mut content = String::new();
    json::escape_into(&note(), &mut content);
    let body = format!(
        r#"{{"model":"m","max_tokens":512,"messages":[{{"role":"user","content":"{content}"}}]}}"#
    );
    let deid = Deidentifier::new(&engine, &key, Some(&known));

    let mut group = criterion.benchmark_group("mask");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("4 KB note, scan included", |b| {
        b.iter(|| deid.json([0; 32], body.as_bytes(), &scan(body.as_bytes()).0));
    });
    let plain = note();
    group.bench_function("detect only", |b| {
        b.iter(|| engine.detect(&plain, Some(&known)))
    });
    group.bench_function("detect without a patient", |b| {
        b.iter(|| engine.detect(&plain, None))
    });
    group.bench_function("compile the patient", |b| b.iter(self::known));
    group.finish();

    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("4 KB body", |b| b.iter(|| scan(body.as_bytes())));
    let long = format!(
        r#"{{"a":"{}"}}"#,
        "plain text without escapes ".repeat(40_000)
    );
    group.throughput(Throughput::Bytes(long.len() as u64));
    group.bench_function("1 MB string", |b| b.iter(|| scan(long.as_bytes())));
    group.finish();

    let masked = deid.text([0; 32], &plain);
    let (masked, map) = masked.into_parts();
    let masked = String::from_utf8_lossy(&masked).into_owned();
    let mut group = criterion.benchmark_group("restore");
    group.throughput(Throughput::Bytes(masked.len() as u64));
    group.bench_function("4 KB answer", |b| b.iter(|| map.restore(&masked)));
    group.bench_function("4 KB answer in pieces of 4", |b| {
        let letters: Vec<char> = masked.chars().collect();
        let pieces: Vec<String> = letters
            .chunks(4)
            .map(|piece| piece.iter().collect())
            .collect();
        let mut out = String::new();
        b.iter(|| {
            out.clear();
            let mut stream = map.stream(Escape::None);
            for piece in &pieces {
                stream.push(piece, &mut out);
            }
            stream.finish(&mut out);
        });
    });
    let nothing = "an answer without any placeholder, as most of the text is ".repeat(70);
    group.throughput(Throughput::Bytes(nothing.len() as u64));
    group.bench_function("4 KB without placeholders", |b| {
        b.iter(|| map.restore(&nothing))
    });
    group.finish();
}

criterion_group!(deid, benches, layers);
criterion_main!(deid);
