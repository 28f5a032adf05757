//! The people of a message: who the patient is, and what identifies everybody whom it names.

use wardgate_deid::{Address, PersonName, Sex};

use super::header::Header;
use super::lines::{Line, parts};
use super::policy::{Field, Shape};
use crate::date;
use crate::patient::People;
use crate::role::{Number, Role};

/// The bytes by which a message's people are told from those of another: all fields that identify somebody.
pub(crate) fn key(lines: &[Line<'_>], header: &Header) -> String {
    let mut key = header.key();
    for line in lines {
        for (field, value) in identifying(line) {
            key.push_str(&field.name);
            key.push('\u{1}');
            key.push_str(value);
            key.push('\u{2}');
        }
        // The sex chooses among stand-ins.
        if line.id == Some(*b"PID") {
            key.push_str(line.field(SEX_FIELD));
            key.push('\u{3}');
        }
    }
    key
}

/// Reads the people; `subject` are the segments of the patient whom `everything` may mention among others.
pub(crate) fn read(subject: &[Line<'_>], everything: &[Line<'_>], header: &Header) -> People {
    let mut people = People {
        number: number(subject, header),
        ..People::default()
    };
    for line in subject.iter().filter(|line| line.id == Some(*b"PID")) {
        people.sex = match line.field(SEX_FIELD).trim() {
            "F" | "f" => Some(Sex::Female),
            "M" | "m" => Some(Sex::Male),
            _ => people.sex,
        };
    }
    for line in everything {
        for (field, value) in identifying(line) {
            for repetition in parts(Some(value), header.signs.repetition) {
                add(&mut people, field, repetition, header);
            }
        }
    }
    people
}

/// Ids of orders, visits and documents that the texts of a message may mention.
pub(crate) fn transients(lines: &[Line<'_>], header: &Header) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        let numbers = line.known.map_or(&[][..], |segment| &segment.with_ids);
        for number in numbers {
            let value = line.field(*number);
            if value.is_empty() {
                continue;
            }
            for repetition in parts(Some(value), header.signs.repetition) {
                let id = header.component(repetition, 0);
                let id = header.subcomponents(id).next().unwrap_or_default();
                let telling = is_telling(id) && found.len() < TRANSIENTS_MAX;
                if telling && !found.iter().any(|known| known == id) {
                    found.push(header.plain(id).into_owned());
                }
            }
        }
    }
    found
}

/// The fields of a segment that identify people and are not empty, with their values.
fn identifying<'a>(line: &Line<'a>) -> impl Iterator<Item = (&'static Field, &'a str)> {
    let line = *line;
    let fields = line.known.into_iter().flat_map(|segment| {
        let numbers = segment.identifying.iter();
        numbers.filter_map(|number| Some((*number, segment.field(*number)?)))
    });
    fields
        .map(move |(number, field)| (field, line.field(number)))
        .filter(|(_, value)| !value.is_empty())
}

/// The number that names the patient: PID-3 of type MR, else its first, else what the older fields hold.
fn number(subject: &[Line<'_>], header: &Header) -> String {
    let patient = subject.iter().find(|line| line.id == Some(*b"PID"));
    let merged = subject.iter().find(|line| line.id == Some(*b"MRG"));
    let listed = |line: &Line<'_>, number| -> Option<String> {
        let value = line.field(number);
        let all = || parts(Some(value), header.signs.repetition);
        let is_record = |one: &&str| {
            let code = header.component(one, 4).trim();
            Number::of_type_code(code) == Some(Number::Mrn)
        };
        let usual = all().find(|one| header.component(one, 4).trim() == "MR");
        let named = usual.or_else(|| all().find(is_record));
        let some = |one: &&str| !header.component(one, 0).trim_matches(['"', ' ']).is_empty();
        let one = named.filter(some).or_else(|| all().find(some))?;
        Some(header.plain(header.component(one, 0)).trim().to_owned())
    };
    let patient = patient.and_then(|line| {
        let fields = [3, 2, 4, 18];
        fields.iter().find_map(|number| listed(line, *number))
    });
    patient.or_else(|| listed(merged?, 1)).unwrap_or_default()
}

/// Adds what one repetition of a field holds.
fn add(people: &mut People, field: &'static Field, repetition: &str, header: &Header) {
    let shape = field.shape_of(repetition, header.signs.component);
    let mut person = PersonName::default();
    let mut other_families = Vec::new();
    let mut address = Address::default();
    people
        .known
        .organizations
        .extend(employer(field, shape, repetition, header));
    for (at, component) in parts(Some(repetition), header.signs.component).enumerate() {
        let roles = shape.component(at).unwrap_or_default();
        for (at, leaf) in header.subcomponents(component).enumerate() {
            let Some(role) = roles.get(at).or(roles.last()) else {
                continue;
            };
            if leaf.is_empty() || leaf == NULL {
                continue;
            }
            let role = match role {
                Role::Identity(kind) => Role::Identity(kind.refined(shape, repetition, header)),
                role => *role,
            };
            let value = header.plain(leaf).into_owned();
            match role {
                Role::Family if person.family.is_empty() => person.family.clone_from(&value),
                Role::Family => other_families.push(value.clone()),
                Role::Given => person.given.push(value.clone()),
                Role::FullName => person = full_name(&value),
                Role::Street | Role::Place => address.lines.push(value.clone()),
                Role::City => address.city.clone_from(&value),
                Role::Zip => address.postal_code.clone_from(&value),
                role => add_value(people, role, &value),
            }
            if role.identifies() {
                people.leaves.push((role, value));
            }
        }
    }
    let subject = matches!(field.name.as_str(), "PID-5" | "PID-9" | "MRG-7");
    let persons = match subject {
        true => &mut people.known.names,
        false => &mut people.known.contacts,
    };
    persons.extend(other_families.into_iter().map(|family| PersonName {
        given: person.given.clone(),
        family,
    }));
    if !person.family.is_empty() || !person.given.is_empty() {
        persons.push(person);
    }
    let lines = !address.lines.is_empty() || !address.city.is_empty();
    if lines || !address.postal_code.is_empty() {
        people.known.addresses.push(address);
    }
}

/// The organisation that one repetition of an employer's field names.
fn employer(field: &Field, shape: &Shape, repetition: &str, header: &Header) -> Option<String> {
    let name = header.component(repetition, 0);
    let name = header.subcomponents(name).next().unwrap_or_default();
    if !field.is_employer || name.is_empty() || name == NULL {
        return None;
    }
    // Some versions have the type of a person's name here; that of an organisation has no second part.
    let first = shape.component(0).and_then(<[Role]>::first);
    let person = first == Some(&Role::Family) && !header.component(repetition, 1).is_empty();
    (!person).then(|| header.plain(name).into_owned())
}

fn add_value(people: &mut People, role: Role, value: &str) {
    match role {
        Role::Identity(_) => people.known.record_numbers.push(value.to_owned()),
        Role::Provider | Role::Device if is_telling(value) => {
            people.known.record_numbers.push(value.to_owned());
        }
        Role::Birth => {
            let day = date::day_of(value);
            people.known.birth_dates.extend(day.map(|day| day.iso()));
        }
        Role::Phone | Role::Email if value.contains('@') => {
            people.known.emails.push(value.to_owned());
        }
        Role::Phone | Role::Email => people.known.phones.push(value.to_owned()),
        _ => {}
    }
}

impl Number {
    /// The kind that the type code of a number says, where it has one.
    pub(crate) fn refined(self, shape: &Shape, repetition: &str, header: &Header) -> Self {
        let coded = matches!(shape.name, "CX" | "CM_PAT_ID" | "CM_PAT_ID_0192");
        if !coded || self == Self::Prior {
            return self;
        }
        let code = header.component(repetition, 4);
        Self::of_type_code(code).unwrap_or(self)
    }
}

/// `Lindqvist, Maria` or `Maria Lindqvist`.
fn full_name(value: &str) -> PersonName {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if let Some((family, given)) = value.split_once(',') {
        return PersonName {
            given: words(given),
            family: family.trim().to_owned(),
        };
    }
    let mut given = words(value);
    let family = given.pop().unwrap_or_default();
    PersonName { given, family }
}

/// Whether a number of staff or of a device is long enough to be sought in texts.
fn is_telling(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.len() >= NUMBER_LEN_MIN && digits >= NUMBER_DIGITS_MIN
}

/// What deletes a value: it is no value itself.
pub(crate) const NULL: &str = "\"\"";
/// Further ids of one message are not sought in its texts.
const TRANSIENTS_MAX: usize = 64;
const SEX_FIELD: usize = 8;
const NUMBER_LEN_MIN: usize = 5;
const NUMBER_DIGITS_MIN: usize = 3;
