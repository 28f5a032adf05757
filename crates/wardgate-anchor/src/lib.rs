//! Ties a ledger to parties outside: witnesses, timestamp authorities, object stores.
//!
//! What this crate deliberately does not do: it reads no clock, makes no randomness and never
//! appends to the ledger. Both are passed in, and what changes is told to the caller.

#![deny(missing_docs)]

pub mod anchoring;
pub mod copies;
mod durable;
pub mod http;
pub mod own_tree;
pub mod rollback;
pub mod timestamp;
pub mod witness;
