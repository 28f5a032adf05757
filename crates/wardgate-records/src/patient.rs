//! What is known of a patient, taken from the FHIR Patient resource on file: the values that
//! must never reach a model. Wiped from memory when dropped, never printed.

use std::fmt;

use serde::Deserialize;
use wardgate_vault::PatientHandle;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::fhir::{ElementFault, Resource};

/// One patient, opened from the vault.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PatientFile {
    /// The random handle.
    #[zeroize(skip)]
    pub handle: PatientHandle,
    /// The version of the record: what is compiled from this file is stale when it changes.
    pub version: u64,
    /// `Patient/` and the id on file.
    pub reference: String,
    /// The patient's names.
    pub names: Vec<PatientName>,
    /// Dates of birth and death, as written on file.
    pub dates: Vec<String>,
    /// Record numbers, social security, insurance, licence and other numbers.
    pub record_numbers: Vec<String>,
    /// Addresses, also the place of birth.
    pub addresses: Vec<PatientAddress>,
    /// Telephone and fax numbers.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Web addresses and other ways to reach the patient.
    pub links: Vec<String>,
    /// Names of relatives and other contacts, and the mother's maiden name.
    pub contacts: Vec<PatientName>,
}

/// A name in its parts.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub struct PatientName {
    /// The whole name, if it was written so.
    pub text: Option<String>,
    /// Given names.
    pub given: Vec<String>,
    /// The family name.
    pub family: Option<String>,
    /// Titles before the name.
    pub prefixes: Vec<String>,
    /// Additions after the name.
    pub suffixes: Vec<String>,
}

/// An address in its parts.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub struct PatientAddress {
    /// The whole address, if it was written so.
    pub text: Option<String>,
    /// Street lines.
    pub lines: Vec<String>,
    /// The city.
    pub city: Option<String>,
    /// The district or county.
    pub district: Option<String>,
    /// The state or province.
    pub state: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<String>,
}

impl fmt::Debug for PatientFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatientFile")
            .field("handle", &self.handle)
            .field("version", &self.version)
            .field("names", &self.names.len())
            .field("contacts", &self.contacts.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PatientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientName(..)")
    }
}

impl fmt::Debug for PatientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientAddress(..)")
    }
}

impl PatientFile {
    /// Reads the elements that identify. A malformed one is a fault: a name that cannot be
    /// read is a name that could not be hidden.
    pub(crate) fn read<'a>(
        resource: &Resource<'a>,
        handle: PatientHandle,
        version: u64,
    ) -> Result<Self, ElementFault<'a>> {
        let mut file = Self {
            handle,
            version,
            reference: format!("Patient/{}", resource.text("id").unwrap_or_default()),
            names: Vec::new(),
            dates: Vec::new(),
            record_numbers: Vec::new(),
            addresses: Vec::new(),
            phones: Vec::new(),
            emails: Vec::new(),
            links: Vec::new(),
            contacts: Vec::new(),
        };
        let names: Vec<HumanName> = resource.element("name")?.unwrap_or_default();
        file.names = names.into_iter().map(HumanName::keep).collect();
        for name in ["birthDate", "deceasedDateTime"] {
            let date: Option<String> = resource.element(name)?;
            file.dates.extend(keep(date));
        }
        let identifiers: Vec<Identifier> = resource.element("identifier")?.unwrap_or_default();
        file.record_numbers.extend(
            identifiers
                .into_iter()
                .filter_map(|identifier| keep(identifier.value)),
        );
        let addresses: Vec<Address> = resource.element("address")?.unwrap_or_default();
        file.addresses
            .extend(addresses.into_iter().map(Address::keep));
        let telecom: Vec<ContactPoint> = resource.element("telecom")?.unwrap_or_default();
        file.reach(telecom);
        let contacts: Vec<Contact> = resource.element("contact")?.unwrap_or_default();
        for contact in contacts {
            file.contacts.extend(contact.name.map(HumanName::keep));
            file.addresses.extend(contact.address.map(Address::keep));
            file.reach(contact.telecom);
        }
        let extensions: Vec<Extension> = resource.element("extension")?.unwrap_or_default();
        file.extend(extensions);
        Ok(file)
    }

    fn reach(&mut self, telecom: Vec<ContactPoint>) {
        for point in telecom {
            let Some(value) = keep(point.value) else {
                continue;
            };
            match point.system.as_deref() {
                Some("email") => self.emails.push(value),
                Some("url" | "other") => self.links.push(value),
                // Anything else is most likely a number.
                _ => self.phones.push(value),
            }
        }
    }

    /// Extensions, however deep, that hold a name, an address, a number or a way to reach.
    fn extend(&mut self, extensions: Vec<Extension>) {
        for extension in extensions {
            if extension.url.ends_with("/patient-mothersMaidenName") {
                let mut mother = PatientName::default();
                mother.family = keep(extension.value_string);
                self.contacts.push(mother);
            }
            self.contacts
                .extend(extension.value_human_name.map(HumanName::keep));
            self.addresses
                .extend(extension.value_address.map(Address::keep));
            self.record_numbers.extend(
                extension
                    .value_identifier
                    .and_then(|number| keep(number.value)),
            );
            self.reach(extension.value_contact_point.into_iter().collect());
            self.extend(extension.extension);
        }
    }
}

/// The texts under which a patient can be looked up: the reference, each identifier with its
/// system, and each identifier alone.
pub(crate) fn lookups<'a>(resource: &Resource<'a>) -> Result<Vec<String>, ElementFault<'a>> {
    let mut lookups = Vec::new();
    if let Some(id) = resource.text("id") {
        lookups.push(lookup(&format!("Patient/{id}")));
    }
    let identifiers: Vec<Identifier> = resource.element("identifier")?.unwrap_or_default();
    for identifier in identifiers {
        let Some(value) = identifier.value else {
            continue;
        };
        lookups.push(lookup(&value));
        if let Some(system) = identifier.system {
            lookups.push(lookup(&format!("{system}|{value}")));
        }
    }
    lookups.sort_unstable();
    lookups.dedup();
    Ok(lookups)
}

/// One spelling for all ways to write a reference or identifier.
pub(crate) fn lookup(reference: &str) -> String {
    let reference = reference.trim();
    if let Some(id) = reference.strip_prefix("Patient/") {
        // FHIR ids are case-sensitive; a version suffix names the same patient.
        let id = id.split("/_history/").next().unwrap_or(id);
        return format!("reference {id}");
    }
    format!("identifier {}", reference.to_uppercase())
}

fn keep(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

fn keep_all(values: Vec<Option<String>>) -> Vec<String> {
    values.into_iter().filter_map(keep).collect()
}

#[derive(Deserialize)]
struct HumanName {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    family: Option<String>,
    // An array may hold nulls where only the extension of an element is known.
    #[serde(default)]
    given: Vec<Option<String>>,
    #[serde(default)]
    prefix: Vec<Option<String>>,
    #[serde(default)]
    suffix: Vec<Option<String>>,
}

impl HumanName {
    fn keep(self) -> PatientName {
        PatientName {
            text: keep(self.text),
            given: keep_all(self.given),
            family: keep(self.family),
            prefixes: keep_all(self.prefix),
            suffixes: keep_all(self.suffix),
        }
    }
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
struct ContactPoint {
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    line: Vec<Option<String>>,
    #[serde(default)]
    city: Option<String>,
    #[serde(default)]
    district: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    postal_code: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

impl Address {
    fn keep(self) -> PatientAddress {
        PatientAddress {
            text: keep(self.text),
            lines: keep_all(self.line),
            city: keep(self.city),
            district: keep(self.district),
            state: keep(self.state),
            postal_code: keep(self.postal_code),
            country: keep(self.country),
        }
    }
}

#[derive(Deserialize)]
struct Contact {
    #[serde(default)]
    name: Option<HumanName>,
    #[serde(default)]
    telecom: Vec<ContactPoint>,
    #[serde(default)]
    address: Option<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    #[serde(default)]
    url: String,
    #[serde(default)]
    value_string: Option<String>,
    #[serde(default)]
    value_human_name: Option<HumanName>,
    #[serde(default)]
    value_address: Option<Address>,
    #[serde(default)]
    value_identifier: Option<Identifier>,
    #[serde(default)]
    value_contact_point: Option<ContactPoint>,
    #[serde(default)]
    extension: Vec<Extension>,
}
