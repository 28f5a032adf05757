//! The segments, fields and data types of every version, with what becomes of them, read from the data files.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::role::{Number, Role};

/// The versions of the standard whose messages are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u8);

/// The tables of one version.
pub(crate) struct Tables {
    /// By the three letters, as one number.
    segments: BTreeMap<u32, Segment>,
    types: BTreeMap<&'static str, Shape>,
    /// What reports call the elements, in order.
    names: Vec<String>,
}

/// What is known of a segment.
pub(crate) struct Segment {
    /// From field 1 on.
    fields: Vec<Option<Field>>,
    /// The numbers of the fields that identify people.
    pub(crate) identifying: Vec<usize>,
    /// The numbers of the fields that hold an id of something.
    pub(crate) with_ids: Vec<usize>,
}

/// What is known of a field.
pub(crate) struct Field {
    /// Its name in reports, such as `PID-5`.
    pub(crate) name: String,
    /// The place of that name among those of all elements.
    pub(crate) element: u16,
    /// The parts of a value.
    pub(crate) shape: Shape,
    /// The parts of a value that has several where the version knows one: those of a later version.
    pub(crate) wide: Option<Shape>,
    /// Whether it identifies people.
    identifies: bool,
    /// Whether it names an organisation that tells of the patient or a relative, such as an employer.
    pub(crate) is_employer: bool,
    /// Whether it holds an id of something.
    has_ids: bool,
}

/// The components of a data type, each with its subcomponents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) components: Vec<Vec<Role>>,
    /// Whether the last one repeats.
    repeats: bool,
    /// The data type.
    pub(crate) name: &'static str,
}

impl Version {
    /// The version that MSH-12 names; nothing when it is none that the tables know.
    pub(crate) fn of(name: &str) -> Option<Self> {
        // An erratum of 2.7 with the same segments.
        let name = if name == "2.7.1" { "2.7" } else { name };
        let at = VERSIONS.iter().position(|version| *version == name)?;
        u8::try_from(at).ok().map(Self)
    }

    /// The tables of the version.
    pub(crate) fn tables(self) -> &'static Tables {
        static ALL: [LazyLock<Tables>; VERSIONS.len()] = [
            LazyLock::new(|| Tables::of(Version(0))),
            LazyLock::new(|| Tables::of(Version(1))),
            LazyLock::new(|| Tables::of(Version(2))),
            LazyLock::new(|| Tables::of(Version(3))),
            LazyLock::new(|| Tables::of(Version(4))),
            LazyLock::new(|| Tables::of(Version(5))),
            LazyLock::new(|| Tables::of(Version(6))),
            LazyLock::new(|| Tables::of(Version(7))),
            LazyLock::new(|| Tables::of(Version(8))),
            LazyLock::new(|| Tables::of(Version(9))),
            LazyLock::new(|| Tables::of(Version(10))),
            LazyLock::new(|| Tables::of(Version(11))),
        ];
        static NEWEST: LazyLock<Tables> = LazyLock::new(|| Tables::of(Version(NEWEST_AT)));
        match ALL.get(usize::from(self.0)) {
            Some(tables) => tables,
            None => &NEWEST,
        }
    }

    /// A letter that no other version has.
    pub(crate) fn mark(self) -> char {
        char::from(b'a' + self.0)
    }

    /// Every version.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=NEWEST_AT).map(Self)
    }

    /// The newest version, for what stands outside of messages.
    pub(crate) fn newest() -> Self {
        Self(NEWEST_AT)
    }
}

impl Tables {
    fn of(version: Version) -> Self {
        let types = types();
        let treatments = treatments();
        let mut segments: BTreeMap<u32, Segment> = BTreeMap::new();
        let mut id = "";
        for line in lines(FIELDS) {
            let mut words = line.split_whitespace();
            let first = words.next().unwrap_or_default();
            let Ok(number) = first.parse::<usize>() else {
                id = first;
                continue;
            };
            let Some(key) = segment_id(id.as_bytes()) else {
                continue;
            };
            let mut words: Vec<&'static str> = words.collect();
            // The last word is the field's name, for whoever reads the file.
            words.pop();
            let treatment = treatments.get(&(id, number)).copied();
            let segment = segments.entry(number_of(key)).or_insert_with(|| Segment {
                fields: Vec::new(),
                identifying: Vec::new(),
                with_ids: Vec::new(),
            });
            let field = Field::of(format!("{id}-{number}"), &words, version, treatment, &types);
            if segment.fields.len() < number {
                segment.fields.resize_with(number, || None);
            }
            if let Some(slot) = segment.fields.get_mut(number - 1) {
                *slot = Some(field);
            }
        }
        let mut tables = Self {
            segments,
            types,
            names: Vec::new(),
        };
        tables.index();
        tables
    }

    /// Notes what is asked of the fields again and again.
    fn index(&mut self) {
        let fields = self.segments.values().flat_map(|segment| &segment.fields);
        let names = fields.flatten().map(|field| field.name.clone());
        let others = [UNKNOWN_FIELD, UNKNOWN_SEGMENT, LOCAL_SEGMENT].map(str::to_owned);
        self.names = names.chain(others).collect();
        self.names.sort_unstable();
        let names = &self.names;
        for segment in self.segments.values_mut() {
            for (at, field) in segment.fields.iter_mut().enumerate() {
                let Some(field) = field else { continue };
                field.element = place(names, &field.name);
                if field.identifies {
                    segment.identifying.push(at + 1);
                }
                if field.has_ids {
                    segment.with_ids.push(at + 1);
                }
            }
        }
    }

    /// The place of an element among all, by what reports call it.
    pub(crate) fn element(&self, name: &str) -> u16 {
        place(&self.names, name)
    }

    /// How many elements have a name.
    pub(crate) fn elements_len(&self) -> usize {
        self.names.len()
    }

    /// What reports call an element.
    pub(crate) fn name(&self, element: u16) -> &str {
        let name = self.names.get(usize::from(element));
        name.map_or(UNKNOWN_FIELD, String::as_str)
    }

    /// What is known of a segment, by its three letters.
    pub(crate) fn segment(&self, id: [u8; 3]) -> Option<&Segment> {
        self.segments.get(&number_of(id))
    }

    /// The parts of a data type that a message names itself, as OBX-2 does.
    pub(crate) fn data_type(&self, name: &str) -> Option<&Shape> {
        self.types.get(name)
    }
}

impl Segment {
    /// What is known of a field, counted from 1.
    pub(crate) fn field(&self, number: usize) -> Option<&Field> {
        self.fields.get(number.checked_sub(1)?)?.as_ref()
    }
}

impl Field {
    fn of(
        name: String,
        types: &[&'static str],
        version: Version,
        treatment: Option<Role>,
        shapes: &BTreeMap<&'static str, Shape>,
    ) -> Self {
        let mut own = None;
        let mut last = None;
        for word in types {
            let (since, data_type) = match word.split_once(':') {
                Some((since, data_type)) => (Version::of(since), data_type),
                None => (None, *word),
            };
            // A field that only a later version defines has the type of that version.
            if own.is_none() || since.is_none_or(|since| since <= version) {
                own = Some(data_type);
            }
            last = Some(data_type);
        }
        let shape = |data_type: Option<&'static str>| {
            let known = data_type.and_then(|name| shapes.get(name));
            let shape = known.cloned().unwrap_or_else(Shape::dropped);
            shape.treated(treatment)
        };
        // What a later version parts was one string before and meant the same.
        let single = own == Some("ST") && last != own;
        let told = single.then(|| last.and_then(Role::of_whole)).flatten();
        let (shape, last) = match told.filter(|_| treatment.is_none()) {
            Some(role) => (Shape::of_role(role), shape(last)),
            None => (shape(own), shape(last)),
        };
        let more = last.components.len() > shape.components.len();
        let wide = more.then_some(last);
        let is_employer = EMPLOYERS.contains(&name.as_str());
        let identifies =
            is_employer || shape.identifies() || wide.as_ref().is_some_and(Shape::identifies);
        let ids = |shape: &Shape| {
            shape
                .component(0)
                .is_some_and(|first| first.first() == Some(&Role::Id))
        };
        let has_ids = ids(&shape) || wide.as_ref().is_some_and(ids);
        Self {
            name,
            element: 0,
            shape,
            wide,
            identifies,
            is_employer,
            has_ids,
        }
    }
}

impl Field {
    /// The parts of a value, which may have more of them than the version knows.
    pub(crate) fn shape_of(&self, value: &str, component: u8) -> &Shape {
        match &self.wide {
            Some(wide) if self.shape.is_short_of(value, component) => wide,
            _ => &self.shape,
        }
    }
}

impl Shape {
    /// The roles of a component's subcomponents, counted from 0.
    pub(crate) fn component(&self, at: usize) -> Option<&[Role]> {
        let found = self.components.get(at);
        let found = found.or_else(|| self.components.last().filter(|_| self.repeats));
        found.map(Vec::as_slice)
    }

    /// Whether a value has more components than the type.
    fn is_short_of(&self, value: &str, component: u8) -> bool {
        let signs = memchr::memchr_iter(component, value.as_bytes()).count();
        signs >= self.components.len()
    }

    /// Whether the type is one of a code with its words.
    pub(crate) fn is_coded(&self) -> bool {
        matches!(self.name, "CE" | "CF" | "CNE" | "CWE")
    }

    /// A value of one part.
    pub(crate) fn of_role(role: Role) -> Self {
        Self {
            components: vec![vec![role]],
            repeats: false,
            name: "",
        }
    }

    /// The same, for any number of components.
    pub(crate) fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    fn dropped() -> Self {
        Self::of_role(Role::Drop)
    }

    fn identifies(&self) -> bool {
        self.components
            .iter()
            .flatten()
            .any(|role| role.identifies())
    }

    /// The same type with what a field says of it.
    fn treated(mut self, treatment: Option<Role>) -> Self {
        let Some(treatment) = treatment else {
            return self;
        };
        let mut roles = self.components.iter_mut().flatten();
        let numbered = roles.any(|role| matches!(role, Role::Identity(Number::Other)));
        for role in self.components.iter_mut().flatten() {
            *role = match (treatment, *role) {
                (Role::Id, Role::Identity(Number::Other)) => Role::Identity(Number::Other),
                (_, Role::Identity(Number::Other)) => treatment,
                (_, role) if numbered && treatment != Role::Drop => role,
                (Role::Birth, Role::Date) => Role::Birth,
                (Role::Birth, role) => role,
                _ => treatment,
            };
        }
        self.repeats |= self.components.len() == 1;
        self
    }
}

/// The place of a name in an ordered list that has it.
fn place(names: &[String], name: &str) -> u16 {
    let at = names.binary_search_by(|known| known.as_str().cmp(name));
    at.map_or(u16::MAX, |at| u16::try_from(at).unwrap_or(u16::MAX))
}

fn number_of([one, two, three]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, one, two, three])
}

/// The three letters and digits of a segment.
pub(crate) fn segment_id(line: &[u8]) -> Option<[u8; 3]> {
    let id = *line.first_chunk::<3>()?;
    let [first, ..] = id;
    let named = id
        .iter()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (named && first.is_ascii_uppercase()).then_some(id)
}

fn types() -> BTreeMap<&'static str, Shape> {
    let words: BTreeMap<&'static str, Vec<&'static str>> = lines(TYPES)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    let parts = |word: &str| -> Vec<Role> {
        if let Some(role) = Role::of_word(word) {
            return vec![role];
        }
        let inner = words.get(word).into_iter().flatten();
        // A type two floors down has no signs to part it: its first part stands for all.
        let first = |word: &&'static str| {
            Role::of_word(word.trim_end_matches('*')).or_else(|| {
                let inner = words.get(*word)?.first()?;
                Role::of_word(inner)
            })
        };
        inner
            .map(|word| first(word).unwrap_or(Role::Drop))
            .collect()
    };
    let shape = |(name, components): (&&'static str, &Vec<&'static str>)| {
        // Whoever writes text does not always escape the signs in it.
        let text = components.as_slice() == ["text"];
        let repeats = text || components.last().is_some_and(|last| last.ends_with('*'));
        let components = components
            .iter()
            .map(|word| parts(word.trim_end_matches('*')));
        let shape = Shape {
            components: components.collect(),
            repeats,
            name,
        };
        (*name, shape)
    };
    words.iter().map(shape).collect()
}

fn treatments() -> BTreeMap<(&'static str, usize), Role> {
    let mut treatments = BTreeMap::new();
    for line in lines(TREATMENTS) {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        let (Some((segment, rest)), Some(role)) = (words.split_first(), words.last()) else {
            continue;
        };
        let role = Role::of_word(role).unwrap_or(Role::Drop);
        for number in rest.iter().filter_map(|word| word.parse().ok()) {
            treatments.insert((*segment, number), role);
        }
    }
    treatments
}

fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = file.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

const VERSIONS: [&str; 12] = [
    "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2",
];
const NEWEST_AT: u8 = 11;
/// Fields that name the employer of the patient, of a relative or of who pays, or an organisation that the patient
/// belongs to.
const EMPLOYERS: [&str; 7] = [
    "NK1-13", "GT1-16", "GT1-51", "IN1-11", "IN2-70", "PD1-3", "PD1-14",
];
/// What reports call what the tables do not know.
pub(crate) const UNKNOWN_FIELD: &str = "unknown field";
pub(crate) const UNKNOWN_SEGMENT: &str = "unknown segment";
pub(crate) const LOCAL_SEGMENT: &str = "Z segment";
const FIELDS: &str = include_str!("../../data/v2/fields.txt");
const TYPES: &str = include_str!("../../data/v2/types.txt");
const TREATMENTS: &str = include_str!("../../data/v2/treatments.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_data_files_is_known() {
        let types: Vec<&str> = lines(TYPES)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        for line in lines(TYPES) {
            for word in line.split_whitespace().skip(1) {
                let word = word.trim_end_matches('*');
                assert!(
                    Role::of_word(word).is_some() || types.contains(&word),
                    "{line}"
                );
            }
        }
        for line in lines(FIELDS).filter(|line| line.contains(' ')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            for word in &words[1..words.len() - 1] {
                let name = word.split_once(':').map_or(*word, |(since, name)| {
                    assert!(Version::of(since).is_some(), "{line}");
                    name
                });
                assert!(types.contains(&name) || name == "CM", "{line}");
            }
        }
        let newest = Version::newest().tables();
        for line in lines(TREATMENTS) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(Role::of_word(words[words.len() - 1]).is_some(), "{line}");
            let segment = newest.segment(segment_id(words[0].as_bytes()).unwrap());
            for number in &words[1..words.len() - 1] {
                let field = segment.and_then(|segment| segment.field(number.parse().unwrap()));
                assert!(field.is_some(), "{line}: {number}");
            }
        }
    }

    #[test]
    fn a_field_has_the_type_of_its_version() {
        let name = |version, segment: &[u8; 3], number| {
            let tables = Version::of(version).unwrap().tables();
            tables
                .segment(*segment)
                .unwrap()
                .field(number)
                .unwrap()
                .shape
                .name
        };
        assert_eq!(name("2.1", b"PID", 5), "PN");
        assert_eq!(name("2.3", b"PID", 5), "XPN");
        assert_eq!(name("2.2", b"PV1", 7), "CN");
        assert_eq!(name("2.8.2", b"PV1", 7), "XCN");
        assert_eq!(Version::of("2.7.1"), Version::of("2.7"));
        let employer = Version::of("2.2").unwrap().tables();
        let employer = employer.segment(*b"NK1").unwrap().field(13).unwrap();
        assert_eq!(employer.shape.component(0), Some(&[Role::Facility][..]));
        assert_eq!(name("2.3", b"PID", 40), "XTN");
    }

    #[test]
    fn what_a_field_says_of_its_numbers_holds() {
        let tables = Version::of("2.5").unwrap().tables();
        let role = |segment: &[u8; 3], number| {
            let field = tables.segment(*segment).unwrap().field(number).unwrap();
            field.shape.component(0).unwrap()[0]
        };
        assert_eq!(role(b"PID", 3), Role::Identity(Number::Mrn));
        assert_eq!(role(b"PID", 18), Role::Identity(Number::Account));
        assert_eq!(role(b"PID", 19), Role::Identity(Number::Ssn));
        assert_eq!(role(b"PID", 7), Role::Birth);
        assert_eq!(role(b"OBR", 7), Role::Date);
        assert_eq!(role(b"MSH", 10), Role::Control);
        assert_eq!(role(b"OBX", 5), Role::Drop);
    }
}
