//! A small format: records are lines `number;name;text`, and the name goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use wardgate_datasets::{Format, Layout, PolicyName, RunHead, Settings};
use wardgate_deid::{Found, Operation, ProjectKey, RecordFault, Tally, Tracer, Traces};

/// The format. `leaks` leaves the name of one record in its output.
#[derive(Default)]
pub(crate) struct Plain {
    pub(crate) leaks: Option<&'static str>,
    pub(crate) panics: Option<&'static str>,
    /// Records that were cleaned.
    pub(crate) cleaned: AtomicU64,
}

impl Format for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn editions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("plain".to_owned(), "1".to_owned())])
    }

    fn options(&self) -> Value {
        json!({})
    }

    fn layout(&self, path: &Path, _: u64) -> Layout {
        match path.extension().is_some_and(|ext| ext == "one") {
            true => Layout::Whole,
            false => Layout::Records,
        }
    }

    fn record(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        self.cleaned.fetch_add(1, Ordering::Relaxed);
        let (number, name, text) = parts(input)?;
        assert!(self.panics != Some(number), "a fault of the format");
        let name = match self.leaks == Some(number) {
            true => name,
            false => "X",
        };
        output.extend_from_slice(format!("{number};{name};{text}").as_bytes());
        let mut tally = Tally::default();
        tally.note("name", Operation::Replaced);
        tally.note("text", Operation::Kept);
        Ok(tally)
    }

    fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        parts(input)?;
        let tracer = TRACER.get_or_init(|| {
            let mut traces = Traces::default();
            traces.name("Brzeczyszczykiewicz Lucja");
            traces.compile()
        });
        Ok(tracer.bytes(output))
    }
}

/// All records have one family name.
static TRACER: OnceLock<Tracer> = OnceLock::new();

fn parts(record: &[u8]) -> Result<(&str, &str, &str), RecordFault> {
    let bad =
        || RecordFault::new("plain.bad", "the record has no three parts", "write three").at(2);
    let text = std::str::from_utf8(record).map_err(|_| bad())?;
    let mut parts = text.splitn(3, ';');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(number), Some(name), Some(text)) => Ok((number, name, text)),
        _ => Err(bad()),
    }
}

/// Many records, each with a name of its own kind.
pub(crate) fn records(count: usize) -> String {
    let line = |n: usize| format!("{n};Brzeczyszczykiewicz Lucja;seen {} times\n", n * 7 % 13);
    (0..count).map(line).collect()
}

pub(crate) fn head(key: &ProjectKey, verify: bool) -> RunHead {
    RunHead {
        report: 1,
        program: "test".to_owned(),
        format: "plain".to_owned(),
        policy: PolicyName {
            id: "plain".to_owned(),
            digest: "0".repeat(64),
        },
        key_id: wardgate_datasets::key_id(key),
        as_of: "2026-11-30".to_owned(),
        editions: BTreeMap::new(),
        options: json!({}),
        verify,
    }
}

pub(crate) fn settings(threads: usize) -> Settings {
    Settings {
        threads,
        verify: true,
        force: false,
        resume: false,
    }
}
