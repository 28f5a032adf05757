//! Free text of a record, through the text engine; and texts that are written over several lines.

use wardgate_deid::{DeidRefusal, Layer, Operation, RecordScope, Report};

use crate::date::{self, Written};
use crate::leaf::{Coded, Leaves, Outcome, is_plain_number};
use crate::patient::Question;
use crate::role::Role;

impl Leaves<'_> {
    /// What becomes of a free text.
    pub(crate) fn text(&self, value: &str) -> Outcome {
        let trimmed = value.trim();
        if trimmed.is_empty()
            || (is_plain_number(trimmed) && !self.patient.dictionary.may_hold(trimmed))
        {
            return Outcome::Same;
        }
        if date::day_of(trimmed).is_some() {
            return match date::rewrite(trimmed, false, &self.patient.dates) {
                Written::Kept => Outcome::Same,
                Written::Moved(new) => Outcome::New(new, Operation::Shifted),
                Written::Coarser(new) => Outcome::New(new, Operation::Generalised),
                Written::Gone | Written::Unread => Outcome::Gone,
            };
        }
        if self.holds_transient(value) {
            let mut known = value.to_owned();
            for id in self.transients.iter() {
                if let Outcome::New(new, _) = self.leaf(Role::Id, id, Coded::Not) {
                    known = known.replace(id.as_str(), &new);
                }
            }
            return match self.engine(&known) {
                Outcome::Same => Outcome::New(known, Operation::Cleaned),
                other => other,
            };
        }
        let is_anybodys = || {
            let short = value.len() <= KEPT_BYTES_MAX;
            short && !self.patient.dictionary.may_hold_known(value)
        };
        if self.patient.is_lasting() {
            return self
                .patient
                .text(Question::Becomes, value, || match is_anybodys() {
                    true if self.is_clean(value) => Outcome::Same,
                    anybodys => self.worked_out(value, anybodys),
                });
        }
        // Of people who come once, only what cost much is kept.
        match is_anybodys() {
            true if self.is_clean(value) => Outcome::Same,
            anybodys => self.patient.text(Question::Becomes, value, || {
                self.worked_out(value, anybodys)
            }),
        }
    }

    /// What the engine makes of a text; what it finds is kept when it would find the same for anybody.
    fn worked_out(&self, value: &str, anybodys: bool) -> Outcome {
        let scope = self.rules.scope(&self.patient.record);
        match anybodys {
            true => outcome_of(
                scope.text_read(value, &self.nobody.reading(self.rules, value)),
                value,
            ),
            false => outcome(&scope, value),
        }
    }

    /// Whether the text holds an id of the message's orders, visits or documents.
    pub(crate) fn holds_transient(&self, value: &str) -> bool {
        self.transients.are_in(value)
    }

    /// Texts that stand on lines which follow one another: what becomes of each.
    pub(crate) fn texts(&self, pieces: &[String]) -> Vec<Outcome> {
        if let [one] = pieces {
            return vec![self.text(one)];
        }
        let mended = self.mended(pieces);
        let joined = mended.join("\n");
        match self.text(&joined) {
            Outcome::Same if mended == pieces => pieces.iter().map(|_| Outcome::Same).collect(),
            Outcome::Same => parted(&joined, &mended, pieces),
            Outcome::New(new, _) => parted(&new, &mended, pieces),
            Outcome::Gone => pieces.iter().map(|_| Outcome::Gone).collect(),
        }
    }

    /// The same lines, with a word or number of the people that the end of a line cut put together on the first.
    fn mended(&self, pieces: &[String]) -> Vec<String> {
        let mut mended: Vec<String> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let cut = mended.last().and_then(|before| {
                let start = before.rfind(|c: char| !is_inner(c)).map_or(0, |at| at + 1);
                let head = before.get(start..).filter(|head| !head.is_empty())?;
                let end = piece.find(|c: char| !is_inner(c)).unwrap_or(piece.len());
                let tail = piece.get(..end).filter(|tail| !tail.is_empty())?;
                self.patient.dictionary.is_cut(head, tail).then_some(end)
            });
            let (moved, rest) = piece
                .split_at_checked(cut.unwrap_or(0))
                .unwrap_or(("", piece));
            if let Some(before) = mended.last_mut() {
                before.push_str(moved);
            }
            mended.push(rest.to_owned());
        }
        mended
    }

    /// Whether nothing identifies anybody in a text, whoever the patient is.
    fn is_clean(&self, value: &str) -> bool {
        if let Some(clean) = self.verdicts.clean.find(value) {
            return clean;
        }
        let nobody = self.rules.scope(&self.nobody.record);
        let clean = matches!(outcome(&nobody, value), Outcome::Same);
        self.verdicts.clean.keep(value, clean);
        clean
    }

    /// Whether words are a term of a list: no rule of the engine finds anything in them. What only its learned
    /// part takes for a name is not counted, as terms are not the texts that it learned from.
    pub(crate) fn is_term(&self, value: &str) -> bool {
        if let Some(term) = self.verdicts.terms.find(value) {
            return term;
        }
        let findings = self.rules.engine().detect(value, None);
        let term = findings
            .iter()
            .all(|finding| finding.layer == Layer::Learned);
        if value.len() <= KEPT_BYTES_MAX {
            self.verdicts.terms.keep(value, term);
        }
        term
    }

    /// What the engine makes of a text.
    fn engine(&self, value: &str) -> Outcome {
        self.patient.text(Question::Engine, value, || {
            outcome(&self.rules.scope(&self.patient.record), value)
        })
    }
}

/// A text that the engine is sure not to have made clean goes whole.
fn outcome(scope: &RecordScope<'_>, value: &str) -> Outcome {
    outcome_of(scope.text(value), value)
}

fn outcome_of(cleaned: Result<(String, Report), DeidRefusal>, value: &str) -> Outcome {
    match cleaned {
        Ok((new, _)) if new == value => Outcome::Same,
        Ok((new, _)) => Outcome::New(new, Operation::Cleaned),
        Err(_) => Outcome::Gone,
    }
}

/// The lines of a cleaned text, each in its own place; where a stand-in took the end of a line with it, the first
/// line holds all.
fn parted(new: &str, mended: &[String], pieces: &[String]) -> Vec<Outcome> {
    let breaks = |text: &str| text.bytes().filter(|b| *b == b'\n').count();
    let expected: usize = mended.iter().map(|piece| breaks(piece) + 1).sum();
    let mut lines = new.split('\n');
    let whole = breaks(new) + 1 == expected;
    let place = |(at, (piece, old)): (usize, (&String, &String))| {
        let line = match (whole, at) {
            (true, _) => {
                let own: Vec<&str> = lines.by_ref().take(breaks(piece) + 1).collect();
                own.join("\n")
            }
            (false, 0) => new.to_owned(),
            (false, _) => return Outcome::Gone,
        };
        match (line == *old, line.is_empty()) {
            (true, _) => Outcome::Same,
            (false, true) => Outcome::Gone,
            _ => Outcome::New(line, Operation::Cleaned),
        }
    };
    mended.iter().zip(pieces).enumerate().map(place).collect()
}

/// What a word or number may have inside.
fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// Longer texts are seldom written twice.
const KEPT_BYTES_MAX: usize = 512;
