//! Organisations on file, such as employers: found where a text names them as the record does.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::finding::{Finding, Kind};
use crate::fold;
use crate::gazetteer;
use crate::lexer::Lexed;
use crate::lexicon::{Class, lexicon};

/// The names of organisations on file.
#[derive(Default)]
pub(super) struct Organizations {
    /// Folded, without what joins words and without the form of the company.
    names: HashMap<String, Written>,
    /// The words with which names begin.
    firsts: HashSet<String>,
    /// Words of the longest name.
    words_max: usize,
}

/// How a name must be written to be one.
#[derive(Clone, Copy)]
struct Written {
    /// Each word begins with a capital, because the words also say what is no name.
    capital: bool,
    /// All letters are capitals, because it is an acronym.
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
        let Some(first) = words.first() else { return };
        self.firsts.insert(first.clone());
        self.words_max = self.words_max.max(words.len());
        let written = self.names.entry(words.join(" ")).or_insert(Written {
            capital: common,
            acronym,
        });
        written.acronym &= acronym;
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
            if let (Some(end), Some(first)) = (self.read(text, rest), rest.first()) {
                let reason = "known.organization";
                findings.push(Finding::known(first.start..end, Kind::Facility, reason));
            }
        }
    }

    /// Where the longest name ends that the first of these words begins: a few looks, however many names there are.
    fn read(&self, text: &str, words: &[Range<usize>]) -> Option<usize> {
        let mut said = String::new();
        let (mut count, mut capitals, mut behind, mut found) = (0, true, 0, None);
        for at in words {
            let word = text.get(at.clone())?;
            if count > 0 {
                let gap = text.get(behind..at.start)?;
                if gap.len() > GAP_BYTES_MAX || gap.contains([';', ':', '\n']) {
                    break;
                }
                behind = at.end;
                if JOINING.iter().any(|join| join.eq_ignore_ascii_case(word)) {
                    continue;
                }
                said.push(' ');
            }
            behind = at.end;
            said.extend(word.chars().map(|c| c.to_ascii_lowercase()));
            count += 1;
            if count > self.words_max || (count == 1 && !self.firsts.contains(&said)) {
                break;
            }
            capitals &= word.contains(|c: char| !c.is_lowercase());
            let written = self.names.get(&said).is_some_and(|written| {
                let shouted = !written.acronym || word.chars().all(|c| !c.is_lowercase());
                shouted && (capitals || !written.capital)
            });
            if written {
                found = Some(at.end);
            }
        }
        found
    }
}

/// Whether a word says something besides a name.
fn is_common(word: &str) -> bool {
    gazetteer::is_word(word) || lexicon().classes_of(word) != Class::default()
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
    fn many_names_are_sought_at_once() {
        let names: Vec<String> = (0..2_000)
            .map(|n| format!("Trzebiatex {n}x Werft"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = "Trzebiatex ".repeat(20_000) + "and at Trzebiatex 1234x Werft.";
        assert_eq!(found(&names, &text), ["Trzebiatex 1234x Werft"]);
        let one = ["Umlauf & Sons", "Umlauf & Sons Ltd", "UMLAUF SONS"];
        assert_eq!(found(&one, "Umlauf, Sons"), ["Umlauf, Sons"]);
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
