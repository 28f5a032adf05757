//! Ties a ledger to parties outside: witnesses, timestamp authorities, object stores.

#![deny(missing_docs)]
