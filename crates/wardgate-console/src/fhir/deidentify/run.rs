//! The work of a run: learn the patients of all records, write each anew, search what was written.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use wardgate_deid::{
    Day, Engine, Found, Kind, Profile, ProjectKey, RecordFault, RecordRules, Tally,
};
use wardgate_fhir::{Counts, Options, PatientIndex, ResourceDeidentifier};
use wardgate_records::Store;

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
    refused: Vec<RefusedRecord>,
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
            refused: Vec::new(),
        }
    }

    /// Writes one resource or Bundle to the end of the output, or notes why not.
    fn record(&mut self, input: &[u8], line: Option<u64>) {
        if let Err(fault) = self.searched(input) {
            self.refused.push(RefusedRecord { line, fault });
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
        if self.output.len() > OUTPUT_BYTES_MAX {
            return Err(RecordFault::new(
                "fhir.size",
                format!("the answer has more than {} MiB", OUTPUT_BYTES_MAX >> 20),
                "send less at once",
            ));
        }
        Ok(())
    }

    fn end(self, profile: Profile, resources: u64) -> Result<Written, Undone> {
        if !self.refused.is_empty() {
            return Err(Undone::Refused(self.refused));
        }
        Ok(Written {
            output: self.output,
            profile,
            resources,
            tally: self.counts.tally(),
        })
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
