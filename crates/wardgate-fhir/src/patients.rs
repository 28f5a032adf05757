//! Who the resources of a data set are about: learned in a first pass, asked in the second.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use hashbrown::HashMap;
use memchr::memmem::Finder;
use wardgate_deid::{
    DateAs, Day, Kind, PatientIdentifiers, PersonName, RecordPatient, RecordRules, Sex, Tracer,
    Traces,
};

use crate::gather::{Gathered, gather, resource_type};
use crate::marks::Marks;
use crate::needles::Needles;
use crate::pointer::{Pointer, is_uuid};
use crate::reader::Cursor;
use crate::schema::{FhirVersion, Schema};

/// The patients of a data set, by the ids of their resources, with what the set tells of them.
///
/// It is filled by [`Self::learn`] from every resource in a first pass, in any order. A set that holds no Patient
/// resources needs none: then the id that a reference names stands for the patient.
#[derive(Default)]
pub struct PatientIndex {
    patients: HashMap<String, Arc<OnFile>>,
    /// Names of others, by `Type/id` and by the bare id.
    people: HashMap<String, Arc<[PersonName]>>,
    /// What RelatedPersons tell, until [`Self::patient`] is asked: by the patient's id.
    relatives: HashMap<String, Vec<PatientIdentifiers>>,
    /// Whose a word or number is, made when a text of nobody's first asks.
    owners: OnceLock<HashMap<u64, Owner>>,
}

/// Whose a word is: an id, or several people's.
enum Owner {
    One(String),
    Many,
}

/// A patient as the first pass met them.
struct OnFile {
    number: String,
    identifiers: PatientIdentifiers,
    sex: Option<Sex>,
    compiled: OnceLock<Arc<Patient>>,
}

/// A patient of the second pass: keys, dictionary, and what follows from both.
pub(crate) struct Patient {
    /// Its number in this process, for memories.
    pub(crate) serial: u64,
    pub(crate) number: String,
    pub(crate) record: RecordPatient,
    pub(crate) on_file: PatientIdentifiers,
    pub(crate) sex: Option<Sex>,
    /// Whether a Patient resource was learned, which tells all that is on file.
    pub(crate) indexed: bool,
    pub(crate) dates: Dates,
    pub(crate) marks: Marks,
    /// Those of the marks that say something by themselves.
    pub(crate) sought: Marks,
    pub(crate) birth_days: Vec<Day>,
    pub(crate) tracer: OnceLock<Tracer>,
    /// The words of `sought`, where they can be sought in that way.
    needles: OnceLock<Option<Needles>>,
}

/// What becomes of days, the same for all days of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    Kept,
    Moved(i64),
    Years,
    Gone,
}

impl PatientIndex {
    /// An index of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns from one resource or Bundle; what tells of nobody costs one search for its type.
    ///
    /// A resource that is not JSON is passed over: the second pass refuses it.
    pub fn learn(&mut self, resource: &[u8]) {
        if !tells_of_people(resource) {
            return;
        }
        let Ok(cursor) = Cursor::new(resource) else {
            return;
        };
        let Ok(ends) = cursor.ends() else {
            return;
        };
        self.learn_at(cursor.over(&ends), 0, None);
    }

    /// Adds what another index learned, of the same data set.
    pub fn merge(&mut self, other: Self) {
        self.patients.extend(other.patients);
        self.people.extend(other.people);
        for (id, mut relatives) in other.relatives {
            self.relatives.entry(id).or_default().append(&mut relatives);
        }
    }

    /// How many ids of patients it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.patients.len()
    }

    /// Whether it knows nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patients.is_empty()
    }

    /// An id of the only patient, when there is one only.
    pub(crate) fn only(&self) -> Option<&str> {
        let mut patients = self.patients.iter();
        let (id, first) = patients.next()?;
        patients
            .all(|(_, other)| Arc::ptr_eq(first, other))
            .then_some(id)
    }

    pub(crate) fn knows(&self, id: &str) -> bool {
        self.patients.contains_key(&*key_of(id))
    }

    /// The patient whose resource has the id.
    pub(crate) fn patient(&self, rules: &RecordRules, id: &str) -> Option<Arc<Patient>> {
        let key = key_of(id);
        let on_file = self.patients.get(&*key)?;
        let compiled = on_file.compiled.get_or_init(|| {
            let mut identifiers = on_file.identifiers.clone();
            for relative in self.relatives.get(&*key).into_iter().flatten() {
                join(&mut identifiers, relative);
            }
            let patient = Patient::new(rules, &on_file.number, identifiers, on_file.sex);
            Arc::new(Patient {
                indexed: true,
                ..patient
            })
        });
        Some(Arc::clone(compiled))
    }

    /// The patient of whom a text tells that says nothing of whom it is about: whose words and numbers it holds most
    /// of, and no fewer than some.
    pub(crate) fn whose(
        &self,
        rules: &RecordRules,
        text: &str,
        least: usize,
    ) -> Option<Arc<Patient>> {
        if self.patients.is_empty() {
            return None;
        }
        let owners = self.owners.get_or_init(|| self.owners());
        let mut hits: HashMap<&str, usize> = HashMap::new();
        let mut hit = |word| {
            if let Some(Owner::One(id)) = owners.get(&word) {
                *hits.entry(id).or_default() += 1;
            }
        };
        crate::marks::words(text, &mut hit);
        if text.len() <= NUMBER_LEN_MAX {
            hit(crate::marks::number(text));
        }
        hits.retain(|_, count| *count >= least);
        let (id, _) = hits
            .into_iter()
            .max_by(|one, other| (one.1, other.0).cmp(&(other.1, one.0)))?;
        self.patient(rules, id)
    }

    fn owners(&self) -> HashMap<u64, Owner> {
        let mut owners: HashMap<u64, Owner> = HashMap::new();
        let mut seen: hashbrown::HashSet<*const OnFile> = hashbrown::HashSet::new();
        let mut ids: Vec<&String> = self.patients.keys().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(on_file) = self.patients.get(id) else {
                continue;
            };
            if !seen.insert(Arc::as_ptr(on_file)) {
                continue;
            }
            for word in Marks::hashes(&on_file.identifiers, WORD_LEN_MIN) {
                let same = |owner: &Owner| matches!(owner, Owner::One(other) if other == id);
                owners
                    .entry(word)
                    .and_modify(|owner| {
                        if !same(owner) {
                            *owner = Owner::Many;
                        }
                    })
                    .or_insert_with(|| Owner::One(id.clone()));
            }
        }
        owners
    }

    /// The names of somebody who is pointed to.
    pub(crate) fn names(&self, pointed: &str) -> &[PersonName] {
        self.people
            .get(pointed)
            .map(|names| &**names)
            .unwrap_or_default()
    }

    /// Learns from the resource at a cursor; `address` is what a Bundle says it can be found by.
    pub(crate) fn learn_at(&mut self, cursor: Cursor<'_>, depth: usize, address: Option<&str>) {
        let Some(kind) = resource_type(&cursor, depth) else {
            return;
        };
        match kind.as_ref() {
            "Bundle" if depth < BUNDLES_DEEP_MAX => self.learn_bundle(cursor, depth),
            "Parameters" => self.learn_parameters(cursor, depth, "parameter"),
            "Patient" | "Practitioner" | "RelatedPerson" | "Person" => {
                self.learn_person(&kind, cursor, depth, address);
            }
            _ => {}
        }
        self.learn_contained(cursor, depth);
    }

    fn learn_bundle(&mut self, cursor: Cursor<'_>, depth: usize) {
        for entry in list(cursor, depth, "entry") {
            let mut address = None;
            let mut resource = None;
            for (key, value) in entry.members(depth) {
                match key.as_ref() {
                    "fullUrl" => address = value.text(),
                    "resource" => resource = Some(value),
                    _ => {}
                }
            }
            if let Some(resource) = resource {
                self.learn_at(resource, depth + 3, address.as_deref());
            }
        }
    }

    /// The resources that the parameters of an operation are, or have as parts.
    fn learn_parameters(&mut self, cursor: Cursor<'_>, depth: usize, key: &str) {
        if depth >= PARTS_DEEP_MAX {
            return;
        }
        for parameter in list(cursor, depth, key) {
            let resource = parameter.members(depth).find(|(key, _)| key == "resource");
            if let Some((_, resource)) = resource {
                self.learn_at(resource, depth + 3, None);
            }
            self.learn_parameters(parameter, depth + 2, "part");
        }
    }

    fn learn_contained(&mut self, cursor: Cursor<'_>, depth: usize) {
        for contained in list(cursor, depth, "contained") {
            let kind = resource_type(&contained, depth);
            if let Some("RelatedPerson" | "Practitioner" | "Person") = kind.as_deref() {
                let kind = kind.unwrap_or_default();
                self.learn_person(&kind, contained, depth + 2, None);
            }
        }
    }

    fn learn_person(
        &mut self,
        kind: &str,
        cursor: Cursor<'_>,
        depth: usize,
        address: Option<&str>,
    ) {
        let schema = Schema::of(FhirVersion::Either);
        let id = cursor.members(depth).find(|(key, _)| key == "id");
        let id = id.and_then(|(_, value)| value.text());
        let mut gathered = gather(schema, cursor, depth);
        let address = address.map(Pointer::of).and_then(|pointer| pointer.id());
        let ids = id.as_deref().into_iter().chain(address);
        if kind == "Patient" {
            let number = gathered.number.take();
            let number = number.or_else(|| id.as_deref().or(address).map(str::to_owned));
            let on_file = Arc::new(OnFile::new(number.unwrap_or_default(), gathered));
            for id in ids {
                self.patients
                    .insert(key_of(id).into_owned(), Arc::clone(&on_file));
            }
            return;
        }
        let names: Arc<[PersonName]> = gathered.on_file.names.clone().into();
        for id in ids {
            self.people
                .insert(format!("{kind}/{id}"), Arc::clone(&names));
            self.people
                .insert(key_of(id).into_owned(), Arc::clone(&names));
        }
        if kind == "RelatedPerson" {
            let patients = gathered
                .people
                .iter()
                .filter_map(|name| name.strip_prefix("Patient/"));
            let patients: Vec<String> = patients.map(|id| key_of(id).into_owned()).collect();
            for patient in patients {
                let relatives = self.relatives.entry(patient).or_default();
                if relatives.len() < RELATIVES_MAX {
                    relatives.push(gathered.on_file.clone());
                }
            }
        }
    }
}

impl OnFile {
    fn new(number: String, gathered: Gathered<'_>) -> Self {
        Self {
            number,
            identifiers: gathered.on_file,
            sex: gathered.sex,
            compiled: OnceLock::new(),
        }
    }
}

impl Patient {
    pub(crate) fn new(
        rules: &RecordRules,
        number: &str,
        on_file: PatientIdentifiers,
        sex: Option<Sex>,
    ) -> Self {
        let record = rules.patient(number, &on_file);
        let probe = Day::new(PROBED.0, PROBED.1, PROBED.2);
        let dates = match probe.map(|day| (day, rules.scope(&record).day(day))) {
            Some((_, DateAs::Kept)) => Dates::Kept,
            Some((day, DateAs::Moved(moved))) => Dates::Moved(moved.number() - day.number()),
            Some((_, DateAs::Year(_))) => Dates::Years,
            _ => Dates::Gone,
        };
        let days = on_file.birth_dates.iter().filter_map(|date| iso_day(date));
        Self {
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            number: number.to_owned(),
            record,
            birth_days: days.collect(),
            marks: Marks::of(&on_file),
            sought: Marks::telling(&on_file),
            on_file,
            sex,
            indexed: false,
            dates,
            tracer: OnceLock::new(),
            needles: OnceLock::new(),
        }
    }

    /// The search for what identifies the patient.
    pub(crate) fn tracer(&self) -> &Tracer {
        self.tracer.get_or_init(|| {
            let mut traces = Traces::default();
            trace(&self.on_file, &mut traces);
            traces.compile()
        })
    }

    /// Whether any telling word or number of the patient is in a text in small letters.
    pub(crate) fn is_in(&self, small: &str) -> bool {
        let needles = self.needles.get_or_init(|| Marks::needles(&self.on_file));
        match needles {
            // Most texts are passed over in this way, sooner than word by word.
            Some(needles) if small.is_ascii() && !needles.any_in(small.as_bytes()) => false,
            _ => self.sought.any(small),
        }
    }

    /// The same patient with the people of a resource in the dictionary as well.
    pub(crate) fn with(&self, rules: &RecordRules, others: &PatientIdentifiers) -> Self {
        let mut on_file = self.on_file.clone();
        join(&mut on_file, others);
        Self::new(rules, &self.number, on_file, self.sex)
    }
}

impl fmt::Debug for PatientIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatientIndex")
            .field("patients", &self.patients.len())
            .finish_non_exhaustive()
    }
}

/// Notes all that is on file for the search in an output.
pub(crate) fn trace(on_file: &PatientIdentifiers, traces: &mut Traces) {
    for name in on_file.names.iter().chain(&on_file.contacts) {
        let given = name.given.join(" ");
        traces.name(format!("{given} {}", name.family).trim());
    }
    for number in &on_file.record_numbers {
        traces.value(Kind::Id, number);
    }
    for phone in &on_file.phones {
        traces.value(Kind::Phone, phone);
    }
    for email in &on_file.emails {
        traces.value(Kind::Email, email);
    }
    for line in on_file.addresses.iter().flat_map(|address| &address.lines) {
        traces.value(Kind::Location, line);
    }
}

/// Adds the people and numbers of others to a dictionary: their names are not the patient's.
pub(crate) fn join(to: &mut PatientIdentifiers, others: &PatientIdentifiers) {
    to.contacts
        .extend(others.names.iter().chain(&others.contacts).cloned());
    to.record_numbers
        .extend(others.record_numbers.iter().cloned());
    to.addresses.extend(others.addresses.iter().cloned());
    to.phones.extend(others.phones.iter().cloned());
    to.emails.extend(others.emails.iter().cloned());
}

/// The day of a date that is whole.
pub(crate) fn iso_day(text: &str) -> Option<Day> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse().ok());
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    Day::new(year, number(5, 7)?, number(8, 10)?)
}

/// The objects of an array member.
pub(crate) fn list<'a>(cursor: Cursor<'a>, depth: usize, key: &str) -> Vec<Cursor<'a>> {
    let mut all = Vec::new();
    let found = cursor.members(depth).find(|(other, _)| *other == key);
    let Some((_, mut value)) = found else {
        return all;
    };
    if value.next_sign() != Some(b'[') {
        return all;
    }
    value.at += 1;
    while value.next_sign() == Some(b'{') {
        all.push(value);
        if value.skip(depth).is_err() || value.next_sign() != Some(b',') {
            break;
        }
        value.at += 1;
    }
    all
}

/// UUIDs are the same in any case, other ids are not.
fn key_of(id: &str) -> std::borrow::Cow<'_, str> {
    let upper = |any, byte: u8| any | byte.is_ascii_uppercase();
    match id.bytes().fold(false, upper) && is_uuid(id) {
        true => id.to_ascii_lowercase().into(),
        false => id.into(),
    }
}

/// Whether any resource in it is one that tells of people.
fn tells_of_people(resource: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = TYPE.find(resource.get(from..).unwrap_or_default()) {
        from += at + TYPE_KEY.len();
        let rest = resource.get(from..).unwrap_or_default();
        let value = rest.iter().position(|byte| *byte == b'"');
        let value = value.and_then(|at| rest.get(at + 1..)).unwrap_or_default();
        let people: [&[u8]; 4] = [
            b"Patient\"",
            b"Practitioner\"",
            b"RelatedPerson\"",
            b"Person\"",
        ];
        if people.iter().any(|name| value.starts_with(name)) {
            return true;
        }
    }
    // The key can be written with escapes.
    ESCAPE.find(resource).is_some()
}

static TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TYPE_KEY));
const TYPE_KEY: &[u8] = b"\"resourceType\"";
static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u00"));

static SERIALS: AtomicU64 = AtomicU64::new(1);
/// Any day in the middle of the calendar: the shift is the same for all.
const PROBED: (i32, u32, u32) = (2000, 6, 15);
/// Parts of parameters deeper than this are not searched for people.
const PARTS_DEEP_MAX: usize = 24;
/// Bundles in Bundles are read so many levels of JSON deep.
const BUNDLES_DEEP_MAX: usize = 16;
/// Longer texts are no number.
const NUMBER_LEN_MAX: usize = 48;
/// Shorter words are not asked whose they are.
const WORD_LEN_MIN: usize = 4;
/// Relatives of one patient whose names are looked for.
const RELATIVES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_are_learned_from_resources_and_bundles() {
        let mut index = PatientIndex::new();
        index.learn(br#"{"resourceType":"Observation","id":"o"}"#);
        assert!(index.is_empty());
        index.learn(br#"{"id":"p1","resourceType":"Patient","name":[{"family":"Ashgrove"}]}"#);
        index.learn(
            br#"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:0A","resource":{"resourceType":"Patient"}}]}"#,
        );
        assert!(index.knows("p1") && index.knows("0A"));
        assert!(!format!("{index:?}").contains("Ashgrove"));
    }

    #[test]
    fn days_are_read_from_whole_dates_alone() {
        assert_eq!(iso_day("1974-04-09T04:31:00Z"), Day::new(1974, 4, 9));
        assert_eq!(iso_day("1974-04"), None);
        assert_eq!(iso_day("19740409"), None);
    }
}
