//! Looks through the bytes of pixels, with a fixed amount of memory.

use aho_corasick::{AhoCorasick, packed};
use wardgate_deid::{Found, Kind, RecordFault, Traces};

use crate::identity::people;
use crate::pixels::PixelBytes;

/// Long identifiers, as they could stand in bytes that are samples otherwise.
pub(super) struct Searcher {
    long: Option<Long>,
    len_max: usize,
}

/// Samples hold every byte, so a search that stops at rare bytes is slow on them: several patterns at once, where
/// the processor can and they are few, otherwise an automaton.
enum Long {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Long {
    fn of(patterns: &[String]) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let packed = packed::Searcher::new(patterns).map(Self::Packed);
        let mut builder = AhoCorasick::builder();
        builder.prefilter(false);
        let automaton = || builder.build(patterns).ok().map(Self::Automaton);
        packed.or_else(automaton)
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Packed(search) => search.find(bytes).is_some(),
            Self::Automaton(search) => search.is_match(bytes),
        }
    }
}

impl Searcher {
    /// Of names both parts together, in both orders; of other values those long enough not to occur by chance.
    pub(super) fn new(names: &[String], values: &[(Kind, String)]) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        for name in names {
            patterns.push(name.trim().to_owned());
            for person in people(name) {
                let given = person.given.join(" ");
                patterns.push(format!("{given} {}", person.family));
                patterns.push(format!("{}^{given}", person.family));
                patterns.push(person.family.clone());
                patterns.extend(person.given.iter().cloned());
            }
        }
        patterns.extend(values.iter().map(|(_, value)| value.trim().to_owned()));
        patterns.retain(|pattern| pattern.len() >= LEN_MIN);
        patterns.sort_unstable();
        patterns.dedup();
        let len_max = patterns.iter().map(String::len).max().unwrap_or_default();
        let long = Long::of(&patterns);
        Self { long, len_max }
    }

    /// Looks through pixels from their first byte to their last; `held` are those that are in memory.
    pub(super) fn search(
        &self,
        pixels: Option<(&[u8], &mut dyn PixelBytes)>,
    ) -> Result<Found, RecordFault> {
        let mut found = Found::default();
        let (Some(search), Some((held, pixels))) = (&self.long, pixels) else {
            return Ok(found);
        };
        let len = pixels.len();
        if let Some(whole) = usize::try_from(len).ok().and_then(|len| held.get(..len)) {
            if search.is_in(whole) {
                found.merge(&hit());
            }
            return Ok(found);
        }
        let mut buffer = vec![0; CHUNK_BYTES];
        let overlap = self.len_max.saturating_sub(1) as u64;
        let mut offset = 0;
        while offset < len {
            let size = usize::try_from(len - offset)
                .unwrap_or(CHUNK_BYTES)
                .min(CHUNK_BYTES);
            let chunk = buffer.get_mut(..size).unwrap_or_default();
            pixels.read_at(offset, chunk)?;
            if search.is_in(chunk) {
                found.merge(&hit());
            }
            if offset + size as u64 >= len {
                break;
            }
            offset += (size as u64).saturating_sub(overlap).max(1);
        }
        Ok(found)
    }
}

/// One identifier found.
fn hit() -> Found {
    let mut traces = Traces::default();
    traces.value(Kind::Id, FOUND);
    traces.compile().value(FOUND)
}

/// Eight given bytes occur in a gigabyte of noise once in some ten thousand million files.
const LEN_MIN: usize = 8;
const CHUNK_BYTES: usize = 1 << 20;
const FOUND: &str = "00000000";
