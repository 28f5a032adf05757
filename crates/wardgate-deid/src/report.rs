//! What a de-identification did, in counts only.

use crate::finding::{Finding, Kind, Layer};

/// Counts of what was replaced; it never holds a value or a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    off: Option<&'static str>,
    profile: Option<String>,
    bytes_scanned: u64,
    by_kind: [u64; Kind::ALL.len()],
    by_layer: [u64; Layer::ALL.len()],
}

impl Report {
    pub(crate) fn off(reason: &'static str) -> Self {
        Self {
            off: Some(reason),
            ..Self::default()
        }
    }

    pub(crate) fn under(profile: &str) -> Self {
        Self {
            profile: Some(profile.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn scanned(&mut self, bytes: usize) {
        self.bytes_scanned += bytes as u64;
    }

    pub(crate) fn replaced(&mut self, finding: &Finding) {
        if let Some(count) = self.by_kind.get_mut(finding.kind as usize) {
            *count += 1;
        }
        if let Some(count) = self.by_layer.get_mut(finding.layer as usize) {
            *count += 1;
        }
    }

    /// Why nothing was looked for, when configuration switched the gate off.
    #[must_use]
    pub fn off_reason(&self) -> Option<&'static str> {
        self.off
    }

    /// The id of the profile that decided; nothing when the gate was off.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Bytes of text that were looked at.
    #[must_use]
    pub fn bytes_scanned(&self) -> u64 {
        self.bytes_scanned
    }

    /// Spans that were replaced.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_kind.iter().sum()
    }

    /// Replaced spans of one kind.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> u64 {
        self.by_kind.get(kind as usize).copied().unwrap_or_default()
    }

    /// Replaced spans that one layer decided.
    #[must_use]
    pub fn of_layer(&self, layer: Layer) -> u64 {
        self.by_layer
            .get(layer as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The kinds that were replaced, with their counts.
    pub fn kinds(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL
            .into_iter()
            .map(|kind| (kind, self.of_kind(kind)))
            .filter(|(_, count)| *count > 0)
    }
}
