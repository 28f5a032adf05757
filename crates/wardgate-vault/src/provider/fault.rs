//! Why an operation with a provider failed, before the provider is named.

use super::ProviderError;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unavailable(String),
    Refused(String),
    /// The login itself was refused: a fresh one may help.
    Login(String),
    /// The request was refused for what it carries, which may be altered ciphertext.
    Doubted(String),
    Rejected,
    Unusable(String),
}

impl Fault {
    pub(super) fn named(self, provider: String) -> ProviderError {
        match self {
            Self::Unavailable(what) => ProviderError::Unavailable { provider, what },
            Self::Refused(what) | Self::Login(what) | Self::Doubted(what) => {
                ProviderError::Refused { provider, what }
            }
            Self::Rejected => ProviderError::Rejected { provider },
            Self::Unusable(what) => ProviderError::Unusable { provider, what },
        }
    }

    pub(super) fn unusable(what: &str) -> Self {
        Self::Unusable(what.to_owned())
    }
}

/// What a provider said, as it may stand in an error: one short line.
pub(super) fn said(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(SAID_CHARS_MAX)
        .collect()
}

const SAID_CHARS_MAX: usize = 200;
