//! Trains and measures the tagger of `wardgate-deid`.
//!
//! Everything is counted in whole numbers and in a fixed order, so the same corpora and the same
//! seed give the same weights, byte for byte, on any machine.

pub mod corpus;
pub mod measure;
pub mod noise;
mod path;
pub mod perceptron;
pub mod random;
pub mod rename;
