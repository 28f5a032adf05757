//! Who somebody is: credentials of people, signed tokens of people and applications.
//!
//! The crate checks what is presented and says what it proves. It keeps nothing, reads no clock and
//! reaches no network by itself: what is stored comes in as values, keys of others through [`Fetch`].

#![deny(missing_docs)]

mod fetch;

pub use fetch::{Fetch, FetchFault};
