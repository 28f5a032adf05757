//! How well findings agree with a gold standard.
//!
//! Counts letters and digits, whole spans, texts that leak and clean texts that are altered.
//! What is found counts whatever kind it was taken for. Marks without a kind are neutral:
//! it is neither right nor wrong to find them, except in a text that has nothing else.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::finding::Kind;

/// A span of the gold standard, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The bytes.
    pub at: Range<usize>,
    /// What it is; nothing for what is neutral.
    pub kind: Option<Kind>,
}

impl Mark {
    /// The kind that a name of a gold standard means: nothing for neutral ones such as `COUNTRY`.
    #[must_use]
    pub fn kind_named(name: &str) -> Option<Kind> {
        Some(match name {
            "HEALTH_PLAN" => Kind::HealthPlan,
            _ => Kind::ALL.into_iter().find(|kind| kind.label() == name)?,
        })
    }
}

/// The counts of a set of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Letters and digits that identify.
    pub gold_characters: u64,
    /// Those of them that were found.
    pub found_characters: u64,
    /// Letters and digits that were found and neither identify nor are neutral.
    pub wrong_characters: u64,
    /// Spans that identify, and how many were found whole, by kind.
    pub spans: BTreeMap<Kind, Share>,
    /// Texts with something that identifies, and how many of them leak any of it.
    pub leaking: Share,
    /// Texts with nothing that identifies, and how many of them were altered.
    pub altered: Share,
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole.
    pub of: u64,
}

impl Share {
    /// In percent; 0 of nothing is 0.
    #[must_use]
    pub fn percent(self) -> f64 {
        if self.of == 0 {
            return 0.0;
        }
        // Counts of texts and characters are far below 2^52.
        100.0 * self.part as f64 / self.of as f64
    }

    fn merge(&mut self, other: Self) {
        self.part += other.part;
        self.of += other.of;
    }

    fn count(&mut self, part: bool) {
        self.part += u64::from(part);
        self.of += 1;
    }
}

impl Score {
    /// Counts one text. `found` need not be sorted.
    pub fn add(&mut self, text: &str, gold: &[Mark], found: &[Range<usize>]) {
        let identifying = covered(
            text.len(),
            gold.iter().filter(|m| m.kind.is_some()).map(|m| &m.at),
        );
        let neutral = covered(
            text.len(),
            gold.iter().filter(|m| m.kind.is_none()).map(|m| &m.at),
        );
        let found_bytes = covered(text.len(), found.iter());
        let is = |set: &[bool], at: usize| set.get(at).copied().unwrap_or_default();
        for (at, _) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let hit = is(&found_bytes, at);
            if is(&identifying, at) {
                self.gold_characters += 1;
                self.found_characters += u64::from(hit);
            } else if hit && !is(&neutral, at) {
                self.wrong_characters += 1;
            }
        }
        let (mut any, mut leaks) = (false, false);
        for mark in gold {
            let Some(kind) = mark.kind else { continue };
            let whole = missing(text, &mark.at, &found_bytes).is_none();
            self.spans.entry(kind).or_default().count(whole);
            any = true;
            leaks |= !whole;
        }
        if any {
            self.leaking.count(leaks);
        } else {
            self.altered.count(!found.is_empty());
        }
    }

    /// Adds the counts of other texts.
    pub fn merge(&mut self, other: &Self) {
        self.gold_characters += other.gold_characters;
        self.found_characters += other.found_characters;
        self.wrong_characters += other.wrong_characters;
        for (kind, share) in &other.spans {
            self.spans.entry(*kind).or_default().merge(*share);
        }
        self.leaking.merge(other.leaking);
        self.altered.merge(other.altered);
    }

    /// Of the letters and digits that identify, how many were found.
    #[must_use]
    pub fn recall(&self) -> Share {
        Share {
            part: self.found_characters,
            of: self.gold_characters,
        }
    }

    /// Of the letters and digits that were found, how many identify.
    #[must_use]
    pub fn precision(&self) -> Share {
        Share {
            part: self.found_characters,
            of: self.found_characters + self.wrong_characters,
        }
    }

    /// Of the spans that identify, how many were found whole.
    #[must_use]
    pub fn whole(&self) -> Share {
        self.spans
            .values()
            .fold(Share::default(), |sum, share| Share {
                part: sum.part + share.part,
                of: sum.of + share.of,
            })
    }
}

/// The first letter or digit of a span that was not found.
fn missing(text: &str, span: &Range<usize>, found: &[bool]) -> Option<usize> {
    let inside = text.get(span.clone()).unwrap_or_default();
    let mut letters = inside.char_indices().filter(|(_, c)| c.is_alphanumeric());
    let missed = letters.find(|(at, _)| !found.get(span.start + at).copied().unwrap_or_default());
    missed.map(|(at, _)| span.start + at)
}

fn covered<'r>(len: usize, spans: impl Iterator<Item = &'r Range<usize>>) -> Vec<bool> {
    let mut bytes = vec![false; len];
    for span in spans {
        let end = span.end.min(len);
        if let Some(part) = bytes.get_mut(span.start.min(end)..end) {
            part.fill(true);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_without_its_last_letter_leaks() {
        let gold = [
            Mark {
                at: 4..12,
                kind: Some(Kind::Name),
            },
            Mark {
                at: 16..21,
                kind: None,
            },
        ];
        let mut score = Score::default();
        score.add("Dr. Ann Smit from Texas", &gold, &[4..11, 16..21]);
        assert_eq!(score.leaking, Share { part: 1, of: 1 });
        assert_eq!(score.recall(), Share { part: 6, of: 7 });
        assert_eq!(score.wrong_characters, 0);
        score.add("see Dr. Who", &[], &[0..3, 0..2]);
        assert_eq!(score.altered, Share { part: 1, of: 1 });
        assert_eq!(score.wrong_characters, 3);
    }
}
