//! The people of a message or document, and what is worked out once for them and kept for the next about the same.
//!
//! INVARIANT: what stands for a value follows from the people and the value alone, never from what was asked
//! before, so that the output is the same whether or not something was kept.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::{Equivalent, HashMap};
use wardgate_deid::{
    Kind, NameHints, NamePart, Operation, Part, PatientIdentifiers, ProjectKey, RecordDates,
    RecordPatient, RecordRules, Sex, Tally, TextReading,
};

use crate::dictionary::{Dictionary, compact};
use crate::kept::Kept;
use crate::leaf::Outcome;
use crate::role::{Number, Role};

/// What the fields of a message or document say about people.
#[derive(Default)]
pub(crate) struct People {
    /// The number that names the patient in every format.
    pub(crate) number: String,
    pub(crate) sex: Option<Sex>,
    pub(crate) known: PatientIdentifiers,
    /// Each identifying leaf with what it is, in the order of the record.
    pub(crate) leaves: Vec<(Role, String)>,
}

/// What is asked about a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    /// What becomes of it.
    Becomes,
    /// What the engine makes of it, whatever else it holds.
    Engine,
    /// Whether it mentions the record's people; if so, it goes.
    Mentions,
}

/// The people of a record, ready for its fields and texts.
pub(crate) struct Patient {
    pub(crate) record: RecordPatient,
    pub(crate) dates: RecordDates,
    pub(crate) dictionary: Dictionary,
    /// The patient's number, as it compares.
    number: String,
    sex: Option<Sex>,
    drawn: Mutex<StandIns>,
    /// Whether other messages are likely to be about the same people, so that what was written is kept for them.
    lasting: bool,
    segments: Mutex<HashMap<Box<str>, Arc<Segment>>>,
    texts: [Mutex<HashMap<Box<str>, Outcome>>; 3],
}

/// What stands for the values of each role.
type StandIns = HashMap<(Role, Box<str>), Box<str>>;

/// A value of a role that is asked for.
#[derive(Hash)]
struct Asked<'a>(Role, &'a str);

impl Equivalent<(Role, Box<str>)> for Asked<'_> {
    fn equivalent(&self, (role, value): &(Role, Box<str>)) -> bool {
        *role == self.0 && **value == *self.1
    }
}

/// Those who belong to no record, and what is drawn for the whole project.
pub(crate) struct Nobody {
    pub(crate) record: RecordPatient,
    sites: Kept<Arc<str>>,
    readings: Kept<Arc<TextReading>>,
}

impl Nobody {
    pub(crate) fn new(rules: &RecordRules) -> Self {
        Self {
            record: rules.patient("", &PatientIdentifiers::default()),
            sites: Kept::new(SITES_MAX),
            readings: Kept::new(READINGS_MAX),
        }
    }

    /// What the engine finds in a text that holds nothing of anybody on file.
    pub(crate) fn reading(&self, rules: &RecordRules, text: &str) -> Arc<TextReading> {
        if let Some(known) = self.readings.find(text) {
            return known;
        }
        let reading = Arc::new(rules.reading(text));
        self.readings.keep(text, Arc::clone(&reading));
        reading
    }

    /// What stands for a sender or receiver.
    fn site(&self, rules: &RecordRules, value: &str) -> Arc<str> {
        if let Some(known) = self.sites.find(value) {
            return known;
        }
        let hints = NameHints::default();
        let mut scope = rules.scope(&self.record);
        let new: Arc<str> = scope
            .field(Kind::Facility, Part::Whole, value, &hints)
            .into();
        if value.len() <= TEXT_BYTES_MAX {
            self.sites.keep(value, Arc::clone(&new));
        }
        new
    }
}

/// A segment as it was written before.
pub(crate) struct Segment {
    pub(crate) text: Box<str>,
    /// What was done for it, as its writer counts it.
    pub(crate) notes: Box<[u32]>,
}

impl Patient {
    /// Works out what stands for the people's own values; `lasting` are people who come again and again.
    pub(crate) fn new(rules: &RecordRules, people: People, lasting: bool) -> Self {
        let dictionary = Dictionary::of(&people.known);
        let record = rules.patient_of(&people.number, people.known);
        let mut scope = rules.scope(&record);
        let dates = scope.dates();
        let number = ProjectKey::handle(&people.number);
        let mut drawn = StandIns::with_capacity(people.leaves.len() + VALUES_MORE);
        for (role, value) in people.leaves {
            if drawn.contains_key(&Asked(role, &value)) {
                continue;
            }
            if let Some((kind, part, hints)) = asked(role, &value, people.sex, &number) {
                let new = scope.field(kind, part, &value, &hints);
                drawn.insert((role, value.into()), new.into());
            }
        }
        drop(scope);
        Self {
            dictionary,
            record,
            dates,
            number,
            sex: people.sex,
            drawn: Mutex::new(drawn),
            lasting,
            segments: Mutex::default(),
            texts: Default::default(),
        }
    }

    /// What stands for a value of a field; nothing for what is no identifier of a person.
    pub(crate) fn stands_for(
        &self,
        rules: &RecordRules,
        nobody: &Nobody,
        role: Role,
        value: &str,
    ) -> Option<String> {
        if role == Role::Site {
            return Some(nobody.site(rules, value).as_ref().to_owned());
        }
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = drawn.get(&Asked(role, value)) {
            return Some(known.to_string());
        }
        let new = match role {
            Role::Identity(Number::Prior) => {
                let other = rules.patient(value, &PatientIdentifiers::default());
                let mut scope = rules.scope(&other);
                scope.field(Kind::Mrn, Part::Whole, value, &NameHints::default())
            }
            _ => {
                let (kind, part, hints) = asked(role, value, self.sex, &self.number)?;
                rules.scope(&self.record).field(kind, part, value, &hints)
            }
        };
        if drawn.len() < VALUES_MAX {
            drawn.insert((role, value.into()), new.as_str().into());
        }
        Some(new)
    }

    /// Whether a value is the number that names the patient.
    pub(crate) fn is_number(&self, value: &str) -> bool {
        is_handle(value, &self.number)
    }

    /// The answer to a question about a text, worked out or kept from before.
    pub(crate) fn text(
        &self,
        question: Question,
        text: &str,
        work_out: impl FnOnce() -> Outcome,
    ) -> Outcome {
        if text.len() > TEXT_BYTES_MAX {
            return work_out();
        }
        let [becomes, engine, mentions] = &self.texts;
        let texts = match question {
            Question::Becomes => becomes,
            Question::Engine => engine,
            Question::Mentions => mentions,
        };
        let lock = || texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(text) {
            return known.clone();
        }
        let outcome = work_out();
        let mut texts = lock();
        if texts.len() < TEXTS_MAX {
            texts.insert(text.into(), outcome.clone());
        }
        outcome
    }

    /// Whether other messages are likely to be about the same people.
    pub(crate) fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// A segment that was written before.
    pub(crate) fn segment(&self, line: &str) -> Option<Arc<Segment>> {
        let segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        segments.get(line).cloned()
    }

    /// Keeps a segment for the next message.
    pub(crate) fn keep_segment(&self, line: &str, written: Arc<Segment>) {
        let mut segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        if segments.len() < SEGMENTS_MAX {
            segments.insert(line.into(), written);
        }
    }
}

/// The same notes together, in counts.
pub(crate) fn tally(mut notes: Vec<(&'static str, Operation)>) -> Tally {
    let mut tally = Tally::default();
    notes.sort_unstable_by_key(|(name, operation)| (name.as_ptr() as usize, *operation as u8));
    for same in notes.chunk_by(|one, other| one == other) {
        if let Some((name, operation)) = same.first() {
            tally.add(*name, *operation, same.len() as u64);
        }
    }
    tally
}

/// What the profile is asked about a value.
fn asked(
    role: Role,
    value: &str,
    sex: Option<Sex>,
    number: &str,
) -> Option<(Kind, Part, NameHints)> {
    let part = |part| NameHints {
        sex: Some(sex).flatten().filter(|_| part == NamePart::Given),
        part: Some(part),
        ..NameHints::default()
    };
    let none = NameHints::default();
    Some(match role {
        Role::Family => (Kind::Name, Part::Whole, part(NamePart::Family)),
        Role::Given => (Kind::Name, Part::Whole, part(NamePart::Given)),
        Role::FullName => (Kind::Name, Part::Whole, none),
        // Whatever field the patient's own number stands in, it is the same number.
        Role::Identity(_) if is_handle(value, number) => (Kind::Mrn, Part::Whole, none),
        Role::Identity(Number::Prior) => return None,
        Role::Identity(kind) => (kind.kind(), Part::Whole, none),
        Role::Facility | Role::Site => (Kind::Facility, Part::Whole, none),
        Role::Street => (Kind::Location, Part::Street, none),
        Role::City => (Kind::Location, Part::City, none),
        Role::State => (Kind::Location, Part::State, none),
        Role::Zip => (Kind::Location, Part::Zip, none),
        Role::Country => (Kind::Location, Part::Country, none),
        Role::Place => (Kind::Location, Part::Whole, none),
        Role::Device => (Kind::Device, Part::Whole, none),
        Role::Phone | Role::Email if value.contains('@') => (Kind::Email, Part::Whole, none),
        Role::Phone | Role::Email if is_web_address(value) => (Kind::Url, Part::Whole, none),
        Role::Phone | Role::Email if compact(value).bytes().any(|b| b.is_ascii_digit()) => {
            (Kind::Phone, Part::Whole, none)
        }
        Role::Uid => (Kind::Url, Part::Whole, none),
        Role::Date | Role::Birth => (Kind::Date, Part::Whole, none),
        _ => return None,
    })
}

/// Whether a value is the number with a handle, however it is written.
fn is_handle(value: &str, handle: &str) -> bool {
    !handle.is_empty() && !ends_otherwise(value, handle) && ProjectKey::handle(value) == handle
}

/// Whether the last letter or digit alone tells that a value is not the number with a handle.
fn ends_otherwise(value: &str, handle: &str) -> bool {
    let letters = value.bytes().rev().filter(u8::is_ascii_alphanumeric);
    let last = letters.map(|last| last.to_ascii_lowercase()).next();
    value.is_ascii() && last != handle.bytes().last()
}

fn is_web_address(value: &str) -> bool {
    value.contains("://") || value.to_ascii_lowercase().starts_with("www.")
}

/// What is kept of one patient, so that nobody's messages fill the memory.
const VALUES_MAX: usize = 4096;
/// Values besides those of the people that a message has as a rule.
const VALUES_MORE: usize = 16;
/// Texts of which is kept what the engine finds in them, in each of two generations.
const READINGS_MAX: usize = 4096;
/// Senders and receivers that are kept, in each of two generations.
const SITES_MAX: usize = 1024;
const SEGMENTS_MAX: usize = 256;
const TEXTS_MAX: usize = 256;
const TEXT_BYTES_MAX: usize = 512;
