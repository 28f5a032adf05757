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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_one_short_line() {
        assert_eq!(said("a\r\nb\tc"), "a  b c");
        assert_eq!(said(&"é".repeat(201)), "é".repeat(200));
    }

    #[test]
    fn faults_become_errors_of_the_provider() {
        let what = || "why".to_owned();
        for (fault, text) in [
            (Fault::Unavailable(what()), "p can not be reached: why"),
            (Fault::Refused(what()), "p refused: why"),
            (Fault::Login(what()), "p refused: why"),
            (Fault::Doubted(what()), "p refused: why"),
            (Fault::Rejected, "p does not open the wrapped root key"),
            (Fault::unusable("why"), "p can not be used: why"),
        ] {
            assert_eq!(fault.named("p".to_owned()).to_string(), text);
        }
    }
}
