//! How far a file of many records was done when a run was interrupted.

use std::fs::Metadata;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::file::modified_ns;
use crate::format::{Format, Position};
use crate::pending::Pending;
use crate::records::SoFar;
use crate::report::FileReport;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reached {
    /// The name of the file that was written so far, beside its place.
    pub(crate) part: String,
    /// Up to where the input is done.
    pub(crate) at: Position,
    /// How much of the output stands for that.
    pub(crate) written_bytes: u64,
    pub(crate) written_sha256: String,
    /// What the format remembers of the records so far.
    pub(crate) remembered: Value,
    /// What became of the file so far.
    pub(crate) report: FileReport,
}

impl Reached {
    /// What was written of an input, to be gone on with; nothing, and what was left is taken away, when the input is
    /// another by now or what was left is not what was written.
    pub(crate) fn taken_up<'r>(
        &self,
        format: &'r dyn Format,
        input: &Metadata,
        place: &Path,
    ) -> Option<(Pending, SoFar<'r>)> {
        let pending = Pending::left(place, &self.part, self.written_bytes)?;
        let same =
            (self.report.bytes, self.report.modified_ns) == (input.len(), modified_ns(input));
        if !same || self.at.offset > input.len() {
            return None;
        }
        let mut written = Digest::new();
        written.take(pending.file(), self.written_bytes).ok()?;
        let so_far = SoFar::reached(format, self, written.clone())?;
        (written.hex() == self.written_sha256).then_some((pending, so_far))
    }
}
