//! What other policies would decide: about a past call, an invented case, or a whole table.
//!
//! A [`Situation`] is everything that policies read about one call, as text, in the words of the
//! ledger. It is read back from a recorded decision, or written by hand, and put to any set of
//! policies without a clock, a store or a patient. [`replay`] compares what was decided with what
//! would be decided; [`Difference`] says what two sets of policies decide differently.

mod difference;
mod read;
mod replay;
mod situation;
mod table;

pub use difference::{Difference, OperationFlip, PolicyChange, TableFlip};
pub use replay::{PastOutcome, Replayed, replay};
pub use situation::{Answer, FACT_NAMES, Situation, Unreplayable};
