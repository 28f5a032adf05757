//! What the lists know of a word that stands alone, without a text around it.

use crate::fold;
use crate::gazetteer::hash::word_hash;
use crate::gazetteer::{self, Bits};
use crate::lexicon::{Class, lexicon};

/// What a word alone can be, whatever case it is written in; it may be several of it.
///
/// Nothing here says what the word is in a text: for that there is [`Engine::detect`](crate::Engine::detect).
///
/// ```
/// use wardgate_deid::{LoneWord, WordUse};
///
/// let word = LoneWord::of("NGUYEN");
/// assert!(word.is_frequent_name() && word.usage() == WordUse::None);
/// assert_eq!(LoneWord::of("Biopsy").usage(), WordUse::Everyday);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoneWord {
    listed: Bits,
    classes: Class,
}

/// How usual a word is for something besides a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WordUse {
    /// No list has it.
    None,
    /// A rare word, or a name that stands for a disease, sign or method.
    Rare,
    /// A usual word of English.
    Usual,
    /// One of the first words of a language, or a word of clinical notes, a drug, a unit, a month, a country.
    Everyday,
}

impl LoneWord {
    /// Looks a word up.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let folded = fold::fold(word);
        let lower = folded.text.to_lowercase();
        Self {
            listed: gazetteer::lookup(word_hash(&lower)),
            classes: lexicon().classes_of(&lower),
        }
    }

    /// Whether a list of family or given names has it.
    #[must_use]
    pub fn is_name(self) -> bool {
        self.listed.any(Bits::GIVEN.with(Bits::SURNAME))
    }

    /// Whether it is one of the names that most people bear.
    #[must_use]
    pub fn is_frequent_name(self) -> bool {
        self.listed
            .any(Bits::GIVEN_COMMON.with(Bits::SURNAME_COMMON))
    }

    /// How usual it is for something besides a name.
    #[must_use]
    pub fn usage(self) -> WordUse {
        // The rules know some names as words only so that they are not taken for one everywhere.
        let classes = self.classes != Class::default() && self.classes != Class::COMMON;
        if self.listed.any(EVERYDAY) || classes {
            WordUse::Everyday
        } else if self.listed.any(Bits::WORD_COMMON) {
            WordUse::Usual
        } else if self.listed.any(Bits::WORD.with(Bits::EPONYM)) || self.classes == Class::COMMON {
            WordUse::Rare
        } else {
            WordUse::None
        }
    }
}

const EVERYDAY: Bits = Bits::WORD_VERY_COMMON
    .with(Bits::WORD_ES)
    .with(Bits::WORD_DE)
    .with(Bits::CLINICAL)
    .with(Bits::DRUG)
    .with(Bits::FACILITY_HEAD)
    .with(Bits::STREET)
    .with(Bits::MONTH)
    .with(Bits::WEEKDAY)
    .with(Bits::TITLE)
    .with(Bits::STATE)
    .with(Bits::COUNTRY)
    .with(Bits::NATIONALITY);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_words_in_any_case() {
        for word in ["Garcia", "GARCIA", "garcía", "Nguyen", "okonkwo"] {
            let word = LoneWord::of(word);
            assert!(word.is_name() && word.usage() < WordUse::Usual, "{word:?}");
        }
        for word in ["Emergency", "BIOPSY", "urine", "Amoxicillin", "Urologie"] {
            assert!(LoneWord::of(word).usage() >= WordUse::Usual, "{word}");
        }
        // A name of many people that is a word as well.
        let both = LoneWord::of("Walker");
        assert!(both.is_frequent_name() && both.usage() == WordUse::Everyday);
        assert_eq!(LoneWord::of("Vandrelsloop").usage(), WordUse::None);
    }
}
