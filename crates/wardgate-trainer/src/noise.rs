//! What is done to a text before the tagger learns from it, so that it does not learn it by heart.

use std::ops::Range;

use wardgate_deid::training::Hidden;
use wardgate_deid::{Kind, score::Mark};

use crate::corpus::Document;
use crate::random::Random;

/// Writes the whole text in small letters or in capitals in some cases, and names in it in others;
/// every byte keeps its place.
#[must_use]
pub fn recase(document: &Document, random: &mut Random) -> Option<String> {
    let text = &document.text;
    match random.below(100) {
        0..=8 => return Some(text.chars().map(|c| cased(c, true)).collect()),
        9..=14 => return Some(text.chars().map(|c| cased(c, false)).collect()),
        15..=64 => {}
        _ => return None,
    }
    let mut out = String::with_capacity(text.len());
    for span in document.spans.iter().map(|span| &span.mark) {
        let named = matches!(
            span.kind,
            Some(Kind::Name | Kind::Location | Kind::Facility)
        );
        if !named || span.at.start < out.len() || !random.in_hundred(SPANS_RECASED) {
            continue;
        }
        out.push_str(text.get(out.len()..span.at.start)?);
        let small = random.in_hundred(25);
        let inside = text.get(span.at.clone())?;
        out.extend(inside.chars().map(|c| cased(c, small)));
    }
    out.push_str(text.get(out.len()..)?);
    Some(out)
}

/// A letter in the other case, when that takes as many bytes.
fn cased(c: char, small: bool) -> char {
    let mut cased = if small {
        c.to_lowercase().collect::<Vec<_>>()
    } else {
        c.to_uppercase().collect()
    };
    match (cased.pop(), cased.pop()) {
        (Some(one), None) if one.len_utf8() == c.len_utf8() => one,
        _ => c,
    }
}

/// In a hundred names of some texts, how many are written in another case.
const SPANS_RECASED: usize = 15;

/// Decides for each token what stays hidden.
#[derive(Debug)]
pub struct Curtain {
    /// Spans whose words are hidden.
    words: Vec<Range<usize>>,
    gold: Vec<Range<usize>>,
    lists: bool,
    rules: bool,
    share: Shares,
    random: Random,
}

impl Curtain {
    /// For one text: a share of its names, places and institutions are words never seen.
    #[must_use]
    pub fn new(document: &Document, share: Shares, random: &mut Random) -> Self {
        let named = |mark: &Mark| {
            matches!(
                mark.kind,
                Some(Kind::Name | Kind::Location | Kind::Facility)
            )
        };
        let marks = document.spans.iter().map(|span| &span.mark);
        let words = marks
            .filter(|mark| named(mark) && random.in_hundred(share.names))
            .map(|mark| mark.at.clone());
        Self {
            words: words.collect(),
            gold: document
                .spans
                .iter()
                .map(|span| span.mark.at.clone())
                .collect(),
            lists: random.in_hundred(share.lists),
            rules: random.in_hundred(15),
            share,
            random: Random::new(random.number()),
        }
    }

    /// What is hidden of the token at these bytes.
    pub fn hide(&mut self, at: &Range<usize>) -> Hidden {
        let inside = |span: &Range<usize>| span.start <= at.start && at.end <= span.end;
        let share = if self.gold.iter().any(inside) {
            5
        } else {
            self.share.words
        };
        let word = self.words.iter().any(inside) || self.random.in_hundred(share);
        let unlike = self.random.number().to_le_bytes();
        let [a, b, c, d, ..] = unlike;
        Hidden {
            word,
            lists: self.lists && self.random.in_hundred(50),
            rules: self.rules,
            unlike: u32::from_le_bytes([a, b, c, d]),
        }
    }
}

/// How much is hidden, in a hundred.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Of names, places and institutions.
    pub names: usize,
    /// Of words that are nothing.
    pub words: usize,
    /// Of texts, those where half of the words are on no list.
    pub lists: usize,
}
