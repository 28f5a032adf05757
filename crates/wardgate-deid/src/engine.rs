//! The detector: layers that each say what they found, and one winner per byte.

use std::fmt;

use crate::exact;
use crate::finding::{Finding, resolve};
use crate::fold;
use crate::known::KnownIdentifiers;
use crate::lexer::Lexed;
use crate::lexicon::{Lexicon, lexicon};

/// The rules, made once and shared by all calls.
pub struct Engine {
    lexicon: &'static Lexicon,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Builds the tables of the rules.
    #[must_use]
    pub fn new() -> Self {
        Self { lexicon: lexicon() }
    }

    /// What identifies somebody in `text`: sorted, no two findings on one byte.
    ///
    /// This is all that any profile may take out: [`Profile::applies`](crate::Profile::applies) says which of it goes.
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
        let folded = fold::fold(text);
        let lexed = Lexed::new(&folded.text, self.lexicon);
        exact::find(&lexed, findings);
        if let Some(known) = known {
            known.find(&lexed, findings);
        }
        resolve(findings);
        for finding in findings {
            let at = folded.map.source(finding.range());
            (finding.start, finding.end) = (at.start, at.end);
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
