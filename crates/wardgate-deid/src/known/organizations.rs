//! Organisations on file, such as employers: found where a text names them as the record does.

use std::ops::Range;

use crate::finding::{Finding, Kind};
use crate::fold;
use crate::gazetteer::hash::word_hash;
use crate::gazetteer::{self, Bits};
use crate::lexer::Lexed;
use crate::lexicon::{Class, lexicon};

/// The names of organisations on file.
#[derive(Default)]
pub(super) struct Organizations {
    names: Vec<Name>,
}

struct Name {
    /// Folded, without what joins words and without the form of the company.
    words: Vec<String>,
    /// What the words also say is no name, so that each must begin with a capital.
    capital: bool,
    /// An acronym, which is one only in capitals.
    acronym: bool,
}

impl Organizations {
    /// Adds a name, unless it says what many people are or have: `Retired`, `Self employed`, `Hospital`.
    pub(super) fn add(&mut self, name: &str) {
        let folded = fold::words(name);
        let words = folded.split(' ').filter(|word| !JOINING.contains(word));
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        let is_last = |words: &[String], list: &[&str]| {
            words.len() > 1
                && words
                    .last()
                    .is_some_and(|last| list.contains(&last.as_str()))
        };
        while is_last(&words, &FORMS) {
            words.pop();
        }
        let shouted = name.chars().all(|c| !c.is_lowercase());
        self.add_words(&words, shouted);
        // `Kestrel Point School` is also called `Kestrel Point`.
        let whole = words.len();
        while is_last(&words, &GENERIC) {
            words.pop();
        }
        if words.len() < whole {
            self.add_words(&words, shouted);
        }
    }

    fn add_words(&mut self, words: &[String], shouted: bool) {
        let says_nothing = |word: &String| {
            let word = word.as_str();
            STATES.contains(&word) || GENERIC.contains(&word) || word.len() < 2
        };
        if words.is_empty() || words.len() > WORDS_MAX || words.iter().all(says_nothing) {
            return;
        }
        let common = words.iter().all(|word| is_common(word));
        let mut acronym = false;
        if let [word] = words {
            let short = word.len() <= ACRONYM_LEN_MAX;
            acronym = short && shouted;
            if common || word.len() < ACRONYM_LEN_MIN || (short && !shouted) {
                return;
            }
        }
        self.names.push(Name {
            words: words.to_vec(),
            capital: common,
            acronym,
        });
    }

    /// Adds every known organisation in the text.
    pub(super) fn find(&self, lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
        if self.names.is_empty() {
            return;
        }
        let text = lexed.text;
        let words = spans(text);
        for at in 0..words.len() {
            let rest = words.get(at..).unwrap_or_default();
            let ends = self.names.iter().filter_map(|name| name.read(text, rest));
            if let (Some(end), Some(first)) = (ends.max(), rest.first()) {
                let reason = "known.organization";
                findings.push(Finding::known(first.start..end, Kind::Facility, reason));
            }
        }
    }
}

impl Name {
    /// Where the name ends when the first of these words begins it.
    fn read(&self, text: &str, words: &[Range<usize>]) -> Option<usize> {
        let mut words = words.iter();
        let mut end = None;
        for wanted in &self.words {
            let at = loop {
                let at = words.next()?;
                if let Some(end) = end {
                    let gap = text.get(end..at.start)?;
                    if gap.len() > GAP_BYTES_MAX || gap.contains([';', ':', '\n']) {
                        return None;
                    }
                }
                let joins = |word: &str| JOINING.iter().any(|join| join.eq_ignore_ascii_case(word));
                match end {
                    Some(_) if joins(text.get(at.clone())?) => end = Some(at.end),
                    _ => break at,
                }
            };
            let word = text.get(at.clone())?;
            let capitals = word.chars().filter(|c| !c.is_lowercase()).count();
            let written = match (self.acronym, self.capital) {
                (true, _) => capitals == word.chars().count(),
                (_, true) => capitals > 0,
                _ => true,
            };
            if !written || !word.eq_ignore_ascii_case(wanted) {
                return None;
            }
            end = Some(at.end);
        }
        end
    }
}

/// Whether a word says something besides a name.
fn is_common(word: &str) -> bool {
    let said = Bits::WORD
        .with(Bits::WORD_ES)
        .with(Bits::WORD_DE)
        .with(Bits::CLINICAL)
        .with(Bits::DRUG)
        .with(Bits::EPONYM)
        .with(Bits::MONTH)
        .with(Bits::WEEKDAY)
        .with(Bits::TITLE);
    gazetteer::lookup(word_hash(word)).any(said) || lexicon().classes_of(word) != Class::default()
}

/// The runs of letters and digits of a text.
fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = None;
    let ends = text.char_indices().map(|(at, c)| (at, c.is_alphanumeric()));
    for (at, inner) in ends.chain([(text.len(), false)]) {
        match (inner, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                spans.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    spans
}

/// Between two words of a name.
const GAP_BYTES_MAX: usize = 3;
/// Longer values are no names.
const WORDS_MAX: usize = 12;
/// `IBM`
const ACRONYM_LEN_MIN: usize = 3;
const ACRONYM_LEN_MAX: usize = 4;
/// What may be left out between two words.
const JOINING: [&str; 6] = ["and", "und", "y", "e", "et", "s"];
/// The form of a company.
const FORMS: [&str; 25] = [
    "inc",
    "incorporated",
    "llc",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "plc",
    "gmbh",
    "mbh",
    "ag",
    "kg",
    "ohg",
    "se",
    "sa",
    "sl",
    "srl",
    "bv",
    "nv",
    "pc",
    "pllc",
    "lp",
    "llp",
];
/// What stands in the place of an employer when there is none, or none is told.
const STATES: [&str; 56] = [
    "self",
    "employed",
    "employment",
    "employer",
    "unemployed",
    "not",
    "retired",
    "retiree",
    "pensioner",
    "student",
    "child",
    "minor",
    "infant",
    "newborn",
    "baby",
    "preschool",
    "none",
    "no",
    "unknown",
    "unk",
    "na",
    "n",
    "a",
    "nil",
    "null",
    "other",
    "various",
    "refused",
    "declined",
    "homemaker",
    "housewife",
    "househusband",
    "disabled",
    "disability",
    "working",
    "work",
    "worker",
    "full",
    "part",
    "time",
    "leave",
    "seasonal",
    "temporary",
    "military",
    "veteran",
    "patient",
    "same",
    "see",
    "spouse",
    "parent",
    "mother",
    "father",
    "jubilado",
    "estudiante",
    "rentner",
    "arbeitslos",
];
/// What many organisations are called.
const GENERIC: [&str; 68] = [
    "hospital",
    "hospitals",
    "clinic",
    "clinics",
    "center",
    "centre",
    "medical",
    "health",
    "healthcare",
    "care",
    "general",
    "university",
    "college",
    "school",
    "schools",
    "academy",
    "high",
    "elementary",
    "middle",
    "primary",
    "district",
    "public",
    "regional",
    "memorial",
    "community",
    "county",
    "city",
    "state",
    "federal",
    "national",
    "government",
    "department",
    "dept",
    "office",
    "services",
    "service",
    "group",
    "associates",
    "partners",
    "systems",
    "system",
    "solutions",
    "store",
    "stores",
    "shop",
    "restaurant",
    "bank",
    "church",
    "farm",
    "hotel",
    "police",
    "fire",
    "army",
    "navy",
    "the",
    "of",
    "for",
    "at",
    "in",
    "us",
    "usa",
    "practice",
    "pharmacy",
    "laboratory",
    "lab",
    "family",
    "klinik",
    "schule",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], text: &str) -> Vec<String> {
        let mut organizations = Organizations::default();
        for name in names {
            organizations.add(name);
        }
        let lexed = Lexed::new(text, lexicon());
        let mut findings = Vec::new();
        organizations.find(&lexed, &mut findings);
        let surface = |finding: &Finding| text.get(finding.range()).unwrap().to_owned();
        findings.iter().map(surface).collect()
    }

    #[test]
    fn an_employer_is_found_as_texts_name_it() {
        for (name, text, surface) in [
            (
                "Kestrel Quoll Shipyard Inc",
                "Works at Kestrel Quoll Shipyard.",
                "Kestrel Quoll Shipyard",
            ),
            (
                "Kestrel Quoll School",
                "teaches at KESTREL QUOLL since",
                "KESTREL QUOLL",
            ),
            (
                "Umlauf & Sons Ltd.",
                "a driver of Umlauf and Sons, tired",
                "Umlauf and Sons",
            ),
            ("Trzebiatex GmbH", "laid off by trzebiatex", "trzebiatex"),
            ("Home Depot", "Injured at Home Depot today", "Home Depot"),
            ("QZX", "QZX driver", "QZX"),
        ] {
            assert_eq!(found(&[name], text), [surface], "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_taken_for_one() {
        for (name, text) in [
            ("Hospital", "Admitted to Hospital"),
            ("Retired", "Retired, lives alone"),
            ("Self", "Self care"),
            ("SELF EMPLOYED", "Self employed"),
            ("Unemployed", "UNEMPLOYED"),
            ("Student", "Student nurse"),
            ("Full-Time", "Full time"),
            ("General Hospital", "seen in the General Hospital"),
            ("Home Depot", "the home depot of the drug"),
            ("Target", "Target INR 2-3"),
            ("Lab", "LAB"),
            ("", "none"),
            ("N/A", "n a"),
        ] {
            assert!(found(&[name], text).is_empty(), "{name}");
        }
    }
}
