//! The type tables of FHIR as an automaton: in an object of a known shape, which keys may stand and what becomes of each.
//!
//! The tables are made from the StructureDefinitions (see `data/README.md`). For data of which nobody said
//! whether it is R4 or R5, the automaton is the product of both: a key stands when one of the two knows it. A shape
//! is made when the first object of it is met: no data set has them all.

mod table;

use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;

use crate::treatment::{Leaf, Special, leaf_of, special_of};
use table::{Block, Field, Table};

/// The version of FHIR that a record is read by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FhirVersion {
    /// R4, 4.0.1.
    R4,
    /// R5, 5.0.0.
    R5,
    /// What R4 or R5 knows: resources do not say which they are.
    #[default]
    Either,
}

impl FhirVersion {
    /// The version by its name or number, such as `R4`, `4.0.1` or `R5`; nothing for one that is not known.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "r4" | "4.0" | "4.0.0" | "4.0.1" => Some(Self::R4),
            "r5" | "5.0" | "5.0.0" => Some(Self::R5),
            "either" | "auto" => Some(Self::Either),
            _ => None,
        }
    }
}

/// The automaton of a version.
pub(crate) struct Schema {
    tables: [Option<&'static Table>; 2],
    resources: HashMap<&'static str, Inner>,
    made: Mutex<Made>,
}

/// What was made of an automaton. It lives as long as the program, as the automata do.
struct Made {
    shapes: HashMap<Pair, &'static Shape>,
    /// The names of elements, as reports use them, by their number.
    elements: Vec<&'static str>,
}

/// A shape that may not be made yet.
#[derive(Clone)]
pub(crate) struct Inner {
    pair: Pair,
    made: OnceLock<&'static Shape>,
}

/// What an object may hold.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    members: Vec<Member>,
    slots: Vec<u16>,
}

/// One key of a shape.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// The type of a primitive; empty where none may stand.
    pub(crate) kind: String,
    /// Its number among all elements.
    pub(crate) element: u32,
    /// What becomes of a string, number or literal.
    pub(crate) leaf: Leaf,
    /// How an object is met.
    pub(crate) special: Special,
    /// The shape of an object; nothing where only scalars may stand.
    pub(crate) shape: Option<Inner>,
    pub(crate) many: bool,
    /// Whether the definition wants it: what goes leaves the reason why it is absent.
    pub(crate) required: bool,
    pub(crate) targets: Targets,
    /// Whether it is `_x`, the extensions of the primitive `x`.
    pub(crate) companion: bool,
}

/// What references of an element may point to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    pub(crate) patient: bool,
    pub(crate) person: bool,
    pub(crate) place: bool,
    pub(crate) other: bool,
}

impl Schema {
    pub(crate) fn of(version: FhirVersion) -> &'static Self {
        match version {
            FhirVersion::R4 => &R4,
            FhirVersion::R5 => &R5,
            FhirVersion::Either => &EITHER,
        }
    }

    pub(crate) fn resource(&self, name: &str) -> Option<&'static Shape> {
        let inner = self.resources.get(name)?;
        Some(inner.made.get_or_init(|| self.made(inner.pair)))
    }

    /// The shape of the objects that a member has.
    #[inline]
    pub(crate) fn shape_of(&self, member: &Member) -> Option<&'static Shape> {
        let inner = member.shape.as_ref()?;
        Some(inner.made.get_or_init(|| self.made(inner.pair)))
    }

    #[cfg(test)]
    pub(crate) fn resource_names(&self) -> impl Iterator<Item = &'static str> {
        self.resources.keys().copied()
    }

    /// The name of an element by its number.
    pub(crate) fn element(&self, number: usize) -> Option<&'static str> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.elements.get(number).copied()
    }

    fn of_tables(tables: &[&'static Table]) -> Self {
        let tables = [tables.first().copied(), tables.get(1).copied()];
        let names = tables.iter().flatten().flat_map(|table| table.resources());
        let inner = |name| {
            let pair = tables.map(|table| table.and_then(|table| table.index(name)));
            (name, Inner::of(pair))
        };
        Self {
            resources: names.map(inner).collect(),
            tables,
            made: Mutex::new(Made {
                shapes: HashMap::new(),
                elements: OWN_ELEMENTS.to_vec(),
            }),
        }
    }

    fn made(&self, pair: Pair) -> &'static Shape {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shape) = made.shapes.get(&pair) {
            return shape;
        }
        let mut build = Build {
            tables: self.tables,
            elements: &mut made.elements,
        };
        let shape: &'static Shape = Box::leak(Box::new(build.filled(pair)));
        made.shapes.insert(pair, shape);
        shape
    }
}

impl Inner {
    fn of(pair: Pair) -> Self {
        Self {
            pair,
            made: OnceLock::new(),
        }
    }
}

impl Shape {
    /// The member of a key.
    #[inline]
    pub(crate) fn member(&self, key: &str) -> Option<(u16, &Member)> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash(key.as_bytes()) & mask;
        loop {
            let slot = *self.slots.get(at)?;
            let index = slot.checked_sub(1)?;
            let member = self.members.get(usize::from(index))?;
            if is_same(member.key.as_bytes(), key.as_bytes()) {
                return Some((index, member));
            }
            at = (at + 1) & mask;
        }
    }

    /// All members, for those who look for something among them.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    fn new(name: &'static str, members: Vec<Member>) -> Self {
        let size = (members.len() * 2 + 1).next_power_of_two();
        let mut slots = vec![0u16; size];
        for (index, member) in members.iter().enumerate() {
            let mut at = hash(member.key.as_bytes()) & (size - 1);
            while slots.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & (size - 1);
            }
            if let (Some(slot), Ok(number)) = (slots.get_mut(at), u16::try_from(index + 1)) {
                *slot = number;
            }
        }
        Self {
            name,
            members,
            slots,
        }
    }
}

type Pair = [Option<usize>; 2];

struct Build<'m> {
    tables: [Option<&'static Table>; 2],
    elements: &'m mut Vec<&'static str>,
}

impl Build<'_> {
    fn filled(&mut self, pair: Pair) -> Shape {
        let blocks: [Option<(&'static Table, &'static Block)>; 2] = [0, 1].map(|side| {
            let table = self.tables.get(side).copied().flatten()?;
            let index = pair.get(side).copied().flatten()?;
            Some((table, table.block(index)?))
        });
        let name = blocks.iter().flatten().map(|(_, block)| block.name).next();
        let name = name.unwrap_or_default();
        let fields = blocks.map(|side| {
            side.map(|(table, block)| table.fields(block))
                .unwrap_or_default()
        });
        let [left, right] = &fields;
        let mut keys: Vec<&str> = Vec::with_capacity(left.len() + right.len());
        let mut seen = hashbrown::HashSet::new();
        for field in left.iter().chain(right) {
            if seen.insert(field.name.as_str()) {
                keys.push(&field.name);
            }
        }
        let resource = blocks
            .iter()
            .flatten()
            .any(|(_, block)| block.is_resource());
        let mut members = Vec::with_capacity(keys.len() * 2);
        for key in keys {
            let of = |fields: &'_ [Field]| fields.iter().find(|field| field.name == key).cloned();
            let sides = [of(left), of(right)];
            self.member((name, resource), key, &sides, &mut members);
        }
        Shape::new(name, members)
    }

    fn member(
        &mut self,
        (shape, resource): (&'static str, bool),
        key: &str,
        sides: &[Option<Field>; 2],
        members: &mut Vec<Member>,
    ) {
        let element = self.element(format!("{shape}.{key}"));
        let mut member = Member {
            key: key.to_owned(),
            kind: String::new(),
            element,
            leaf: Leaf::Remove,
            special: Special::Plain,
            shape: None,
            many: sides.iter().flatten().any(|field| field.many),
            required: sides.iter().flatten().any(|field| field.required),
            targets: Targets::default(),
            companion: false,
        };
        let mut objects: Pair = [None, None];
        let mut primitive = false;
        for (side, field) in sides.iter().enumerate() {
            let (Some(field), Some(Some(table))) = (field, self.tables.get(side)) else {
                continue;
            };
            member.targets.add(&field.targets);
            if table.is_primitive(&field.kind) {
                let leaf = leaf_of(shape, resource, &field.name, &field.kind);
                member.leaf = match primitive {
                    true => member.leaf.stricter(leaf),
                    false => leaf,
                };
                primitive = true;
                member.kind.clone_from(&field.kind);
                continue;
            }
            let special = special_of(shape, &field.name, &field.kind);
            member.special = member.special.joined(special);
            if let Some(slot) = objects.get_mut(side) {
                *slot = table.index(&field.kind);
            }
        }
        if objects.iter().any(Option::is_some) {
            member.shape = Some(Inner::of(objects));
        }
        members.push(member);
        if primitive {
            let element = self.element(format!("{shape}._{key}"));
            let pair = self
                .tables
                .map(|table| table.and_then(|table| table.index("Element")));
            members.push(Member {
                key: format!("_{key}"),
                kind: String::new(),
                element,
                leaf: Leaf::Remove,
                special: Special::Plain,
                shape: Some(Inner::of(pair)),
                many: sides.iter().flatten().any(|field| field.many),
                required: false,
                targets: Targets::default(),
                companion: true,
            });
        }
    }

    fn element(&mut self, name: String) -> u32 {
        let number = u32::try_from(self.elements.len()).unwrap_or(u32::MAX);
        self.elements.push(name.leak());
        number
    }
}

impl Targets {
    fn add(&mut self, names: &[&str]) {
        for name in names {
            match *name {
                "Patient" => self.patient = true,
                name if is_person(name) => self.person = true,
                name if is_place(name) => self.place = true,
                _ => self.other = true,
            }
        }
    }
}

/// Whether references to a type mean somebody, so that their display is a name.
pub(crate) fn is_person(name: &str) -> bool {
    matches!(
        name,
        "Patient" | "Practitioner" | "PractitionerRole" | "RelatedPerson" | "Person"
    )
}

/// Whether references to a type mean an institution or a place.
pub(crate) fn is_place(name: &str) -> bool {
    matches!(
        name,
        "Organization"
            | "Location"
            | "HealthcareService"
            | "OrganizationAffiliation"
            | "Endpoint"
            | "CareTeam"
    )
}

#[inline]
fn hash(key: &[u8]) -> usize {
    let mut value = key.len() as u64;
    each_word(key, |word| {
        value = (value.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    });
    usize::try_from(value >> 40).unwrap_or_default()
}

/// Whether two keys are the same; a key is too short to be worth a call of the library's comparison.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (chunks, rest) = one.as_chunks::<8>();
    let (other_chunks, other_rest) = other.as_chunks::<8>();
    let chunk =
        |(one, other): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*one) == u64::from_le_bytes(*other);
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(last), Some(other_last)) => {
            chunk((last, other_last)) && chunks.iter().zip(other_chunks).all(chunk)
        }
        _ => rest.iter().zip(other_rest).all(|(one, other)| one == other),
    }
}

/// A key in words of eight bytes, the last of which may tell bytes of the one before again.
#[inline]
fn each_word(key: &[u8], mut each: impl FnMut(u64)) {
    let (chunks, rest) = key.as_chunks::<8>();
    for chunk in chunks {
        each(u64::from_le_bytes(*chunk));
    }
    each(
        match (
            key.last_chunk::<8>(),
            key.first_chunk::<4>(),
            key.last_chunk::<4>(),
        ) {
            (Some(last), ..) => u64::from_le_bytes(*last),
            (None, Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            _ => rest
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        },
    );
}

const FACTOR: u64 = 0x517c_c1b7_2722_0a95;

/// Elements that no definition names.
const OWN_ELEMENTS: [&str; 3] = [
    "(unknown element)",
    "(unknown extension)",
    "(element of another type)",
];
/// A key that the shape does not have.
pub(crate) const UNKNOWN_ELEMENT: u32 = 0;
/// An extension whose URL is in no list.
pub(crate) const UNKNOWN_EXTENSION: u32 = 1;
/// A value of another kind than the definition's: an object for a string, a word for a number.
pub(crate) const WRONG_KIND: u32 = 2;

static R4_TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("../data/r4.types")));
static R5_TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("../data/r5.types")));
static R4: LazyLock<Schema> = LazyLock::new(|| Schema::of_tables(&[&R4_TABLE]));
static R5: LazyLock<Schema> = LazyLock::new(|| Schema::of_tables(&[&R5_TABLE]));
static EITHER: LazyLock<Schema> = LazyLock::new(|| Schema::of_tables(&[&R4_TABLE, &R5_TABLE]));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_whole() {
        assert_eq!(R4_TABLE.version(), "4.0.1");
        assert_eq!(R5_TABLE.version(), "5.0.0");
        for (schema, count) in [(&R4, 146), (&R5, 157)] {
            assert!(
                schema.resources.len() >= count,
                "{}",
                schema.resources.len()
            );
            let shapes = reached(schema);
            assert!(shapes.len() > schema.resources.len());
            for shape in shapes {
                assert!(!shape.members.is_empty(), "{}", shape.name);
                for member in &shape.members {
                    let found = shape.member(&member.key).unwrap();
                    assert_eq!(found.1.key, member.key);
                }
            }
        }
    }

    /// All shapes that any record could meet.
    fn reached(schema: &'static Schema) -> Vec<&'static Shape> {
        let mut names: Vec<_> = schema.resource_names().collect();
        names.sort_unstable();
        let mut shapes: Vec<&Shape> = Vec::new();
        let mut open: Vec<&Shape> = names
            .iter()
            .filter_map(|name| schema.resource(name))
            .collect();
        while let Some(shape) = open.pop() {
            if shapes.iter().all(|other| !std::ptr::eq(*other, shape)) {
                shapes.push(shape);
                let inner = shape.members.iter();
                open.extend(inner.filter_map(|member| schema.shape_of(member)));
            }
        }
        shapes
    }

    #[test]
    fn elements_have_names_by_their_numbers() {
        let patient = EITHER.resource("Patient").unwrap();
        for member in patient.members() {
            let name = EITHER.element(usize::try_from(member.element).unwrap());
            let key = format!("Patient.{}", member.key);
            assert_eq!(name, Some(key.as_str()));
        }
        assert_eq!(EITHER.element(0), Some(OWN_ELEMENTS[0]));
    }

    #[test]
    fn either_knows_the_elements_of_both() {
        let encounter = EITHER.resource("Encounter").unwrap();
        for key in [
            "period",
            "actualPeriod",
            "hospitalization",
            "admission",
            "_status",
        ] {
            assert!(encounter.member(key).is_some(), "{key}");
        }
        assert!(
            R4.resource("Encounter")
                .unwrap()
                .member("actualPeriod")
                .is_none()
        );
        assert!(
            R5.resource("Encounter")
                .unwrap()
                .member("hospitalization")
                .is_none()
        );
        let (_, class) = encounter.member("class").unwrap();
        let class = EITHER.shape_of(class).unwrap();
        assert!(class.member("code").is_some() && class.member("coding").is_some());
    }

    #[test]
    fn choices_and_companions_are_keys_of_their_own() {
        let patient = R4.resource("Patient").unwrap();
        for key in [
            "deceasedDateTime",
            "_deceasedBoolean",
            "_birthDate",
            "contact",
        ] {
            assert!(patient.member(key).is_some(), "{key}");
        }
        assert!(patient.member("deceased").is_none());
        assert!(patient.member("deceased[x]").is_none());
        assert!(patient.member("_contact").is_none());
    }

    #[test]
    fn unknown_versions_have_no_name() {
        assert_eq!(FhirVersion::named("R5"), Some(FhirVersion::R5));
        assert_eq!(FhirVersion::named("3.0.2"), None);
        assert_eq!(FhirVersion::named("R6"), None);
    }
}
