//! The detector: layers that each say what they found, and one winner per byte.

use std::fmt;

use crate::finding::{Finding, resolve};
use crate::known::KnownIdentifiers;

/// The rules, made once and shared by all calls.
pub struct Engine {}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Builds the tables of the rules.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }

    /// What identifies somebody in `text`: sorted, no two findings on one byte.
    #[must_use]
    pub fn detect(&self, text: &str, known: Option<&KnownIdentifiers>) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.detect_into(text, known, &mut findings);
        findings
    }

    pub(crate) fn detect_into(
        &self,
        text: &str,
        known: Option<&KnownIdentifiers>,
        findings: &mut Vec<Finding>,
    ) {
        findings.clear();
        if let Some(known) = known {
            known.find(text, findings);
        }
        resolve(findings);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
