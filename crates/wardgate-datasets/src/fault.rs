//! Why a run could not begin or go on; what is wrong with one file stands in the report instead.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Ends a run. Holds no value of a record.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetFault {
    /// A file that can not be read or written.
    #[error("can not {action} `{}`: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something that was asked for and can not be.
    #[error("{what}")]
    Refused {
        /// A stable code.
        code: &'static str,
        /// What happened.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl DatasetFault {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::File { .. } => {
                "check the path, its owner and permissions, and the free space of the disk"
            }
            Self::Refused { hint, .. } => hint,
        }
    }

    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "dataset.file",
            Self::Refused { code, .. } => code,
        }
    }

    pub(crate) fn refused(
        code: &'static str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Refused {
            code,
            what: what.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn file(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path: path.clone(),
            source,
        }
    }
}
