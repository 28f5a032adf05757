//! The second look: what identified somebody in the input is sought in the output, by a walk of its own.
//!
//! It knows no type table and no treatment: it goes by the names of members alone. Most outputs are done with a few
//! searches for words; where one hits, the full search of all spellings decides.

use std::borrow::Cow;
use std::sync::Arc;

use wardgate_deid::{Action, Found, Kind, Part, Profile, RecordFault, RecordRules, Tracer, Traces};

use crate::needles::Needles;
use crate::patients::{Patient, PatientIndex};
use crate::pointer::Pointer;
use crate::reader::{Cursor, DEPTH_MAX, position, too_deep};

/// Looks in `output` for what identified somebody in `input`.
pub(crate) fn verify(
    rules: &RecordRules,
    index: &PatientIndex,
    input: &[u8],
    output: &[u8],
) -> Result<Found, RecordFault> {
    let mut sought = Sought::new(rules.profile());
    walk(input, &mut |seen| sought.note(seen))?;
    let mut text = Text::within(output.len());
    walk(output, &mut |seen| text.note(seen))?;
    let patients = sought.patients(rules, index);
    let mut found = sought.unchanged(&text);
    if sought.suspects(&text) {
        found.merge(&text.search(&sought.compile()));
    }
    if sought.names_matter {
        for patient in &patients {
            if patient.is_in(&text.small) {
                found.merge(&text.search(patient.tracer()));
            }
        }
    }
    Ok(found)
}

/// The names that are sought in what becomes of a record, so that no stand-in need be one of them.
pub(crate) fn names(
    rules: &RecordRules,
    index: &PatientIndex,
    input: &[u8],
) -> Result<Vec<String>, RecordFault> {
    let mut sought = Sought::new(rules.profile());
    walk(input, &mut |seen| sought.note(seen))?;
    sought.finish_name();
    let patients = sought.patients(rules, index);
    let names = std::mem::take(&mut sought.names);
    let mut names: Vec<String> = names.into_iter().map(Cow::into_owned).collect();
    for patient in &patients {
        let on_file = &patient.on_file;
        let people = on_file.names.iter().chain(&on_file.contacts);
        names.extend(people.map(|name| format!("{} {}", name.given.join(" "), name.family)));
    }
    Ok(names)
}

/// A scalar of a record, with the names of the members that it stands in.
struct Seen<'a, 'p> {
    /// From the outermost in.
    path: &'p [Cow<'a, str>],
    text: Cow<'a, str>,
    quoted: bool,
    /// The value of `url` beside it, where that came first.
    url: &'p str,
}

/// What identified somebody in the input.
struct Sought<'p, 'a> {
    profile: &'p Profile,
    names_matter: bool,
    names: Vec<Cow<'a, str>>,
    values: Vec<(Kind, Cow<'a, str>)>,
    /// What must not stand at the same element again.
    births: Vec<Cow<'a, str>>,
    /// Bytes and places on the map, as they are written.
    literal: Vec<Cow<'a, str>>,
    pointed: Vec<Cow<'a, str>>,
    /// The parts of the name that is being read.
    given: Vec<Cow<'a, str>>,
    family: Cow<'a, str>,
}

/// The strings of the output.
#[derive(Default)]
struct Text<'a> {
    /// All of them, in small letters, one a line.
    small: String,
    strings: Vec<Cow<'a, str>>,
    births: Vec<Cow<'a, str>>,
    numbers: Vec<Cow<'a, str>>,
    payloads: Vec<Vec<u8>>,
}

impl<'p, 'a> Sought<'p, 'a> {
    fn new(profile: &'p Profile) -> Self {
        Self {
            profile,
            names_matter: profile.action(Kind::Name, Part::Whole) != Action::Keep,
            names: Vec::new(),
            values: Vec::with_capacity(VALUES_USUAL),
            births: Vec::new(),
            literal: Vec::new(),
            pointed: Vec::with_capacity(VALUES_USUAL),
            given: Vec::new(),
            family: Cow::default(),
        }
    }

    fn goes(&self, kind: Kind, part: Part) -> bool {
        self.profile.action(kind, part) != Action::Keep
    }

    fn value(&mut self, kind: Kind, text: Cow<'a, str>) {
        // The same reference often stands many times in a record.
        let again = |(other, known): &(Kind, Cow<'_, str>)| *other == kind && *known == text;
        let late = self.values.len().saturating_sub(REPEATED_WITHIN);
        if self.goes(kind, Part::Whole) && !self.values.iter().skip(late).any(again) {
            self.values.push((kind, text));
        }
    }

    fn point(&mut self, id: Cow<'a, str>) {
        let late = self.pointed.len().saturating_sub(REPEATED_WITHIN);
        if !self.pointed.iter().skip(late).any(|known| *known == id) {
            self.pointed.push(id);
        }
    }

    fn note(&mut self, seen: Seen<'a, '_>) {
        let Some((key, outer)) = seen.path.split_last() else {
            return;
        };
        let parent = outer.last().map(Cow::as_ref).unwrap_or_default();
        let text = seen.text;
        if !seen.quoted {
            let place = matches!(key.as_ref(), "latitude" | "longitude")
                || matches!(seen.url, "latitude" | "longitude");
            if place && text.len() >= PLACE_LEN_MIN && self.goes(Kind::Location, Part::Whole) {
                self.literal.push(text);
            }
            return;
        }
        match (key.as_ref(), parent) {
            ("family", _) => {
                self.finish_name();
                self.family = text;
            }
            ("given", _) => self.given.push(text),
            ("text", "name") | ("authorString", _) => self.names.push(text),
            ("valueString", _) if seen.url.ends_with("mothersMaidenName") => self.names.push(text),
            ("display", "subject" | "patient" | "individual" | "practitioner")
                if !text.contains(|c: char| c.is_ascii_digit()) =>
            {
                self.names.push(text);
            }
            ("value", "identifier") => self.value(Kind::Id, text),
            ("value", "telecom") if text.contains('@') => self.value(Kind::Email, text),
            ("value", "telecom") => self.value(Kind::Phone, text),
            ("line", "address") if self.goes(Kind::Location, Part::Street) => {
                self.values.push((Kind::Location, text));
            }
            ("serialNumber" | "carrierHRF", _) => self.value(Kind::Device, text),
            ("subscriberId", _) => self.value(Kind::HealthPlan, text),
            ("birthDate", _) if self.goes(Kind::Date, Part::Whole) => self.births.push(text),
            // Pictures of a face must not be there again.
            ("data", _)
                if text.len() >= PAYLOAD_LEN_MIN && outer.iter().any(|key| key == "photo") =>
            {
                self.literal.push(text);
            }
            ("id", "" | "resource" | "contained") => {
                self.value(Kind::Id, text.clone());
                self.point(text);
            }
            ("reference", _) => {
                if let Some(id) = pointed_id(text) {
                    self.value(Kind::Id, id.clone());
                    self.point(id);
                }
            }
            _ => {}
        }
    }

    /// The patients whom the record could be about.
    fn patients(&self, rules: &RecordRules, index: &PatientIndex) -> Vec<Arc<Patient>> {
        let mut patients: Vec<Arc<Patient>> = Vec::new();
        for id in &self.pointed {
            let Some(patient) = index.patient(rules, id) else {
                continue;
            };
            if patients.iter().all(|other| other.serial != patient.serial) {
                patients.push(patient);
            }
            if patients.len() >= PATIENTS_MAX {
                break;
            }
        }
        patients
    }

    fn finish_name(&mut self) {
        if self.given.is_empty() && self.family.is_empty() {
            return;
        }
        let given = std::mem::take(&mut self.given).join(" ");
        let family = std::mem::take(&mut self.family);
        let name = format!("{given} {family}");
        if !name.trim().is_empty() {
            self.names.push(name.trim().to_owned().into());
        }
    }

    /// What must differ and does not: the birth date, pictures, places on the map.
    fn unchanged(&self, text: &Text<'_>) -> Found {
        let mut traces = Traces::default();
        let births = self
            .births
            .iter()
            .filter(|birth| birth.len() == DATE_LEN && text.births.contains(birth));
        let literal = self
            .literal
            .iter()
            .filter(|literal| text.numbers.contains(literal) || text.strings.contains(literal));
        let mut found = Found::default();
        for left in births.chain(literal) {
            traces.value(Kind::Id, left);
            traces.value(Kind::Id, UNCHANGED);
            found.merge(&traces.compile().value(UNCHANGED));
        }
        found
    }

    /// Whether any word or number of the input's people is in the output.
    fn suspects(&mut self, text: &Text<'_>) -> bool {
        self.finish_name();
        if !self.names_matter {
            self.names.clear();
        }
        if self.names.iter().any(|name| !name.is_ascii()) {
            return true;
        }
        let mut sought = Needles::default();
        for name in &self.names {
            let words = name.split(|c: char| !c.is_alphabetic());
            words
                .filter(|word| word.len() >= WORD_LEN_MIN)
                .for_each(|word| sought.add(word));
        }
        for (_, value) in &self.values {
            if value.len() < VALUE_LEN_MIN {
                continue;
            }
            sought.add(value);
            sought.add_compact(value);
        }
        sought.any_in(text.small.as_bytes())
    }

    fn compile(&self) -> Tracer {
        let mut traces = Traces::default();
        for name in &self.names {
            traces.name(name);
        }
        for (kind, value) in &self.values {
            traces.value(*kind, value);
        }
        traces.compile()
    }
}

impl<'a> Text<'a> {
    /// Of an output of some bytes.
    fn within(bytes: usize) -> Self {
        Self {
            small: String::with_capacity(bytes),
            strings: Vec::with_capacity(bytes / BYTES_PER_STRING),
            ..Self::default()
        }
    }

    fn note(&mut self, seen: Seen<'a, '_>) {
        let Some((key, _)) = seen.path.split_last() else {
            return;
        };
        if !seen.quoted {
            if seen.text.len() >= PLACE_LEN_MIN {
                self.numbers.push(seen.text);
            }
            return;
        }
        match key.as_ref() {
            // What a profile may leave, and what only standards say.
            "state" | "country" | "resourceType" | "system" | "code" | "url" | "profile" => return,
            "birthDate" => self.births.push(seen.text.clone()),
            "data" if seen.text.len() >= DATA_LEN_MIN => {
                if let Some(bytes) = crate::rewrite::decoded(&seen.text) {
                    let text = wardgate_documents::decoded_text("", &bytes).ok();
                    let text = text.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
                    self.add(text.into());
                    self.payloads.push(bytes);
                    return;
                }
            }
            _ => {}
        }
        self.add(seen.text);
    }

    fn add(&mut self, text: Cow<'a, str>) {
        match text.is_ascii() {
            true => {
                let from = self.small.len();
                self.small.push_str(&text);
                if let Some(tail) = self.small.get_mut(from..) {
                    tail.make_ascii_lowercase();
                }
            }
            false => self.small.push_str(&text.to_lowercase()),
        }
        self.small.push('\n');
        self.strings.push(text);
    }

    /// The full search: every string as it is, all of them together, and the bytes of documents.
    fn search(&self, tracer: &Tracer) -> Found {
        let mut found = Found::default();
        for string in &self.strings {
            found.merge(&tracer.value(string));
        }
        for payload in &self.payloads {
            found.merge(&tracer.bytes(payload));
        }
        found
    }
}

/// The id that a reference points to.
fn pointed_id(reference: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match reference {
        Cow::Borrowed(text) => Pointer::of(text).id().map(Cow::Borrowed),
        Cow::Owned(text) => Pointer::of(&text).id().map(|id| Cow::Owned(id.to_owned())),
    }
}

/// Tells of every scalar of a record.
fn walk<'a>(record: &'a [u8], each: &mut impl FnMut(Seen<'a, '_>)) -> Result<(), RecordFault> {
    let mut cursor = Cursor::new(record)?;
    let mut path = Vec::with_capacity(DEPTH_MAX);
    step(&mut cursor, &mut path, "", 0, each)?;
    cursor.finish()
}

fn step<'a>(
    cursor: &mut Cursor<'a>,
    path: &mut Vec<Cow<'a, str>>,
    url: &str,
    depth: usize,
    each: &mut impl FnMut(Seen<'a, '_>),
) -> Result<(), RecordFault> {
    if depth > DEPTH_MAX {
        return Err(too_deep().at(position(cursor.at)));
    }
    match cursor.next_sign() {
        Some(b'{') => object(cursor, path, depth, each),
        Some(b'[') => {
            cursor.at += 1;
            if cursor.next_sign() == Some(b']') {
                cursor.at += 1;
                return Ok(());
            }
            loop {
                step(cursor, path, url, depth + 1, each)?;
                match cursor.next_sign() {
                    Some(b',') => cursor.at += 1,
                    Some(b']') => {
                        cursor.at += 1;
                        return Ok(());
                    }
                    _ => return Err(cursor.unexpected()),
                }
            }
        }
        Some(b'"') => {
            let text = cursor.string()?.text();
            each(Seen {
                path,
                text,
                quoted: true,
                url,
            });
            Ok(())
        }
        _ => {
            let at = cursor.scalar()?;
            let text = cursor.slice_text(at).into();
            each(Seen {
                path,
                text,
                quoted: false,
                url,
            });
            Ok(())
        }
    }
}

fn object<'a>(
    cursor: &mut Cursor<'a>,
    path: &mut Vec<Cow<'a, str>>,
    depth: usize,
    each: &mut impl FnMut(Seen<'a, '_>),
) -> Result<(), RecordFault> {
    cursor.at += 1;
    if cursor.next_sign() == Some(b'}') {
        cursor.at += 1;
        return Ok(());
    }
    let mut url = Cow::default();
    loop {
        cursor.next_sign();
        let key = cursor.key()?.text();
        if key == "url"
            && let Some(text) = cursor.text()
        {
            url = text;
        }
        path.push(key);
        step(cursor, path, &url, depth + 1, each)?;
        path.pop();
        match cursor.next_sign() {
            Some(b',') => cursor.at += 1,
            Some(b'}') => {
                cursor.at += 1;
                return Ok(());
            }
            _ => return Err(cursor.unexpected()),
        }
    }
}

/// Patients of one record whose dictionaries are sought; a Bundle tells of more by itself.
const PATIENTS_MAX: usize = 64;
const WORD_LEN_MIN: usize = 4;
const VALUE_LEN_MIN: usize = 5;
/// Bytes of a record to each of its strings, about.
const BYTES_PER_STRING: usize = 32;
/// A value is compared with so many before it, to be sought once.
const REPEATED_WITHIN: usize = 16;
const VALUES_USUAL: usize = 16;
/// Shorter numbers are no place on the map.
const PLACE_LEN_MIN: usize = 6;
const DATE_LEN: usize = 10;
const PAYLOAD_LEN_MIN: usize = 24;
const DATA_LEN_MIN: usize = 4;
/// A value that counts as found by itself.
const UNCHANGED: &str = "unchanged 00000000";
