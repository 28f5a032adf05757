//! Findings as they are written: with offsets in the unit that the reader counts in.

use clap::ValueEnum;
use serde::Serialize;
use wardgate_deid::{Finding, Kind, Layer};

/// What offsets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Offsets {
    /// Unicode characters (code points), as Python does
    Chars,
    /// Bytes of UTF-8
    Bytes,
    /// Units of UTF-16, as Java and JavaScript do
    Utf16,
}

/// One finding.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) r#type: &'static str,
    pub(super) score: f32,
    pub(super) layer: String,
    pub(super) reason: &'static str,
}

/// The findings of a text; they are sorted and do not overlap.
pub(super) fn spans(text: &str, findings: &[Finding], offsets: Offsets) -> Vec<Span> {
    let mut ruler = Ruler::new(text, offsets);
    let place = |finding: &Finding| Span {
        start: ruler.measure(finding.start),
        end: ruler.measure(finding.end),
        r#type: type_name(finding.kind),
        score: (finding.score * 1000.0).round() / 1000.0,
        layer: layer_name(finding.layer),
        reason: finding.reason,
    };
    findings.iter().map(place).collect()
}

/// The name of a kind in a gold standard.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::HealthPlan => "HEALTH_PLAN",
        kind => kind.label(),
    }
}

pub(super) fn layer_name(layer: Layer) -> String {
    format!("{layer:?}").to_lowercase()
}

/// Measures bytes of a text in another unit, from front to back.
pub(super) struct Ruler<'t> {
    text: &'t str,
    offsets: Offsets,
    byte: usize,
    count: usize,
}

impl<'t> Ruler<'t> {
    pub(super) fn new(text: &'t str, offsets: Offsets) -> Self {
        Self {
            text,
            offsets,
            byte: 0,
            count: 0,
        }
    }

    /// Where a byte lies; bytes must not decrease from call to call.
    pub(super) fn measure(&mut self, byte: usize) -> usize {
        let passed = self.text.get(self.byte..byte).unwrap_or_default();
        self.byte = self.byte.max(byte);
        self.count += match self.offsets {
            Offsets::Chars => passed.chars().count(),
            Offsets::Bytes => passed.len(),
            Offsets::Utf16 => passed.encode_utf16().count(),
        };
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgate_deid::Engine;

    #[test]
    fn offsets_count_characters() {
        let text = "Überwiesen von Dr. Müller, E-Mail größe@klinik.example, Tel. 555-867-5309.";
        let characters: Vec<char> = text.chars().collect();
        let findings = Engine::new().detect(text, None);
        let spans = spans(text, &findings, Offsets::Chars);
        let found = |kind: &str| {
            let span = spans.iter().find(|span| span.r#type == kind);
            span.map(|span| characters[span.start..span.end].iter().collect::<String>())
        };
        assert_eq!(found("PHONE").as_deref(), Some("555-867-5309"), "{spans:?}");
    }

    #[test]
    fn each_unit_is_counted() {
        let text = "é😀x";
        let measured = |offsets| {
            let mut ruler = Ruler::new(text, offsets);
            [0, 2, 6, 7].map(|byte| ruler.measure(byte))
        };
        assert_eq!(measured(Offsets::Chars), [0, 1, 2, 3]);
        assert_eq!(measured(Offsets::Bytes), [0, 2, 6, 7]);
        assert_eq!(measured(Offsets::Utf16), [0, 1, 3, 4]);
    }
}
