//! What is kept between messages, in bounded memory: two generations, of which the elder goes when the younger is full.

use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

/// Values by text, which threads share.
pub(crate) struct Kept<V> {
    generations: Mutex<Generations<V>>,
    most: usize,
}

/// What short texts were found to be, whoever the patient is. Each question has its own answers: whatever stands in a
/// text, none is taken for that of another question.
pub(crate) struct Verdicts {
    /// Whether nothing identifies anybody in a text.
    pub(crate) clean: Kept<bool>,
    /// Whether the words are a term.
    pub(crate) terms: Kept<bool>,
    /// Whether a value is a name alone where a code should stand.
    pub(crate) names_as_codes: Kept<bool>,
    /// The same where a text may.
    pub(crate) names_as_texts: Kept<bool>,
}

impl Verdicts {
    /// None yet.
    pub(crate) fn new() -> Self {
        let [clean, terms, names_as_codes, names_as_texts] =
            std::array::from_fn(|_| Kept::new(VERDICTS_MAX));
        Self {
            clean,
            terms,
            names_as_codes,
            names_as_texts,
        }
    }
}

struct Generations<V> {
    young: HashMap<Box<str>, V>,
    old: HashMap<Box<str>, V>,
}

impl<V: Clone> Kept<V> {
    /// Room for twice `most` values.
    pub(crate) fn new(most: usize) -> Self {
        let generations = Generations {
            young: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            generations: Mutex::new(generations),
            most,
        }
    }

    /// What is kept for a text.
    pub(crate) fn find(&self, text: &str) -> Option<V> {
        let mut both = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = both.young.get(text) {
            return Some(value.clone());
        }
        let (text, value) = both.old.remove_entry(text)?;
        self.put(&mut both, text, value.clone());
        Some(value)
    }

    /// Keeps a value for a text.
    pub(crate) fn keep(&self, text: &str, value: V) {
        let mut both = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.put(&mut both, text.into(), value);
    }

    fn put(&self, both: &mut Generations<V>, text: Box<str>, value: V) {
        if both.young.len() >= self.most {
            both.old = std::mem::take(&mut both.young);
        }
        both.young.insert(text, value);
    }
}

/// Which texts came before, by their hashes: rarely, one that did not is taken for one that did.
pub(crate) struct Seen {
    generations: Mutex<[HashSet<u64>; 2]>,
    hasher: DefaultHashBuilder,
    most: usize,
}

impl Seen {
    /// Room for twice `most` texts.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            generations: Mutex::default(),
            hasher: DefaultHashBuilder::default(),
            most,
        }
    }

    /// Whether a text came before; from now on it did.
    pub(crate) fn again(&self, text: &str) -> bool {
        let hash = self.hasher.hash_one(text);
        let mut both = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *both;
        let before = young.contains(&hash) || old.contains(&hash);
        if young.len() >= self.most {
            *old = std::mem::take(young);
        }
        young.insert(hash);
        before
    }
}

/// Texts of which an answer is kept, for each question in each of two generations.
const VERDICTS_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let kept = Kept::new(4);
        kept.keep("often", 0);
        for number in 1..100 {
            kept.keep(&number.to_string(), number);
            assert_eq!(kept.find("often"), Some(0));
        }
        let both = kept.generations.lock().unwrap();
        assert!(both.young.len() + both.old.len() <= 8);
    }
}
