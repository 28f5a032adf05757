//! What was done to which elements, counted by their numbers: adding one costs no search.

use wardgate_deid::{Operation, Tally};

use crate::schema::Schema;

/// Counts of operations by element, over any number of resources.
///
/// [`crate::ResourceDeidentifier::resource_into`] adds to it; [`Self::tally`] names the elements.
pub struct Counts {
    schema: &'static Schema,
    /// For each element a count of each operation.
    counts: Vec<[u64; Operation::ALL.len()]>,
    /// Elements whose counts are not all 0, in the order in which they came.
    touched: Vec<u32>,
}

impl Counts {
    pub(crate) fn new(schema: &'static Schema) -> Self {
        Self {
            schema,
            counts: Vec::new(),
            touched: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn note(&mut self, element: u32, operation: Operation) {
        let Ok(at) = usize::try_from(element) else {
            return;
        };
        if at >= self.counts.len() {
            self.grow(at);
        }
        let Some(counts) = self.counts.get_mut(at) else {
            return;
        };
        if *counts == [0; Operation::ALL.len()] {
            self.touched.push(element);
        }
        if let Some(count) = counts.get_mut(operation as usize) {
            *count += 1;
        }
    }

    /// Makes room for an element: they get their numbers as the first of each is met.
    #[cold]
    fn grow(&mut self, at: usize) {
        let length = (at + 1).next_power_of_two();
        self.counts.resize(length, [0; Operation::ALL.len()]);
    }

    /// The counts by the elements' names.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for element in &self.touched {
            let at = usize::try_from(*element).unwrap_or_default();
            let name = self.schema.element(at).unwrap_or_default();
            let counts = self.counts.get(at).into_iter().flatten();
            for (operation, count) in Operation::ALL.into_iter().zip(counts) {
                if *count > 0 {
                    tally.add(name, operation, *count);
                }
            }
        }
        tally
    }

    /// Sets all counts to 0.
    pub fn clear(&mut self) {
        for element in self.touched.drain(..) {
            let at = usize::try_from(element).unwrap_or_default();
            if let Some(counts) = self.counts.get_mut(at) {
                *counts = [0; Operation::ALL.len()];
            }
        }
    }
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counts")
            .field("elements", &self.touched.len())
            .finish()
    }
}
