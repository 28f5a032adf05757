//! From the labels of pieces to spans of the text.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::labels::Label;
use super::pieces::Piece;
use crate::finding::{Finding, Kind, Layer, Part};

/// What the model says of a piece.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) label: Option<Label>,
    pub(super) score: f32,
}

/// The label of the highest output, the first of equals, and its share of all; nothing when one is not a number.
pub(super) fn said(logits: &[f32], labels: &[Label]) -> Option<Said> {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, logit) in logits.iter().enumerate() {
        if logit.is_nan() {
            return None;
        }
        if *logit > best.1 {
            best = (index, *logit);
        }
    }
    let all: f32 = logits.iter().map(|logit| (logit - best.1).exp()).sum();
    Some(Said {
        label: labels.get(best.0).copied(),
        score: 1.0 / all,
    })
}

/// Joins words of one kind that follow each other; a word is what its first piece is.
pub(super) fn spans(text: &str, offset: usize, rows: &[(Piece, Said)], found: &mut Vec<Finding>) {
    let mut open: Option<Open> = None;
    let mut inside = false;
    for (piece, said) in rows {
        if !piece.begins_word {
            if inside && let Some(open) = &mut open {
                open.at.end = open.at.end.max(piece.at.end);
            }
            continue;
        }
        let label = said.label.filter(|label| label.means.is_some());
        let means = label.and_then(|label| label.means);
        inside = means.is_some();
        match (&mut open, means) {
            (Some(open), Some(means))
                if open.means == means && !label.is_some_and(|label| label.begins) =>
            {
                open.at.end = open.at.end.max(piece.at.end);
                open.score = open.score.min(said.score);
            }
            (_, means) => {
                close(text, offset, open.take(), found);
                open = means.map(|means| Open {
                    at: piece.at.clone(),
                    means,
                    score: said.score,
                });
            }
        }
    }
    close(text, offset, open, found);
}

struct Open {
    at: Range<usize>,
    means: (Kind, Part),
    score: f32,
}

fn close(text: &str, offset: usize, open: Option<Open>, found: &mut Vec<Finding>) {
    let Some(Open { at, means, score }) = open else {
        return;
    };
    // Marks that a tokenizer leaves out belong to the letter before them.
    let behind = text.get(at.end..).unwrap_or_default().chars();
    let marks = behind.take_while(|c| is_combining_mark(*c));
    let end = at.end + marks.map(char::len_utf8).sum::<usize>();
    let surface = text.get(at.start..end).unwrap_or_default();
    let outside = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | '[' | '"');
    let start = at.start + surface.len() - surface.trim_start_matches(outside).len();
    let inner = surface.trim_matches(outside);
    if !inner.chars().any(char::is_alphanumeric) {
        return;
    }
    let (kind, part) = means;
    let start = start + offset;
    let at = start..start + inner.len();
    found.push(Finding {
        layer: Layer::Neural,
        part: part_of(kind, part, inner),
        ..Finding::exact(at, kind, score, REASON)
    });
}

/// Models do not tell bare years and ages under 90 apart from what identifies.
fn part_of(kind: Kind, part: Part, surface: &str) -> Part {
    let number = || surface.parse::<u16>().ok();
    match kind {
        Kind::Date if surface.len() == 4 && number().is_some() => Part::Year,
        Kind::Age => {
            let digits = surface.chars().filter(char::is_ascii_digit);
            match digits.collect::<String>().parse::<u16>() {
                Ok(age) if age >= 90 => Part::Whole,
                _ => Part::Under90,
            }
        }
        _ => part,
    }
}

const REASON: &str = "neural.model";
