//! Generates clinical notes with gold spans, for training and tests; never shipped.
//!
//! Writers leave template files in folders; [`Corpus::load`] reads them, [`Corpus::generate`] fills
//! them with invented persons, places and numbers and says where each stands. The same plan gives
//! the same notes on every machine.
#![deny(missing_docs)]

mod calendar;
mod chart;
mod contact;
mod corpus;
mod draft;
mod facility;
mod fault;
mod frame;
mod grammar;
mod identifier;
mod noise;
mod note;
mod person;
mod place;
mod random;
mod template;
mod word_lists;

pub use corpus::{Corpus, Plan, Summary};
pub use fault::TemplateFault;
pub use note::{Kind, Lang, Note, Span};
