//! A private synthetic sample of a table: rows of nobody, drawn from noisy marginals.
//!
//! The columns are measured under zCDP alone and in the pairs that a private choice found most telling, the pairs
//! form a tree, and rows are drawn down the tree. Everything that touches the table is paid for by one [`Grant`];
//! drawing rows costs nothing more. Source of the method: McKenna, Miklau, Sheldon, "Winning the NIST Contest"
//! (MST, Journal of Privacy and Confidentiality 2021); chosen pairs by the exponential mechanism, whose cost under
//! zCDP is `epsilon² / 8` (Cesar, Rogers, "Bounding, Concentrating, and Truncating", ALT 2021).
//!
//! [`Utility`] and [`Memorisation`] compare with the true table. They are for the one who decides on the release
//! and are not private themselves: published, they would be answers that nobody paid for.

mod coded;
mod judge;
mod measure;
mod sample;
mod tree;

pub use coded::{BINS_OF_COLUMN_MAX, COLUMNS_MAX, Coded, CodedFault, ColumnBins};
pub use judge::{Memorisation, Utility};
pub use sample::{ROWS_DRAWN_MAX, Synthesis};

#[cfg(test)]
mod tests;
