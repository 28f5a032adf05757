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
    /// Runs of letters and digits.
    pub tokens: u64,
    /// Found spans that touch nothing that identifies or is neutral.
    pub false_alarms: u64,
    /// Letters and digits by kind.
    pub kinds: BTreeMap<Kind, KindScore>,
}

/// The letters and digits of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindScore {
    /// Of the gold standard's spans of the kind, how many were found, as whatever kind.
    pub found: Share,
    /// Of what was taken for the kind, how many identify, as whatever kind.
    pub right: Share,
}

/// One disagreement with the gold standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is about: a span of the gold standard, or one that was found.
    pub at: Range<usize>,
    /// The kind by the gold standard, or the one that it was taken for.
    pub kind: Option<Kind>,
    /// In which way they disagree.
    pub wrong: Wrong,
}

/// How a finding and the gold standard disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing of a span was found.
    Missed,
    /// A part of a span was not found.
    Partial,
    /// Nothing of what was found identifies or is neutral.
    FalseAlarm,
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
        let found: Vec<Mark> = found
            .iter()
            .map(|at| Mark {
                at: at.clone(),
                kind: None,
            })
            .collect();
        self.add_marks(text, gold, &found);
    }

    /// Counts one text, with the kinds that findings were taken for.
    pub fn add_marks(&mut self, text: &str, gold: &[Mark], found: &[Mark]) {
        let identifying = covered(
            text.len(),
            gold.iter().filter(|m| m.kind.is_some()).map(|m| &m.at),
        );
        let neutral = covered(
            text.len(),
            gold.iter().filter(|m| m.kind.is_none()).map(|m| &m.at),
        );
        let found_bytes = covered(text.len(), found.iter().map(|mark| &mark.at));
        let mut behind = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            self.tokens += u64::from(at == 0 || at > behind);
            behind = at + c.len_utf8();
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
            let counts = self.kinds.entry(kind).or_default();
            for at in letters(text, &mark.at) {
                counts.found.count(is(&found_bytes, at));
            }
            any = true;
            leaks |= !whole;
        }
        for mark in found {
            let touches = |at| is(&identifying, at) || is(&neutral, at);
            self.false_alarms += u64::from(!letters(text, &mark.at).any(touches));
            let Some(kind) = mark.kind else { continue };
            let counts = self.kinds.entry(kind).or_default();
            for at in letters(text, &mark.at).filter(|at| !is(&neutral, *at)) {
                counts.right.count(is(&identifying, at));
            }
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
        self.tokens += other.tokens;
        self.false_alarms += other.false_alarms;
        for (kind, counts) in &other.kinds {
            let sum = self.kinds.entry(*kind).or_default();
            sum.found.merge(counts.found);
            sum.right.merge(counts.right);
        }
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

/// Where findings and the gold standard of one text disagree, by position.
#[must_use]
pub fn faults(text: &str, gold: &[Mark], found: &[Mark]) -> Vec<Fault> {
    let found_bytes = covered(text.len(), found.iter().map(|mark| &mark.at));
    let gold_bytes = covered(text.len(), gold.iter().map(|mark| &mark.at));
    let missed = gold.iter().filter(|mark| mark.kind.is_some());
    let missed = missed.filter_map(|mark| {
        missing(text, &mark.at, &found_bytes)?;
        let any = letters(text, &mark.at).any(|at| is(&found_bytes, at));
        Some((mark, if any { Wrong::Partial } else { Wrong::Missed }))
    });
    let alarms = found.iter().filter_map(|mark| {
        let none = !letters(text, &mark.at).any(|at| is(&gold_bytes, at));
        none.then_some((mark, Wrong::FalseAlarm))
    });
    let mut faults: Vec<Fault> = missed
        .chain(alarms)
        .map(|(mark, wrong)| Fault {
            at: mark.at.clone(),
            kind: mark.kind,
            wrong,
        })
        .collect();
    faults.sort_by_key(|fault| (fault.at.start, fault.at.end));
    faults
}

fn is(set: &[bool], at: usize) -> bool {
    set.get(at).copied().unwrap_or_default()
}

/// The letters and digits of a span, by their bytes in the text.
fn letters<'t>(text: &'t str, span: &Range<usize>) -> impl Iterator<Item = usize> + use<'t> {
    let start = span.start;
    let inside = text.get(span.clone()).unwrap_or_default();
    let letters = inside.char_indices().filter(|(_, c)| c.is_alphanumeric());
    letters.map(move |(at, _)| start + at)
}

/// The first letter or digit of a span that was not found.
fn missing(text: &str, span: &Range<usize>, found: &[bool]) -> Option<usize> {
    letters(text, span).find(|at| !is(found, *at))
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
    #[test]
    fn kinds_and_false_alarms_are_counted() {
        let text = "Ann Smit, Rome, fell.";
        let mark = |at, kind| Mark { at, kind };
        let gold = [
            mark(0..8, Some(Kind::Name)),
            mark(10..14, Some(Kind::Location)),
        ];
        let found = [
            mark(0..3, Some(Kind::Name)),
            mark(10..14, Some(Kind::Name)),
            mark(16..20, Some(Kind::Facility)),
        ];
        let mut score = Score::default();
        score.add_marks(text, &gold, &found);
        assert_eq!((score.tokens, score.false_alarms), (4, 1));
        let name = score.kinds[&Kind::Name];
        assert_eq!(name.found, Share { part: 3, of: 7 });
        assert_eq!(name.right, Share { part: 7, of: 7 });
        assert_eq!(score.kinds[&Kind::Facility].right, Share { part: 0, of: 4 });
        let wrong: Vec<_> = faults(text, &gold, &found)
            .into_iter()
            .map(|fault| (fault.at.start, fault.wrong))
            .collect();
        assert_eq!(wrong, [(0, Wrong::Partial), (16, Wrong::FalseAlarm)]);
    }
}
