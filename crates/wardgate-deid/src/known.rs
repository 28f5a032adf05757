//! The identifiers on file of the patient whom a call is about.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::finding::{Finding, Kind, Layer};
use crate::fold;

/// What is on file about a patient: plain input to [`KnownIdentifiers::compile`].
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct PatientIdentifiers {
    /// The patient's names: the usual one, a maiden name, aliases.
    pub names: Vec<PersonName>,
    /// Dates of birth, in any usual form.
    pub birth_dates: Vec<String>,
    /// Record, insurance and other numbers of the patient.
    pub record_numbers: Vec<String>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Phone and fax numbers, of the patient and of contacts.
    pub phones: Vec<String>,
    /// E-mail addresses, of the patient and of contacts.
    pub emails: Vec<String>,
    /// The names of contacts and relatives.
    pub contacts: Vec<PersonName>,
}

/// A person's name in its parts.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct PersonName {
    /// Given and middle names.
    pub given: Vec<String>,
    /// The family name, as one string.
    pub family: String,
}

/// A postal address.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Address {
    /// Street lines.
    pub lines: Vec<String>,
    /// The city.
    pub city: String,
    /// The postal code.
    pub postal_code: String,
}

/// The dictionary of one patient, ready to be found in texts.
///
/// It can be shared between threads and calls.
pub struct KnownIdentifiers {
    people: Vec<String>,
    words: Vec<String>,
}

impl KnownIdentifiers {
    /// Compiles the dictionary.
    #[must_use]
    pub fn compile(from: &PatientIdentifiers) -> Self {
        let people: Vec<String> = from
            .names
            .iter()
            .chain(&from.contacts)
            .map(|name| fold::words(&format!("{} {}", name.given.join(" "), name.family)))
            .collect();
        let words = people
            .iter()
            .flat_map(|name| name.split(' '))
            .map(str::to_owned)
            .collect();
        Self { people, words }
    }

    /// The full name of a person on file, folded, in speaking order.
    pub(crate) fn full_name(&self, person: u16) -> Option<&str> {
        self.people.get(usize::from(person)).map(String::as_str)
    }

    /// Whether any known identifier stands in the text.
    pub(crate) fn occurs_in(&self, text: &str) -> bool {
        let mut findings = Vec::new();
        self.find(text, &mut findings);
        !findings.is_empty()
    }

    /// Adds every known identifier in the text.
    pub(crate) fn find(&self, text: &str, findings: &mut Vec<Finding>) {
        let folded = fold::fold(text);
        let mut at = 0;
        for word in folded.text.split(|c: char| !c.is_alphanumeric()) {
            let span = folded.map.source(at..at + word.len());
            let lower = word.to_lowercase();
            if self.words.contains(&lower) {
                findings.push(Finding {
                    start: span.start,
                    end: span.end,
                    kind: Kind::Name,
                    layer: Layer::Known,
                    score: 1.0,
                    reason: "known.name",
                    person: None,
                });
            }
            at += word.len();
            let rest = folded.text.get(at..).unwrap_or_default();
            at += rest.chars().next().map_or(0, char::len_utf8);
        }
    }
}

impl fmt::Debug for PatientIdentifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatientIdentifiers")
            .field("names", &self.names.len())
            .field("birth_dates", &self.birth_dates.len())
            .field("record_numbers", &self.record_numbers.len())
            .field("addresses", &self.addresses.len())
            .field("phones", &self.phones.len())
            .field("emails", &self.emails.len())
            .field("contacts", &self.contacts.len())
            .finish()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

impl fmt::Debug for KnownIdentifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownIdentifiers")
            .field("people", &self.people.len())
            .finish_non_exhaustive()
    }
}
