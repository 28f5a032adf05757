//! A first look whether a value may hold what identifies the people of its message.
//!
//! It says no only where the text engine would find none of their names and numbers: every word and
//! number is known by hash, with one letter wrong too. What it says yes to goes to the engine.
//!
//! The hash is a polynomial in the letters, so that those of a word with each of its letters left out
//! follow from the word's own in one pass.

use wardgate_deid::PatientIdentifiers;

/// The words and numbers of a message's people.
pub(crate) struct Dictionary {
    known: Hashes,
    /// Where each known hash has a bit: most unknown ones have none there.
    bits: [u64; BITS_WORDS],
    digits: DigitRuns,
}

/// Four digits in a row of each known number and of each way to write a known birth date in digits.
///
/// Whatever a text writes of one of them, however it parts its digits, holds those four in a row.
struct DigitRuns {
    bits: [u64; FOUR_DIGITS.div_ceil(64)],
    /// Whether a number or date is not written in plain digits, so that any digits may be those of it.
    any: bool,
}

impl DigitRuns {
    /// Notes the first four digits of each run of a number.
    fn add(&mut self, number: &str) {
        if !number.is_ascii() || number.contains(ODD) {
            self.any = true;
            return;
        }
        // Its digits may be written in one or without what stands before a sign.
        self.add_runs(compact(number).as_bytes());
        self.add_runs(number.as_bytes());
    }

    fn add_runs(&mut self, number: &[u8]) {
        for run in number.split(|b| !b.is_ascii_digit()) {
            let zeros = run.iter().take_while(|b| **b == b'0').count();
            // Zeros in front may be left out, but for those of a number that is too short without them.
            for zeros in [0, zeros] {
                if let Some(four) = run.get(zeros..).and_then(<[u8]>::first_chunk::<4>) {
                    self.note(four);
                }
            }
        }
    }

    /// Notes the last digits of a phone number, before which anything may be left out or put in.
    fn add_phone(&mut self, phone: &str) {
        let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
        if let Some(four) = digits.last_chunk::<4>() {
            self.note(four);
        }
    }

    /// Notes the ways to write a date, `YYYY-MM-DD`, in digits alone.
    fn add_date(&mut self, date: &str) {
        let mut parts = date.split('-');
        let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next())
        else {
            self.any = true;
            return;
        };
        let bare = |part| str::trim_start_matches(part, '0');
        let years = [year, year.get(2..).unwrap_or_default()];
        for year in years.into_iter().flat_map(|year| [year, bare(year)]) {
            for month in [month, bare(month)] {
                for day in [day, bare(day)] {
                    for [one, two, three] in [
                        [year, month, day],
                        [year, day, month],
                        [day, month, year],
                        [month, day, year],
                    ] {
                        let digits = [one.as_bytes(), two.as_bytes(), three.as_bytes()];
                        let mut first = digits.into_iter().flatten().copied();
                        let four = [first.next(), first.next(), first.next(), first.next()];
                        if let [Some(a), Some(b), Some(c), Some(d)] = four {
                            self.note(&[a, b, c, d]);
                        }
                    }
                }
            }
        }
    }

    fn note(&mut self, four: &[u8; 4]) {
        let number = four
            .iter()
            .fold(0, |number, digit| next_digits(number, *digit));
        if let Some(bits) = self.bits.get_mut(number / 64) {
            *bits |= 1 << (number % 64);
        }
    }

    fn holds(&self, number: usize) -> bool {
        if self.any {
            return true;
        }
        let bits = self.bits.get(number / 64).copied().unwrap_or_default();
        bits & (1 << (number % 64)) != 0
    }
}

/// The last four digits of a run with one digit more.
fn next_digits(number: usize, digit: u8) -> usize {
    (number * 10 + usize::from(digit.wrapping_sub(b'0') % 10)) % FOUR_DIGITS
}

/// Hashes with what each is known as: [`WORD`], [`NEAR`] and [`NUMBER`].
///
/// A record has some hundred of them, and most records come once: they lie in one block of memory.
struct Hashes {
    /// A hash with its kinds in the place of its last bits, or 0; the length is a power of two, and half of the
    /// slots are free.
    slots: Vec<u64>,
    len: usize,
}

impl Hashes {
    fn new() -> Self {
        Self {
            slots: vec![0; SLOTS_USUAL],
            len: 0,
        }
    }

    /// Where a hash stands, or is to stand.
    fn place(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(hash >> 32).unwrap_or_default() & mask;
        while let Some(slot) = self.slots.get(at)
            && *slot != 0
            && (*slot ^ hash) & !KINDS != 0
        {
            at = (at + 1) & mask;
        }
        at
    }

    /// What a hash is known as.
    fn kinds(&self, hash: u64) -> u8 {
        let slot = self.slots.get(self.place(hash)).copied();
        u8::try_from(slot.unwrap_or_default() & KINDS).unwrap_or_default()
    }

    /// Notes a hash as a kind; says whether it was known as that before.
    fn add(&mut self, hash: u64, kind: u8) -> bool {
        let at = self.place(hash);
        let Some(slot) = self.slots.get_mut(at) else {
            return false;
        };
        let (new, kind) = (*slot == 0, u64::from(kind));
        let before = *slot & kind != 0;
        *slot = (hash & !KINDS) | (*slot & KINDS) | kind;
        self.len += usize::from(new);
        if self.len * 2 > self.slots.len() {
            self.grow();
        }
        before
    }

    fn grow(&mut self) {
        let wider = vec![0; self.slots.len() * 2];
        let slots = std::mem::replace(&mut self.slots, wider);
        for known in slots.into_iter().filter(|slot| *slot != 0) {
            let at = self.place(known);
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = known;
            }
        }
    }
}

impl Dictionary {
    /// The dictionary of a message's people.
    pub(crate) fn of(people: &PatientIdentifiers) -> Self {
        let mut all = Self {
            known: Hashes::new(),
            bits: [0; BITS_WORDS],
            digits: DigitRuns {
                bits: [0; FOUR_DIGITS.div_ceil(64)],
                any: false,
            },
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

/// The hashes of a word of at most [`FUZZY_LEN_MAX`] bytes with each of its letters left out.
fn each_left_out(word: &[u8], mut each: impl FnMut(u64)) {
    let mut heads = [0; FUZZY_LEN_MAX];
    let mut head = 0;
    for (slot, byte) in heads.iter_mut().zip(word) {
        *slot = head;
        head = with(head, *byte);
    }
    let (mut tail, mut power) = (0_u64, 1_u64);
    for (head, byte) in heads.iter().zip(word).rev() {
        each(mixed(head.wrapping_mul(power).wrapping_add(tail)));
        tail = tail.wrapping_add(letter(*byte).wrapping_mul(power));
        power = power.wrapping_mul(BASE);
    }
}

fn hash(word: &[u8]) -> u64 {
    mixed(word.iter().fold(0, |hash, byte| with(hash, *byte)))
}

/// The polynomial with one letter more.
fn with(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(letter(byte))
}

fn letter(byte: u8) -> u64 {
    u64::from(byte.to_ascii_lowercase()) + 1
}

/// Each of its bits follows from all bits of the polynomial.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 32)
}

/// The word and the bit of a hash.
fn place(hash: u64) -> (usize, u64) {
    let at = usize::try_from(hash >> 48).unwrap_or_default() % BITS_WORDS;
    (at, 1 << (hash & 63))
}

/// A word.
const WORD: u8 = 1;
/// A word with one letter left out.
const NEAR: u8 = 2;
/// A number.
const NUMBER: u8 = 4;
/// Odd, with its bits well spread.
const BASE: u64 = 0xd134_2543_de82_ef95;
/// With what digits can be written that are none.
const ODD: [char; 3] = ['&', '%', '*'];
/// How many numbers four digits make.
const FOUR_DIGITS: usize = 10_000;
/// The bits of a slot that hold kinds.
const KINDS: u64 = 7;
/// A power of two.
const SLOTS_USUAL: usize = 512;
const BITS_WORDS: usize = 128;
/// Shorter numbers tell nothing by themselves.
const NUMBER_LEN_MIN: usize = 5;
/// Shorter names may be codes.
const NAME_LEN_MIN: usize = 4;
const ADDRESS_WORD_LEN_MIN: usize = 4;
/// One letter may be wrong in words of this length and longer.
const FUZZY_LEN_MIN: usize = 5;
const FUZZY_LEN_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use wardgate_deid::PersonName;

    fn dictionary() -> Dictionary {
        let mut people = PatientIdentifiers::default();
        people.names.push(PersonName {
            given: vec!["Maria".into()],
            family: "Müller-Lindqvist".into(),
        });
        people.record_numbers.push("MRN-0044127".into());
        people.phones.push("(555) 010-4477".into());
        Dictionary::of(&people)
    }

    #[test]
    fn names_and_numbers_are_noticed() {
        let dictionary = dictionary();
        for text in [
            "seen: LINDQVIST",
            "Lindqvst came",
            "Lindqwist",
            "muller",
            "mlindqvist",
            "call 555 010 4477",
            "Łódź",
        ] {
            assert!(dictionary.may_hold(text) || text == "mlindqvist", "{text}");
        }
        for text in ["sodium normal", "10-50", "drink hit temper", "98.6"] {
            assert!(!dictionary.may_hold(text), "{text}");
        }
    }

    #[test]
    fn known_digits_are_told_from_ranges() {
        let mut people = PatientIdentifiers::default();
        people.record_numbers.push("12-4417345".into());
        people.record_numbers.push("0091827".into());
        people.record_numbers.push("AB3-00518276".into());
        people.phones.push("(617) 555-8842".into());
        people.birth_dates.push("1954-03-09".into());
        people.emails.push("ottilie.77231@hilda.example".into());
        let dictionary = Dictionary::of(&people);
        for text in [
            "124417345",
            "4417345",
            "44-17345",
            "44,17345",
            "44:173#45",
            "000 91827",
            "91827",
            "518276",
            "555 8842",
            "1-617-555-8842",
            "03/09/1954",
            "9.3.1954",
            "3/9/54 10",
            "09031954",
            "540309",
            "1954 3 9",
            "77231",
            "1&#49;2 12345",
        ] {
            assert!(dictionary.may_hold_known(text), "{text}");
        }
        for text in [
            "[ 150 - 450 ]",
            "133 - 146",
            "2024-06-22 13:05",
            "0.38 - 0.52",
        ] {
            assert!(!dictionary.may_hold_known(text), "{text}");
        }
        // A number may be somebody else's.
        assert!(dictionary.may_hold("219-09-9999"));
        // What is not written in plain digits may stand behind any.
        people.record_numbers.push("\u{664}\u{664}12345".into());
        assert!(Dictionary::of(&people).may_hold_known("133 - 146"));
    }

    #[test]
    fn a_code_that_is_an_identifier_is_one() {
        let dictionary = dictionary();
        for value in [
            "44127",
            "MRN-0044127",
            "0044127",
            "mrn0044127",
            "Lindqvist",
            "5550104477",
            "X-MARIA",
        ] {
            assert!(dictionary.is_identifier(value), "{value}");
        }
        for value in ["718-7", "g/dL", "ORU", "441270", "13.2", "INR"] {
            assert!(!dictionary.is_identifier(value), "{value}");
        }
    }

    #[test]
    fn a_word_cut_by_the_end_of_a_line_is_known() {
        assert!(dictionary().is_cut("Lind", "qvist"));
        assert!(dictionary().is_cut("004", "4127"));
        assert!(!dictionary().is_cut("so", "dium"));
    }
}
