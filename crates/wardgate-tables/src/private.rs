//! Differentially private counts, sums, means and histograms, with a budget that is never over-spent.
//!
//! The unit that is protected is one person: two tables are neighbours when one has a person's rows and the
//! other has none of them. [`Bounded`] therefore lets at most so many rows of a person count, and every answer
//! states the sensitivity that follows from it. Noise is drawn exactly, in whole numbers (see [`noise`]), and only
//! against a [`Grant`], which a [`Budget`] gives after the spending was recorded.
//!
//! What is not hidden: how long a draw took, and whatever the caller decided by looking at the table itself.

mod amount;
mod answer;
mod budget;
mod contribution;
pub mod noise;

pub use amount::{Amount, AmountFault};
pub use answer::{Answer, Bins, Bounds, HistogramAnswer, MeanAnswer, count, histogram, mean, sum};
pub use budget::{Accounting, Budget, BudgetFault, Cost, Entry, Grant, SpendFault};
pub use contribution::Bounded;
pub use noise::{Randomness, RandomnessFault};

use thiserror::Error;

/// Why no answer was given; never with a value of the table.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrivateFault {
    /// The source of randomness failed.
    #[error("no randomness was to be had")]
    Randomness(#[from] RandomnessFault),
    /// A bound is not a number, or the lower one is not below the upper one.
    #[error("the clipping bounds are not two numbers in order")]
    Bounds,
    /// The grid of the values is so fine that the noise no longer fits whole numbers.
    #[error("the noise does not fit the grid of the values: keep fewer decimals or spend more")]
    Grid,
    /// No person may count with any row, or with more than the limit.
    #[error("the rows that count of a person must be between 1 and {ROWS_OF_PERSON_MAX}")]
    Contribution,
    /// A column has another number of rows than the column of persons.
    #[error("the columns differ in their number of rows")]
    Rows,
    /// A histogram has no bins, too many, or the same one twice.
    #[error("a histogram needs between 1 and {BINS_MAX} different bins")]
    Bins,
    /// The grant is too small to be split over what was asked.
    #[error("the spending is too small to be split over the answers")]
    Spending,
}

impl PrivateFault {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Randomness(_) => "look at the system's source of randomness, then ask again",
            Self::Bounds => "state bounds from knowledge of the field, not from the table",
            Self::Grid => "keep fewer decimals, or spend more on the answer",
            Self::Contribution => "state how many rows of one person may count at most",
            Self::Rows => "take the columns from one table",
            Self::Bins => "list the bins from knowledge of the field, each once",
            Self::Spending => "spend more, or ask for less",
        }
    }
}

/// Noise for counts to which a person adds at most `rows_of_person_max` in all.
pub(crate) fn measure(
    cost: Cost,
    rows_of_person_max: u32,
) -> Result<answer::Measure, PrivateFault> {
    answer::Measure::new(cost, rows_of_person_max.into(), 1.0)
}

/// Most rows of one person that can count.
pub const ROWS_OF_PERSON_MAX: u32 = 1_000_000;
/// Most bins of a histogram.
pub const BINS_MAX: usize = 1 << 20;
