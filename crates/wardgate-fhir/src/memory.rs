//! What one thread remembers from resource to resource, so that what repeats is worked out once.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use hashbrown::hash_table::{Entry, HashTable};

use crate::marks::Words;
use crate::patients::Patient;
use crate::rewrite::hides_text;

/// What was worked out before. Each part has a limit; one that is full is emptied.
pub(crate) struct Memory {
    /// Short texts that come again and again.
    terms: HashMap<String, Term>,
    terms_bytes: usize,
    /// One that is too long to be remembered.
    passing: Term,
    /// What stands for an id or the address of a server.
    ids: HashMap<Box<str>, Box<str>>,
    /// What became of a value of a patient.
    values: Values,
    /// Patients of whom only the id is known, or with more people in their dictionary.
    patients: HashMap<Box<str>, Arc<Patient>>,
}

/// What follows from a short text alone, whoever the patient is.
#[derive(Default)]
pub(crate) struct Term {
    /// Its words and the number that it may be.
    pub(crate) words: Words,
    /// Whether it is base64 of a text.
    pub(crate) hides: bool,
    /// Whether nothing of anybody is in it: by the whole engine, by its rules alone.
    pub(crate) clean: [Option<bool>; 2],
    /// Whether it tells of anybody whom the index of the data set knows.
    pub(crate) tells: Option<bool>,
}

/// What a value is remembered by.
#[derive(Clone, Copy)]
pub(crate) struct ValueKey<'v> {
    /// The patient.
    pub(crate) serial: u64,
    /// What was done: each treatment has values of its own.
    pub(crate) treatment: u16,
    pub(crate) value: &'v [u8],
}

/// What became of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// It may stand.
    Same,
    /// Something else stands for it.
    Other(Arc<str>),
    /// It goes.
    Gone,
}

struct Values {
    table: HashTable<Remembered>,
    hasher: hashbrown::DefaultHashBuilder,
    bytes: usize,
}

struct Remembered {
    serial: u64,
    treatment: u16,
    value: Box<[u8]>,
    became: Became,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            terms: HashMap::new(),
            terms_bytes: 0,
            passing: Term::default(),
            ids: HashMap::new(),
            values: Values {
                table: HashTable::new(),
                hasher: hashbrown::DefaultHashBuilder::default(),
                bytes: 0,
            },
            patients: HashMap::new(),
        }
    }

    /// What follows from a text alone.
    #[inline]
    pub(crate) fn term(&mut self, text: &str) -> &mut Term {
        if text.len() > TERM_BYTES_MAX {
            self.passing = Term::of(text);
            return &mut self.passing;
        }
        if self.terms_bytes >= TERMS_BYTES_MAX {
            self.terms.clear();
            self.terms_bytes = 0;
        }
        match self.terms.entry_ref(text) {
            EntryRef::Occupied(known) => known.into_mut(),
            EntryRef::Vacant(place) => {
                let term = Term::of(text);
                self.terms_bytes += text.len() + term.words.bytes() + TERM_BYTES;
                place.insert(term)
            }
        }
    }

    #[inline]
    pub(crate) fn id(&mut self, id: &str, derive: impl FnOnce() -> String) -> String {
        if let Some(known) = self.ids.get(id) {
            return known.to_string();
        }
        if self.ids.len() >= IDS_MAX {
            self.ids.clear();
        }
        let derived = derive();
        self.ids.insert(id.into(), derived.as_str().into());
        derived
    }

    #[inline]
    pub(crate) fn value(&self, key: ValueKey<'_>) -> Option<&Became> {
        let hash = self.values.hash(&key);
        let found = self.values.table.find(hash, |held| held.is(&key));
        found.map(|held| &held.became)
    }

    pub(crate) fn remember_value(&mut self, key: ValueKey<'_>, became: &Became) {
        let values = &mut self.values;
        let other = match became {
            Became::Other(text) => text.len(),
            _ => 0,
        };
        let bytes = key.value.len() + other + VALUE_BYTES;
        if bytes > VALUES_BYTES_MAX / 8 {
            return;
        }
        if values.bytes + bytes > VALUES_BYTES_MAX {
            values.table.clear();
            values.bytes = 0;
        }
        let hash = values.hash(&key);
        let hasher = values.hasher.clone();
        let rehash = |held: &Remembered| hashed(&hasher, held.serial, held.treatment, &held.value);
        if let Entry::Vacant(place) = values.table.entry(hash, |held| held.is(&key), rehash) {
            place.insert(Remembered {
                serial: key.serial,
                treatment: key.treatment,
                value: key.value.into(),
                became: became.clone(),
            });
            values.bytes += bytes;
        }
    }

    pub(crate) fn patient(&self, name: &str) -> Option<&Arc<Patient>> {
        self.patients.get(name)
    }

    pub(crate) fn remember_patient(&mut self, name: &str, patient: &Arc<Patient>) {
        if self.patients.len() >= PATIENTS_MAX {
            self.patients.clear();
        }
        self.patients.insert(name.into(), Arc::clone(patient));
    }
}

impl Term {
    fn of(text: &str) -> Self {
        Self {
            words: Words::of(text),
            hides: hides_text(text),
            ..Self::default()
        }
    }
}

impl Values {
    fn hash(&self, key: &ValueKey<'_>) -> u64 {
        hashed(&self.hasher, key.serial, key.treatment, key.value)
    }
}

impl Remembered {
    fn is(&self, key: &ValueKey<'_>) -> bool {
        self.serial == key.serial && self.treatment == key.treatment && *self.value == *key.value
    }
}

fn hashed(by: &hashbrown::DefaultHashBuilder, serial: u64, treatment: u16, value: &[u8]) -> u64 {
    let mut state = by.build_hasher();
    (serial, treatment, value).hash(&mut state);
    std::hash::Hasher::finish(&state)
}

/// Bytes of remembered terms, of each thread.
const TERMS_BYTES_MAX: usize = 16 << 20;
/// What remembering a term takes besides its bytes.
const TERM_BYTES: usize = 128;
/// Bytes of the longest term that is remembered.
const TERM_BYTES_MAX: usize = 512;
const IDS_MAX: usize = 131_072;
const PATIENTS_MAX: usize = 1_024;
/// Bytes of remembered values, of each thread.
const VALUES_BYTES_MAX: usize = 16 << 20;
/// What remembering a value takes besides its bytes.
const VALUE_BYTES: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_remembered_for_their_patient_and_treatment() {
        let mut memory = Memory::new();
        let key = |serial, treatment| ValueKey {
            serial,
            treatment,
            value: b"x",
        };
        memory.remember_value(key(1, 1), &Became::Other("y".into()));
        assert_eq!(memory.value(key(1, 1)), Some(&Became::Other("y".into())));
        assert_eq!(memory.value(key(2, 1)), None);
        assert_eq!(memory.value(key(1, 2)), None);
        let long = vec![b'a'; VALUES_BYTES_MAX / 8];
        for serial in 0..20 {
            let value = long.get(serial..long.len() - 200).unwrap();
            memory.remember_value(
                ValueKey {
                    serial: serial as u64,
                    treatment: 0,
                    value,
                },
                &Became::Same,
            );
            assert!(memory.values.bytes <= VALUES_BYTES_MAX);
        }
    }
}
