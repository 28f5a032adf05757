//! Anonymises tables: privacy models, risk, private statistics, poisoning checks.
#![deny(missing_docs)]
