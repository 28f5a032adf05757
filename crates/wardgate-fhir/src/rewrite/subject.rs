//! Whom a resource is about.

use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use wardgate_deid::{PatientIdentifiers, RecordFault};

use super::{Place, Rewrite, unknown_resource};
use crate::gather::gather;
use crate::patients::{Patient, list};
use crate::pointer::Pointer;
use crate::reader::{Cursor, position};
use crate::schema::Targets;

impl Rewrite<'_, '_> {
    /// Learns the patients of a Bundle, of parameters, and contained ones, from the record itself.
    pub(super) fn learn_locally(&mut self) {
        self.local.learn_at(self.cursor, 0, None);
        for contained in list(self.cursor, 0, "contained") {
            self.learn_contained(contained);
        }
        for entry in list(self.cursor, 0, "entry") {
            let resource = entry.members(0).find(|(key, _)| key == "resource");
            let Some((_, resource)) = resource else {
                continue;
            };
            for contained in list(resource, 0, "contained") {
                self.learn_contained(contained);
            }
        }
        if !self.local.is_empty() {
            self.sole = self.sole_patient();
        }
    }

    fn learn_contained(&mut self, contained: Cursor<'_>) {
        if crate::gather::resource_type(&contained, 0).as_deref() == Some("Patient") {
            let id = contained.members(0).find(|(key, _)| key == "id");
            let id = id.and_then(|(_, id)| id.text());
            let address = id.map(|id| format!("urn:uuid:#{id}"));
            self.local.learn_at(contained, 0, address.as_deref());
        }
    }

    /// The patient of a Bundle, or of parameters, that have only one.
    fn sole_patient(&mut self) -> Option<usize> {
        let ids = self.local.only()?.to_owned();
        let patient = self.local.patient(self.means.rules, &ids)?;
        Some(self.person(patient))
    }

    /// Where the pass begins: about nobody yet.
    pub(super) fn root(&mut self) -> Place {
        Place {
            patient: NOBODY,
            kind: "",
            provider: false,
            depth: 0,
            at: 0,
            targets: Targets::default(),
            holds: None,
            standing: self.first_standing(),
        }
    }

    /// The place of the resource that begins at the cursor.
    pub(super) fn place_of_resource(&mut self, outer: &Place) -> Result<Place, RecordFault> {
        let start = self.cursor;
        let mut kind = None;
        let mut subject: Option<(usize, Cursor<'_>)> = None;
        let mut id = None;
        for (key, value) in start.members(outer.depth) {
            match key.as_ref() {
                "resourceType" => kind = value.text(),
                "id" => id = value.text(),
                _ => {
                    let rank = SUBJECTS.iter().position(|name| *name == key);
                    if let Some(rank) = rank
                        && subject.is_none_or(|(other, _)| rank < other)
                    {
                        subject = Some((rank, value));
                    }
                }
            }
        }
        let kind = kind.ok_or_else(|| unknown_resource().at(position(start.at)))?;
        let shape = self.means.schema.resource(&kind);
        let shape = shape.ok_or_else(|| unknown_resource().at(position(start.at)))?;
        let provider = PROVIDERS.contains(&shape.name);
        let nested = outer.patient != NOBODY;
        let patient = match shape.name {
            "Patient" => {
                let id = id.unwrap_or_default();
                self.known_patient(&id)
                    .or_else(|| self.known_patient(&format!("#{id}")))
            }
            _ if provider => None,
            _ => subject.and_then(|(_, value)| self.pointed(value, outer.depth)),
        };
        let patient = match patient {
            Some(patient) => patient,
            None if shape.name == "Patient" => self.unlearned(start, outer.depth),
            None if nested => outer.patient,
            // Whomever it mentions first, it is about the one whose resource is in it.
            None if ENVELOPES.contains(&shape.name) && self.sole.is_some() => {
                self.sole.unwrap_or(NOBODY)
            }
            None if provider || DEFINITIONS.contains(&shape.name) => NOBODY,
            None => self.mentioned(start, outer.depth),
        };
        let standing = self.begin_rules(shape.name, outer.depth);
        Ok(Place {
            patient,
            kind: shape.name,
            provider,
            holds: None,
            standing,
            ..*outer
        })
    }

    /// Whom a reference, or the first of several, points to.
    fn pointed(&mut self, mut value: Cursor<'_>, depth: usize) -> Option<usize> {
        if value.next_sign() == Some(b'[') {
            value.at += 1;
        }
        let mut reference = None;
        let mut number = None;
        let mut kind = None;
        for (key, part) in value.members(depth) {
            match key.as_ref() {
                "reference" => reference = part.text(),
                "type" => kind = part.text(),
                "identifier" => {
                    let found = part.members(depth).find(|(key, _)| key == "value");
                    number = found.and_then(|(_, number)| number.text());
                }
                _ => {}
            }
        }
        if kind.as_deref().is_some_and(|kind| kind != "Patient") {
            return None;
        }
        let said = kind.is_some();
        let Some(reference) = reference else {
            let number = number?;
            return Some(self.by_number(&number));
        };
        match Pointer::of(&reference) {
            Pointer::Contained(id) => self.known_patient(&format!("#{id}")),
            Pointer::Resource {
                kind: "Patient",
                id,
                ..
            } => Some(self.by_id(id)),
            Pointer::Uuid(id) | Pointer::Oid(id) => self
                .known_patient(id)
                .or_else(|| said.then(|| self.by_id(id))),
            Pointer::Search {
                kind: "Patient",
                query,
                ..
            } => {
                let number = query
                    .split('&')
                    .find_map(|part| part.strip_prefix("identifier="))?;
                let number = number.rsplit(['|', ':']).next().unwrap_or(number);
                Some(self.by_number(number))
            }
            _ => None,
        }
    }

    pub(super) fn known_patient(&mut self, id: &str) -> Option<usize> {
        let rules = self.means.rules;
        let found = self.local.patient(rules, id);
        let found = found.or_else(|| self.means.index.patient(rules, id))?;
        Some(self.person(found))
    }

    fn by_id(&mut self, id: &str) -> usize {
        match self.known_patient(id) {
            Some(patient) => patient,
            None => self.by_number(id),
        }
    }

    /// A patient of whom only a number is known: it names them as well as their Patient resource would.
    fn by_number(&mut self, number: &str) -> usize {
        if let Some(patient) = self.memory.patient(number) {
            let patient = Arc::clone(patient);
            return self.person(patient);
        }
        let mut on_file = PatientIdentifiers::default();
        on_file.record_numbers.push(number.to_owned());
        let patient = Arc::new(Patient::new(self.means.rules, number, on_file, None));
        self.memory.remember_patient(number, &patient);
        self.person(patient)
    }

    /// A Patient that no index has: what it tells itself.
    fn unlearned(&mut self, start: Cursor<'_>, depth: usize) -> usize {
        let mut gathered = gather(self.means.schema, start, depth);
        let id = start.members(depth).find(|(key, _)| key == "id");
        let id = id.and_then(|(_, id)| id.text()).unwrap_or_default();
        let number = gathered.number.take().unwrap_or_else(|| id.into_owned());
        let patient = Patient::new(self.means.rules, &number, gathered.on_file, gathered.sex);
        self.person(Arc::new(patient))
    }

    /// The patient whom any reference of a resource names first; otherwise the one of its Bundle.
    fn mentioned(&mut self, start: Cursor<'_>, depth: usize) -> usize {
        let mut end = start;
        let _ = end.skip(depth);
        let bytes = start.slice(start.at..end.at);
        let mut from = 0;
        while let Some(at) = REFERENCE.find(bytes.get(from..).unwrap_or_default()) {
            from += at + REFERENCE_KEY.len();
            let mut value = start;
            value.at += from;
            if value.expect(b':').is_err() {
                continue;
            }
            let Some(reference) = value.text() else {
                continue;
            };
            let pointer = Pointer::of(&reference);
            match (pointer.kind(), pointer.id()) {
                (Some("Patient"), Some(id)) => return self.by_id(id),
                (None, Some(id)) if self.local.knows(id) || self.means.index.knows(id) => {
                    return self.by_id(id);
                }
                _ => {}
            }
        }
        self.sole.unwrap_or(NOBODY)
    }

    fn person(&mut self, patient: Arc<Patient>) -> usize {
        let same = self
            .people
            .iter()
            .position(|other| other.serial == patient.serial);
        if let Some(same) = same {
            return same;
        }
        self.people.push(patient);
        self.people.len() - 1
    }

    pub(super) fn patient(&self, place: &Place) -> Arc<Patient> {
        let patient = self.people.get(place.patient).unwrap_or(self.means.nobody);
        Arc::clone(patient)
    }
}

pub(super) const NOBODY: usize = 0;

static REFERENCE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(REFERENCE_KEY));
const REFERENCE_KEY: &[u8] = b"\"reference\"";

/// The members that name the patient, the surest first (compartment definition `patient` of FHIR).
const SUBJECTS: [&str; 8] = [
    "patient",
    "subject",
    "beneficiary",
    "for",
    "individual",
    "subscriber",
    "candidate",
    "policyHolder",
];

/// Resources that are about somebody other than a patient, or about a place.
const PROVIDERS: [&str; 8] = [
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "OrganizationAffiliation",
    "Location",
    "HealthcareService",
    "Endpoint",
    "InsurancePlan",
];

/// Resources that hold others.
const ENVELOPES: [&str; 2] = ["Bundle", "Parameters"];

/// Resources that define and are about nobody: a patient whom one of their examples names is not theirs.
const DEFINITIONS: [&str; 12] = [
    "ActivityDefinition",
    "CapabilityStatement",
    "CodeSystem",
    "ConceptMap",
    "Library",
    "Measure",
    "Medication",
    "PlanDefinition",
    "Questionnaire",
    "StructureDefinition",
    "Substance",
    "ValueSet",
];
