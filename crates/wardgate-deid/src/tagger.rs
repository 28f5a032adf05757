//! The learned tagger: hashed features, one table of weights for each language, the best path.
//!
//! It reads the same tokens as the rules, and punctuation, in blocks of lines. For each token the
//! rows of its features are summed; the path of labels with the highest sum wins. All arithmetic
//! is on small integers, so the result is the same on every machine.

pub(crate) mod atoms;
pub(crate) mod decode;
pub(crate) mod templates;
pub(crate) mod weights;

use crate::finding::{Finding, Kind, Layer};
use crate::language::Language;
use crate::lexer::Lexed;
use atoms::Atoms;
use decode::Lanes;
use weights::Weights;

/// What the tagger tells apart, in the order of its labels.
pub(crate) const CLASSES: [Kind; 6] = [
    Kind::Name,
    Kind::Location,
    Kind::Facility,
    Kind::Id,
    Kind::Date,
    Kind::Phone,
];

/// The room that one search needs, kept between blocks.
#[derive(Default)]
struct Room {
    atoms: Atoms,
    sums: Vec<Lanes>,
    /// By how much each token is rather something than nothing.
    margins: Vec<i16>,
    path: Vec<u8>,
}

/// Adds what the tagger finds; `rules` is what the exact layer found, sorted and apart.
pub(crate) fn find(
    lexed: &Lexed<'_>,
    language: Language,
    rules: &[Finding],
    weights: &Weights,
    findings: &mut Vec<Finding>,
) {
    let mut room = Room::default();
    for block in atoms::blocks(lexed) {
        room.atoms.read(lexed, block, language, rules, |_| {});
        emit(&room.atoms, weights, &mut room.sums);
        room.margins.clear();
        room.margins.extend(room.sums.iter().map(decode::margin));
        decode::best_path(&mut room.sums, weights.transitions(), &mut room.path);
        collect(&room, findings);
    }
}

/// The sums of each token's features.
fn emit(atoms: &Atoms, weights: &Weights, sums: &mut Vec<Lanes>) {
    sums.clear();
    sums.extend(atoms.windows().map(|window| {
        let [_, _, _, token, _, _, _] = window;
        if token.certain {
            return decode::NOTHING;
        }
        let mut rows = weights.gather();
        templates::rows(&window, |row| rows.add(row));
        rows.sum()
    }));
}

/// The spans of a path.
fn collect(room: &Room, findings: &mut Vec<Finding>) {
    let mut open: Option<Finding> = None;
    let tokens = room.atoms.own().iter().zip(&room.path).zip(&room.margins);
    for ((atom, label), margin) in tokens {
        let (class, begins) = decode::class_of(*label);
        let kind = class.and_then(|class| CLASSES.get(class));
        match (kind, &mut open) {
            (Some(_), Some(span)) if !begins => {
                span.end = atom.end;
                span.score = span.score.min(score(*margin));
            }
            (kind, _) => {
                findings.extend(open.take());
                open = kind.map(|kind| Finding {
                    layer: Layer::Learned,
                    ..Finding::exact(atom.start..atom.end, *kind, score(*margin), "learned")
                });
            }
        }
    }
    findings.extend(open);
}

/// A margin on the scale of scores.
fn score(margin: i16) -> f32 {
    (0.5 + f32::from(margin) / MARGIN_FULL).clamp(0.0, 1.0)
}

/// The margin beyond one half that is as sure as can be.
const MARGIN_FULL: f32 = 2_000.0;
