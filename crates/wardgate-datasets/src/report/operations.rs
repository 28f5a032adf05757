//! Operations by element as reports write them: an object of objects, both in the order of their names.

use std::collections::BTreeMap;

use serde::de::{Deserialize as _, Error as _};
use serde::ser::SerializeMap as _;
use serde::{Deserializer, Serialize, Serializer};
use wardgate_deid::{Operation, Tally};

pub(super) fn serialize<S: Serializer>(tally: &Tally, serializer: S) -> Result<S::Ok, S::Error> {
    let mut written = serializer.serialize_map(None)?;
    let mut elements = tally.elements().peekable();
    while let Some((element, operation, count)) = elements.next() {
        let mut counts = Counts::default();
        counts.add(operation, count);
        while let Some((_, operation, count)) = elements.next_if(|(next, ..)| *next == element) {
            counts.add(operation, count);
        }
        written.serialize_entry(element, &counts)?;
    }
    written.end()
}

pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Tally, D::Error> {
    let read = BTreeMap::<String, BTreeMap<String, u64>>::deserialize(deserializer)?;
    let mut tally = Tally::default();
    for (element, counts) in read {
        for (label, count) in counts {
            let mut known = Operation::ALL.into_iter();
            let operation = known.find(|operation| operation.label() == label);
            let operation = operation.ok_or_else(|| D::Error::custom("an unknown operation"))?;
            tally.add(element.clone(), operation, count);
        }
    }
    Ok(tally)
}

/// Whether nothing was done.
pub(super) fn is_empty(tally: &Tally) -> bool {
    tally.elements().next().is_none()
}

/// How often each operation was done over all elements, by its name; those that never were are left out.
pub(crate) fn totals(tally: &Tally) -> BTreeMap<&'static str, u64> {
    let totals = Operation::ALL.map(|operation| (operation.label(), tally.total(operation)));
    totals.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The operations on one element.
#[derive(Default)]
struct Counts([u64; Operation::ALL.len()]);

impl Counts {
    fn add(&mut self, operation: Operation, count: u64) {
        if let Some(slot) = self.0.get_mut(operation as usize) {
            *slot += count;
        }
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_map(None)?;
        for operation in BY_LABEL {
            let count = self.0.get(operation as usize).copied().unwrap_or_default();
            if count > 0 {
                written.serialize_entry(operation.label(), &count)?;
            }
        }
        written.end()
    }
}

/// All operations in the order of their names.
const BY_LABEL: [Operation; Operation::ALL.len()] = [
    Operation::Cleaned,
    Operation::Emptied,
    Operation::Generalised,
    Operation::Kept,
    Operation::Removed,
    Operation::Replaced,
    Operation::Shifted,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_order_and_what_is_written_is_read() {
        assert!(BY_LABEL.is_sorted_by(|one, next| one.label() < next.label()));
        let mut tally = Tally::default();
        for (at, operation) in (1..).zip(Operation::ALL) {
            tally.add("b", operation, at);
        }
        tally.note("a", Operation::Removed);
        let mut written = Vec::new();
        serialize(&tally, &mut serde_json::Serializer::new(&mut written)).unwrap();
        assert_eq!(
            String::from_utf8(written.clone()).unwrap(),
            r#"{"a":{"removed":1},"b":{"cleaned":6,"emptied":7,"generalised":5,"kept":1,"removed":2,"replaced":3,"shifted":4}}"#
        );
        let mut read = serde_json::Deserializer::from_slice(&written);
        assert_eq!(deserialize(&mut read).unwrap(), tally);
        assert_eq!(totals(&tally)["removed"], 3);
        let mut other = serde_json::Deserializer::from_str(r#"{"a":{"burned":1}}"#);
        assert!(deserialize(&mut other).is_err());
    }
}
