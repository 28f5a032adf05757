//! Whether the key provider wraps and unwraps, beside having opened the vault at some time.

use wardgate_vault::KeyProvider;

use super::Finding;
use crate::config::{Config, Provider};
use crate::wiring;

/// What a probe finds. A passphrase has nobody to ask: that it opens the vault says all.
pub(super) fn check(config: &Config) -> Option<Finding> {
    match config.vault.provider {
        Provider::Passphrase(_) => None,
        _ => Some(ask(config)),
    }
}

/// Wraps a random probe and unwraps it. Nothing of it is kept.
fn ask(config: &Config) -> Finding {
    let provider = match wiring::key_provider(config) {
        Ok(provider) => provider,
        Err(failure) => return Finding::of_failure(CHECK, &failure),
    };
    let shown = provider.describe();
    match probe(&*provider) {
        Ok(true) => Finding::ok(CHECK, format!("{shown} wraps and unwraps")),
        Ok(false) => Finding::fail(
            CHECK,
            format!("{shown} does not return what it was given"),
            "do not rotate the root key with it; ask whoever keeps it",
        ),
        Err(error) => Finding::fail(
            CHECK,
            error.to_string(),
            "check its section in the configuration, its login and the way to it",
        ),
    }
}

fn probe(provider: &dyn KeyProvider) -> Result<bool, wardgate_vault::ProviderError> {
    let probe = wardgate_vault::random();
    let wrapped = provider.wrap(&probe, PROBE_CONTEXT)?;
    Ok(*provider.unwrap(&wrapped, PROBE_CONTEXT)? == probe)
}

const CHECK: &str = "key provider";
/// No wrapped root key has this context.
const PROBE_CONTEXT: &[u8] = b"wardgate doctor probe";
