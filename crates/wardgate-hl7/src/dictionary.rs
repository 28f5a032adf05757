//! A first look whether a value may hold what identifies the people of its message.
//!
//! It says no only where the text engine would find none of their names and numbers: every word and
//! number is known by hash, with one letter wrong too. What it says yes to goes to the engine.
//!
//! The hash is a polynomial in the letters, so that those of a word with each of its letters left out
//! follow from the word's own in one pass.

mod digits;
mod hashes;
#[cfg(test)]
mod tests;

use wardgate_deid::PatientIdentifiers;

use digits::{DigitRuns, ODD, next_digits};
use hashes::{
    BITS_WORDS, FUZZY_LEN_MAX, Hashes, NEAR, NUMBER, WORD, each_left_out, hash, mixed, place, with,
};

/// The words and numbers of a message's people.
pub(crate) struct Dictionary {
    known: Hashes,
    /// Where each known hash has a bit: most unknown ones have none there.
    bits: [u64; BITS_WORDS],
    digits: DigitRuns,
}

impl Dictionary {
    /// The dictionary of a message's people.
    pub(crate) fn of(people: &PatientIdentifiers) -> Self {
        let mut all = Self {
            known: Hashes::new(),
            bits: [0; BITS_WORDS],
            digits: DigitRuns::new(),
        };
        let mut joined = String::new();
        for person in people.names.iter().chain(&people.contacts) {
            let given = person.given.first().map(String::as_str).unwrap_or_default();
            for word in person.given.iter().chain([&person.family]) {
                all.add_words(word, 2);
            }
            let (given, family) = (compact(given), compact(&person.family));
            let initial = given.chars().next().map_or(0, char::len_utf8);
            let initial = given.get(..initial).unwrap_or_default();
            for (one, other) in [(given.as_str(), &family), (initial, &family)] {
                for (first, second) in [(one, other.as_str()), (other, one)] {
                    joined.clear();
                    joined.push_str(first);
                    joined.push_str(second);
                    all.add_word(joined.as_bytes());
                }
            }
        }
        for address in &people.addresses {
            for line in address
                .lines
                .iter()
                .chain([&address.city, &address.postal_code])
            {
                all.add_words(line, ADDRESS_WORD_LEN_MIN);
            }
            all.add_number(&address.postal_code);
            all.digits.add(&address.postal_code);
        }
        for number in people
            .record_numbers
            .iter()
            .chain(&people.phones)
            .chain(&people.birth_dates)
        {
            all.add_number(number);
            all.digits.add(number);
        }
        for phone in &people.phones {
            all.digits.add_phone(phone);
        }
        for date in &people.birth_dates {
            all.digits.add_date(date);
        }
        for name in &people.organizations {
            all.add_words(name, 2);
        }
        for email in &people.emails {
            let (local, _) = email.split_once('@').unwrap_or((email, ""));
            all.add_words(local, ADDRESS_WORD_LEN_MIN);
            all.add_number(local);
            all.digits.add(local);
        }
        all
    }

    /// Whether the engine must look at a text: for what is known of the people, or for a number of anybody's.
    pub(crate) fn may_hold(&self, text: &str) -> bool {
        has_long_number(text) || self.may_hold_known(text)
    }

    /// Whether the engine must look at a text with what is known of the people: otherwise it finds what it would
    /// find for anybody.
    pub(crate) fn may_hold_known(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return true;
        }
        // Digits that only signs part may be one number.
        let (mut digits, mut letters) = (0, false);
        let (mut four, mut known) = (0, false);
        let (mut long, mut odd) = (false, false);
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    digits += 1;
                    four = next_digits(four, byte);
                    known |= digits >= 4 && self.digits.holds(four);
                    long |= digits >= NUMBER_LEN_MIN;
                    if known && digits >= NUMBER_LEN_MIN {
                        return true;
                    }
                }
                b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'_' | b'+' | b',' | b':' | b'#'
                | b'\n' | b'\r' | b'\t'
                    if digits > 0 => {}
                _ => (digits, known) = (0, false),
            }
            letters |= byte.is_ascii_alphabetic();
            odd |= ODD.contains(&char::from(byte));
        }
        // What the engine reads as digits may be written otherwise.
        if long && odd {
            return true;
        }
        letters && self.has_word(text.as_bytes())
    }

    /// Whether a code or number is one of the people's identifiers itself, or holds one as a word.
    pub(crate) fn is_identifier(&self, value: &str) -> bool {
        if value.len() < NAME_LEN_MIN {
            return false;
        }
        let (mut whole, mut word) = (0, 0);
        let (mut length, mut count, mut zeros) = (0_usize, 0_usize, true);
        let mut known = false;
        let mut check = |hash: u64, length: usize| {
            let kinds = match length {
                0..NAME_LEN_MIN => return,
                NAME_LEN_MIN..NUMBER_LEN_MIN => WORD,
                _ => WORD | NUMBER,
            };
            known |= self.is(mixed(hash), kinds);
        };
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || byte >= 0x80 {
                count += 1;
                // Numbers are told apart without the zeros in front.
                if !(zeros && byte == b'0') {
                    zeros = false;
                    whole = with(whole, byte);
                    word = with(word, byte);
                    length += 1;
                }
            } else {
                check(word, length);
                (word, length, zeros) = (0, 0, count == 0);
            }
        }
        check(word, length);
        check(whole, count);
        known
    }

    /// Whether two parts of a text are one known word or number that the end of a line cut in two.
    pub(crate) fn is_cut(&self, before: &str, behind: &str) -> bool {
        let joined = compact(&format!("{before}{behind}"));
        let hash = hash(joined.trim_start_matches('0').as_bytes());
        joined.len() >= NAME_LEN_MIN && self.is(hash, WORD | NUMBER)
    }

    /// Whether a hash is known as one of some kinds.
    fn is(&self, hash: u64, kinds: u8) -> bool {
        self.kinds(hash) & kinds != 0
    }

    /// The kinds as which a hash is known.
    fn kinds(&self, hash: u64) -> u8 {
        let (at, bit) = place(hash);
        if self.bits.get(at).is_none_or(|bits| bits & bit == 0) {
            return 0;
        }
        self.known.kinds(hash)
    }

    fn has_word(&self, text: &[u8]) -> bool {
        let words = text.split(|byte| !byte.is_ascii_alphanumeric());
        words
            .filter(|word| word.len() > 1)
            .any(|word| self.knows(word))
    }

    /// Whether a word is known, with one letter wrong too.
    fn knows(&self, word: &[u8]) -> bool {
        let known = self.kinds(hash(word));
        if known & (WORD | NUMBER) != 0 {
            return true;
        }
        if !(FUZZY_LEN_MIN - 1..=FUZZY_LEN_MAX).contains(&word.len()) {
            return false;
        }
        let mut near = known & NEAR != 0;
        each_left_out(word, |hash| near = near || self.is(hash, WORD | NEAR));
        near
    }

    fn add_words(&mut self, text: &str, len_min: usize) {
        if text.is_ascii() {
            // Hashes do not tell capitals from small letters.
            let words = text.as_bytes().split(|b| !b.is_ascii_alphanumeric());
            let mut whole = false;
            for word in words.filter(|word| word.len() >= len_min) {
                self.add_word(word);
                whole = word.len() == text.len();
            }
            if whole {
                return;
            }
        } else {
            for word in text.split(|c: char| !c.is_alphanumeric()) {
                if word.chars().count() >= len_min {
                    self.add_word(word.to_lowercase().as_bytes());
                    self.add_word(plain(word).as_bytes());
                }
            }
        }
        let joined = compact(text);
        if joined.len() >= NAME_LEN_MIN {
            self.add_word(joined.as_bytes());
        }
    }

    fn add_word(&mut self, word: &[u8]) {
        if !self.add(hash(word), WORD) && (FUZZY_LEN_MIN..=FUZZY_LEN_MAX).contains(&word.len()) {
            each_left_out(word, |hash| {
                self.add(hash, NEAR);
            });
        }
    }

    /// Notes a hash; says whether it was known as that before.
    fn add(&mut self, hash: u64, kind: u8) -> bool {
        let (at, bit) = place(hash);
        if let Some(bits) = self.bits.get_mut(at) {
            *bits |= bit;
        }
        self.known.add(hash, kind)
    }

    fn add_number(&mut self, number: &str) {
        let compact = compact(number);
        let significant = compact.trim_start_matches('0');
        let longest = number
            .split(|c: char| !c.is_ascii_digit())
            .max_by_key(|run| run.len());
        let longest = longest.unwrap_or_default();
        for number in [
            compact.as_str(),
            significant,
            longest,
            longest.trim_start_matches('0'),
        ] {
            if number.len() >= NUMBER_LEN_MIN {
                self.add(hash(number.as_bytes()), NUMBER);
            }
        }
    }
}

/// Whether a text has so many digits, which only signs part, that they may be one number.
fn has_long_number(text: &str) -> bool {
    let mut digits = 0;
    text.bytes().any(|byte| {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'_' | b'+' if digits > 0 => {}
            _ => digits = 0,
        }
        digits >= NUMBER_LEN_MIN
    })
}

/// The letters and digits of a value, small.
pub(crate) fn compact(value: &str) -> String {
    if value.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return value.to_ascii_lowercase();
    }
    let letters = value.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A word without its accents, as far as one letter stands for one.
fn plain(word: &str) -> String {
    let plain = |c: char| match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ś' | 'š' | 'ş' => 's',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    };
    word.chars()
        .flat_map(char::to_lowercase)
        .map(plain)
        .collect()
}

/// Shorter numbers tell nothing by themselves.
const NUMBER_LEN_MIN: usize = 5;
/// Shorter names may be codes.
const NAME_LEN_MIN: usize = 4;
const ADDRESS_WORD_LEN_MIN: usize = 4;
/// One letter may be wrong in words of this length and longer.
const FUZZY_LEN_MIN: usize = 5;
