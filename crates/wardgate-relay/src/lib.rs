//! Receives records over MLLP, DIMSE and STOW-RS and passes them on de-identified.
//!
//! A record is received whole, de-identified, searched for what identified its patient, and only then passed
//! on: to a receiver downstream by the same protocol, or into a folder. The sender hears of success only when
//! the receiver has accepted the record, or when it lies durably in the folder; whatever goes wrong before
//! that, the sender is told so in the protocol's own codes, keeps the record, and may send it again.
#![deny(missing_docs)]

mod counts;
pub mod dicom;
mod door;
mod fault;
mod folder;
pub mod mllp;
mod object;
mod relay;
pub mod stow;

pub use counts::{Counts, Tallied};
pub use door::Listen;
pub use fault::RelayFault;
pub use folder::Folder;
pub use relay::{Relay, Service};

#[doc(hidden)]
pub mod fuzzing {
    //! The readers of foreign bytes, for the fuzz targets.

    pub use crate::dicom::command::Command;
    pub use crate::mllp::frame::{Framed, Framer};
    pub use crate::stow::multipart::{Multipart, Part};
}
