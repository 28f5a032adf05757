//! Free text and single values of a patient.

use datafusion::arrow::array::StringArray;
use datafusion::error::Result;
use wardgate_deid::{Kind, NameHints, Part, PatientIdentifiers, PersonName, RecordPatient};

use super::cells::Cells;
use super::{Work, bad_argument, no_patient};

/// `deid_text(text, patient [, name])`. A text that would still surely identify somebody is withheld.
pub(super) fn clean(work: &Work, cells: &Cells) -> Result<StringArray> {
    let mut patients = LastPatient::default();
    let mut written = Vec::with_capacity(cells.rows());
    for row in 0..cells.rows() {
        let Some(text) = cells.at(0, row) else {
            written.push(None);
            continue;
        };
        let number = cells.filled(1, row).ok_or_else(no_patient)?;
        let patient = patients.of(work, number, cells.filled(2, row));
        let cleaned = work.records.scope(patient).text(text);
        written.push(Some(
            cleaned.map_or_else(|_| WITHHELD.to_owned(), |(text, _)| text),
        ));
    }
    Ok(StringArray::from(written))
}

/// `pseudonym(kind, value, patient)`.
pub(super) fn pseudonyms(work: &Work, cells: &Cells) -> Result<StringArray> {
    let mut patients = LastPatient::default();
    let mut written = Vec::with_capacity(cells.rows());
    for row in 0..cells.rows() {
        let kind = cells.at(0, row).and_then(kind).ok_or_else(bad_argument)?;
        let Some(value) = cells.filled(1, row) else {
            written.push(None);
            continue;
        };
        let number = cells.filled(2, row).ok_or_else(no_patient)?;
        let own_name = (kind == Kind::Name).then_some(value);
        let patient = patients.of(work, number, own_name);
        let mut scope = work.records.scope(patient);
        written.push(Some(scope.field(
            kind,
            Part::Whole,
            value,
            &NameHints::default(),
        )));
    }
    Ok(StringArray::from(written))
}

/// `pseudonym_id(label, value)`.
pub(super) fn pseudonym_ids(work: &Work, cells: &Cells) -> Result<StringArray> {
    let mut written = Vec::with_capacity(cells.rows());
    for row in 0..cells.rows() {
        let label = cells.filled(0, row).ok_or_else(bad_argument)?;
        let value = cells.filled(1, row);
        written.push(value.map(|value| work.records.key().id(label, value)));
    }
    Ok(StringArray::from(written))
}

/// The patient of the last row, since rows of one patient often follow each other.
#[derive(Default)]
pub(super) struct LastPatient {
    known: Option<(String, Option<String>, RecordPatient)>,
}

impl LastPatient {
    pub(super) fn of(&mut self, work: &Work, number: &str, name: Option<&str>) -> &RecordPatient {
        let is_same = |(of, called, _): &(String, Option<String>, RecordPatient)| {
            of == number && called.as_deref() == name
        };
        let known = self.known.take().filter(is_same);
        let (.., patient) = self.known.insert(known.unwrap_or_else(|| {
            let mut on_file = PatientIdentifiers::default();
            on_file.record_numbers.push(number.to_owned());
            on_file.names.extend(name.map(person));
            let patient = work.records.patient(number, &on_file);
            (number.to_owned(), name.map(str::to_owned), patient)
        }));
        patient
    }
}

/// A name written as `Family, Given` or `Given Family`.
fn person(name: &str) -> PersonName {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if let Some((family, given)) = name.split_once(',') {
        return PersonName {
            given: words(given),
            family: family.trim().to_owned(),
        };
    }
    let mut given = words(name);
    let family = given.pop().unwrap_or_default();
    PersonName { given, family }
}

fn kind(label: &str) -> Option<Kind> {
    Kind::ALL
        .into_iter()
        .find(|kind| kind.label().eq_ignore_ascii_case(label))
}

/// What stands for a text that the second look found an identifier in.
const WITHHELD: &str = "[withheld]";
