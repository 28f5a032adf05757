//! What identifies somebody in a data set: gathered before anything is cleaned, as dictionary for texts.

use wardgate_deid::{Address, Kind, PatientIdentifiers, PersonName};

use crate::charset::CharacterSet;
use crate::element::{DataSet, Element, Tag, Value, is_ascii, is_text, tags};

use dicom_core::VR;

/// The identifiers of a data set.
#[derive(Default)]
pub(crate) struct Identity {
    /// (0010,0020), which names the patient in every format.
    pub(crate) number: String,
    /// Names of the patient, as they are written.
    pub(crate) names: Vec<String>,
    /// Names of everybody else.
    pub(crate) others: Vec<String>,
    pub(crate) birth_dates: Vec<String>,
    /// Whatever else is sought in texts as it is written.
    pub(crate) values: Vec<(Kind, String)>,
}

impl Identity {
    /// Gathers from a data set and all its items.
    pub(crate) fn of(set: &DataSet<'_>, charset: CharacterSet) -> Self {
        let mut identity = Self::default();
        identity.gather(set, charset);
        if identity.number.is_empty() {
            // Without a number, the name has to tell one patient from another; without that, the study.
            let name = identity.names.first().cloned();
            let study = || set.ascii(tags::STUDY_INSTANCE).into_owned();
            identity.number = name.unwrap_or_else(study);
        }
        identity
    }

    /// All of it in one string, equal for files that identify alike.
    pub(crate) fn digest_text(&self) -> String {
        let mut all = self.number.clone();
        let lists = [&self.names, &self.others, &self.birth_dates];
        for (index, list) in lists.iter().enumerate() {
            for value in *list {
                all.extend([char::from(1 + u8::try_from(index).unwrap_or_default())]);
                all.push_str(value);
            }
        }
        for (kind, value) in &self.values {
            all.push(char::from(16 + *kind as u8));
            all.push_str(value);
        }
        all
    }

    /// The same as the text engine takes it.
    pub(crate) fn on_file(&self) -> PatientIdentifiers {
        let mut file = PatientIdentifiers::default();
        file.names
            .extend(self.names.iter().flat_map(|name| people(name)));
        file.contacts
            .extend(self.others.iter().flat_map(|name| people(name)));
        file.birth_dates.clone_from(&self.birth_dates);
        for (kind, value) in &self.values {
            match kind {
                Kind::Phone | Kind::Fax => file.phones.push(value.clone()),
                Kind::Email => file.emails.push(value.clone()),
                Kind::Location => {
                    let mut address = Address::default();
                    address.lines.push(value.clone());
                    file.addresses.push(address);
                }
                Kind::Facility => {}
                _ => file.record_numbers.push(value.clone()),
            }
        }
        file
    }

    fn gather(&mut self, set: &DataSet<'_>, charset: CharacterSet) {
        let charset = match set.element(tags::CHARACTER_SET) {
            Some(element) => CharacterSet::read(&element.ascii()).unwrap_or(charset),
            None => charset,
        };
        for element in &set.elements {
            match &element.value {
                Value::Items(items) => items.iter().for_each(|item| self.gather(item, charset)),
                Value::Bytes(bytes) if !bytes.is_empty() => self.note(element, charset),
                _ => {}
            }
        }
    }

    fn note(&mut self, element: &Element<'_>, charset: CharacterSet) {
        let tag = element.tag;
        let person = element.vr == VR::PN || PEOPLE.contains(&tag.0);
        let kind = if person { None } else { kind_of(tag) };
        if !person && kind.is_none() && tag != tags::BIRTH_DATE {
            return;
        }
        if !is_text(element.vr) && !is_ascii(element.vr) && element.vr != VR::UN {
            return;
        }
        let written = charset.decode(crate::element::trimmed(element.raw()));
        let whole = matches!(element.vr, VR::ST | VR::LT | VR::UT);
        let values = written.split(|c| c == '\\' && !whole);
        for value in values.map(|value| value.trim_matches([' ', '\0'])) {
            if value.is_empty() || self.len() >= IDENTIFIERS_MAX {
                continue;
            }
            if tag == tags::PATIENT_ID && self.number.is_empty() {
                value.clone_into(&mut self.number);
            }
            match kind {
                Some(kind) => push(&mut self.values, (kind, value.to_owned())),
                None if tag == tags::BIRTH_DATE => push(&mut self.birth_dates, value.to_owned()),
                None if PATIENT_NAMES.contains(&tag.0) => push(&mut self.names, value.to_owned()),
                None => push(&mut self.others, value.to_owned()),
            }
        }
    }

    fn len(&self) -> usize {
        self.names.len() + self.others.len() + self.values.len() + self.birth_dates.len()
    }
}

/// The people of a value of PN: one for each way in which the name is written (PS3.5 6.2.1).
pub(crate) fn people(name: &str) -> impl Iterator<Item = PersonName> + '_ {
    let groups = name.split('=').map(str::trim);
    groups.filter(|group| !group.is_empty()).map(|group| {
        let mut parts = group.split('^').map(str::trim);
        let family = parts.next().unwrap_or_default();
        let given = parts.take(2).flat_map(str::split_whitespace);
        PersonName {
            given: given.map(str::to_owned).collect(),
            family: family.to_owned(),
        }
    })
}

/// What kind of identifier an attribute holds, beside names and birth dates.
pub(crate) fn kind_of(tag: Tag) -> Option<Kind> {
    let at = KINDS.binary_search_by_key(&tag.0, |(tag, _)| *tag).ok()?;
    KINDS.get(at).map(|(_, kind)| *kind)
}

fn push<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// Identifiers of one file; a file with more is one of many patients, and its texts are still searched by rules.
const IDENTIFIERS_MAX: usize = 256;
/// Patient's name, other names, birth name.
const PATIENT_NAMES: [u32; 3] = [0x0010_0010, 0x0010_1001, 0x0010_1005];
/// Attributes that hold names of people whatever their value representation says.
const PEOPLE: [u32; 9] = [
    0x0008_0090,
    0x0008_1048,
    0x0008_1050,
    0x0008_1060,
    0x0008_1070,
    0x0010_0010,
    0x0010_1001,
    0x0010_1005,
    0x0010_1060,
];
/// Attributes that identify by their value as it is written. Sorted.
const KINDS: [(u32, Kind); 43] = [
    (0x0008_0050, Kind::Id),
    (0x0008_0080, Kind::Facility),
    (0x0008_0081, Kind::Location),
    (0x0008_0092, Kind::Location),
    (0x0008_0094, Kind::Phone),
    (0x0008_1010, Kind::Device),
    (0x0010_0020, Kind::Mrn),
    (0x0010_0021, Kind::Facility),
    (0x0010_1000, Kind::Mrn),
    (0x0010_1040, Kind::Location),
    (0x0010_1080, Kind::Id),
    (0x0010_1081, Kind::Facility),
    (0x0010_1090, Kind::Id),
    (0x0010_2154, Kind::Phone),
    (0x0010_2155, Kind::Email),
    (0x0012_0030, Kind::Id),
    (0x0012_0031, Kind::Facility),
    (0x0012_0040, Kind::Id),
    (0x0012_0042, Kind::Id),
    (0x0018_1000, Kind::Device),
    (0x0018_1002, Kind::Device),
    (0x0018_1004, Kind::Device),
    (0x0018_1005, Kind::Device),
    (0x0018_1007, Kind::Device),
    (0x0018_1008, Kind::Device),
    (0x0020_0010, Kind::Id),
    (0x0032_1020, Kind::Facility),
    (0x0032_1021, Kind::Device),
    (0x0038_0010, Kind::Id),
    (0x0038_0011, Kind::Facility),
    (0x0038_0060, Kind::Id),
    (0x0038_0300, Kind::Location),
    (0x0038_0400, Kind::Location),
    (0x0040_0009, Kind::Id),
    (0x0040_0253, Kind::Id),
    (0x0040_1001, Kind::Id),
    (0x0040_1102, Kind::Location),
    (0x0040_1103, Kind::Phone),
    (0x0040_1104, Kind::Email),
    (0x0040_2010, Kind::Phone),
    (0x0040_2016, Kind::Id),
    (0x0040_2017, Kind::Id),
    (0x0040_A027, Kind::Facility),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_kinds_can_be_searched() {
        assert!(KINDS.is_sorted_by_key(|(tag, _)| *tag));
        assert_eq!(kind_of(tags::PATIENT_ID), Some(Kind::Mrn));
        assert_eq!(kind_of(tags::ROWS), None);
    }

    #[test]
    fn every_way_to_write_a_name_is_one_of_the_person() {
        let people: Vec<_> = people("Yamada^Tarou^Q^Dr=山田^太郎=").collect();
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].given, ["Tarou", "Q"]);
        assert_eq!(people[1].family, "山田");
    }
}
