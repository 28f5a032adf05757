//! Appends opaque entries durably to a Merkle log, proves and verifies.
//!
//! A [`Ledger`] answers an append only after the entry is on disk, and publishes the log in
//! the C2SP tlog-tiles form, so that an auditor can check it with tools that Wardgate did not
//! write. [`verify()`] checks a whole directory offline. [`Journal`] is the durable building
//! block below it.
//!
//! What this crate deliberately does not do: it never looks into an entry, reads no clock
//! and makes no key.

#![deny(missing_docs)]

mod disk;
mod file;
mod floor;
mod incident;
pub mod journal;
mod ledger;
pub mod prove;
mod published;
pub mod verify;

pub use incident::Incident;
pub use journal::{Journal, JournalError, JournalOptions, JournalRecovery, Position};
pub use ledger::{Entries, Health, Ledger, LedgerError, Options, Pruned, Receipt, Recovery};
pub use note::Signer;
pub use published::{Published, PublishedEntries};
pub use verify::{Verified, VerifyError, verify};
pub use wardgate_tlog::{bundle, checkpoint, note, tile, tree};
