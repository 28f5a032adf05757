//! Turns folders of records into data sets that may leave: runs, verifies, states the guarantee.
#![deny(missing_docs)]
