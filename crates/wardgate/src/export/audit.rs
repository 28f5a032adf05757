//! Reads the entries once and writes what people and other systems read of them.

use std::collections::BTreeMap;

use wardgate_ledger::Published;
use wardgate_records::events::{EventKind, StoredEvent};
use wardgate_records::projection::{Call, Calls, Projection, Proven};

use super::Plan;
use super::folder::{Folder, Growing};
use super::page::{Page, Pages};
use super::progress::Progress;
use crate::failure::Failure;

/// What the overview counts.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) entries: u64,
    pub(super) by_kind: BTreeMap<&'static str, u64>,
    pub(super) by_code: BTreeMap<String, u64>,
    pub(super) by_day: BTreeMap<String, Day>,
    pub(super) first_at: Option<String>,
    pub(super) last_at: Option<String>,
    /// The newest entries as rows of a table.
    pub(super) newest: String,
    pub(super) pages: Vec<Page>,
}

/// What happened on one day.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Day {
    pub(super) calls: u64,
    pub(super) refused: u64,
    pub(super) other: u64,
}

/// An entry as it is written everywhere.
pub(super) struct Shown<'a> {
    pub(super) index: u64,
    /// The row of this entry in the table of values, from 1.
    pub(super) row: u64,
    pub(super) leaf: &'a [u8],
    pub(super) event: Option<&'a StoredEvent>,
    pub(super) call: Option<&'a Call>,
}

/// Turns entries into rows, each with its proof.
pub(crate) struct Rows<'a> {
    published: &'a Published,
    calls: Calls,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(published: &'a Published) -> Self {
        Self {
            published,
            calls: Calls::default(),
        }
    }

    /// The rows of the next entry in each of the projections, and what is known of its call.
    pub(crate) fn next(
        &mut self,
        index: u64,
        leaf: &[u8],
        event: Option<&StoredEvent>,
        projections: &[Projection],
    ) -> Result<(Vec<String>, Option<Call>), Failure> {
        let call = event.and_then(|event| self.calls.of(event));
        let proof = self.published.prove(index)?.ok_or_else(|| {
            Failure::new(
                format!("entry {index} is not in the checkpoint"),
                "verify the ledger with `wardgate ledger verify`",
            )
        })?;
        let entry = Proven {
            origin: &proof.checkpoint.origin,
            tree_size: proof.checkpoint.size,
            index,
            leaf_hash: &proof.leaf_hash,
            path: &proof.path,
            leaf,
        };
        let rows = projections
            .iter()
            .map(|projection| projection.rows(&entry, event, call.as_ref()));
        Ok((rows.collect(), call))
    }
}

/// Writes `audit/` and `html/`.
pub(super) fn write(
    plan: &Plan<'_>,
    folder: &mut Folder,
    progress: &Progress,
) -> Result<Figures, Failure> {
    let mut files = Vec::new();
    for projection in Projection::ALL {
        let mut file = folder.create(&format!("audit/{}", projection.file_name()))?;
        file.push(projection.header().as_bytes())?;
        files.push(file);
    }
    let mut figures = Figures::default();
    let mut pages = Pages::of(&plan.range);
    let mut rows = Rows::of(&plan.published);
    for entry in plan.published.entries(plan.range.clone()) {
        let (index, leaf) = entry?;
        let event = StoredEvent::parse(&leaf).ok();
        let (texts, call) = rows.next(index, &leaf, event.as_ref(), &Projection::ALL)?;
        progress.passed(1);
        if !(plan.holds)(event.as_ref().map(|event| event.at)) {
            continue;
        }
        push_all(&mut files, &texts)?;
        figures.count(event.as_ref());
        let shown = Shown {
            index,
            row: figures.entries,
            leaf: &leaf,
            event: event.as_ref(),
            call: call.as_ref(),
        };
        pages.push(&shown, folder)?;
    }
    for file in files {
        folder.keep(file)?;
    }
    (figures.newest, figures.pages) = pages.finish(folder)?;
    Ok(figures)
}

fn push_all(files: &mut [Growing], texts: &[String]) -> Result<(), Failure> {
    for (file, text) in files.iter_mut().zip(texts) {
        file.push(text.as_bytes())?;
    }
    Ok(())
}

impl Figures {
    fn count(&mut self, event: Option<&StoredEvent>) {
        self.entries += 1;
        let Some(event) = event else {
            *self.by_kind.entry("of a newer program").or_default() += 1;
            return;
        };
        *self.by_kind.entry(event.kind.as_str()).or_default() += 1;
        let at = event.at.to_string();
        let day = self.by_day.entry(format!("{at:.10}")).or_default();
        match event.kind {
            EventKind::CallIntent => day.calls += 1,
            EventKind::CallRefused | EventKind::IdentityRefused => day.refused += 1,
            _ => day.other += 1,
        }
        if let Some(code) = event.text("code")
            && (self.by_code.len() < CODES_MAX || self.by_code.contains_key(code))
        {
            let refusals = event.number("count").unwrap_or(1);
            *self.by_code.entry(code.to_owned()).or_default() += refusals;
        }
        self.first_at.get_or_insert_with(|| at.clone());
        self.last_at = Some(at);
    }
}

/// More codes than the program has.
const CODES_MAX: usize = 1000;
