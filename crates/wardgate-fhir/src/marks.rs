//! Whether a short string holds any word or number of a patient, in a few steps: most hold none.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use wardgate_deid::PatientIdentifiers;

use crate::needles::Needles;

/// The words and numbers of a patient, as hashes.
///
/// It tells only what need not be looked at closer; what it marks is read by the text engine.
pub(crate) struct Marks {
    /// INVARIANT: a power of two long, and never full.
    slots: Vec<u64>,
}

impl Marks {
    pub(crate) fn of(on_file: &PatientIdentifiers) -> Self {
        Self::from(Self::hashes(on_file, TOKEN_LEN_MIN))
    }

    /// Without words that are too short to tell anything by themselves.
    pub(crate) fn telling(on_file: &PatientIdentifiers) -> Self {
        Self::from(Self::hashes(on_file, TELLING_LEN_MIN))
    }

    /// The hashes of words that have at least some letters.
    pub(crate) fn hashes(on_file: &PatientIdentifiers, least: usize) -> Vec<u64> {
        let mut hashes = Vec::new();
        each_word(on_file, least, &mut |word| hashes.push(hash(word)));
        hashes
    }

    /// The words of [`Self::telling`] as needles, for long texts that are known to be ASCII: what holds none of them
    /// holds no mark. Nothing where some are too short for that.
    pub(crate) fn needles(on_file: &PatientIdentifiers) -> Option<Needles> {
        let mut needles = Needles::default();
        let mut long = true;
        each_word(on_file, TELLING_LEN_MIN, &mut |word| {
            long &= word.len() >= TELLING_LEN_MIN;
            needles.add_bytes(word);
        });
        long.then(|| needles.ready())
    }

    fn from(hashes: Vec<u64>) -> Self {
        let size = (hashes.len() * 4).next_power_of_two().max(16);
        let mut slots = vec![0u64; size];
        for hash in hashes {
            let mut at = place(hash, size);
            while let Some(slot) = slots.get_mut(at) {
                if *slot == 0 || *slot == hash {
                    *slot = hash;
                    break;
                }
                at = (at + 1) & (size - 1);
            }
        }
        Self { slots }
    }

    /// Whether a hash is one of the patient's.
    #[inline]
    pub(crate) fn has(&self, hash: u64) -> bool {
        let mut at = place(hash, self.slots.len());
        loop {
            match self.slots.get(at) {
                Some(slot) if *slot == hash => return true,
                Some(0) | None => return false,
                Some(_) => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Whether any word of a text is one of the patient's.
    pub(crate) fn any(&self, text: &str) -> bool {
        let mut any = false;
        words(text, |word| any |= self.has(word));
        any
    }

    /// The same, where the words are known.
    #[inline]
    pub(crate) fn hold_any(&self, words: &Words) -> bool {
        words.each.iter().any(|word| self.has(*word))
    }

    /// Whether the number that a text may be is one of the patient's.
    #[inline]
    pub(crate) fn hold_number(&self, words: &Words) -> bool {
        words.digits >= NUMBER_DIGITS_MIN && self.has(words.number)
    }

    /// Whether a word is one of the patient's numbers, whatever signs part it.
    pub(crate) fn number(&self, word: &str) -> bool {
        word.bytes().filter(u8::is_ascii_digit).count() >= NUMBER_DIGITS_MIN
            && self.has(number(word))
    }
}

/// The words of a text as hashes, and the number that it may be.
#[derive(Default)]
pub(crate) struct Words {
    each: Box<[u64]>,
    number: u64,
    pub(crate) digits: usize,
}

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let mut each = Vec::new();
        words(text, |word| each.push(word));
        Self {
            each: each.into(),
            number: number(text),
            digits: text.bytes().filter(u8::is_ascii_digit).count(),
        }
    }

    /// The bytes that the hashes take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.each)
    }
}

/// The hash of a number, whatever signs part it.
pub(crate) fn number(word: &str) -> u64 {
    if !word.is_ascii() {
        return hash(compact(word).as_bytes());
    }
    let letters = word.bytes().filter(u8::is_ascii_alphanumeric);
    let small = letters.map(|letter| letter.to_ascii_lowercase());
    small.skip_while(|letter| *letter == b'0').fold(START, step) | 1
}

/// The hashes of a text's words, in each of their spellings.
pub(crate) fn words(text: &str, mut each: impl FnMut(u64)) {
    if text.is_ascii() {
        return ascii_tokens(text.as_bytes(), each);
    }
    for folded in [text.to_lowercase(), folded(text)] {
        tokens(&folded, |token| each(hash(token)));
    }
}

/// Tells of every word and number on file, in small letters and in each of its spellings.
fn each_word(on_file: &PatientIdentifiers, least: usize, each: &mut dyn FnMut(&[u8])) {
    for name in on_file.names.iter().chain(&on_file.contacts) {
        for given in &name.given {
            words_of(given, least, each);
        }
        words_of(&name.family, least, each);
    }
    for address in &on_file.addresses {
        for line in &address.lines {
            words_of(line, least, each);
        }
        words_of(&address.city, least, each);
    }
    for email in &on_file.emails {
        words_of(email, least, each);
    }
    let numbers = on_file.record_numbers.iter().chain(&on_file.phones);
    for number in numbers.chain(&on_file.birth_dates) {
        words_of(number, least, each);
        each(compact(number).as_bytes());
    }
}

fn words_of(text: &str, least: usize, each: &mut dyn FnMut(&[u8])) {
    if text.is_ascii() {
        // It has one spelling only.
        let small = text.to_ascii_lowercase();
        let words = small.split(|c: char| !c.is_ascii_alphanumeric());
        let long = words.filter(|word| word.len() >= least.max(TOKEN_LEN_MIN));
        long.for_each(|word| each(word.as_bytes()));
        return;
    }
    for folded in [text.to_lowercase(), folded(text)] {
        tokens(&folded, |token| {
            if token.len() >= least {
                each(token);
            }
        });
    }
}

/// The hashes of an ASCII text's words.
#[inline]
fn ascii_tokens(text: &[u8], mut each: impl FnMut(u64)) {
    let mut value = START;
    let mut length = 0;
    for byte in text {
        if byte.is_ascii_alphanumeric() {
            value = step(value, byte.to_ascii_lowercase());
            length += 1;
        } else if length > 0 {
            if length >= TOKEN_LEN_MIN {
                each(value | 1);
            }
            (value, length) = (START, 0);
        }
    }
    if length >= TOKEN_LEN_MIN {
        each(value | 1);
    }
}

fn tokens(text: &str, mut each: impl FnMut(&[u8])) {
    for token in text.split(|c: char| !c.is_alphanumeric()) {
        if token.len() >= TOKEN_LEN_MIN {
            each(token.as_bytes());
        }
    }
}

#[inline]
fn hash(token: &[u8]) -> u64 {
    token.iter().fold(START, |value, byte| step(value, *byte)) | 1
}

#[inline]
fn step(value: u64, byte: u8) -> u64 {
    (value ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

#[inline]
fn place(hash: u64, size: usize) -> usize {
    usize::try_from(hash >> 20).unwrap_or_default() & (size.wrapping_sub(1))
}

/// Letters and digits, small, without the zeros in front.
fn compact(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    let compact: String = letters.flat_map(char::to_lowercase).collect();
    compact.trim_start_matches('0').to_owned()
}

/// Small letters without their marks.
fn folded(text: &str) -> String {
    let plain = text.nfd().filter(|c| !is_combining_mark(*c));
    let mut out = String::with_capacity(text.len());
    for letter in plain.flat_map(char::to_lowercase) {
        match letter {
            'ß' => out.push_str("ss"),
            'ł' => out.push('l'),
            'ø' => out.push('o'),
            'đ' | 'ð' => out.push('d'),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ı' => out.push('i'),
            other => out.push(other),
        }
    }
    out
}

const START: u64 = 0xcbf2_9ce4_8422_2325;
/// Shorter words tell nothing.
const TOKEN_LEN_MIN: usize = 2;
const TELLING_LEN_MIN: usize = 4;
/// Words of fewer digits are no numbers.
const NUMBER_DIGITS_MIN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use wardgate_deid::PersonName;

    #[test]
    fn words_and_numbers_are_marked_in_every_spelling() {
        let mut on_file = PatientIdentifiers::default();
        on_file.names.push(PersonName {
            given: vec!["Łucja".into()],
            family: "O'Brien-Müller".into(),
        });
        on_file.record_numbers.push("MRN-0044127".into());
        on_file.birth_dates.push("1974-04-09".into());
        let marks = Marks::of(&on_file);
        for text in [
            "seen LUCJA today",
            "Łucja",
            "o'brien",
            "Muller",
            "MÜLLER",
            "mrn 0044127",
        ] {
            assert!(marks.any(text), "{text}");
        }
        for text in ["Body weight", "Lucja2", "44127"] {
            assert!(!marks.any(text), "{text}");
        }
        for text in ["MRN-0044127", "00-12 Ab", "000", "", "Ł 0041"] {
            assert_eq!(number(text), hash(compact(text).as_bytes()), "{text}");
        }
        for number in ["19740409", "1974-04-09", "mrn0044127"] {
            assert!(marks.number(number), "{number}");
        }
        assert!(!marks.number("44054006"));
    }
}
