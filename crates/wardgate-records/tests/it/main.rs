//! The store as its users meet it: a real database file in a folder of each test's own.

mod apply;
mod facts;
mod faults;
mod hospital;
mod keys;
mod ledger;
mod payloads;
mod shred;
