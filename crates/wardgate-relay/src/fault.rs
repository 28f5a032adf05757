//! Why a relay cannot start, and why a record was not passed on.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;
use wardgate_deid::RecordFault;

/// Why a relay cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RelayFault {
    /// Records would leave the machine in the clear.
    #[error(
        "records on `{address}` would cross the network in the clear; give a certificate, or listen on a loopback address"
    )]
    PlainOutside {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be used.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder for what is passed on cannot be used.
    #[error("cannot write to the folder `{path}`: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The receiver's name is none that TLS knows.
    #[error("`{name}` is no name of a server")]
    ServerName {
        /// What was given.
        name: String,
    },
}

/// Why a record was not passed on.
#[derive(Debug, Error)]
pub(crate) enum Unpassed {
    /// It cannot be de-identified.
    #[error(transparent)]
    Record(#[from] RecordFault),
    /// What was written still held an identifier of the record.
    #[error("an identifier of the record is left in what would be passed on")]
    Residue,
    /// The receiver refuses it, for good.
    #[error("the receiver refuses the record")]
    Refused,
    /// The receiver does not answer, or cannot take it now.
    #[error("the receiver cannot be reached, or cannot take the record now")]
    Unreachable,
    /// The folder or the place for work cannot be written.
    #[error("the record could not be stored")]
    Storage,
}

impl Unpassed {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Record(fault) => fault.code(),
            Self::Residue => "relay.residue",
            Self::Refused => "relay.downstream_refused",
            Self::Unreachable => "relay.downstream_unreachable",
            Self::Storage => "relay.storage",
        }
    }

    /// Whether the same record may pass when it is sent again later.
    pub(crate) fn may_pass_later(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Storage)
    }
}
