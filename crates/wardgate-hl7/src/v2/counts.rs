//! What was done to which elements, counted by their numbers over any number of messages.

use std::fmt;

use wardgate_deid::{Operation, Tally};

use super::policy::{Tables, Version};

/// Counts of operations by element.
///
/// [`super::MessageDeidentifier::message_into`] adds to it; [`Self::tally`] names the elements.
#[derive(Default)]
pub struct Counts {
    /// For each version that came, counts by element.
    versions: Vec<(Version, Vec<Each>)>,
}

/// How often each operation was done.
type Each = [u64; Operation::ALL.len()];

impl Counts {
    /// Counts of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the notes of a message.
    pub(crate) fn add(&mut self, version: Version, notes: &[u32]) {
        let known = self
            .versions
            .iter()
            .position(|(other, _)| *other == version);
        let at = known.unwrap_or_else(|| {
            let elements = version.tables().elements_len();
            let counts = vec![Each::default(); elements + 1];
            self.versions.push((version, counts));
            self.versions.len() - 1
        });
        let Some((_, counts)) = self.versions.get_mut(at) else {
            return;
        };
        let last = counts.len() - 1;
        for note in notes {
            let [_, high, low, operation] = note.to_be_bytes();
            let element = usize::from(u16::from_be_bytes([high, low])).min(last);
            let slot = counts
                .get_mut(element)
                .and_then(|each| each.get_mut(usize::from(operation)));
            if let Some(slot) = slot {
                *slot += 1;
            }
        }
    }

    /// The counts by the elements' names.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (version, counts) in &self.versions {
            let tables: &'static Tables = version.tables();
            for (element, each) in (0..).zip(counts) {
                for (operation, count) in Operation::ALL.into_iter().zip(each) {
                    if *count > 0 {
                        tally.add(tables.name(element), operation, *count);
                    }
                }
            }
        }
        tally
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts")
            .field("versions", &self.versions.len())
            .finish()
    }
}
