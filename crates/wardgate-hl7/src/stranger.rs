//! Names that stand alone where a code should: a sender that counts a field too many writes staff into codes.
//!
//! A real code is nearly always short, or has digits, or is a word of the trade. So a word in the place of a code is a
//! name when the lists of names have it and those of words do not. What no list has is a name when it is written
//! as one, with a capital first; in other writing the engine must take it for one.

use wardgate_deid::{Action, Kind, LoneWord, Operation, Part, WordUse};

use crate::leaf::{Coded, Leaves, Outcome, STAND_IN_LEN};
use crate::role::Role;
use crate::vocabulary;

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Where a code should.
    Code,
    /// Where a text may.
    Text,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    /// `Lindqvist`
    Capital,
    /// `LINDQVIST`
    Capitals,
    /// `lindqvist`
    Small,
    /// `McDonald`
    Mixed,
}

impl Leaves<'_> {
    /// What becomes of a leaf of a message; like [`Self::leaf`], but no stranger's name stands alone where the engine,
    /// for want of a text around it, or the form of a code lets it pass.
    ///
    /// In the place of a code it goes under a code of the project's key, the same in each message: wards that are
    /// called after somebody are still told apart.
    pub(crate) fn leaf_of_message(&self, role: Role, value: &str, coded: Coded) -> Outcome {
        let role = match role {
            Role::Keep if value.contains(char::is_whitespace) => Role::Text,
            role => role,
        };
        let outcome = self.leaf(role, value, coded);
        let place = match role {
            Role::Code | Role::Number | Role::Keep => Place::Code,
            Role::Text | Role::Display => Place::Text,
            _ => return outcome,
        };
        // What a public system has is its own.
        if outcome != Outcome::Same || coded == Coded::Publicly || !self.is_stranger(value, place) {
            return outcome;
        }
        match (self.rules.profile().action(Kind::Name, Part::Whole), place) {
            (Action::Keep, _) => outcome,
            (Action::Redact, _) => Outcome::Gone,
            (_, Place::Text) => self.leaf(Role::Family, value, coded),
            (_, Place::Code) => {
                let mut code = self.rules.key().id("code", value.trim());
                code.truncate(STAND_IN_LEN);
                code.make_ascii_uppercase();
                Outcome::New(code, Operation::Replaced)
            }
        }
    }

    /// Whether a value is a person's name and nothing else.
    fn is_stranger(&self, value: &str, place: Place) -> bool {
        let value = value.trim();
        if !may_be_name(value) {
            return false;
        }
        let kept = match place {
            Place::Code => &self.verdicts.names_as_codes,
            Place::Text => &self.verdicts.names_as_texts,
        };
        if let Some(known) = kept.find(value) {
            return known;
        }
        // `O'Brien` is listed without its sign.
        let joined = value.contains('\'').then(|| value.replace('\'', ""));
        let parts = || value.split(|c: char| !c.is_alphabetic());
        // `Stevens-Johnson` is a syndrome in a text.
        let shielding = match (place, parts().nth(1)) {
            (Place::Text, Some(_)) if joined.is_none() => WordUse::Rare,
            _ => WordUse::Usual,
        };
        let mut words = parts().chain(joined.as_deref());
        let stranger = !vocabulary::is_table_value(value)
            && words.any(|word| self.is_name(word, place, shielding));
        if value.len() <= VALUE_BYTES_KEPT {
            kept.keep(value, stranger);
        }
        stranger
    }

    /// Whether a word is a name; as a frequent one it must be less usual as a word than `shielding` says.
    fn is_name(&self, text: &str, place: Place, shielding: WordUse) -> bool {
        let length = text.chars().count();
        if length < NAME_LEN_MIN {
            return false;
        }
        let lower = text.to_lowercase();
        if vocabulary::is_word(&lower) {
            return false;
        }
        let word = LoneWord::of(text);
        let writing = Writing::of(text);
        if word.is_frequent_name() {
            let shielding = match (place, writing) {
                (Place::Code, Writing::Capital) => WordUse::Everyday,
                _ => shielding,
            };
            return word.usage() < shielding || MOST_FREQUENT.contains(&lower.as_str());
        }
        if word.usage() != WordUse::None {
            return false;
        }
        if word.is_name() {
            // Short ones in capitals are abbreviations more often.
            let long = length >= WORD_LEN_MIN || writing == Writing::Capital;
            return long || (length == WORD_LEN_MIN - 1 && self.engine_names(text));
        }
        place == Place::Code && self.is_written_as_name(text, &lower, writing, length)
    }

    /// Whether a word that no list has is a name, by its letters.
    fn is_written_as_name(&self, text: &str, lower: &str, writing: Writing, length: usize) -> bool {
        // Other scripts have no lists here, and some of them no capitals.
        let latin = lower.chars().all(|letter| letter < LATIN_END);
        if !latin || vocabulary::is_table_word(lower) || vocabulary::ends_as_word(lower) {
            return false;
        }
        match writing {
            Writing::Capital => length >= WORD_LEN_MIN || self.engine_names(text),
            Writing::Small => length >= WORD_LEN_MIN && self.engine_names(text),
            Writing::Capitals => {
                length >= CAPITALS_LEN_MIN
                    && can_be_spoken(lower)
                    && !has_word(lower)
                    && self.engine_names(text)
            }
            Writing::Mixed => false,
        }
    }

    /// Whether the engine takes a word that stands alone for a name.
    fn engine_names(&self, word: &str) -> bool {
        let findings = self.rules.engine().detect(word, None);
        findings.iter().any(|finding| finding.kind == Kind::Name)
    }
}

impl Writing {
    fn of(word: &str) -> Self {
        let mut letters = word.chars();
        let first = letters.next().is_some_and(char::is_uppercase);
        let (mut upper, mut lower) = (false, false);
        for letter in letters {
            upper |= letter.is_uppercase();
            lower |= letter.is_lowercase();
        }
        match (first, upper, lower) {
            (true, false, _) => Self::Capital,
            (true, true, false) => Self::Capitals,
            (false, false, _) => Self::Small,
            _ => Self::Mixed,
        }
    }
}

/// Whether a value has letters enough for a name in a row and nothing that no name has.
fn may_be_name(value: &str) -> bool {
    let (mut run, mut longest) = (0, 0);
    for byte in value.bytes() {
        if byte.is_ascii_alphabetic() || !byte.is_ascii() {
            run += 1;
            longest = longest.max(run);
        } else if byte.is_ascii_digit() || byte.is_ascii_whitespace() {
            return false;
        } else {
            run = 0;
        }
    }
    longest >= NAME_LEN_MIN
}

/// Whether a word in small letters has the vowels of a spoken one.
fn can_be_spoken(lower: &str) -> bool {
    let (mut vowels, mut run, mut longest) = (0, 0, 0);
    for letter in lower.chars() {
        if letter.is_ascii() && !"aeiouy".contains(letter) {
            run += 1;
            longest = longest.max(run);
        } else {
            vowels += 1;
            run = 0;
        }
    }
    longest <= CONSONANTS_MAX && vowels * 4 >= lower.chars().count()
}

/// Whether a word in small letters begins or ends with another: codes in capitals are made so.
fn has_word(lower: &str) -> bool {
    let known = |part: &str| {
        part.chars().count() >= NAME_LEN_MIN
            && (vocabulary::is_word(part) || LoneWord::of(part).usage() >= WordUse::Usual)
    };
    let cuts = lower.char_indices().map(|(at, _)| lower.split_at(at));
    cuts.into_iter()
        .any(|(before, behind)| known(before) || known(behind))
}

/// Shorter words are codes.
const NAME_LEN_MIN: usize = 4;
/// Shorter words of no list are abbreviations as often as names.
const WORD_LEN_MIN: usize = 6;
/// The same for those in capitals.
const CAPITALS_LEN_MIN: usize = 7;
/// Behind the letters of Latin alphabets.
const LATIN_END: char = '\u{250}';
/// Longer values come once.
const VALUE_BYTES_KEPT: usize = 64;
const CONSONANTS_MAX: usize = 4;
/// What more people are called than use it as a word.
const MOST_FREQUENT: [&str; 1] = ["smith"];
