//! What a word can be; the build script reads the same names.

/// A set of classes of a word, one bit for each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) u32);

macro_rules! classes {
    ($($(#[doc = $doc:literal])* $name:ident = $bit:literal,)*) => {
        impl Bits {
            $($(#[doc = $doc])* pub(crate) const $name: Self = Self(1 << $bit);)*
            /// Every class with its name, as sections of the lists say it.
            pub(crate) const NAMES: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

classes! {
    /// Somebody's given name.
    GIVEN = 0,
    /// One of the given names that most people bear (US, Spanish, German).
    GIVEN_COMMON = 1,
    /// A given name of women; may be one of men too.
    FEMALE = 2,
    /// A given name of men; may be one of women too.
    MALE = 3,
    /// Somebody's family name.
    SURNAME = 4,
    /// One of the family names that most people bear.
    SURNAME_COMMON = 5,
    /// A city, town or village.
    CITY = 6,
    /// A city of more than some 50,000 people (150,000 abroad).
    CITY_BIG = 7,
    /// The first word of a place of several words; of joined words: a longer name of a place begins so.
    PLACE_FIRST = 8,
    /// A later word of a place of several words.
    PLACE_NEXT = 9,
    /// A state, province or Land by its name.
    STATE = 10,
    /// The postal abbreviation of a US state.
    STATE_SHORT = 11,
    /// A US county, without the word county.
    COUNTY = 12,
    /// A country.
    COUNTRY = 13,
    /// People, language or adjective of a country.
    NATIONALITY = 14,
    /// An English word that is written small.
    WORD = 15,
    /// One of the first 38,000 words of English.
    WORD_COMMON = 16,
    /// One of the first 10,000 words of English.
    WORD_VERY_COMMON = 17,
    /// A Spanish word that is written small.
    WORD_ES = 18,
    /// A German word that is no name.
    WORD_DE = 19,
    /// A word of clinical notes, in any language.
    CLINICAL = 20,
    /// A drug, by its generic or brand name.
    DRUG = 21,
    /// A person's name that stands for a disease, sign, score, device or method.
    EPONYM = 22,
    /// A word that says what kind of facility a name is of.
    FACILITY_HEAD = 23,
    /// A word that names of facilities are made of.
    FACILITY_NAME = 24,
    /// A word that says what kind of street a name is of.
    STREET = 25,
    /// A month, whole or short.
    MONTH = 26,
    /// A day of the week, whole or short.
    WEEKDAY = 27,
    /// A title or degree.
    TITLE = 28,
    /// A word so frequent in English that it tells the language.
    STOP_EN = 29,
    /// The same for Spanish.
    STOP_ES = 30,
    /// The same for German.
    STOP_DE = 31,
}

impl Bits {
    /// The classes of both sets.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two sets share a class.
    #[inline]
    pub(crate) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
