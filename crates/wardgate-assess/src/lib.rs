//! Attacks and measures a model through a [`Target`] and returns a report.
//!
//! This is the start: one probe, [`leakage`], which measures whether planted identifiers pass
//! through a target. A target is anything that answers a text with a text; who calls it, and over
//! which network, is the caller's business.
//!
//! What this crate deliberately does not do: it has no network, no clock and no randomness of its
//! own, so that the same target gives the same report.
//!
//! ```
//! use wardgate_assess::{Target, TargetFault, leakage};
//!
//! struct Echo;
//!
//! impl Target for Echo {
//!     fn answer(&mut self, prompt: &str) -> Result<String, TargetFault> {
//!         Ok(prompt.to_owned())
//!     }
//! }
//!
//! let report = leakage::measure(&mut Echo);
//! assert_eq!(report.passed_through(), report.planted());
//! ```
#![deny(missing_docs)]

pub mod leakage;
mod target;

pub use target::{Target, TargetFault};
