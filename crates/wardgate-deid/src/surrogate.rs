//! Other values of the same form, the same for one patient wherever they stand.
//!
//! Everything is derived from one key of the patient and the project, so a name
//! or number has the same stand-in in each text, message and table. Two things
//! are settled for each text by itself: no stand-in equals a real name that was
//! given to [`Pseudonyms::avoid`], and two real values never share one; when a
//! drawn value would, the next one is taken, in the order in which the values come.

mod checks;
mod drawn;
mod email;
mod name;
mod number;
mod phone;
mod place;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use zeroize::Zeroize;

use crate::finding::{Kind, Part};
use crate::fold;
use crate::language::Language;
use crate::placeholder::tagged;
use crate::project::{ProjectKey, is_uuid};
use crate::secret::Secret;
use crate::shift::{self, DateReading};
use drawn::Drawn;
use name::Roles;

pub use name::{NameHints, NamePart, Sex};

/// The key of one patient's pseudonyms in one project.
pub struct PseudonymKey {
    mac: hmac::Key,
    /// Where records have one: a UUID that numbers a patient is often an id of resources too, and those are the
    /// project's.
    project: Option<ProjectKey>,
}

impl PseudonymKey {
    /// A key of 32 random or derived bytes.
    #[must_use]
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        bytes.zeroize();
        Self { mac, project: None }
    }

    /// The key of a patient, named by any stable handle, in a project that has a key of its own.
    ///
    /// Without the project's key nobody can tell which patients two projects share.
    #[must_use]
    pub fn derive(project: &[u8; 32], patient: &[u8]) -> Self {
        Self::derived(&hmac::Key::new(hmac::HMAC_SHA256, project), patient)
    }

    /// The same from a project's key that is ready.
    pub(crate) fn derived(project: &hmac::Key, patient: &[u8]) -> Self {
        let bytes = tagged(project, &[b"wardgate pseudonym key", patient]);
        let mac = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_ref());
        Self { mac, project: None }
    }

    /// The same, whose UUIDs become those of a project.
    pub(crate) fn of_project(self, project: ProjectKey) -> Self {
        Self {
            project: Some(project),
            ..self
        }
    }

    /// A number that only this key derives from a value; each label has numbers of its own.
    pub(crate) fn number(&self, label: &str, value: &str) -> u64 {
        let tag = tagged(&self.mac, &[label.as_bytes(), value.as_bytes()]);
        let first = tag.first_chunk::<8>();
        first.map_or(0, |first| u64::from_be_bytes(*first))
    }

    /// The first characters of a keyed hash of a value, in hexadecimal.
    pub(crate) fn hash(&self, label: &str, value: &str, len: usize) -> String {
        let tag = tagged(&self.mac, &[b"hash", label.as_bytes(), value.as_bytes()]);
        let hex = tag.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        hex.take(len)
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    }

    /// A sequence of numbers below 256, as long as needed.
    pub(crate) fn stream(&self, label: &str, value: &str) -> impl Iterator<Item = u8> {
        let blocks = (0u32..).map(move |block| {
            tagged(
                &self.mac,
                &[
                    b"stream",
                    label.as_bytes(),
                    value.as_bytes(),
                    &block.to_be_bytes(),
                ],
            )
        });
        blocks.flat_map(|block| *block)
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey")
    }
}

/// The pseudonyms of one patient, in whatever format the data comes.
///
/// ```
/// use wardgate_deid::{DateReading, Kind, Language, NameHints, PseudonymKey, Pseudonyms};
///
/// let key = PseudonymKey::derive(&[7; 32], b"patient-4711");
/// let mut pseudonyms = Pseudonyms::new(&key);
/// let hints = NameHints::default();
/// let full = pseudonyms.name("Maria Schmidt", &hints);
/// let (given, family) = full.split_once(' ').unwrap();
/// assert_eq!(pseudonyms.name("SCHMIDT, M.", &hints), format!("{}, {}.", family.to_uppercase(), &given[..1]));
///
/// let reading = DateReading::of(Language::English);
/// let admitted = pseudonyms.date("March 12, 2024", &reading).unwrap();
/// assert_ne!(admitted, "March 12, 2024");
/// assert_eq!(pseudonyms.identifier(Kind::Mrn, "MRN-0044127").len(), "MRN-0044127".len());
/// ```
pub struct Pseudonyms<'k> {
    key: &'k PseudonymKey,
    keep_weekday: bool,
    avoided: Avoided,
    /// What stands for a value: by list and folded value.
    drawn: Drawn,
    /// The letters that stand for first letters, which names share.
    initials: Vec<(NamePart, char, char)>,
}

/// The real names of a record, noted once for all who draw stand-ins for its values.
#[derive(Clone, Default)]
pub(crate) struct Avoided {
    /// The words of real names, folded, which no stand-in may be.
    real: Arc<BTreeSet<Secret>>,
    /// The same of another who drew before, when they are shared.
    shared: Arc<BTreeSet<Secret>>,
    roles: Arc<Roles>,
}

impl Avoided {
    pub(crate) fn add(&mut self, name: &str, hints: &NameHints) {
        self.add_words(name);
        Roles::learn(&mut self.roles, name, hints);
    }

    /// Of the name only that its words are real: what part of a name they are is not learned.
    pub(crate) fn add_words(&mut self, name: &str) {
        let mut note = |word: &str| {
            // Most names of a record come again, and those who share the words must not copy them for that.
            if !self.is_real(word) {
                Arc::make_mut(&mut self.real).insert(Secret::new(word));
            }
        };
        for word in fold::words(name).split(' ').filter(|word| word.len() > 1) {
            note(word);
            // `Cruz300` is read as `Cruz`.
            let letters = word.trim_matches(char::is_numeric);
            if letters.len() > 1 && letters.len() < word.len() {
                note(letters);
            }
        }
    }
}

impl fmt::Debug for Avoided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Avoided")
            .field("real", &self.real.len())
            .finish_non_exhaustive()
    }
}

impl Avoided {
    /// Also what another avoids, where that says the same as if its names had been noted here one by one; whether
    /// it does.
    pub(crate) fn share(&mut self, other: &Self) -> bool {
        let same = self.roles.is_empty() && self.shared.is_empty() && other.shared.is_empty();
        if same {
            self.shared = Arc::clone(&other.real);
            self.roles = Arc::clone(&other.roles);
        }
        same
    }

    fn is_real(&self, word: &str) -> bool {
        self.real.contains(word) || self.shared.contains(word)
    }
}

impl<'k> Pseudonyms<'k> {
    /// The pseudonyms under a key, with nothing to avoid yet.
    #[must_use]
    pub fn new(key: &'k PseudonymKey) -> Self {
        Self::avoiding(key, Avoided::default())
    }

    /// The pseudonyms under a key.
    pub(crate) fn avoiding(key: &'k PseudonymKey, avoided: Avoided) -> Self {
        Self {
            key,
            keep_weekday: false,
            avoided,
            drawn: Drawn::default(),
            initials: Vec::new(),
        }
    }

    /// Whether dates move by whole weeks, so that a Monday stays one.
    #[must_use]
    pub fn keep_weekday(mut self, keep: bool) -> Self {
        self.keep_weekday = keep;
        self
    }

    /// Notes a real name: no stand-in will be one of its words, and words that stand alone elsewhere are
    /// known for given or family names by it.
    pub fn avoid(&mut self, name: &str, hints: &NameHints) {
        self.avoided.add(name, hints);
    }

    /// Notes that no stand-in may be one of a name's words.
    pub(crate) fn avoid_words(&mut self, name: &str) {
        self.avoided.add_words(name);
    }

    /// The days by which this patient's dates move: from 1 to 364 either way, never 0.
    ///
    /// It is as secret as the dates themselves.
    #[must_use]
    pub fn shift_days(&self) -> i64 {
        shift_days(self.key, self.keep_weekday)
    }

    /// The date moved by the patient's shift, in the same spelling; nothing when it is not wholly understood.
    #[must_use]
    pub fn date(&self, written: &str, reading: &DateReading) -> Option<String> {
        shift::moved(written, self.shift_days(), reading)
    }

    /// A person's name: given names of the same gender, initials that agree, the same case, order and signs.
    pub fn name(&mut self, written: &str, hints: &NameHints) -> String {
        name::surrogate(self, &fold::spelled(written), hints)
    }

    /// An address or a part of one; `part` is [`Part::Whole`] when it is not known which.
    pub fn place(&mut self, written: &str, part: Part, language: Language) -> String {
        place::address(self, &fold::spelled(written), part, language)
    }

    /// The name of an institution, with its generic words kept.
    pub fn facility(&mut self, written: &str, language: Language) -> String {
        place::facility(self, &fold::spelled(written), language)
    }

    /// A number, an e-mail address or an address on the net, of the same form and never one in use:
    /// phone numbers in ranges that are reserved for fiction where a country has them, social security
    /// numbers from areas that are never issued, hosts and addresses that are reserved for examples. Where
    /// the value passes a known check (cards, IBAN, NPI, NHS, DNI), its stand-in fails it.
    pub fn identifier(&mut self, kind: Kind, written: &str) -> String {
        let written = fold::spelled(written);
        if let Some(project) = &self.key.project
            && is_uuid(&written)
        {
            return project.uuid(&written);
        }
        match kind {
            Kind::Email => email::address(self, &written),
            _ => number::identifier(self, kind, &written),
        }
    }

    /// An entry of a list for a value, which no other value has and which is no real name; one of the fitting
    /// entries while there are any.
    fn draw(
        &mut self,
        list: &'static str,
        value: &str,
        fitting: &[&'static str],
        entries: &[&'static str],
    ) -> String {
        if let Some(drawn) = self.drawn.find(list, value) {
            return drawn.to_owned();
        }
        let start = usize::try_from(self.key.number(list, value) >> 8).unwrap_or_default();
        let is_real = |entry: &str| {
            let is_real = |folded: &str| {
                folded == value || folded.split(' ').any(|word| self.avoided.is_real(word))
            };
            let mut small = [0; SMALL_LEN_MAX];
            match fold::small_word(entry, &mut small) {
                Some(word) => is_real(word),
                None => is_real(&fold::words(entry)),
            }
        };
        let free = |entry: &&&'static str| !is_real(entry) && !self.drawn.is_used(list, entry);
        let drawn = turned(fitting, start)
            .find(free)
            .or_else(|| turned(entries, start).find(free))
            .or_else(|| turned(entries, start).find(|entry| !is_real(entry)));
        let drawn = drawn.map_or_else(|| REDACTED.to_owned(), |entry| (*entry).to_owned());
        self.drawn.add(list, value, &drawn);
        drawn
    }

    /// The stand-in that `make` gives for a value at the first attempt that no other value has.
    fn made(
        &mut self,
        list: &'static str,
        value: &str,
        mut make: impl FnMut(&str) -> String,
    ) -> String {
        if let Some(drawn) = self.drawn.find(list, value) {
            return drawn.to_owned();
        }
        let mut made = make(value);
        for attempt in 1..=ATTEMPTS_MAX {
            if made != value && !self.drawn.is_used(list, &made) {
                break;
            }
            made = make(&format!("{value}\n{attempt}"));
        }
        self.drawn.add(list, value, &made);
        made
    }
}

impl fmt::Debug for Pseudonyms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms")
            .field("drawn", &self.drawn.len())
            .finish_non_exhaustive()
    }
}

/// All entries of a list, from one that a number chooses on.
fn turned<'e>(
    entries: &'e [&'static str],
    number: usize,
) -> impl Iterator<Item = &'e &'static str> {
    let start = number.checked_rem(entries.len()).unwrap_or_default();
    let (behind, ahead) = entries.split_at_checked(start).unwrap_or_default();
    ahead.iter().chain(behind)
}

/// The days by which a patient's dates move.
pub(crate) fn shift_days(key: &PseudonymKey, keep_weekday: bool) -> i64 {
    let (label, most, step) = if keep_weekday {
        ("shift weeks", 52, 7)
    } else {
        ("shift days", 364, 1)
    };
    let number = key.number(label, "");
    let steps = i64::try_from((number >> 1) % most).unwrap_or_default() + 1;
    let days = steps * step;
    if number & 1 == 1 { days } else { -days }
}

/// When every entry of a list is a real name of the text.
const REDACTED: &str = "Anonymous";
const ATTEMPTS_MAX: u32 = 64;
/// Longer words of lists are folded elsewhere.
const SMALL_LEN_MAX: usize = 24;
