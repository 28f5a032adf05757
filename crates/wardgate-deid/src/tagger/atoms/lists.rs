//! What the lists of words and names say of a token.

use super::mix;
use crate::gazetteer::{self, Bits, hash};
use crate::language::Language;
use crate::lexer::Lexed;

/// Whether a word is first of all a word of the language.
pub(super) fn is_common(lists: Bits, language: Language) -> bool {
    lists.any(match language {
        Language::English => Bits::WORD_COMMON.with(Bits::STOP_EN).with(Bits::CLINICAL),
        Language::Spanish => Bits::WORD_ES.with(Bits::STOP_ES).with(Bits::CLINICAL),
        Language::German => Bits::WORD_DE.with(Bits::STOP_DE).with(Bits::CLINICAL),
    })
}

/// The lists in few groups: what kind of name it may be, and how much of a word it is.
pub(super) fn group(lists: Bits, common: bool) -> u32 {
    let any = |bits: Bits, value: u32| if lists.any(bits) { value } else { 0 };
    let name = any(Bits::GIVEN_COMMON, 2).max(any(Bits::GIVEN, 1))
        + 3 * any(Bits::SURNAME_COMMON, 2).max(any(Bits::SURNAME, 1));
    let place = any(PLACE, 1).max(any(REGION, 2));
    let word = if common {
        1 + any(Bits::WORD_VERY_COMMON, 1)
    } else {
        any(Bits::WORD, 3)
    };
    let medical = any(Bits::CLINICAL, 1)
        .max(any(Bits::DRUG, 2))
        .max(any(Bits::EPONYM, 3));
    let cue = any(Bits::TITLE, 1)
        .max(any(Bits::FACILITY_HEAD, 2))
        .max(any(Bits::STREET, 3))
        .max(any(Bits::MONTH.with(Bits::WEEKDAY), 4));
    mix(
        0x79,
        ((((name * 3 + place) * 4 + word) * 4 + medical) * 5) + cue,
    )
}

/// How much of a name a word is, and whether it is a word or a place as well.
pub(super) fn named(lists: Bits, common: bool) -> u32 {
    let given = u32::from(lists.any(Bits::GIVEN)) + u32::from(lists.any(Bits::GIVEN_COMMON));
    let surname = u32::from(lists.any(Bits::SURNAME)) + u32::from(lists.any(Bits::SURNAME_COMMON));
    let other = if common {
        2
    } else {
        u32::from(lists.any(Bits::WORD.with(PLACE).with(REGION)))
    };
    mix(0x7a, (given * 3 + surname) * 3 + other)
}

/// Places of several words, found in step with the tokens.
#[derive(Default)]
pub(super) struct Places {
    left: usize,
}

impl Places {
    /// 1 for the first word of such a place, 2 for a later one, otherwise 0.
    pub(super) fn at(&mut self, lexed: &Lexed<'_>, index: usize) -> u32 {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return 2;
        }
        let first = hash::word_hash(lexed.str(index));
        if !gazetteer::lookup(first).any(Bits::PLACE_FIRST) {
            return 0;
        }
        let near = |at: &usize| matches!(lexed.gap(*at), " " | "-" | ". " | "'");
        let rest = (index + 1..).take_while(near).take(PLACE_WORDS_MAX);
        let words = std::iter::once(index)
            .chain(rest)
            .map(|at| hash::word_hash(lexed.str(at)));
        self.left = gazetteer::place_words(words).saturating_sub(1);
        u32::from(self.left > 0)
    }
}

const PLACE_WORDS_MAX: usize = 5;
pub(super) const PLACE: Bits = Bits::CITY.with(Bits::COUNTY);
pub(super) const REGION: Bits = Bits::STATE
    .with(Bits::COUNTRY)
    .with(Bits::NATIONALITY)
    .with(Bits::STATE_SHORT);
