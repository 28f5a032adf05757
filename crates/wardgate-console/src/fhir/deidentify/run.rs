//! The work of a run: learn the patients of all records, write each anew, search what was written.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use wardgate_deid::{
    Day, Engine, Found, Kind, Profile, ProjectKey, RecordFault, RecordRules, Tally,
};
use wardgate_fhir::{Counts, Options, PatientIndex, ResourceDeidentifier};
use wardgate_records::Store;

use super::fetched::FetchedFile;
use super::sent::Sent;
use crate::fhir::outcome::{Outcome, RefusedRecord};

/// What a run needs beside its input.
pub(super) struct Means {
    /// Whose vault has the key.
    pub(super) store: Arc<Store>,
    /// The day by which ages are reckoned.
    pub(super) as_of: Day,
}

/// An answer, searched.
pub(super) struct Written {
    pub(super) output: Vec<u8>,
    pub(super) profile: Profile,
    pub(super) resources: u64,
    pub(super) tally: Tally,
}

/// Why there is no answer.
pub(super) enum Undone {
    /// The request is not one of this operation.
    Asked(Outcome),
    /// Records were refused.
    Refused(Vec<RefusedRecord>),
}

/// De-identifies the Bundle of Parameters; `given` is what the answer calls it.
pub(super) fn parameters(
    means: &Means,
    body: &[u8],
    policy: Option<Profile>,
    given: &str,
) -> Result<Written, Undone> {
    let sent = Sent::read(body)?;
    let profile = sent.profile(policy)?;
    if sent.files()?.is_some() {
        return Err(Outcome::invalid("a request for files is not as large as this").into());
    }
    let bundle = sent.bundle()?;
    let mut patients = PatientIndex::new();
    patients.learn(bundle.json.as_bytes());
    let mut run = Run::new(means, &profile, patients);
    let head =
        format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"{given}","resource":"#);
    run.output.extend_from_slice(head.as_bytes());
    run.record(bundle.json.as_bytes(), None);
    run.output.extend_from_slice(b"}]}");
    run.end(profile, bundle.entries)
}

/// De-identifies resources, one a line, in their order.
pub(super) fn lines(
    means: &Means,
    body: &[u8],
    policy: Option<Profile>,
) -> Result<Written, Undone> {
    let profile = policy.ok_or_else(|| Outcome::required("`policy` is missing"))?;
    let mut patients = PatientIndex::new();
    records(body).for_each(|(_, record)| patients.learn(record));
    let mut run = Run::new(means, &profile, patients);
    let mut resources = 0;
    for (line, record) in records(body) {
        run.record(record, Some(line));
        run.output.push(b'\n');
        resources += 1;
        if run.refused.len() >= REFUSED_MAX {
            break;
        }
    }
    if resources == 0 {
        return Err(Outcome::required("there is no resource in the body").into());
    }
    run.end(profile, resources)
}

/// De-identifies files of resources, one a line, each into a file with the same type of resources.
pub(super) fn files(
    means: &Means,
    files: &[FetchedFile],
    profile: &Profile,
) -> Result<Vec<(String, Written)>, Undone> {
    let mut patients = PatientIndex::new();
    for file in files {
        records(&file.bytes).for_each(|(_, record)| patients.learn(record));
    }
    let mut run = Run::new(means, profile, patients);
    let mut written = Vec::with_capacity(files.len());
    for (number, file) in (1..).zip(files) {
        run.file = Some(number);
        let mut resources = 0;
        for (line, record) in records(&file.bytes) {
            run.record_of(&file.kind, record, line);
            resources += 1;
            if run.refused.len() >= REFUSED_MAX {
                return Err(Undone::Refused(run.refused));
            }
        }
        written.push((file.kind.clone(), run.cut(profile.clone(), resources)));
    }
    if run.refused.is_empty() {
        Ok(written)
    } else {
        Err(Undone::Refused(run.refused))
    }
}

impl Written {
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = digest(&SHA256, &self.output);
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl Undone {
    /// The codes of refused records, each once.
    pub(super) fn codes(&self) -> Option<String> {
        let Self::Refused(refused) = self else {
            return None;
        };
        let codes: BTreeSet<&str> = refused.iter().map(|refused| refused.fault.code()).collect();
        Some(codes.into_iter().collect::<Vec<_>>().join(" "))
    }
}

impl From<Outcome> for Undone {
    fn from(outcome: Outcome) -> Self {
        Self::Asked(outcome)
    }
}

struct Run {
    resources: ResourceDeidentifier,
    counts: Counts,
    output: Vec<u8>,
    /// The size of the files that were cut off the output.
    cut_bytes: usize,
    /// The file that is read, from 1, where there are files.
    file: Option<usize>,
    refused: Vec<RefusedRecord>,
}

/// The type of a resource, and nothing else of it.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: Cow<'a, str>,
}

impl Run {
    fn new(means: &Means, profile: &Profile, patients: PatientIndex) -> Self {
        let key = ProjectKey::new(means.store.project_key(profile.id()));
        let rules = RecordRules::new(Engine::new(), profile.clone(), key, means.as_of);
        let resources =
            ResourceDeidentifier::new(Arc::new(rules), Arc::new(patients), Options::default());
        Self {
            counts: resources.counts(),
            resources,
            output: Vec::new(),
            cut_bytes: 0,
            file: None,
            refused: Vec::new(),
        }
    }

    /// Writes one resource or Bundle to the end of the output, or notes why not.
    fn record(&mut self, input: &[u8], line: Option<u64>) {
        let searched = self.searched(input);
        self.note(searched, line);
    }

    /// The same with the line after it, for a resource that must be of a type.
    fn record_of(&mut self, kind: &str, input: &[u8], line: u64) {
        let searched = self.searched(input).and_then(|()| {
            let typed = serde_json::from_slice::<Typed<'_>>(input).ok();
            if typed.is_some_and(|typed| typed.resource_type == kind) {
                return Ok(());
            }
            Err(RecordFault::new(
                "fhir.other_resource",
                "this resource has another type than the file is said to hold",
                "give each type a file of its own, and name it in `resourceType`",
            ))
        });
        self.note(searched, Some(line));
        self.output.push(b'\n');
    }

    fn note(&mut self, searched: Result<(), RecordFault>, line: Option<u64>) {
        if let Err(fault) = searched {
            let file = self.file;
            self.refused.push(RefusedRecord { file, line, fault });
        }
        if !self.refused.is_empty() {
            // There is no answer any more; the others are read for what is wrong with them.
            self.output.clear();
        }
    }

    fn searched(&mut self, input: &[u8]) -> Result<(), RecordFault> {
        let found = self
            .resources
            .searched_into(input, &mut self.output, &mut self.counts)?;
        if found.any() {
            return Err(residue(&found));
        }
        if self.cut_bytes + self.output.len() > OUTPUT_BYTES_MAX {
            return Err(RecordFault::new(
                "fhir.size",
                format!("the answer has more than {} MiB", OUTPUT_BYTES_MAX >> 20),
                "send less at once",
            ));
        }
        Ok(())
    }

    /// Ends a file; what follows is another.
    fn cut(&mut self, profile: Profile, resources: u64) -> Written {
        let output = mem::take(&mut self.output);
        self.cut_bytes += output.len();
        let counts = mem::replace(&mut self.counts, self.resources.counts());
        Written {
            output,
            profile,
            resources,
            tally: counts.tally(),
        }
    }

    fn end(mut self, profile: Profile, resources: u64) -> Result<Written, Undone> {
        if !self.refused.is_empty() {
            return Err(Undone::Refused(self.refused));
        }
        Ok(self.cut(profile, resources))
    }
}

fn residue(found: &Found) -> RecordFault {
    let kinds = Kind::ALL
        .into_iter()
        .filter(|kind| found.of_kind(*kind) > 0);
    let kinds: Vec<&str> = kinds.map(Kind::label).collect();
    RecordFault::new(
        "deid.residue",
        format!(
            "what would have left still held identifiers of the record ({})",
            kinds.join(", ")
        ),
        "nothing was answered; report this with the kind of the resource",
    )
}

/// The records of a body with the numbers of their lines, from 1. Empty lines are passed over.
fn records(body: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let lines = (1..).zip(body.split(|byte| *byte == b'\n'));
    lines
        .map(|(number, line)| (number, line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
}

/// The largest answer.
const OUTPUT_BYTES_MAX: usize = 2 * super::INPUT_BYTES_MAX;
/// Refused records that are told before the rest is not read any more.
const REFUSED_MAX: usize = 20;
