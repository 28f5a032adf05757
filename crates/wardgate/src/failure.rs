//! What a command could not do, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use wardgate_anchor::own_tree::OwnFault;
use wardgate_anchor::timestamp::TimestampFault;
use wardgate_anchor::witness::state::WitnessError;
use wardgate_datasets::DatasetFault;
use wardgate_gateway::server::ServeError;
use wardgate_gateway::server::tls::TlsError;
use wardgate_ledger::checkpoint::CheckpointFault;
use wardgate_ledger::note::NoteFault;
use wardgate_ledger::{JournalError, LedgerError, VerifyError};
use wardgate_records::{ConsentError, Fault, RecordsError};
use wardgate_vault::{ProviderError, VaultError};

/// Ends a command. Holds no secret and no patient data.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: String,
    faults: Vec<FileFault>,
    passing: bool,
}

/// One fault of one file that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileFault {
    pub(crate) file: PathBuf,
    /// From 1; 0 when the fault is about the whole file.
    pub(crate) line: u32,
    /// From 1; 0 when only the line is known.
    pub(crate) column: u32,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            faults: Vec::new(),
            passing: false,
        }
    }

    /// Whether trying again later may help: the keys are out of reach, and nothing is wrong with
    /// them.
    pub(crate) fn is_passing(&self) -> bool {
        self.passing
    }

    /// Faults of files, all told together.
    pub(crate) fn in_files(message: impl Into<String>, faults: Vec<FileFault>) -> Self {
        Self {
            message: message.into(),
            hint: "correct every place named above; nothing was changed".to_owned(),
            faults,
            passing: false,
        }
    }

    /// Some of many things could not be done; the faults tell which.
    pub(crate) fn with_faults(
        message: impl Into<String>,
        hint: impl Into<String>,
        faults: Vec<FileFault>,
    ) -> Self {
        Self {
            faults,
            ..Self::new(message, hint)
        }
    }

    /// A file that can not be read or written.
    pub(crate) fn file(action: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(
            format!("can not {action} `{}`: {error}", path.display()),
            "check the path, its owner and permissions, and the free space of the disk",
        )
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }

    pub(crate) fn faults(&self) -> &[FileFault] {
        &self.faults
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        for number in [self.line, self.column] {
            if number > 0 {
                write!(f, ":{number}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}

impl From<Fault> for FileFault {
    fn from(fault: Fault) -> Self {
        Self {
            file: fault.file,
            line: fault.line,
            column: fault.column,
            message: fault.message,
            hint: fault.hint,
        }
    }
}

/// Errors that carry a hint of their own.
macro_rules! hinted {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string(), error.hint())
            }
        }
    )+};
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let passing = match &error {
            VaultError::Provider(ProviderError::Unavailable { .. }) => true,
            // A passphrase file on a volume that is not there yet.
            VaultError::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        };
        Self {
            passing,
            ..Self::new(error.to_string(), error.hint())
        }
    }
}

hinted!(
    DatasetFault,
    ConsentError,
    RecordsError,
    LedgerError,
    JournalError,
    VerifyError,
    OwnFault,
    TimestampFault,
    WitnessError
);

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Self::new(
            error.to_string(),
            "check the certificate files named in the configuration",
        )
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::new(
            error.to_string(),
            "choose another address in the configuration, or run `wardgate doctor`",
        )
    }
}

impl From<CheckpointFault> for Failure {
    fn from(error: CheckpointFault) -> Self {
        Self::new(error.to_string(), "choose a shorter name of the node")
    }
}

impl From<NoteFault> for Failure {
    fn from(error: NoteFault) -> Self {
        Self::new(
            error.to_string(),
            "use a node name without spaces and `+`, such as `hospital.example/wardgate/node-1`",
        )
    }
}
