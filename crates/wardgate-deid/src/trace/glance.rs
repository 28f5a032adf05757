//! A first look whether anything that is sought may be in a text: made ready in far less than a search is.
//!
//! A text is told by the runs of four bytes that stand in it, in any case. What is sought is known by three runs of
//! each of its spellings and encodings; where one of the three is not in the text, nor is what is sought. The look says
//! no only where a search would find nothing: most outputs are told by it, and their search is never made.

use super::Traces;
use super::patterns::{ENCODED_LEN_MIN, LEADS, encode, encoded_from, spellings};
use crate::fold;
use crate::gazetteer;

/// What is sought, by some of its runs.
#[derive(Default)]
pub(super) struct Glance {
    heads: Vec<Head>,
    /// Whether something is too short to be told by a run.
    blind: bool,
    /// Whether something has letters in it beside which UTF-16 has a zero, and some beside which it has none.
    mixed: bool,
}

/// The runs that stand in a text.
pub(super) struct Runs {
    /// A bit for each place that a run has; a power of two of them.
    bits: Box<[u64]>,
    /// Whether the text may hold UTF-16, and whether it does so in letters up to Latin-1.
    zeros: bool,
    wide: bool,
}

/// The places of three runs in the table of a text.
type Head = [u16; 3];

/// Puts together what is sought.
#[derive(Default)]
struct Heads<'t> {
    glance: Glance,
    /// Words of names that were added: those of a family come again.
    words: Vec<&'t str>,
    led: Vec<u8>,
    encoded: Vec<u8>,
}

impl Glance {
    /// What tells the traces of an input.
    pub(super) fn of(traces: &Traces) -> Self {
        let mut heads = Heads::default();
        for name in &traces.names {
            heads.name(name.as_str());
        }
        for value in traces.values.keys() {
            heads.all_encodings(value.as_str());
        }
        heads.glance
    }

    /// Whether a text with these runs may hold anything of what is sought.
    pub(super) fn may_be_among(&self, runs: &Runs) -> bool {
        self.blind
            || runs.wide
            || (runs.zeros && self.mixed)
            || self
                .heads
                .iter()
                .any(|head| head.iter().all(|place| runs.hold(*place)))
    }

    /// Notes bytes that a text may hold.
    fn add(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.len().checked_sub(RUN) else {
            self.blind = true;
            return;
        };
        let at = |from: usize| {
            let run = bytes.get(from..from + RUN).unwrap_or_default();
            place_of(run.iter().fold(0, |run, byte| followed(run, *byte)))
        };
        self.heads.push([at(0), at(last), at(last / 2)]);
    }
}

impl Runs {
    /// The runs of a text; of a long one nothing is told.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_LEN_MAX {
            return None;
        }
        let small = text.len() <= SMALL_TEXT_LEN_MAX;
        let places = if small { SMALL_PLACES } else { PLACES };
        let zeros = memchr::memchr(0, text).is_some();
        let mut runs = Self {
            bits: vec![0; places / 64].into_boxed_slice(),
            zeros,
            wide: zeros && is_wide(text),
        };
        let mut run = 0;
        for byte in text {
            run = followed(run, *byte);
            let (at, bit) = runs.slot(place_of(run));
            if let Some(bits) = runs.bits.get_mut(at) {
                *bits |= bit;
            }
        }
        Some(runs)
    }

    fn hold(&self, place: u16) -> bool {
        let (at, bit) = self.slot(place);
        self.bits.get(at).is_some_and(|bits| bits & bit != 0)
    }

    fn slot(&self, place: u16) -> (usize, u64) {
        let at = usize::from(place >> 6) & (self.bits.len() - 1);
        (at, 1 << (place & 63))
    }
}

impl<'t> Heads<'t> {
    fn name(&mut self, name: &'t str) {
        if !self.telling_words(name) {
            for spelling in spellings(name) {
                self.all_encodings(&spelling);
            }
        }
    }

    /// Notes the words of a plain name that are names alone, where one of them is so long that each spelling of the
    /// name holds it, whatever encodes it; whether there is one.
    fn telling_words(&mut self, name: &'t str) -> bool {
        if !name.bytes().all(is_plain) {
            return false;
        }
        let words = || {
            let words = name.split(|c: char| !c.is_ascii_alphabetic());
            words.filter(|word| word.len() >= RUN)
        };
        let mut room = [0; WORD_LEN_MAX];
        let mut told = false;
        for word in words() {
            let Some(small) = fold::small_word(word, &mut room) else {
                return false;
            };
            let telling = !gazetteer::is_word(small);
            told |= telling && word.len() >= LONG_WORD_LEN_MIN;
        }
        if !told {
            return false;
        }
        for word in words() {
            if self.words.contains(&word) {
                continue;
            }
            self.words.push(word);
            let Some(small) = fold::small_word(word, &mut room) else {
                continue;
            };
            if gazetteer::is_word(small) {
                continue;
            }
            self.glance.add(word.as_bytes());
            if word.len() >= LONG_WORD_LEN_MIN {
                self.encodings(word.as_bytes());
                if word != small {
                    self.encodings(small.as_bytes());
                }
            }
        }
        true
    }

    /// Notes a value as it is and in each encoding that has no zeros in it.
    fn all_encodings(&mut self, value: &str) {
        self.glance.add(value.as_bytes());
        if !value.is_ascii() {
            let latin: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
            if let Some(latin) = latin {
                self.glance.add(&latin);
            }
            if value.encode_utf16().all(|unit| unit > 0xff) {
                for order in [u16::to_le_bytes, u16::to_be_bytes] {
                    let wide: Vec<u8> = value.encode_utf16().flat_map(order).collect();
                    self.glance.add(&wide);
                }
            } else if value.encode_utf16().any(|unit| unit > 0xff) {
                self.glance.mixed = true;
            }
        }
        self.glance.mixed |= value.chars().count() < WIDE_RUN;
        if value.len() >= ENCODED_LEN_MIN {
            self.encodings(value.as_bytes());
        }
    }

    /// Notes what bytes look like inside base64.
    fn encodings(&mut self, value: &[u8]) {
        for lead in 0..LEADS {
            self.led.clear();
            self.led.resize(lead, 0);
            self.led.extend_from_slice(value);
            self.encoded.clear();
            encode(&self.led, &mut self.encoded);
            let own = self.encoded.get(encoded_from(lead)..);
            self.glance.add(own.unwrap_or_default());
        }
    }
}

/// What a plain name is written with: its words are the same however it is read.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'.' | b'-' | b'\'' | b',')
}

/// Whether a text has so many letters up to Latin-1 in a row as UTF-16 writes them, with a zero beside each.
fn is_wide(text: &[u8]) -> bool {
    let mut windows = text.windows(WIDE_RUN * 2 - 1);
    windows.any(|window| window.iter().step_by(2).all(|byte| *byte == 0))
}

/// The last four bytes, when another one follows. Bytes that are the same letter in another case are alike.
#[inline]
fn followed(run: u32, byte: u8) -> u32 {
    (run << 8) | u32::from(byte | CASE)
}

/// Where a run stands in the table of a text.
#[inline]
fn place_of(run: u32) -> u16 {
    let [high, low, ..] = run.wrapping_mul(FACTOR).to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// Bytes of a run.
const RUN: usize = 4;
/// How many places a table has.
const PLACES: usize = 1 << 16;
/// And of how many it has in a small text.
const SMALL_PLACES: usize = 1 << 12;
const SMALL_TEXT_LEN_MAX: usize = 256;
/// Letters of UTF-16 in a row by which it is told: nothing that is sought has fewer.
const WIDE_RUN: usize = 4;
/// In longer texts nearly every run is found.
const TEXT_LEN_MAX: usize = 32 * 1024;
/// What tells small letters from large ones in ASCII.
const CASE: u8 = 0x20;
const FACTOR: u32 = 0x9e37_79b1;
/// Words of this length and longer have a run of their own in base64, wherever in a group they begin.
const LONG_WORD_LEN_MIN: usize = 5;
/// Longer words are seldom names.
const WORD_LEN_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD_NO_PAD;

    use super::*;
    use crate::finding::Kind;

    const NAMES: [&str; 12] = [
        "Maria Brown",
        "Maria  Brown",
        "Mary-Ann O'Neill, Jr.",
        "Long Grace",
        "Vamelhen Quistdottir",
        "Łucja Brzęczyszczykiewicz",
        "Jörg Müßig",
        "Ольга Каренина",
        "Smith.",
        "Al Bo",
        "LINDQVIST",
        "An\u{100}\u{200}\u{300}\u{400}",
    ];
    const VALUES: [&str; 5] = [
        "MRN-0044127",
        "(555) 010-4477",
        "maria@brown.example",
        "12 Straße, Köln",
        "００４４１２７",
    ];

    impl Glance {
        fn may_be_in(&self, text: &[u8]) -> bool {
            Runs::of(text).is_none_or(|runs| self.may_be_among(&runs))
        }
    }

    fn traces() -> Traces {
        let mut traces = Traces::default();
        NAMES.iter().for_each(|name| traces.name(name));
        VALUES
            .iter()
            .for_each(|value| traces.value(Kind::Id, value));
        traces
    }

    /// Texts that hold something that is sought, in each spelling and encoding, and some that do not.
    fn texts() -> Vec<Vec<u8>> {
        let mut spelled: Vec<String> = NAMES.iter().flat_map(|name| spellings(name)).collect();
        spelled.extend(VALUES.map(str::to_owned));
        let mut all = vec![Vec::new(), b"abc".to_vec(), b"PID|1||77^^^^MR||".to_vec()];
        for spelling in spelled {
            for text in [
                &spelling,
                &spelling.to_lowercase(),
                &spelling.to_uppercase(),
            ] {
                all.push(format!("seen|{text}|today").into_bytes());
                all.push(text.chars().filter_map(|c| u8::try_from(c).ok()).collect());
                for order in [u16::to_le_bytes, u16::to_be_bytes] {
                    all.push(text.encode_utf16().flat_map(order).collect());
                }
                for around in ["", "x", "xy", "xyz"] {
                    let letter = format!("{around}{text}{around}");
                    all.push(BASE64_STANDARD_NO_PAD.encode(letter).into_bytes());
                }
            }
        }
        all
    }

    #[test]
    fn it_never_says_no_where_a_search_finds() {
        let search = traces().compile();
        let glance = Glance::of(&traces());
        let mut held = 0;
        for text in texts() {
            let found = search.bytes(&text).any();
            held += usize::from(found);
            assert!(!found || glance.may_be_in(&text), "{text:?}");
            // Each by itself, so that nothing is noticed by what another name has.
            for name in NAMES {
                let one = || {
                    let mut one = Traces::default();
                    one.name(name);
                    one
                };
                let found = one().compile().bytes(&text).any();
                assert!(!found || Glance::of(&one()).may_be_in(&text), "{name}");
            }
        }
        assert!(held > 300, "{held}");
    }

    #[test]
    fn it_says_no_of_most_texts_that_hold_nothing() {
        let mut traces = Traces::default();
        for name in ["Vamelhen Quistdottir", "Maria Brown", "Long Grace"] {
            traces.name(name);
        }
        for value in VALUES {
            traces.value(Kind::Id, value);
        }
        let glance = Glance::of(&traces);
        let text =
            "MSH|^~\\&|LAB|HOSP||20240312||ORU^R01|77|P|2.5\rNTE|1||long text, brown sputum\r";
        assert!(!glance.may_be_in(text.as_bytes()));
        assert!(!glance.may_be_in(b""));
    }

    #[test]
    fn what_it_lets_pass_is_counted_as_without_it() {
        let (search, later) = (traces().compile(), traces().compile_when_needed());
        for text in texts() {
            assert_eq!(search.bytes(&text), later.bytes(&text));
            if let Ok(text) = str::from_utf8(&text) {
                let fresh = traces().compile_when_needed();
                assert_eq!(search.value(text), fresh.value(text));
            }
        }
    }
}
