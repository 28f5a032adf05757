//! The values of a column, each once, in one piece of memory.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Values by code, in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    text: String,
    ends: Vec<u64>,
}

impl Dictionary {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The value of a code; empty for a code that is none.
    pub(crate) fn value(&self, code: u32) -> &str {
        let at = code as usize;
        let Some(end) = self.ends.get(at) else {
            return "";
        };
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let range = usize::try_from(start).unwrap_or(0)..usize::try_from(*end).unwrap_or(0);
        self.text.get(range).unwrap_or("")
    }

    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|code| self.value(u32::try_from(code).unwrap_or(u32::MAX)))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u64>()
    }

    fn add(&mut self, value: &str) -> u32 {
        let code = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.text.push_str(value);
        self.ends.push(self.text.len() as u64);
        code
    }
}

/// A dictionary under construction, with the index that finds a value's code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    values: Dictionary,
    table: HashTable<u32>,
    hashes: DefaultHashBuilder,
}

impl Index {
    /// The code of a value, which is added when it is new.
    pub(crate) fn code(&mut self, value: &str) -> u32 {
        let hash = self.hashes.hash_one(value);
        let values = &self.values;
        if let Some(code) = self.table.find(hash, |code| values.value(*code) == value) {
            return *code;
        }
        let code = self.values.add(value);
        let (values, hashes) = (&self.values, &self.hashes);
        self.table
            .insert_unique(hash, code, |code| hashes.hash_one(values.value(*code)));
        code
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.values.text.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.values.bytes() + self.table.allocation_size()
    }

    pub(crate) fn finish(mut self) -> Dictionary {
        self.values.text.shrink_to_fit();
        self.values.ends.shrink_to_fit();
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    #[test]
    fn a_value_has_one_code() {
        let mut index = Index::default();
        let codes: Vec<u32> = ["b", "", "a", "b", ""]
            .into_iter()
            .map(|value| index.code(value))
            .collect();
        assert_eq!(codes, [0, 1, 2, 0, 1]);
        let values = index.finish();
        assert_eq!(values.values().collect::<Vec<_>>(), ["b", "", "a"]);
        assert_eq!(values.value(9), "");
    }
}
