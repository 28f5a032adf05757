//! Names of people: word by word, so that every form of a name has the matching form of one stand-in.
//!
//! The first letter of a stand-in depends on the first letter of the name alone, so
//! initials agree with the names that they shorten, in other texts too.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use super::{Pseudonyms, number};
use crate::fold;
use crate::gazetteer::hash::word_hash;
use crate::gazetteer::surrogates::SurrogateLists;
use crate::gazetteer::{self, Bits};
use crate::language::Language;
use crate::lexicon::{Class, lexicon};
use crate::secret::Secret;
use crate::shift::in_case_of;

/// What is known about a name besides its letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameHints {
    /// The language of the text.
    pub language: Language,
    /// The person's sex, as a title or a field of the record says; used where the name itself does not tell.
    pub sex: Option<Sex>,
    /// Which part a lone word is.
    pub part: Option<NamePart>,
}

impl NameHints {
    /// What the words before a name in a text tell: `Mrs.` a woman's family name, `Dr.` a family name.
    pub(crate) fn behind(before: &str, language: Language) -> Self {
        let mut hints = Self {
            language,
            ..Self::default()
        };
        let from = (before.len().saturating_sub(TITLE_WINDOW)..before.len())
            .find(|at| before.is_char_boundary(*at));
        let window = before.get(from.unwrap_or(0)..).unwrap_or_default();
        let window = window.trim_end_matches([' ', '.']);
        let title = window
            .rsplit(|c: char| !c.is_alphabetic())
            .next()
            .unwrap_or_default();
        let title = title.to_lowercase();
        let is = |titles: &[&str]| titles.contains(&title.as_str());
        if is(&[
            "mrs", "ms", "miss", "frau", "sra", "srta", "señora", "doña", "dña", "dra", "fr",
        ]) {
            hints.sex = Some(Sex::Female);
        } else if is(&["mr", "herr", "herrn", "sr", "señor", "don", "hr"]) {
            hints.sex = Some(Sex::Male);
        }
        // `Don` and `Sir` go with given names.
        let named = hints.sex.is_some() || is(&["dr", "prof", "professor", "doctor", "doktor"]);
        if named && !is(&["don", "doña", "dña"]) {
            hints.part = Some(NamePart::Family);
        }
        hints
    }
}

/// A person's sex, as far as given names follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Women's names.
    Female,
    /// Men's names.
    Male,
}

/// A part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePart {
    /// A given or middle name.
    Given,
    /// A family name.
    Family,
}

/// What the names of a text tell about their words.
#[derive(Clone, Default)]
pub(super) struct Roles {
    parts: BTreeMap<Secret, NamePart>,
    sexes: BTreeMap<Secret, Sex>,
}

impl Roles {
    /// Whether nothing was learned yet.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.sexes.is_empty()
    }

    /// Learns from a name of several words which of them are given names.
    pub(super) fn learn(roles: &mut Arc<Self>, name: &str, hints: &NameHints) {
        let words = roled(name, hints, roles);
        Self::learn_words(roles, &words, hints);
    }

    /// The same from its words; says whether one of them may be another part than before.
    ///
    /// Those who share the roles copy them only when there is something to learn.
    fn learn_words(roles: &mut Arc<Self>, words: &[Word], hints: &NameHints) -> bool {
        let mut learned = false;
        let several = words.iter().filter(|word| word.part.is_some()).count() > 1;
        for word in words {
            let (Some(part), false) = (word.part, word.initial) else {
                continue;
            };
            let folded = || Secret::new(&word.folded);
            if several && !roles.parts.contains_key(word.folded.as_str()) {
                Arc::make_mut(roles).parts.insert(folded(), part);
                learned = true;
            }
            if let (NamePart::Given, Some(sex)) = (part, hints.sex)
                && !roles.sexes.contains_key(word.folded.as_str())
            {
                Arc::make_mut(roles).sexes.insert(folded(), sex);
            }
        }
        learned
    }
}

/// The stand-in of a name.
pub(super) fn surrogate(of: &mut Pseudonyms<'_>, name: &str, hints: &NameHints) -> String {
    let mut words = roled(name, hints, &of.avoided.roles);
    if Roles::learn_words(&mut of.avoided.roles, &words, hints) {
        words = roled(name, hints, &of.avoided.roles);
    }
    let mut out = String::with_capacity(name.len() + 8);
    let mut copied = 0;
    for word in words {
        push_between(of, name.get(copied..word.at.start), &mut out);
        let written = name.get(word.at.clone()).unwrap_or_default();
        match word.part {
            None => out.push_str(written),
            Some(part) if word.initial => {
                let letters = written.chars().count();
                for (index, letter) in written.chars().enumerate() {
                    // `JS` are the initials of a given and a family name.
                    let part = if letters > 1 && index + 1 == letters {
                        NamePart::Family
                    } else {
                        part
                    };
                    out.push_str(&in_case_of(
                        &letter.to_string(),
                        &initial(of, part, letter).to_string(),
                    ));
                }
            }
            Some(part) => {
                let drawn = word_for(of, part, &word.folded, hints);
                out.push_str(&in_case_of(written, &drawn));
            }
        }
        copied = word.at.end;
    }
    push_between(of, name.get(copied..), &mut out);
    out
}

/// What stands between the words of a name stays, but for digits, which were never a part of it.
fn push_between(of: &mut Pseudonyms<'_>, between: Option<&str>, out: &mut String) {
    let between = between.unwrap_or_default();
    match between.contains(char::is_numeric) {
        true => out.push_str(&number::same_shape(of, "name digits", between)),
        false => out.push_str(between),
    }
}

/// The stand-in of one word, as the lists spell it.
pub(super) fn word_for(
    of: &mut Pseudonyms<'_>,
    part: NamePart,
    folded: &str,
    hints: &NameHints,
) -> String {
    let letter = folded.chars().next().unwrap_or('x');
    let wanted = initial(of, part, letter).to_ascii_lowercase();
    let language = culture(folded, part, hints.language);
    let lists = NameLists::of(language);
    match part {
        NamePart::Family => {
            let list = &lists.surnames;
            of.draw("family", folded, list.beginning(wanted), list.all)
        }
        NamePart::Given => {
            let sex = listed_sex(folded)
                .or_else(|| told_sex(folded))
                .or_else(|| of.avoided.roles.sexes.get(folded).copied())
                .or(hints.sex)
                .unwrap_or(if folded.ends_with('a') {
                    Sex::Female
                } else {
                    Sex::Male
                });
            let list = match sex {
                Sex::Female => &lists.female,
                Sex::Male => &lists.male,
            };
            of.draw("given", folded, list.beginning(wanted), list.all)
        }
    }
}

/// Which part a lone word is: as the text has shown, as the lists say, otherwise a family name.
pub(super) fn part_of(folded: &str, roles: &Roles) -> NamePart {
    if let Some(part) = roles.parts.get(folded) {
        return *part;
    }
    let bits = gazetteer::lookup(word_hash(folded));
    let given = bits.any(Bits::GIVEN) && !bits.any(Bits::SURNAME)
        || bits.any(Bits::GIVEN_COMMON) && !bits.any(Bits::SURNAME_COMMON);
    match given || listed_sex(folded).is_some() {
        true => NamePart::Given,
        false => NamePart::Family,
    }
}

/// Whether a word is somebody's name in any list.
fn is_listed(folded: &str) -> bool {
    let bits = gazetteer::lookup(word_hash(folded));
    has_vowel(folded) && bits.any(Bits::GIVEN.with(Bits::SURNAME))
}

/// The letter that stands for a first letter.
fn initial(of: &mut Pseudonyms<'_>, part: NamePart, letter: char) -> char {
    let known = of
        .initials
        .iter()
        .find(|known| (known.0, known.1) == (part, letter));
    if let Some((_, _, initial)) = known {
        return *initial;
    }
    let initial = initial_drawn(of, part, letter);
    if of.initials.len() < INITIALS_KEPT_MAX {
        of.initials.push((part, letter, initial));
    }
    initial
}

fn initial_drawn(of: &Pseudonyms<'_>, part: NamePart, letter: char) -> char {
    let letter = match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_lowercase(),
        false => {
            let folded = fold::words(letter.encode_utf8(&mut [0; 4]));
            folded.chars().next().unwrap_or(letter)
        }
    };
    let (label, rich) = match part {
        NamePart::Given => ("given initial", &LISTED.given_letters),
        NamePart::Family => ("family initial", &LISTED.family_letters),
    };
    let mut others = rich.iter().copied().filter(|rich| *rich != letter);
    let number = of.key.number(label, letter.encode_utf8(&mut [0; 4])) >> 8;
    let number = usize::try_from(number).unwrap_or_default();
    let index = number.checked_rem(others.clone().count());
    let other = others.nth(index.unwrap_or_default());
    other.unwrap_or('m').to_ascii_uppercase()
}

/// The language whose lists a name stands in; the text's own when it stands in none or in that too.
fn culture(folded: &str, part: NamePart, first: Language) -> Language {
    let list = match part {
        NamePart::Given => &LISTED.given,
        NamePart::Family => &LISTED.family,
    };
    let mut found = None;
    for entry in list.named(folded) {
        if entry.1 == first {
            return first;
        }
        found = found.or(Some(entry.1));
    }
    found.unwrap_or(first)
}

/// The sex that a given name tells by itself.
fn told_sex(folded: &str) -> Option<Sex> {
    let bits = gazetteer::lookup(word_hash(folded));
    match (bits.any(Bits::FEMALE), bits.any(Bits::MALE)) {
        (true, false) => Some(Sex::Female),
        (false, true) => Some(Sex::Male),
        _ => None,
    }
}

fn listed_sex(folded: &str) -> Option<Sex> {
    LISTED.given.named(folded).next().and_then(|entry| entry.2)
}

/// A word of a name.
struct Word {
    at: Range<usize>,
    folded: String,
    /// Nothing for titles, particles, degrees and suffixes, which stay.
    part: Option<NamePart>,
    initial: bool,
}

/// The words of a name with their parts.
fn roled(name: &str, hints: &NameHints, roles: &Roles) -> Vec<Word> {
    let mut words: Vec<Word> = words(name, roles);
    let comma = name.find(',');
    let naming: Vec<usize> = (0..words.len())
        .filter(|at| words.get(*at).is_some_and(|word| word.part.is_some()))
        .collect();
    let count = naming.len();
    let given = |word: &Word| part_of(&word.folded, roles) == NamePart::Given;
    // `Smith JA`, `Okafor T.`: a family name and initials.
    let family_first = comma.is_none() && count == 2 && {
        let at = |index: usize| naming.get(index).and_then(|at| words.get(*at));
        at(1).is_some_and(|word| word.initial)
            && at(0).is_some_and(|word| !word.initial && !given(word))
    };
    for (index, at) in naming.iter().enumerate() {
        let Some(word) = words.get_mut(*at) else {
            continue;
        };
        let before_comma = comma.is_some_and(|comma| word.at.start < comma);
        let part = match comma {
            Some(_) if before_comma => NamePart::Family,
            Some(_) => NamePart::Given,
            None if family_first => {
                if index == 0 {
                    NamePart::Family
                } else {
                    NamePart::Given
                }
            }
            None if count == 1 => match hints.part {
                Some(part) => part,
                None if word.initial => NamePart::Given,
                None => part_of(&word.folded, roles),
            },
            None if index + 1 == count => NamePart::Family,
            None if index == 0 || word.initial || given(word) => NamePart::Given,
            None => NamePart::Family,
        };
        word.part = Some(part);
    }
    words
}

fn words(name: &str, roles: &Roles) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = None;
    let ends = name
        .char_indices()
        .map(|(at, c)| (at, Some(c)))
        .chain([(name.len(), None)]);
    let mut characters = ends.peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().and_then(|(_, next)| *next);
        let inner = matches!(character, Some('\'' | '\u{2019}'))
            && next.is_some_and(char::is_alphabetic)
            && start.is_some()
            && !is_genitive(name.get(at..).unwrap_or_default());
        if character.is_some_and(char::is_alphabetic) || inner {
            start = start.or(Some(at));
        } else if let Some(from) = start.take() {
            let written = name.get(from..at).unwrap_or_default();
            words.push(word(from..at, written, name, roles));
        }
    }
    words
}

fn word(at: Range<usize>, written: &str, name: &str, roles: &Roles) -> Word {
    let mut folded = fold::words(written);
    folded.retain(|c| c != ' ');
    let letters = written.chars().count();
    let upper = written.chars().all(char::is_uppercase);
    let classes = lexicon().classes_of(&folded);
    // `St`, `de`, `Jr` stay; so does a title, except where it is all there is.
    let suffix = SUFFIXES.contains(&folded.as_str());
    let genitive = letters == 1
        && folded == "s"
        && name
            .get(..at.start)
            .is_some_and(|before| before.ends_with(['\'', '\u{2019}']));
    let stays = letters > 1
        && (classes.any(Class::PARTICLE.with(Class::TITLE)) || suffix)
        && written.len() < name.len()
        || genitive
        || letters > 1 && classes.any(Class::CREDENTIAL) && upper && written.len() < name.len();
    let short = letters <= INITIALS_MAX && upper && written.is_ascii();
    let named = || roles.parts.contains_key(folded.as_str()) || is_listed(&folded);
    let initial =
        letters == 1 || short && (written.len() == name.len() || !has_vowel(&folded)) && !named();
    Word {
        at,
        folded,
        part: (!stays).then_some(NamePart::Family),
        initial,
    }
}

fn is_genitive(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    characters
        .next()
        .is_some_and(|c| c.eq_ignore_ascii_case(&'s'))
        && !characters.next().is_some_and(char::is_alphabetic)
}

fn has_vowel(folded: &str) -> bool {
    folded.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

/// A list of names, and those of each first letter in the same order.
struct NameList {
    all: &'static [&'static str],
    by_letter: BTreeMap<char, Vec<&'static str>>,
}

impl NameList {
    fn of(all: &'static [&'static str]) -> Self {
        let mut by_letter: BTreeMap<char, Vec<&'static str>> = BTreeMap::new();
        for name in all {
            let folded = fold::words(name);
            if let Some(letter) = folded.chars().next() {
                by_letter.entry(letter).or_default().push(name);
            }
        }
        Self { all, by_letter }
    }

    /// The names that begin with a small letter.
    fn beginning(&self, letter: char) -> &[&'static str] {
        self.by_letter.get(&letter).map_or(&[], Vec::as_slice)
    }
}

/// The names from which those of one language are drawn.
struct NameLists {
    female: NameList,
    male: NameList,
    surnames: NameList,
}

impl NameLists {
    fn of(language: Language) -> &'static Self {
        static ALL: LazyLock<[NameLists; 3]> = LazyLock::new(|| {
            [Language::English, Language::Spanish, Language::German].map(|language| {
                let lists = SurrogateLists::of(language);
                NameLists {
                    female: NameList::of(lists.female),
                    male: NameList::of(lists.male),
                    surnames: NameList::of(lists.surnames),
                }
            })
        });
        let [english, spanish, german] = &*ALL;
        match language {
            Language::English => english,
            Language::Spanish => spanish,
            Language::German => german,
        }
    }
}

/// A folded name of a list.
type ListedName = (String, Language, Option<Sex>);

/// Folded names in order, with where each one first stands.
struct Names {
    sorted: Vec<ListedName>,
    starts: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
}

impl Names {
    fn of(mut sorted: Vec<ListedName>) -> Self {
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let mut starts = HashMap::default();
        for (at, (name, _, _)) in sorted.iter().enumerate() {
            starts.entry(word_hash(name)).or_insert(at);
        }
        Self { sorted, starts }
    }

    /// The entries of a name.
    fn named(&self, folded: &str) -> impl Iterator<Item = &ListedName> {
        let start = self.starts.get(&word_hash(folded)).copied();
        // What other name has the same hash stands elsewhere in order.
        let start = start.map(|at| match self.sorted.get(at) {
            Some(entry) if entry.0 == folded => at,
            _ => self
                .sorted
                .partition_point(|entry| entry.0.as_str() < folded),
        });
        let rest = start
            .and_then(|at| self.sorted.get(at..))
            .unwrap_or_default();
        rest.iter().take_while(move |entry| entry.0 == folded)
    }
}

/// A hash of a word is not hashed again.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// The names of all lists, and the first letters that have enough of them.
struct Listed {
    given: Names,
    family: Names,
    given_letters: Vec<char>,
    family_letters: Vec<char>,
}

static LISTED: LazyLock<Listed> = LazyLock::new(|| {
    let languages = [Language::English, Language::Spanish, Language::German];
    let (mut given, mut family) = (Vec::new(), Vec::new());
    for language in languages {
        let lists = SurrogateLists::of(language);
        let names = |names: &'static [&'static str]| names.iter().map(|name| fold::words(name));
        given.extend(names(lists.female).map(|name| (name, language, Some(Sex::Female))));
        given.extend(names(lists.male).map(|name| (name, language, Some(Sex::Male))));
        family.extend(names(lists.surnames).map(|name| (name, language, None)));
    }
    // How many names of a list begin with a letter.
    let begin = |names: &[(String, Language, Option<Sex>)], list, letter: char| {
        let same = names
            .iter()
            .filter(|(_, language, sex)| (*language, *sex) == list);
        same.filter(|(name, _, _)| name.starts_with(letter)).count()
    };
    let rich = |names: &[(String, Language, Option<Sex>)], sexes: &[Option<Sex>], least| {
        let lists = || {
            languages
                .iter()
                .flat_map(|l| sexes.iter().map(move |sex| (*l, *sex)))
        };
        let all = |letter: &char| lists().all(|list| begin(names, list, *letter) >= least);
        ('a'..='z').filter(all).collect()
    };
    let both = [Some(Sex::Female), Some(Sex::Male)];
    Listed {
        given_letters: rich(&given, &both, GIVEN_RICH_MIN),
        family_letters: rich(&family, &[None], FAMILY_RICH_MIN),
        given: Names::of(given),
        family: Names::of(family),
    }
});

const SUFFIXES: [&str; 8] = ["jr", "sr", "ii", "iii", "iv", "jnr", "snr", "esq"];
/// Bytes before a name in which a title is looked for.
const TITLE_WINDOW: usize = 24;
/// Letters of initials written together.
const INITIALS_MAX: usize = 3;
/// Letters that are remembered with what stands for them: those of two alphabets.
const INITIALS_KEPT_MAX: usize = 64;
/// Names that a first letter must have in each list, so that enough people can share it.
const GIVEN_RICH_MIN: usize = 6;
const FAMILY_RICH_MIN: usize = 12;
