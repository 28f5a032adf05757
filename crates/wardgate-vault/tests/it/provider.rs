//! A key provider that can be out of reach, refuse, or give another key.

use std::sync::Mutex;

use wardgate_vault::{KeyProvider, ProviderError};
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Unreachable,
    Refusing,
    GivesAnother,
}

/// Keeps wrapped keys as they are: only for tests of what the vault does with its answers.
#[derive(Debug)]
pub(crate) struct Provider {
    mood: Mutex<Mood>,
}

impl Provider {
    pub(crate) fn new() -> Self {
        Self {
            mood: Mutex::new(Mood::Well),
        }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn answer(&self) -> Result<Mood, ProviderError> {
        let provider = self.describe();
        let what = "as the test wants".to_owned();
        match *self.mood.lock().unwrap() {
            Mood::Unreachable => Err(ProviderError::Unavailable { provider, what }),
            Mood::Refusing => Err(ProviderError::Refused { provider, what }),
            mood => Ok(mood),
        }
    }
}

impl KeyProvider for Provider {
    fn describe(&self) -> String {
        "the provider of the test".to_owned()
    }

    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        self.answer()?;
        Ok([context, root].concat())
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        let mood = self.answer()?;
        let rejected = || ProviderError::Rejected {
            provider: self.describe(),
        };
        let root = wrapped.strip_prefix(context).ok_or_else(rejected)?;
        let mut root = Zeroizing::new(root.try_into().map_err(|_| rejected())?);
        if mood == Mood::GivesAnother {
            root = Zeroizing::new([7; 32]);
        }
        Ok(root)
    }
}
