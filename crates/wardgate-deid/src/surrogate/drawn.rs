//! What was drawn for which value of a record, so that the same value has one stand-in and no two share one.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use zeroize::Zeroizing;

/// Stand-ins by list and folded value.
#[derive(Default)]
pub(super) struct Drawn {
    entries: Vec<Entry>,
    /// Where entries stand, once there are many: of few, looking at each costs less.
    many: Option<Box<Places>>,
}

struct Entry {
    list: &'static str,
    value: Zeroizing<String>,
    drawn: String,
}

/// Entries by the hashes of what they are asked for.
#[derive(Default)]
struct Places {
    hasher: RandomState,
    by_value: HashMap<u64, Vec<usize>>,
    by_drawn: HashMap<u64, Vec<usize>>,
}

impl Drawn {
    /// How many values have a stand-in.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What was drawn from a list for a value.
    pub(super) fn find(&self, list: &'static str, value: &str) -> Option<&str> {
        let same = |entry: &&Entry| *entry.value == value && entry.list == list;
        let entry = match &self.many {
            None => self.entries.iter().find(same),
            Some(places) => places
                .at(&places.by_value, list, value, &self.entries)
                .find(same),
        };
        entry.map(|entry| entry.drawn.as_str())
    }

    /// Whether a stand-in of a list is in use.
    pub(super) fn is_used(&self, list: &'static str, drawn: &str) -> bool {
        let same = |entry: &Entry| entry.drawn == drawn && entry.list == list;
        match &self.many {
            None => self.entries.iter().any(same),
            Some(places) => places
                .at(&places.by_drawn, list, drawn, &self.entries)
                .any(same),
        }
    }

    /// Notes what was drawn.
    pub(super) fn add(&mut self, list: &'static str, value: &str, drawn: &str) {
        self.entries.push(Entry {
            list,
            value: Zeroizing::new(value.to_owned()),
            drawn: drawn.to_owned(),
        });
        if self.entries.len() < MANY {
            return;
        }
        let known = self.many.is_some();
        let places = self.many.get_or_insert_default();
        let from = if known { self.entries.len() - 1 } else { 0 };
        for (at, entry) in self.entries.iter().enumerate().skip(from) {
            let by_value = places.hasher.hash_one((entry.list, entry.value.as_str()));
            places.by_value.entry(by_value).or_default().push(at);
            let by_drawn = places.hasher.hash_one((entry.list, entry.drawn.as_str()));
            places.by_drawn.entry(by_drawn).or_default().push(at);
        }
    }
}

impl Places {
    /// The entries that may be those of a list and a value.
    fn at<'e>(
        &self,
        by: &'e HashMap<u64, Vec<usize>>,
        list: &'static str,
        value: &str,
        entries: &'e [Entry],
    ) -> impl Iterator<Item = &'e Entry> {
        let places = by.get(&self.hasher.hash_one((list, value)));
        places
            .into_iter()
            .flatten()
            .filter_map(|at| entries.get(*at))
    }
}

/// From this many entries on they are found by hash.
const MANY: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_found_alike() {
        let mut drawn = Drawn::default();
        for number in 0..MANY * 3 {
            let (value, stand_in) = (format!("v{number}"), format!("s{number}"));
            assert_eq!(drawn.find("family", &value), None);
            assert!(!drawn.is_used("family", &stand_in));
            drawn.add("family", &value, &stand_in);
            for before in 0..=number {
                let found = drawn.find("family", &format!("v{before}"));
                assert_eq!(found, Some(format!("s{before}").as_str()));
            }
            assert_eq!(drawn.find("given", &value), None);
            assert!(drawn.is_used("family", &stand_in) && !drawn.is_used("given", &stand_in));
        }
        assert_eq!(drawn.len(), MANY * 3);
    }
}
