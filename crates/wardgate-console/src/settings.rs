//! What the operator decided.

use std::path::PathBuf;
use std::sync::Arc;

use crate::file_sources::FileSource;
use crate::oauth::Tokens;
use crate::sso::Provider;

/// What the operator decided about people, applications and directories.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The address at which browsers reach the console, such as `https://wardgate.example.org`.
    pub origin: String,
    /// Providers of identity through which people sign in.
    pub providers: Vec<Arc<Provider>>,
    /// The name of the provider whose people a directory provisions.
    pub scim_provider: Option<String>,
    /// A list of stolen passwords, none of which may be chosen.
    pub breached_passwords: Option<PathBuf>,
    /// Where `$de-identify` may fetch files from; without any it fetches none.
    pub file_sources: Vec<FileSource>,
    /// What it takes to give tokens to applications; without it none are given.
    pub tokens: Option<Tokens>,
}

impl Settings {
    /// Settings with nothing decided but the address.
    #[must_use]
    pub fn at(origin: String) -> Self {
        Self {
            origin,
            providers: Vec::new(),
            scim_provider: None,
            breached_passwords: None,
            file_sources: Vec::new(),
            tokens: None,
        }
    }

    /// The same, and applications get tokens.
    #[must_use]
    pub fn giving(self, tokens: Tokens) -> Self {
        Self {
            tokens: Some(tokens),
            ..self
        }
    }

    /// A provider of identity by its name.
    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        let mut providers = self.providers.iter();
        providers.find(|provider| provider.settings().name == name)
    }
}
