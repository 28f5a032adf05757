//! Free text and the words of codes, through the text engine with the record's own people as dictionary.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use wardgate_deid::{Action, Kind, NameHints, Part, PatientIdentifiers, PersonName, RecordScope};

use super::{Place, Rewrite};
use crate::gather::{ID_DIGITS_MIN, gather};
use crate::marks::Words;
use crate::memory::{Became, ValueKey};
use crate::narrative;
use crate::patients::Patient;

/// The people whom an open resource tells of besides the patient; gathered when a text first asks.
pub(super) struct Others<'a> {
    start: usize,
    kind: &'static str,
    gathered: Option<Rc<Told<'a>>>,
    /// The dictionary that was asked for last, and of which patient it is.
    reader: Option<(u64, Arc<Patient>)>,
}

/// What was gathered.
#[derive(Default)]
struct Told<'a> {
    people: PatientIdentifiers,
    /// Ids that texts may repeat.
    ids: Vec<Cow<'a, str>>,
}

impl Others<'_> {
    pub(super) fn of(start: usize, kind: &'static str) -> Self {
        Self {
            start,
            kind,
            gathered: None,
            reader: None,
        }
    }
}

impl<'a> Rewrite<'_, 'a> {
    /// Free text.
    pub(super) fn prose(&mut self, place: &Place, text: &str) -> Became {
        if is_bare(text) && !self.marked(place, text) {
            return Became::Same;
        }
        let patient = self.reader_of(place, text);
        self.read(&patient, TEXT, text, |scope| cleaned(&patient, scope, text))
    }

    /// Short words that repeat, such as the text of a concept; `exact` for those that a code system has made, in which
    /// the learned parts of the engine would see names.
    pub(super) fn term(&mut self, place: &Place, text: &str, exact: bool) -> Became {
        if self.is_known_term(place, text, exact)
            || (self.is_clean_term(text, exact) && !self.tells_of_patient(place, text))
        {
            return Became::Same;
        }
        self.prose(place, text)
    }

    /// The XHTML of a narrative: texts between its tags cleaned together, harmless tags kept, all else dropped.
    pub(super) fn narrative(&mut self, place: &Place, xhtml: &str) -> Became {
        let patient = self.reader_of(place, xhtml);
        self.read(&patient, XHTML, xhtml, |scope| {
            narrative::cleaned(xhtml, |text| cleaned(&patient, scope, text))
        })
    }

    /// What a treatment made of a value of a patient, remembered.
    pub(super) fn read(
        &mut self,
        patient: &Arc<Patient>,
        treatment: u16,
        value: &str,
        work: impl FnOnce(&mut RecordScope<'_>) -> Option<String>,
    ) -> Became {
        let key = ValueKey {
            serial: patient.serial,
            treatment,
            value: value.as_bytes(),
        };
        if let Some(became) = self.memory.value(key) {
            return became.clone();
        }
        let mut scope = self.scope(patient);
        let became = match work(&mut scope) {
            // The second look found something that is surely an identifier: nothing of it may stay.
            None => Became::Gone,
            Some(clean) if clean == value => Became::Same,
            Some(clean) if clean.trim().is_empty() => Became::Gone,
            Some(clean) => Became::Other(clean.into()),
        };
        self.memory.remember_value(key, &became);
        became
    }

    /// What the two questions that follow come to for most terms, in one look at the memory.
    fn is_known_term(&mut self, place: &Place, text: &str, exact: bool) -> bool {
        let known = self.people.get(place.patient).unwrap_or(self.means.nobody);
        if place.patient == super::subject::NOBODY || !known.indexed {
            return false;
        }
        let term = self.memory.term(text);
        term.clean.get(usize::from(exact)) == Some(&Some(true))
            && !tells_of(known, text, &term.words)
    }

    /// Whether the words hold nothing of anybody, whoever the patient is.
    fn is_clean_term(&mut self, text: &str, exact: bool) -> bool {
        let term = self.memory.term(text);
        let Some(clean) = term.clean.get_mut(usize::from(exact)) else {
            return false;
        };
        let (means, rules) = (self.means, self.means.rules);
        *clean.get_or_insert_with(|| {
            let engine = if exact { means.exact } else { means.whole };
            let profile = rules.profile();
            let found = engine.detect(text, None);
            !found.iter().any(|finding| profile.applies(finding, text))
        })
    }

    fn tells_of_patient(&mut self, place: &Place, text: &str) -> bool {
        if place.patient == super::subject::NOBODY && self.tells(place, text) {
            return true;
        }
        let known = self.people.get(place.patient).unwrap_or(self.means.nobody);
        let reader;
        let patient = match known.indexed {
            true => known,
            // Nothing but this resource tells of the patient.
            false => {
                reader = self.reader_of(place, text);
                &reader
            }
        };
        tells_of(patient, text, &self.memory.term(text).words)
    }

    /// The patient, with everybody in the dictionary whom the open resource tells of. Where nobody is said to be the
    /// patient, it is whose words the text holds.
    pub(super) fn reader_of(&mut self, place: &Place, text: &str) -> Arc<Patient> {
        let mut patient = self.patient(place);
        if place.patient == super::subject::NOBODY {
            let rules = self.means.rules;
            // A practitioner may share a word with a patient.
            let least = if place.provider { 2 } else { 1 };
            let whose = self.local.whose(rules, text, least);
            let whose = whose.or_else(|| self.means.index.whose(rules, text, least));
            patient = whose.unwrap_or(patient);
        }
        let told = self.told();
        let known = self.others.last().and_then(|open| open.reader.as_ref());
        let reader = match known {
            Some((serial, reader)) if *serial == patient.serial => Arc::clone(reader),
            _ => {
                let reader = self.with(&patient, &told.people);
                if let Some(open) = self.others.last_mut() {
                    open.reader = Some((patient.serial, Arc::clone(&reader)));
                }
                reader
            }
        };
        let digits = text.bytes().filter(u8::is_ascii_digit);
        // Each of the ids has as many.
        if digits.take(ID_DIGITS_MIN).count() < ID_DIGITS_MIN
            || !told.ids.iter().any(|id| text.contains(id.as_ref()))
        {
            return reader;
        }
        let mut others = PatientIdentifiers::default();
        let ids = told.ids.iter().filter(|id| text.contains(id.as_ref()));
        others
            .record_numbers
            .extend(ids.map(|id| id.clone().into_owned()));
        self.with(&reader, &others)
    }

    /// What the open resource tells of others.
    fn told(&mut self) -> Rc<Told<'a>> {
        let Some(open) = self.others.last() else {
            return Rc::default();
        };
        if let Some(told) = &open.gathered {
            return Rc::clone(told);
        }
        let mut cursor = self.cursor;
        cursor.at = open.start;
        let own = open.kind == "Patient";
        let gathered = gather(self.means.schema, cursor, 0);
        let mut told = Told {
            ids: gathered.ids,
            ..Told::default()
        };
        // What a Patient tells is on file.
        if !own {
            told.people = gathered.on_file;
            self.add_pointed(&gathered.people, &mut told.people);
        }
        let told = Rc::new(told);
        if let Some(open) = self.others.last_mut() {
            open.gathered = Some(Rc::clone(&told));
        }
        told
    }

    /// The names of people whom a resource points to.
    fn add_pointed(&self, people: &[Cow<'_, str>], others: &mut PatientIdentifiers) {
        for pointed in people {
            let bare = pointed.rsplit('/').next().unwrap_or(pointed);
            for index in [&self.local, self.means.index] {
                let names = index.names(pointed);
                let names = if names.is_empty() {
                    index.names(bare)
                } else {
                    names
                };
                for name in names {
                    // What leads to somebody mostly tells the name, too.
                    let same = |other: &PersonName| {
                        other.family == name.family && other.given == name.given
                    };
                    if !others.contacts.iter().any(same) {
                        others.contacts.push(name.clone());
                    }
                }
            }
        }
    }

    fn with(&mut self, patient: &Arc<Patient>, others: &PatientIdentifiers) -> Arc<Patient> {
        let Some(name) = name_of(patient, others) else {
            return Arc::clone(patient);
        };
        if let Some(known) = self.memory.patient(&name) {
            return Arc::clone(known);
        }
        let reader = Arc::new(patient.with(self.means.rules, others));
        self.memory.remember_patient(&name, &reader);
        reader
    }
}

/// Whether the words of a text are a patient's, or the number that it may be.
fn tells_of(patient: &Patient, text: &str, words: &Words) -> bool {
    let numbered = text.is_ascii() && words.digits >= DIGITS_MIN;
    patient.marks.hold_any(words) || (numbered && patient.marks.hold_number(words))
}

/// Text through the engine, and through a look for whatever of the dictionary it left: a word on file that is also
/// another word, for one. Nothing when the text cannot be cleaned.
pub(super) fn cleaned(
    patient: &Patient,
    scope: &mut RecordScope<'_>,
    text: &str,
) -> Option<String> {
    let (clean, _) = scope.text(text).ok()?;
    let keeps = |kind| scope.action(kind, Part::Whole) == Action::Keep;
    if keeps(Kind::Name) || keeps(Kind::Id) || !patient.sought.any(&clean) {
        return Some(clean);
    }
    if !patient.tracer().value(&clean).any() {
        return Some(clean);
    }
    without_left(patient, scope, &clean)
}

/// A text that was cleaned, and in which something of the dictionary is left, without that. Nothing when it stays.
pub(super) fn without_left(
    patient: &Patient,
    scope: &mut RecordScope<'_>,
    clean: &str,
) -> Option<String> {
    let tracer = patient.tracer();
    let mut out = String::with_capacity(clean.len());
    for piece in clean.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        let kind = match word.bytes().filter(u8::is_ascii_digit).count() {
            0..=3 => Kind::Name,
            _ => Kind::Id,
        };
        match word.len() > 1 && tracer.value(word).any() {
            true => out.push_str(&scope.field(kind, Part::Whole, word, &NameHints::default())),
            false => out.push_str(word),
        }
        out.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    (!tracer.value(&out).any()).then_some(out)
}

/// What a patient with more people in the dictionary is remembered by; nothing when nobody is new.
fn name_of(patient: &Patient, others: &PatientIdentifiers) -> Option<String> {
    // Mostly nobody is.
    if pieces(others).all(|piece| is_marked(patient, piece)) {
        return None;
    }
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    for name in others.names.iter().chain(&others.contacts) {
        parts.push(format!("{} {}", name.given.join(" "), name.family).into());
    }
    parts.extend(numbers(others).map(|number| number.as_str().into()));
    for address in &others.addresses {
        parts.push(
            format!(
                "{}\n{}\n{}",
                address.lines.join("\n"),
                address.city,
                address.postal_code
            )
            .into(),
        );
    }
    parts.retain(|part| !is_marked(patient, part));
    if parts.is_empty() {
        return None;
    }
    parts.sort_unstable();
    parts.dedup();
    let mut name = format!("\u{1}{}", patient.serial);
    for part in parts {
        name.push('\u{1}');
        name.push_str(&part);
    }
    Some(name)
}

/// Whether every word of a text is one of the patient's.
fn is_marked(patient: &Patient, text: &str) -> bool {
    let mut words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1);
    words.all(|word| patient.marks.any(word))
}

fn pieces(others: &PatientIdentifiers) -> impl Iterator<Item = &str> {
    let names = others.names.iter().chain(&others.contacts);
    let names = names.flat_map(|name| name.given.iter().chain([&name.family]));
    let addresses = others.addresses.iter();
    let addresses = addresses.flat_map(|address| {
        let ends = [&address.city, &address.postal_code];
        address.lines.iter().chain(ends)
    });
    let all = names.chain(addresses).chain(numbers(others));
    all.map(String::as_str)
}

fn numbers(others: &PatientIdentifiers) -> impl Iterator<Item = &String> {
    let numbers = others.record_numbers.iter();
    numbers.chain(&others.phones).chain(&others.emails)
}

/// Numbers, signs and single letters: nothing that the engine could find without more.
fn is_bare(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits < DIGITS_MIN
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b" .,+-<>=%()".contains(&byte))
}

/// Treatments of whole texts; those of single values have other numbers.
const TEXT: u16 = u16::MAX;
const XHTML: u16 = u16::MAX - 1;
/// Fewer digits are no number of a patient.
const DIGITS_MIN: usize = 5;
