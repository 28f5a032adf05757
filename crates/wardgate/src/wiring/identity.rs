//! Providers of identity and sources of files as the console takes them: with the secrets that the configuration
//! names.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use wardgate_console::{FileSource, Provider, ProviderSettings};
use wardgate_identity::oidc::ClientProof;
use zeroize::Zeroizing;

use crate::config;
use crate::failure::Failure;

/// Reads the secrets and makes the providers. Nobody is asked yet.
pub(crate) fn providers(identity: &config::Identity) -> Result<Vec<Arc<Provider>>, Failure> {
    let providers = identity.providers.iter();
    providers
        .map(|provider| provider_of(provider).map(|made| Arc::new(Provider::new(made))))
        .collect()
}

/// Reads the tokens and makes the sources.
pub(crate) fn file_sources(console: &config::Console) -> Result<Vec<FileSource>, Failure> {
    let mut sources = Vec::new();
    for source in &console.file_sources {
        let token = source.token_file.as_deref();
        let token = token.map(|file| {
            secret(
                file,
                "write the token that the server of files gave into it",
            )
        });
        // The configuration took no other address.
        sources.extend(FileSource::new(&source.address, token.transpose()?));
    }
    Ok(sources)
}

fn provider_of(provider: &config::SignOnProvider) -> Result<ProviderSettings, Failure> {
    let proof = match &provider.proof {
        config::ClientProof::Secret(file) => ClientProof::Secret(secret(
            file,
            "write the client secret that the provider gave into it",
        )?),
        config::ClientProof::Key(file) => {
            let pem = read(file)?;
            ClientProof::of_pem(&pem).map_err(|_| {
                Failure::new(
                    format!("`{}` holds no key that can sign", file.display()),
                    "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
                )
            })?
        }
    };
    Ok(ProviderSettings {
        name: provider.name.clone(),
        label: provider.label.clone(),
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        proof,
        scopes: provider.scopes.clone(),
        groups_claim: provider.groups_claim.clone(),
        roles: provider.roles.iter().cloned().collect(),
        acr_levels: provider.acr_levels.clone(),
        step_up_acr: provider.step_up_acr.clone(),
        person_claim: provider.person_claim.clone(),
        require_mfa: provider.require_mfa,
    })
}

fn secret(file: &Path, hint: &str) -> Result<SecretString, Failure> {
    let text = read(file)?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(Failure::new(format!("`{}` is empty", file.display()), hint));
    }
    Ok(SecretString::from(secret))
}

fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file);
    text.map(Zeroizing::new)
        .map_err(|error| Failure::file("read", file, &error))
}
