//! What a resource itself tells of people: names, numbers, addresses, by the types of its elements.

use std::borrow::Cow;

use wardgate_deid::{Address, PatientIdentifiers, PersonName, Sex};

use crate::extension::Holds;
use crate::pointer::Pointer;
use crate::reader::Cursor;
use crate::schema::{Member, Schema, Shape};
use crate::treatment::{Leaf, Special};

/// The people of one resource.
#[derive(Default)]
pub(crate) struct Gathered<'a> {
    /// What belongs to whom the resource is about, and everybody else's names.
    pub(crate) on_file: PatientIdentifiers,
    pub(crate) sex: Option<Sex>,
    /// Ids of people that it points to, as `Type/id`.
    pub(crate) people: Vec<Cow<'a, str>>,
    /// Ids of all resources that it has or points to, as far as they could be told from other words.
    pub(crate) ids: Vec<Cow<'a, str>>,
    /// The number that names the patient: of type MR, else the first.
    pub(crate) number: Option<String>,
    medical_record: bool,
}

impl<'a> Gathered<'a> {
    fn add_id(&mut self, id: Cow<'a, str>) {
        let digits = id.bytes().filter(u8::is_ascii_digit).count();
        if id.len() >= ID_LEN_MIN && digits >= ID_DIGITS_MIN && self.ids.len() < IDS_MAX {
            self.ids.push(id);
        }
    }
}

/// Gathers from one resource; contained resources and the entries of Bundles are part of it.
pub(crate) fn gather<'a>(schema: &Schema, cursor: Cursor<'a>, depth: usize) -> Gathered<'a> {
    let mut walk = Walk {
        schema,
        gathered: Gathered::default(),
        own: true,
        kind: "",
    };
    walk.resource(cursor, depth);
    walk.gathered
}

/// The resource type of the object that begins at the cursor.
pub(crate) fn resource_type<'a>(cursor: &Cursor<'a>, depth: usize) -> Option<Cow<'a, str>> {
    let mut members = cursor.members(depth);
    members
        .find(|(key, _)| key == "resourceType")
        .and_then(|(_, value)| value.text())
}

struct Walk<'s, 'a> {
    schema: &'s Schema,
    gathered: Gathered<'a>,
    /// Whether names belong to whom the resource is about.
    own: bool,
    kind: &'static str,
}

impl<'a> Walk<'_, 'a> {
    fn resource(&mut self, cursor: Cursor<'a>, depth: usize) {
        let Some(kind) = resource_type(&cursor, depth) else {
            return;
        };
        let Some(shape) = self.schema.resource(&kind) else {
            return;
        };
        let before = std::mem::replace(&mut self.kind, shape.name);
        self.object(shape, cursor, depth);
        self.kind = before;
    }

    fn object(&mut self, shape: &Shape, cursor: Cursor<'a>, depth: usize) {
        for (key, value) in cursor.members(depth) {
            let Some((_, member)) = shape.member(&key) else {
                continue;
            };
            self.each(member, value, depth + 1);
        }
    }

    fn each(&mut self, member: &Member, mut value: Cursor<'a>, depth: usize) {
        if value.next_sign() != Some(b'[') {
            return self.value(member, value, depth);
        }
        value.at += 1;
        while !matches!(value.next_sign(), Some(b']') | None) {
            self.value(member, value, depth + 1);
            if value.skip(depth + 1).is_err() {
                return;
            }
            if value.next_sign() == Some(b',') {
                value.at += 1;
            }
        }
    }

    fn value(&mut self, member: &Member, value: Cursor<'a>, depth: usize) {
        match value.peek() {
            Some(b'"') => self.leaf(member, &value),
            Some(b'{') => self.nested(member, value, depth),
            _ => {}
        }
    }

    fn nested(&mut self, member: &Member, value: Cursor<'a>, depth: usize) {
        match member.special {
            Special::Resource => {
                let own = std::mem::replace(&mut self.own, false);
                self.resource(value, depth);
                self.own = own;
            }
            Special::HumanName => self.name(member, value, depth),
            Special::Identifier => self.identifier(value, depth),
            Special::Reference => self.reference(member, value, depth),
            Special::Extension if names_somebody(&value, depth) => {
                let name = value.members(depth).find(|(key, _)| key == "valueString");
                let name = name.and_then(|(_, name)| name.text());
                self.gathered
                    .on_file
                    .contacts
                    .extend(name.map(|name| parted(&name)));
            }
            Special::Extension | Special::Plain if member.shape.is_some() => {
                let shape = self.schema.shape_of(member);
                let Some(shape) = shape else { return };
                if shape.name == "Address" {
                    return self.address(value, depth);
                }
                let others = member.key == "contact" || member.key == "participant";
                let own = self.own;
                self.own = own && !others;
                self.object(shape, value, depth);
                self.own = own;
            }
            _ => {}
        }
    }

    fn leaf(&mut self, member: &Member, value: &Cursor<'a>) {
        let told = match member.leaf {
            Leaf::Code => member.key == "gender" && self.own,
            Leaf::Id | Leaf::Birth | Leaf::Name | Leaf::Telecom => true,
            Leaf::Plan | Leaf::OtherNumber | Leaf::Serial => true,
            _ => false,
        };
        if !told {
            return;
        }
        let Some(text) = value.text() else { return };
        let file = &mut self.gathered.on_file;
        match member.leaf {
            Leaf::Id => self.gathered.add_id(text),
            Leaf::Birth => file.birth_dates.push(text.into_owned()),
            Leaf::Name => file.contacts.push(parted(&text)),
            Leaf::Telecom if text.contains('@') => file.emails.push(text.into_owned()),
            Leaf::Telecom if !text.contains("//") => file.phones.push(text.into_owned()),
            Leaf::Plan | Leaf::OtherNumber | Leaf::Serial => {
                file.record_numbers.push(text.into_owned())
            }
            Leaf::Code => {
                self.gathered.sex = match text.as_ref() {
                    "female" => Some(Sex::Female),
                    "male" => Some(Sex::Male),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    fn name(&mut self, member: &Member, value: Cursor<'a>, depth: usize) {
        let mut name = PersonName::default();
        let mut text = None;
        for (key, part) in value.members(depth) {
            match key.as_ref() {
                "family" => name.family = part.text().unwrap_or_default().into_owned(),
                "given" => name.given = texts(part, depth),
                "text" => text = part.text(),
                _ => {}
            }
        }
        let whole = name.family.is_empty() && name.given.is_empty();
        if let (true, Some(text)) = (whole, text) {
            name = parted(&text);
        }
        let own = self.own && member.key == "name";
        let file = &mut self.gathered.on_file;
        match own {
            true => file.names.push(name),
            false => file.contacts.push(name),
        }
    }

    fn address(&mut self, value: Cursor<'a>, depth: usize) {
        let mut address = Address::default();
        for (key, part) in value.members(depth) {
            let text = || part.text().unwrap_or_default().into_owned();
            match key.as_ref() {
                "line" => address.lines = texts(part, depth),
                "city" => address.city = text(),
                "postalCode" => address.postal_code = text(),
                "text" if address.lines.is_empty() => address.lines = vec![text()],
                _ => {}
            }
        }
        self.gathered.on_file.addresses.push(address);
    }

    fn identifier(&mut self, value: Cursor<'a>, depth: usize) {
        let mut number = None;
        let mut medical_record = false;
        for (key, part) in value.members(depth) {
            match key.as_ref() {
                "value" => number = part.text(),
                "type" => medical_record = is_medical_record(part, depth),
                _ => {}
            }
        }
        let Some(number) = number.map(Cow::into_owned) else {
            return;
        };
        let patient = self.own && self.kind == "Patient";
        let first = self.gathered.number.is_none();
        if patient && (first || (medical_record && !self.gathered.medical_record)) {
            self.gathered.number = Some(number.clone());
            self.gathered.medical_record = medical_record;
        }
        self.gathered.on_file.record_numbers.push(number);
    }

    fn reference(&mut self, member: &Member, value: Cursor<'a>, depth: usize) {
        let mut display = None;
        let mut person = member.targets.patient || member.targets.person;
        for (key, part) in value.members(depth) {
            match key.as_ref() {
                "display" => display = part.text(),
                "identifier" => {
                    let own = std::mem::replace(&mut self.own, false);
                    self.identifier(part, depth);
                    self.own = own;
                }
                "reference" => {
                    let said = match part.text().unwrap_or_default() {
                        Cow::Borrowed(text) => self.pointed(text, Cow::Borrowed),
                        Cow::Owned(text) => self.pointed(&text, |part| part.to_owned().into()),
                    };
                    person = said.unwrap_or(person);
                }
                "type" => {
                    person = part
                        .text()
                        .is_some_and(|kind| crate::schema::is_person(&kind))
                }
                _ => {}
            }
        }
        if let (true, Some(display)) = (person, display) {
            self.gathered.on_file.contacts.push(parted(&display));
        }
    }

    /// What a reference points to; whether that is a person, when it says so.
    fn pointed<'t>(
        &mut self,
        text: &'t str,
        kept: impl Fn(&'t str) -> Cow<'a, str>,
    ) -> Option<bool> {
        let pointer = Pointer::of(text);
        if let Some(id) = pointer.id() {
            self.gathered.add_id(kept(id));
        }
        let Some(kind) = pointer.kind() else {
            self.gathered.people.extend(pointer.id().map(kept));
            return None;
        };
        let person = crate::schema::is_person(kind);
        if person {
            let address = pointer.address(text);
            self.gathered.people.extend(address.map(kept));
        }
        Some(person)
    }
}

fn names_somebody(extension: &Cursor<'_>, depth: usize) -> bool {
    let url = extension.members(depth).find(|(key, _)| key == "url");
    let url = url.and_then(|(_, url)| url.text()).unwrap_or_default();
    Holds::of(&url) == Some(Holds::Name)
}

fn is_medical_record(kind: Cursor<'_>, depth: usize) -> bool {
    let coding = kind.members(depth).find(|(key, _)| key == "coding");
    let Some((_, mut coding)) = coding else {
        return false;
    };
    if coding.next_sign() != Some(b'[') {
        return false;
    }
    coding.at += 1;
    while coding.next_sign() == Some(b'{') {
        let code = coding.members(depth).find(|(key, _)| key == "code");
        if code.is_some_and(|(_, code)| code.text().as_deref() == Some("MR")) {
            return true;
        }
        if coding.skip(depth).is_err() || coding.next_sign() != Some(b',') {
            return false;
        }
        coding.at += 1;
        coding.next_sign();
    }
    false
}

/// The strings of an array, or the one string.
fn texts(mut value: Cursor<'_>, depth: usize) -> Vec<String> {
    let mut all = Vec::new();
    if value.next_sign() != Some(b'[') {
        all.extend(value.text().map(Cow::into_owned));
        return all;
    }
    value.at += 1;
    while !matches!(value.next_sign(), Some(b']') | None) {
        all.extend(value.text().map(Cow::into_owned));
        if value.skip(depth).is_err() {
            break;
        }
        if value.next_sign() == Some(b',') {
            value.at += 1;
        }
    }
    all
}

/// A name in one string: before a comma the family name stands, otherwise it is the last word.
pub(crate) fn parted(name: &str) -> PersonName {
    let name = name_alone(name);
    let words = |text: &str| -> Vec<String> {
        let words = text.split_whitespace().filter(|word| !is_title(word));
        words.map(str::to_owned).collect()
    };
    if let Some((family, given)) = name.split_once(',') {
        let given = words(given);
        if !given.is_empty()
            && given
                .iter()
                .all(|word| word.chars().any(char::is_lowercase))
        {
            return PersonName {
                given,
                family: words(family).join(" "),
            };
        }
        return parted(family);
    }
    let mut given = words(name);
    let family = given.pop().unwrap_or_default();
    PersonName { given, family }
}

/// The part of a display that is a name: what follows in brackets, or as a number, is none.
pub(crate) fn name_alone(text: &str) -> &str {
    let end = text
        .find(['(', '[', '<', '{', ';', '/', '|'])
        .unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text);
    let mut from = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        if digits >= NUMBER_LEN_MIN || (digits > 0 && letters == 0) {
            break;
        }
        from += word.len();
    }
    text.get(..from)
        .unwrap_or(text)
        .trim_end_matches([' ', ',', '-', ':', '#', '.'])
}

fn is_title(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',']).to_ascii_lowercase();
    matches!(
        word.as_str(),
        "dr" | "mr"
            | "mrs"
            | "ms"
            | "miss"
            | "prof"
            | "nurse"
            | "sister"
            | "rn"
            | "md"
            | "phd"
            | "do"
            | "np"
            | "pa"
            | "jr"
            | "sr"
            | "ii"
            | "iii"
            | "frau"
            | "herr"
            | "sra"
            | "the"
            | "rev"
            | "sir"
    )
}

/// Shorter ids, and those of fewer digits, are words like others.
const ID_LEN_MIN: usize = 5;
pub(crate) const ID_DIGITS_MIN: usize = 4;
/// Ids of one resource that are looked for in its texts.
const IDS_MAX: usize = 256;
/// As many digits in one word are a number, not part of a name.
const NUMBER_LEN_MIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_follows_them() {
        for (text, name) in [
            ("Dr. Ysolde Ashgrove", "Dr. Ysolde Ashgrove"),
            ("Mary Ashgrove (MRN: 12345)", "Mary Ashgrove"),
            ("Mary Ashgrove, MRN7531849", "Mary Ashgrove, MRN7531849"),
            ("Mary Ashgrove MRN7531849", "Mary Ashgrove"),
            ("Mary Ashgrove 12345", "Mary Ashgrove"),
            ("Carolee951 Sanford861", "Carolee951 Sanford861"),
        ] {
            let expected = name.split(", MRN").next().unwrap();
            assert_eq!(name_alone(text), expected, "{text}");
        }
        let parts = parted("ASHGROVE, Mary");
        assert_eq!(
            (parts.given.join(" "), parts.family.as_str()),
            ("Mary".to_owned(), "ASHGROVE")
        );
    }
}
