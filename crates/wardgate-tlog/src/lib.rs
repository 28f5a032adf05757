//! The C2SP transparency log formats as pure functions over bytes: tree, tiles, notes, checkpoints,
//! cosignatures, policies, proofs and the messages of witnesses.
//!
//! What this crate deliberately does not do: it reads no file, opens no connection, knows no
//! clock and makes no key, so an auditor's tool can be built from it alone.

#![deny(missing_docs)]

pub mod audit;
pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod manifest;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;
