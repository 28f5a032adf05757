//! The words that rules know, and their classes.

use std::sync::LazyLock;

use crate::fold;

/// A set of word classes, one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class(u64);

impl Class {
    pub(crate) const COMMON: Self = Self(1);
    pub(crate) const TITLE: Self = Self(1 << 1);
    pub(crate) const LABEL: Self = Self(1 << 2);
    pub(crate) const RELATIVE: Self = Self(1 << 3);
    pub(crate) const BYLINE: Self = Self(1 << 4);
    pub(crate) const MONTH: Self = Self(1 << 5);
    pub(crate) const STREET: Self = Self(1 << 6);
    pub(crate) const STREET_FIRST: Self = Self(1 << 7);
    pub(crate) const UNIT_WORD: Self = Self(1 << 8);
    pub(crate) const STATE: Self = Self(1 << 9);
    pub(crate) const UNIT: Self = Self(1 << 10);
    pub(crate) const AGE_CUE: Self = Self(1 << 11);
    pub(crate) const AGE_LABEL: Self = Self(1 << 12);
    pub(crate) const BIRTH: Self = Self(1 << 13);
    pub(crate) const DATE_CUE: Self = Self(1 << 14);
    pub(crate) const PHONE_CUE: Self = Self(1 << 15);
    pub(crate) const FAX: Self = Self(1 << 16);
    pub(crate) const ID_STRONG: Self = Self(1 << 17);
    pub(crate) const ID_WEAK: Self = Self(1 << 18);
    pub(crate) const NUMBER_FILLER: Self = Self(1 << 19);
    pub(crate) const CODE_CUE: Self = Self(1 << 20);
    pub(crate) const VERSION: Self = Self(1 << 21);
    pub(crate) const CREDENTIAL: Self = Self(1 << 22);
    pub(crate) const PARTICLE: Self = Self(1 << 23);
    pub(crate) const FACILITY: Self = Self(1 << 24);
    pub(crate) const LIVES: Self = Self(1 << 25);
    pub(crate) const ADDRESS_LABEL: Self = Self(1 << 26);
    pub(crate) const TOP_DOMAIN: Self = Self(1 << 27);
    pub(crate) const PHRASE: Self = Self(1 << 28);
    /// A laboratory value, a vital sign or the like, whose number follows it.
    pub(crate) const LAB: Self = Self(1 << 29);
    /// What is scored in fractions, such as pain and strength.
    pub(crate) const SCORE: Self = Self(1 << 30);
    /// Genes and proteins, whose name ends in a number.
    pub(crate) const GENE: Self = Self(1 << 31);
    /// What stands before a year or a month alone.
    pub(crate) const YEAR_CUE: Self = Self(1 << 32);
    /// Institutions whose own name stands behind the kind: `Hospital La Paz`.
    pub(crate) const FACILITY_FIRST: Self = Self(1 << 33);
    /// Parts of an institution, and other words that end a name before them.
    pub(crate) const DEPARTMENT: Self = Self(1 << 34);
    /// Words that only German has, to tell its way of writing dates.
    pub(crate) const GERMAN: Self = Self(1 << 35);
    /// Words that only Spanish has.
    pub(crate) const SPANISH: Self = Self(1 << 36);
    /// Words that only English has.
    pub(crate) const ENGLISH: Self = Self(1 << 37);
    /// Set by the reading of quantities, never by the list: a dose, a value, a score, a code, a clock time.
    pub(crate) const QUANTITY: Self = Self(1 << 40);

    fn named(name: &str) -> Self {
        match name {
            "title" => Self::TITLE,
            "label" => Self::LABEL,
            "relative" => Self::RELATIVE,
            "byline" => Self::BYLINE,
            "month" => Self::MONTH,
            "street" => Self::STREET,
            "streetfirst" => Self::STREET_FIRST,
            "unitword" => Self::UNIT_WORD,
            "state" => Self::STATE,
            "unit" => Self::UNIT,
            "agecue" => Self::AGE_CUE,
            "agelabel" => Self::AGE_LABEL,
            "dob" => Self::BIRTH,
            "datecue" => Self::DATE_CUE,
            "phonecue" => Self::PHONE_CUE,
            "fax" => Self::FAX,
            "idstrong" => Self::ID_STRONG,
            "idweak" => Self::ID_WEAK,
            "numfiller" => Self::NUMBER_FILLER,
            "codecue" => Self::CODE_CUE,
            "version" => Self::VERSION,
            "credential" => Self::CREDENTIAL,
            "particle" => Self::PARTICLE,
            "facility" => Self::FACILITY,
            "lives" => Self::LIVES,
            "addresslabel" => Self::ADDRESS_LABEL,
            "phrase" => Self::PHRASE,
            "tld" => Self::TOP_DOMAIN,
            "lab" => Self::LAB,
            "score" => Self::SCORE,
            "gene" => Self::GENE,
            "yearcue" => Self::YEAR_CUE,
            "facilityfirst" => Self::FACILITY_FIRST,
            "department" => Self::DEPARTMENT,
            "german" => Self::GERMAN,
            "spanish" => Self::SPANISH,
            "english" => Self::ENGLISH,
            _ => Self::COMMON,
        }
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as one number.
    #[inline]
    pub(crate) const fn hash(self) -> u32 {
        let [a, b, c, d, e, f, g, h] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes([e, f, g, h]).rotate_left(16)
    }

    /// Whether any class of `other` is in this set.
    #[inline]
    pub(crate) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The table of words.
pub(crate) struct Lexicon {
    /// INVARIANT: the length is a power of two, and more than half of the slots are free.
    slots: Vec<Slot>,
    /// A bit for each word, so that most words that are in no list cost one look.
    filter: Vec<u64>,
}

#[derive(Clone, Default)]
struct Slot {
    key: u64,
    word: Box<str>,
    classes: Class,
}

/// The one table; it never changes.
pub(crate) fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> =
        LazyLock::new(|| Lexicon::parse(include_str!("lexicon/words.txt")));
    &LEXICON
}

impl Lexicon {
    fn parse(source: &str) -> Self {
        let mut lexicon = Self {
            slots: vec![Slot::default(); SLOTS],
            filter: vec![0; FILTER_WORDS],
        };
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let Some((class, words)) = line.split_once(':') else {
                continue;
            };
            for word in words.split_whitespace() {
                let word = fold::fold(word).text.to_lowercase();
                lexicon.insert(&word, Class::named(class));
            }
        }
        lexicon
    }

    fn insert(&mut self, word: &str, class: Class) {
        let key = key_of(word.as_bytes());
        let (place, bit) = filter_of(key);
        if let Some(filter) = self.filter.get_mut(place) {
            *filter |= bit;
        }
        let mut index = slot_of(key);
        while let Some(slot) = self.slots.get_mut(index) {
            if slot.word.is_empty() {
                *slot = Slot {
                    key,
                    word: word.into(),
                    classes: class,
                };
                return;
            }
            if &*slot.word == word {
                slot.classes = slot.classes.with(class);
                return;
            }
            index = (index + 1) % SLOTS;
        }
    }

    /// The classes of a word in any case, whose key the lexer has computed.
    #[inline]
    pub(crate) fn classes(&self, key: u64, word: &[u8]) -> Class {
        let (place, bit) = filter_of(key);
        if self
            .filter
            .get(place)
            .is_none_or(|filter| filter & bit == 0)
        {
            return Class::default();
        }
        self.probe(key, word)
    }

    fn probe(&self, key: u64, word: &[u8]) -> Class {
        let mut index = slot_of(key);
        while let Some(slot) = self.slots.get(index) {
            if slot.word.is_empty() {
                break;
            }
            if slot.key == key && word.eq_ignore_ascii_case(slot.word.as_bytes()) {
                return slot.classes;
            }
            index = (index + 1) % SLOTS;
        }
        Class::default()
    }

    /// The classes of a folded word in lower case.
    pub(crate) fn classes_of(&self, word: &str) -> Class {
        self.classes(key_of(word.as_bytes()), word.as_bytes())
    }
}

/// One step of a word's key; letters count the same in both cases.
#[inline]
pub(crate) fn key_step(key: u64, byte: u8) -> u64 {
    key.rotate_left(9) ^ u64::from(byte | 0x20)
}

fn key_of(word: &[u8]) -> u64 {
    word.iter().fold(0, |key, byte| key_step(key, *byte))
}

fn slot_of(key: u64) -> usize {
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS_LOG2);
    usize::try_from(mixed).unwrap_or_default()
}

/// Where the filter has its bit for a key.
#[inline]
fn filter_of(key: u64) -> (usize, u64) {
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER_LOG2);
    let place = usize::try_from(mixed / 64).unwrap_or_default();
    (place, 1 << (mixed % 64))
}

const FILTER_LOG2: u32 = 16;
const FILTER_WORDS: usize = 1 << (FILTER_LOG2 - 6);
const SLOTS_LOG2: u32 = 13;
const SLOTS: usize = 1 << SLOTS_LOG2;
