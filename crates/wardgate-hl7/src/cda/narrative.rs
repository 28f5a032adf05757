//! Text with markup inside: read as what a reader sees, written back into the pieces that it came from.

use std::collections::BTreeMap;

use super::policy::{self, Holds};
use super::tape::{Piece, Tape};
use crate::leaf::{Leaves, Outcome};

/// The new texts of the text pieces below a tag, by their places; what is not in it stays as it was.
pub(crate) fn cleaned(tape: &Tape, at: usize, leaves: &Leaves<'_>) -> BTreeMap<usize, String> {
    let mut new = BTreeMap::new();
    for run in runs(tape, at) {
        let pieces: Vec<&str> = run.iter().filter_map(|at| text(tape, *at)).collect();
        let joined = pieces.concat();
        let outcome = leaves.text(&joined);
        let written = match outcome {
            Outcome::Same => continue,
            Outcome::New(written, _) => spread(&pieces, &written),
            Outcome::Gone => vec![String::new(); pieces.len()],
        };
        new.extend(run.into_iter().zip(written));
    }
    new
}

/// Text pieces that are read in one: those of a block, over all inline elements in it.
fn runs(tape: &Tape, at: usize) -> Vec<Vec<usize>> {
    let end = tape.tag(at).map_or(at, |tag| tag.behind);
    let mut runs = Vec::new();
    let mut run = Vec::new();
    // Whether each open element parts what stands around it.
    let mut open: Vec<bool> = Vec::new();
    for place in at + 1..end {
        let parts = match tape.pieces.get(place) {
            Some(Piece::Text(_)) => {
                run.push(place);
                false
            }
            Some(Piece::Open(tag)) => {
                let parts =
                    !matches!(policy::element(&tag.name), Holds::Inline) || tag.name == "br";
                open.push(parts);
                parts
            }
            Some(Piece::Close) => open.pop().unwrap_or(true),
            None => true,
        };
        if parts && !run.is_empty() {
            runs.push(std::mem::take(&mut run));
        }
    }
    runs.push(run);
    runs.retain(|run| {
        run.iter()
            .any(|at| text(tape, *at).is_some_and(|text| !text.trim().is_empty()))
    });
    runs
}

fn text(tape: &Tape, at: usize) -> Option<&str> {
    match tape.pieces.get(at) {
        Some(Piece::Text(text)) => Some(text),
        _ => None,
    }
}

/// Parts a new text as the old one was parted: what is the same in both stays in its piece, what stands for
/// something else goes where that began. All pieces together are the new text, whatever happens.
fn spread(pieces: &[&str], new: &str) -> Vec<String> {
    let mut out = vec![String::new(); pieces.len()];
    let old: Vec<(usize, &str)> = pieces
        .iter()
        .enumerate()
        .flat_map(|(at, piece)| words(piece).map(move |word| (at, word)))
        .collect();
    let new: Vec<&str> = words(new).collect();
    let (mut i, mut j) = (0, 0);
    let mut place = 0;
    while let Some(word) = new.get(j) {
        if let Some((at, same)) = old.get(i)
            && same == word
        {
            place = *at;
            push(&mut out, place, word);
            (i, j) = (i + 1, j + 1);
            continue;
        }
        place = old.get(i).map_or(place, |(at, _)| *at);
        let (gone, come) = next_same(
            old.get(i..).unwrap_or_default(),
            new.get(j..).unwrap_or_default(),
        );
        for word in new.iter().skip(j).take(come) {
            push(&mut out, place, word);
        }
        (i, j) = (i + gone, j + come);
    }
    out
}

/// How many words were replaced by how many, up to where both go on alike.
fn next_same(old: &[(usize, &str)], new: &[&str]) -> (usize, usize) {
    let alike = |gone: usize, come: usize| {
        let told = |word: &str| word.chars().any(char::is_alphanumeric);
        let pairs = old
            .iter()
            .skip(gone)
            .zip(new.iter().skip(come))
            .take(ALIKE_WORDS);
        let (mut count, mut telling) = (0, false);
        for ((_, old), new) in pairs {
            if old != new {
                return false;
            }
            count += 1;
            telling |= told(new);
        }
        let ends = old.len() - gone == count && new.len() - come == count;
        ends || (count == ALIKE_WORDS && telling)
    };
    for sum in 1..=LOOK_AHEAD_MAX {
        for gone in 0..=sum.min(old.len()) {
            let come = sum - gone;
            if come <= new.len() && alike(gone, come) {
                return (gone, come);
            }
        }
    }
    (old.len(), new.len())
}

fn push(out: &mut [String], place: usize, word: &str) {
    if let Some(piece) = out.get_mut(place) {
        piece.push_str(word);
    }
}

/// Words, and each sign between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match first.is_alphanumeric() {
            true => rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(word)
    })
}

/// Words that must follow alike, so that two texts go on together.
const ALIKE_WORDS: usize = 3;
/// Words that one stand-in may replace.
const LOOK_AHEAD_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn spread_in(pieces: &[&str], new: &str) -> Vec<String> {
        let out = spread(pieces, new);
        assert_eq!(out.concat(), new);
        out
    }

    #[test]
    fn what_stays_stays_in_its_piece() {
        assert_eq!(
            spread_in(
                &["Seen by ", "Maria", " Schmidt", " on Monday."],
                "Seen by Anna Huber on Monday."
            ),
            ["Seen by ", "Anna Huber", "", " on Monday."]
        );
        assert_eq!(
            spread_in(&["Ma", "ria was well"], "Anna was well"),
            ["Anna", " was well"]
        );
        assert_eq!(spread_in(&["a", "b"], ""), ["", ""]);
        assert_eq!(spread_in(&["", "x y z"], "x [NAME] z"), ["", "x [NAME] z"]);
    }
}
