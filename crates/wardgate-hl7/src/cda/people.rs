//! The people of a document: who the patient is, and what identifies everybody whom it names.

use wardgate_deid::{Address, PersonName, Sex};

use super::policy::{self, Holds, Whose};
use super::tape::{Piece, Tag, Tape};
use crate::date;
use crate::patient::People;
use crate::role::{Number, Role};

/// Reads the people of a document.
pub(crate) fn read(tape: &Tape) -> People {
    let mut people = People::default();
    // The elements around the piece, each with whose names stand below it.
    let mut around: Vec<(usize, Option<Whose>)> = Vec::new();
    for (at, piece) in tape.pieces.iter().enumerate() {
        match piece {
            Piece::Close => {
                around.pop();
            }
            Piece::Text(_) => {}
            Piece::Open(tag) => {
                let named = around.iter().rev().find_map(|(_, whose)| *whose);
                let inside = |name: &str| {
                    around
                        .iter()
                        .any(|(at, _)| tape.tag(*at).is_some_and(|tag| tag.name == name))
                };
                let patient = inside("patientRole") && inside("recordTarget");
                add(&mut people, tape, at, tag, named, patient);
                around.push((at, whose(tag)));
            }
        }
    }
    people
}

/// Whose names stand below a tag, where it says so.
pub(crate) fn whose(tag: &Tag) -> Option<Whose> {
    match policy::element(&tag.name) {
        Holds::Whose(Whose::Entity) => Some(match tag.attribute("classCode") {
            Some("PSN" | "LIV" | "NLIV") => Whose::Person,
            Some("ORG" | "PUB" | "STATE" | "NAT") => Whose::Organization,
            Some("PLC" | "CITY" | "COUNTRY" | "COUNTY" | "PROVINCE") => Whose::Place,
            _ => Whose::Entity,
        }),
        Holds::Whose(whose) => Some(whose),
        // In a subject the person has the plain name of the relation.
        _ if tag.name == "relatedSubject"
            || tag.name == "relatedEntity"
            || tag.name == "guardian" =>
        {
            Some(Whose::Person)
        }
        _ => None,
    }
}

fn add(
    people: &mut People,
    tape: &Tape,
    at: usize,
    tag: &Tag,
    named: Option<Whose>,
    patient: bool,
) {
    match policy::element(&tag.name) {
        Holds::Name if named.is_none_or(is_person) => {
            let own = patient && named == Some(Whose::Patient);
            add_name(people, tape, at, own);
        }
        Holds::Name if named == Some(Whose::Organization) => {
            let name = tape.text(at).trim().to_owned();
            if !name.is_empty() {
                people.known.organizations.push(name);
            }
        }
        Holds::Address if named != Some(Whose::Material) => add_address(people, tape, at),
        Holds::Telecom => {
            let value = tag.attribute("value").unwrap_or_default();
            let (_, value) = scheme(value);
            if !value.is_empty() {
                people.leaves.push((Role::Phone, value.to_owned()));
                match value.contains('@') {
                    true => people.known.emails.push(value.to_owned()),
                    false => people.known.phones.push(value.to_owned()),
                }
            }
        }
        Holds::Birth => {
            let value = tag.attribute("value").unwrap_or_default();
            let day = date::day_of(value);
            people.known.birth_dates.extend(day.map(|day| day.iso()));
        }
        Holds::Id if patient || named.is_some_and(is_person) => {
            let extension = tag.attribute("extension").unwrap_or_default().trim();
            if extension.is_empty() || named == Some(Whose::Organization) {
                return;
            }
            let kind = number_kind(tag.attribute("root").unwrap_or_default());
            if patient {
                if people.number.is_empty() && kind == Number::Mrn {
                    people.number = extension.to_owned();
                }
                people
                    .leaves
                    .push((Role::Identity(kind), extension.to_owned()));
            }
            people.known.record_numbers.push(extension.to_owned());
        }
        Holds::Id => {
            let extension = tag.attribute("extension").unwrap_or_default().trim();
            if extension.len() >= NUMBER_LEN_MIN && extension.bytes().any(|b| b.is_ascii_digit()) {
                people.known.record_numbers.push(extension.to_owned());
            }
        }
        Holds::Code if patient && tag.name == "administrativeGenderCode" => {
            people.sex = match tag.attribute("code") {
                Some("F") => Some(Sex::Female),
                Some("M") => Some(Sex::Male),
                _ => people.sex,
            };
        }
        _ => {}
    }
}

/// Whether the names of these are names of people.
pub(crate) fn is_person(whose: Whose) -> bool {
    matches!(whose, Whose::Patient | Whose::Person)
}

fn add_name(people: &mut People, tape: &Tape, at: usize, own: bool) {
    let mut name = PersonName::default();
    let mut others = Vec::new();
    for child in tape.children(at) {
        let text = tape.text(child).trim().to_owned();
        let Some(Holds::Part(role)) = tape.tag(child).map(|tag| policy::element(&tag.name)) else {
            continue;
        };
        if text.is_empty() {
            continue;
        }
        match role {
            Role::Family if name.family.is_empty() => name.family.clone_from(&text),
            Role::Family => others.push(text.clone()),
            Role::Given => name.given.push(text.clone()),
            _ => continue,
        }
        people.leaves.push((role, text));
    }
    if name.family.is_empty() && name.given.is_empty() {
        let text = tape.text(at);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        name.family = words.pop().unwrap_or_default();
        name.given = words;
        people.leaves.push((Role::FullName, text.to_owned()));
    }
    let persons = match own {
        true => &mut people.known.names,
        false => &mut people.known.contacts,
    };
    persons.extend(others.into_iter().map(|family| PersonName {
        given: name.given.clone(),
        family,
    }));
    persons.push(name);
}

fn add_address(people: &mut People, tape: &Tape, at: usize) {
    let mut address = Address::default();
    for child in tape.children(at) {
        let text = tape.text(child).trim().to_owned();
        let Some(Holds::Part(role)) = tape.tag(child).map(|tag| policy::element(&tag.name)) else {
            continue;
        };
        if text.is_empty() {
            continue;
        }
        match role {
            Role::Street => address.lines.push(text.clone()),
            Role::City => address.city.clone_from(&text),
            Role::Zip => address.postal_code.clone_from(&text),
            _ => continue,
        }
        people.leaves.push((role, text));
    }
    if address.lines.is_empty() && address.city.is_empty() {
        let text = tape.text(at);
        if !text.trim().is_empty() {
            address.lines.push(text.trim().to_owned());
        }
    }
    people.known.addresses.push(address);
}

/// The kind of number that a root of the standard issues.
pub(crate) fn number_kind(root: &str) -> Number {
    match root {
        "2.16.840.1.113883.4.1" => Number::Ssn,
        "2.16.840.1.113883.4.572" | "2.16.840.1.113883.4.927" => Number::Plan,
        root if root.starts_with("2.16.840.1.113883.4.3.") => Number::Licence,
        _ => Number::Mrn,
    }
}

/// The scheme of a contact and what stands behind it.
pub(crate) fn scheme(value: &str) -> (&str, &str) {
    let value = value.trim();
    for scheme in [
        "tel:",
        "fax:",
        "mailto:",
        "sms:",
        "sip:",
        "x-text-fax:",
        "x-text-tel:",
        "mllp:",
        "ftp://",
        "https://",
        "http://",
    ] {
        if value
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        {
            return value.split_at_checked(scheme.len()).unwrap_or(("", value));
        }
    }
    ("", value)
}

const NUMBER_LEN_MIN: usize = 5;
