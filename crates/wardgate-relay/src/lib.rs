//! Receives records over MLLP, DIMSE and STOW-RS and passes them on de-identified.
#![deny(missing_docs)]
