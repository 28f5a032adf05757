//! What was done to which elements, in counts: the record of operations that a report shows.

use std::borrow::Cow;
use std::cmp::Ordering;

/// What was done to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// It stands as it was.
    Kept,
    /// It is gone.
    Removed,
    /// Another value stands for it.
    Replaced,
    /// A date that moved by the patient's shift.
    Shifted,
    /// A coarser value stands for it.
    Generalised,
    /// Free text that went through the text engine.
    Cleaned,
    /// An empty value, or one that says nothing, stands for it.
    Emptied,
}

impl Operation {
    /// All operations, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::Kept,
        Self::Removed,
        Self::Replaced,
        Self::Shifted,
        Self::Generalised,
        Self::Cleaned,
        Self::Emptied,
    ];

    /// The word that reports use.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Shifted => "shifted",
            Self::Generalised => "generalised",
            Self::Cleaned => "cleaned",
            Self::Emptied => "emptied",
        }
    }
}

/// Operations by element.
///
/// INVARIANT: an element is named by the standard (`Patient.name`, `PID-5`, `(0010,0010)`), never by the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In order of the names, each once.
    elements: Vec<(Cow<'static, str>, [u64; Operation::ALL.len()])>,
}

impl Tally {
    /// Counts an operation.
    pub fn note(&mut self, element: impl Into<Cow<'static, str>>, operation: Operation) {
        self.add(element, operation, 1);
    }

    /// Counts several equal operations.
    pub fn add(&mut self, element: impl Into<Cow<'static, str>>, operation: Operation, count: u64) {
        let element = element.into();
        let at = match self.place(&element) {
            Ok(at) => at,
            Err(at) => {
                self.elements.insert(at, (element, Default::default()));
                at
            }
        };
        let counts = self.elements.get_mut(at);
        if let Some(slot) = counts.and_then(|(_, counts)| counts.get_mut(operation as usize)) {
            *slot += count;
        }
    }

    /// Adds what another record had.
    pub fn merge(&mut self, other: &Self) {
        for (element, counts) in &other.elements {
            let at = match self.place(element) {
                Ok(at) => at,
                Err(at) => {
                    self.elements
                        .insert(at, (element.clone(), Default::default()));
                    at
                }
            };
            let sums = self.elements.get_mut(at).map(|(_, sums)| sums);
            for (sum, count) in sums.into_iter().flatten().zip(counts) {
                *sum += count;
            }
        }
    }

    /// Where an element stands, or is to stand.
    fn place(&self, element: &str) -> Result<usize, usize> {
        // Whoever counts in order comes behind what is there.
        match self.elements.last().map(|(last, _)| (**last).cmp(element)) {
            None | Some(Ordering::Less) => Err(self.elements.len()),
            Some(Ordering::Equal) => Ok(self.elements.len() - 1),
            Some(Ordering::Greater) => self
                .elements
                .binary_search_by(|(known, _)| (**known).cmp(element)),
        }
    }

    /// How often an operation was done, over all elements.
    #[must_use]
    pub fn total(&self, operation: Operation) -> u64 {
        let counts = self.elements.iter();
        counts
            .filter_map(|(_, counts)| counts.get(operation as usize))
            .sum()
    }

    /// The elements in order, each with its operations and their counts.
    pub fn elements(&self) -> impl Iterator<Item = (&str, Operation, u64)> {
        self.elements.iter().flat_map(|(element, counts)| {
            let counted = Operation::ALL.into_iter().zip(counts);
            let some = counted.filter(|(_, count)| **count > 0);
            some.map(|(operation, count)| (element.as_ref(), operation, *count))
        })
    }
}
