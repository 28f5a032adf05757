//! Names, numbers, addresses and institutions: stand-ins by the keys of the project.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use wardgate_deid::{Action, Kind, NameHints, NamePart, Operation, Part, RecordScope};

use super::{Fate, Place, Rewrite};
use crate::gather::name_alone;
use crate::memory::{Became, ValueKey};
use crate::patients::Patient;
use crate::pointer::{Pointer, is_uuid};
use crate::schema::{Member, is_person, is_place};

impl<'w, 'a> Rewrite<'w, 'a> {
    /// What stands for a value that identifies: of the patient by the patient's key, of providers by the project's.
    pub(super) fn stand_in(
        &mut self,
        place: &Place,
        kind: Kind,
        part: Part,
        text: &str,
        hints: &NameHints,
    ) -> Became {
        let rules = self.means.rules;
        if !rules.profile().takes(kind, part, text) {
            return Became::Same;
        }
        let patient = self.patient(place);
        if place.provider && place.patient != super::subject::NOBODY {
            let nobody = Arc::clone(self.means.nobody);
            let became = self.drawn(&nobody, kind, part, text, hints);
            // Drawn without knowing the patient, it may be a name of theirs.
            if let Became::Other(drawn) = &became
                && !patient.marks.any(drawn)
            {
                return became;
            }
        }
        self.drawn(&patient, kind, part, text, hints)
    }

    /// A name in one string, without what follows it.
    pub(super) fn name(&mut self, place: &Place, text: &str, hints: &NameHints) -> Became {
        let alone = name_alone(text);
        if alone.chars().filter(|c| c.is_alphabetic()).count() < 2 {
            // No name, then: whatever it is, it is read as text.
            return match self.means.rules.profile().action(Kind::Name, Part::Whole) {
                Action::Keep => Became::Same,
                _ => self.prose(place, text),
            };
        }
        match self.stand_in(place, Kind::Name, Part::Whole, alone, hints) {
            Became::Same if alone != text && hints.part.is_none() => {
                match self.means.rules.profile().action(Kind::Name, Part::Whole) {
                    Action::Keep => self.prose(place, text),
                    _ => Became::Other(alone.into()),
                }
            }
            other => other,
        }
    }

    /// The transforms of a patient's record, whose stand-ins are none of the names to avoid.
    pub(super) fn scope<'p>(&self, patient: &'p Patient) -> RecordScope<'p>
    where
        'w: 'p,
    {
        let mut scope = self.means.rules.scope(&patient.record);
        for name in self.means.avoided {
            scope.avoid_words(name);
        }
        scope
    }

    fn drawn(
        &mut self,
        patient: &Arc<Patient>,
        kind: Kind,
        part: Part,
        text: &str,
        hints: &NameHints,
    ) -> Became {
        let key = ValueKey {
            serial: patient.serial,
            treatment: treatment(kind, part, hints),
            value: text.as_bytes(),
        };
        if let Some(became) = self.memory.value(key) {
            return became.clone();
        }
        // Each value by itself, so that it has the same stand-in in whatever order values come.
        let mut scope = self.scope(patient);
        let mut hints = *hints;
        if hints.sex.is_none()
            && kind == Kind::Name
            && patient.on_file.names.iter().any(|name| is_of(name, text))
        {
            hints.sex = patient.sex;
        }
        let written = scope.field(kind, part, text, &hints);
        let became = match written {
            // A name that no stand-in could be made for is none, and may be anything.
            same if same == text && kind == Kind::Name => Became::Gone,
            same if same == text => Became::Same,
            empty if empty.trim().is_empty() => Became::Gone,
            other => Became::Other(other.into()),
        };
        self.memory.remember_value(key, &became);
        became
    }

    /// Which kind of address a contact point holds.
    pub(super) fn telecom(&self, place: &Place, text: &str) -> Kind {
        if text.contains('@') {
            return Kind::Email;
        }
        if text.contains("://") || text.starts_with("www.") {
            return Kind::Url;
        }
        match self.sibling(place, "system").as_deref() {
            Some("fax") => Kind::Fax,
            _ => Kind::Phone,
        }
    }

    /// What stands for the value of an identifier.
    pub(super) fn identifier(&mut self, place: &Place, text: &str) -> String {
        let system = self.sibling(place, "system").unwrap_or_default();
        let code = self.identifier_type(place).unwrap_or_default();
        self.number_of(place, &system, &code, text)
    }

    fn identifier_type(&self, place: &Place) -> Option<Cow<'a, str>> {
        let mut object = self.cursor;
        object.at = place.at;
        let (_, kind) = object.members(place.depth).find(|(key, _)| key == "type")?;
        let (_, mut coding) = kind.members(place.depth).find(|(key, _)| key == "coding")?;
        if coding.next_sign() == Some(b'[') {
            coding.at += 1;
        }
        self.sibling_at(coding, place.depth, "code")
    }

    /// The same for a value whose system and type are known.
    pub(super) fn number_of(
        &mut self,
        place: &Place,
        system: &str,
        code: &str,
        text: &str,
    ) -> String {
        if is_uuid(text) {
            return self.id(text);
        }
        let lower = text.get(..4).map(str::to_ascii_lowercase);
        if matches!(lower.as_deref(), Some("urn:" | "http")) {
            return self.pointer(text).unwrap_or_default();
        }
        let patient = self.patient(place);
        let own = place.kind == "Patient" || patient.number == text;
        let kind = number_kind(system, code, own && !place.provider);
        match self.stand_in(place, kind, Part::Whole, text, &NameHints::default()) {
            Became::Same => text.to_owned(),
            Became::Other(other) => other.to_string(),
            Became::Gone => String::new(),
        }
    }

    /// What a reference says of its target.
    pub(super) fn reference_display(
        &mut self,
        member: &Member,
        place: &Place,
        text: &str,
        at: Range<usize>,
    ) -> Fate {
        let target = self.target(place, text);
        let mut inner = *place;
        let (kind, hints) = match target {
            Target::Patient => (Kind::Name, NameHints::default()),
            Target::Person => {
                inner.provider = true;
                (Kind::Name, NameHints::default())
            }
            Target::Place => {
                inner.provider = true;
                (Kind::Facility, NameHints::default())
            }
            Target::Thing => {
                let became = self.term(place, text, false);
                return self.became(member, &became, at, Operation::Cleaned);
            }
        };
        let became = match kind {
            Kind::Name => self.name(&inner, text, &hints),
            _ => self.stand_in(&inner, kind, Part::Whole, text, &hints),
        };
        let operation = match self.means.rules.profile().action(kind, Part::Whole) {
            Action::Generalise { .. } => Operation::Generalised,
            _ => Operation::Replaced,
        };
        self.became(member, &became, at, operation)
    }

    /// What kind of target a reference has: as it says itself, else as its element lets it.
    fn target(&self, place: &Place, display: &str) -> Target {
        let reference = self.sibling(place, "reference").unwrap_or_default();
        let pointer = Pointer::of(&reference);
        let said = self.sibling(place, "type");
        let kind = pointer.kind().or(said.as_deref());
        match kind {
            Some("Patient") => return Target::Patient,
            Some(kind) if is_person(kind) => return Target::Person,
            Some(kind) if is_place(kind) => return Target::Place,
            Some("Group" | "Device" | "DeviceMetric") => return Target::Thing,
            Some(_) => return Target::Thing,
            None => {}
        }
        if let Some(id) = pointer.id() {
            if self.local.knows(id) || self.means.index.knows(id) {
                return Target::Patient;
            }
            if !self.local.names(id).is_empty() || !self.means.index.names(id).is_empty() {
                return Target::Person;
            }
        }
        let targets = place.targets;
        match (
            targets.patient,
            targets.person,
            targets.place,
            targets.other,
        ) {
            (false, false, false, true) => Target::Thing,
            (false, false, true, _) => Target::Place,
            (_, _, true, _) if is_institution(display) => Target::Place,
            // An element that may point to anything.
            (false, false, false, false) if is_institution(display) => Target::Place,
            (true, false, _, _) => Target::Patient,
            _ => Target::Person,
        }
    }
}

enum Target {
    Patient,
    Person,
    Place,
    Thing,
}

fn treatment(kind: Kind, part: Part, hints: &NameHints) -> u16 {
    let name = match hints.part {
        None => 0,
        Some(NamePart::Given) => 1,
        Some(NamePart::Family) => 2,
    };
    u16::from(kind as u8) << 8 | u16::from(part as u8) << 4 | name
}

/// Whether a text is a name, or a part of it.
fn is_of(name: &wardgate_deid::PersonName, text: &str) -> bool {
    name.given.iter().any(|given| text.contains(given.as_str()))
        || (!name.family.is_empty() && text.contains(&name.family))
}

/// Which kind of number an identifier is: by the code of its type (HL7 table 0203), else by its system.
fn number_kind(system: &str, code: &str, own: bool) -> Kind {
    match code {
        "MR" | "MRT" | "PI" | "PT" => return Kind::Mrn,
        "SS" | "SB" => return Kind::Ssn,
        "DL" | "MD" | "NPI" | "PRN" | "LN" | "DEA" | "EI" | "TAX" => return Kind::License,
        "AN" | "ANON" | "ANC" | "BA" | "VN" => return Kind::Account,
        "HC" | "MB" | "MC" | "MA" | "JHN" | "SN" | "NH" | "PN" => return Kind::HealthPlan,
        "SNO" | "UDI" => return Kind::Device,
        _ => {}
    }
    let system = system.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| system.contains(word));
    if has(&["us-ssn", "ssn", "2.16.840.1.113883.4.1"])
        && !has(&["2.16.840.1.113883.4.1.", "113883.4.13"])
    {
        return Kind::Ssn;
    }
    if has(&["npi", "licen", "dea"]) {
        return Kind::License;
    }
    if has(&["mbi", "medicare", "hicn", "member", "insur"]) {
        return Kind::HealthPlan;
    }
    if own { Kind::Mrn } else { Kind::Id }
}

/// Whether a name is an institution's by a word in it.
fn is_institution(name: &str) -> bool {
    let lower = name.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| INSTITUTION_WORDS.contains(&word))
}

const INSTITUTION_WORDS: &[&str] = &[
    "hospital",
    "clinic",
    "center",
    "centre",
    "llc",
    "inc",
    "ltd",
    "gmbh",
    "corp",
    "corporation",
    "company",
    "co",
    "pc",
    "pllc",
    "health",
    "healthcare",
    "medical",
    "insurance",
    "ward",
    "department",
    "unit",
    "laboratory",
    "laboratories",
    "lab",
    "labs",
    "university",
    "pharmacy",
    "associates",
    "group",
    "services",
    "system",
    "systems",
    "institute",
    "foundation",
    "practice",
    "care",
    "medicare",
    "medicaid",
    "aetna",
    "humana",
    "cigna",
    "anthem",
    "krankenhaus",
    "klinik",
    "klinikum",
    "praxis",
    "versicherung",
    "aok",
    "clínica",
    "centro",
    "trust",
    "nhs",
    "school",
    "agency",
    "network",
    "plan",
    "building",
    "room",
    "floor",
    "wing",
    "suite",
    "site",
    "office",
];
