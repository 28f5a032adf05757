//! The transit engine of HashiCorp Vault and OpenBao: the root key is wrapped by a key that
//! the engine keeps, versioned and rotated there.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use zeroize::Zeroizing;

use super::fault::{Fault, said};
use super::https::{Answer, HttpsSettings, check_url, post};
use super::remote::{self, Remote, root_key};
use super::{KeyProvider, ProviderError, secret_file};

/// Which key of which engine wraps, and how to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitSettings {
    /// Address of the server, as in `https://bao.example.org:8200`.
    pub url: String,
    /// Where the engine is mounted.
    pub mount: String,
    /// The name of the key.
    pub key: String,
    /// Whether the key was made with `derived=true`, so that the context is part of it.
    pub derived_key: bool,
    /// The namespace of the mount, where the server has those.
    pub namespace: Option<String>,
    /// How to log in.
    pub login: TransitLogin,
    /// How the server is reached.
    pub https: HttpsSettings,
}

/// How the provider logs in to the server. Files have mode 0600.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransitLogin {
    /// A token that an agent keeps fresh in this file.
    TokenFile(PathBuf),
    /// The AppRole method; the token it gives is kept in memory and asked for anew when it is refused.
    AppRole {
        /// Where the method is mounted.
        mount: String,
        /// The file with the role id.
        role_id_file: PathBuf,
        /// The file with the secret id.
        secret_id_file: PathBuf,
    },
}

/// Wraps the root key with a key of a transit engine.
#[derive(Debug)]
pub struct TransitProvider {
    settings: TransitSettings,
    /// The token of AppRole.
    token: Mutex<Option<SecretString>>,
}

impl TransitProvider {
    /// A provider with these settings. Nothing is asked until it is used.
    #[must_use]
    pub fn new(settings: TransitSettings) -> Self {
        Self {
            settings,
            token: Mutex::new(None),
        }
    }

    fn body(&self, field: &str, value: &str, context: &[u8]) -> Zeroizing<String> {
        let context = STANDARD.encode(context);
        let mut body = json!({ field: value, "associated_data": context });
        if let (true, Some(body)) = (self.settings.derived_key, body.as_object_mut()) {
            body.insert("context".to_owned(), context.into());
        }
        Zeroizing::new(body.to_string())
    }

    /// Sends a request, with a fresh token if the one in memory is refused.
    fn call<T: DeserializeOwned>(&self, action: &str, body: &str) -> Result<T, Fault> {
        let settings = &self.settings;
        check_name(&settings.mount)?;
        check_name(&settings.key)?;
        if settings.key.contains('/') {
            return Err(Fault::unusable("the name of the key has a slash"));
        }
        let path = format!("{}/{action}/{}", settings.mount, settings.key);
        let (token, kept) = self.token()?;
        match self.send(&path, Some(&token), body) {
            Err(Fault::Login(_)) if kept => {
                *self.kept_token() = None;
                let (token, _) = self.token()?;
                self.send(&path, Some(&token), body)
            }
            outcome => outcome,
        }
    }

    /// A token, and whether it was made for an earlier request.
    fn token(&self) -> Result<(SecretString, bool), Fault> {
        let (mount, role_id_file, secret_id_file) = match &self.settings.login {
            TransitLogin::TokenFile(path) => {
                let token = secret_file::read_line(path).map_err(Fault::Unusable)?;
                return Ok((token, false));
            }
            TransitLogin::AppRole {
                mount,
                role_id_file,
                secret_id_file,
            } => (mount, role_id_file, secret_id_file),
        };
        let mut kept = self.kept_token();
        if let Some(token) = &*kept {
            return Ok((token.clone(), true));
        }
        check_name(mount)?;
        let role_id = secret_file::read_line(role_id_file).map_err(Fault::Unusable)?;
        let secret_id = secret_file::read_line(secret_id_file).map_err(Fault::Unusable)?;
        let body = Zeroizing::new(
            json!({ "role_id": role_id.expose_secret(), "secret_id": secret_id.expose_secret() })
                .to_string(),
        );
        let answer: Result<Login, Fault> = self.send(&format!("auth/{mount}/login"), None, &body);
        let answer = answer.map_err(|fault| match fault {
            Fault::Doubted(what) | Fault::Login(what) => Fault::Refused(what),
            other => other,
        })?;
        let token = SecretString::from(answer.auth.client_token);
        *kept = Some(token.clone());
        Ok((token, false))
    }

    fn kept_token(&self) -> std::sync::MutexGuard<'_, Option<SecretString>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&SecretString>,
        body: &str,
    ) -> Result<T, Fault> {
        let base = self.settings.url.trim_end_matches('/');
        check_url(base)?;
        let mut headers = vec![
            ("content-type", "application/json"),
            // Agents in between pass on only what says this.
            ("x-vault-request", "true"),
        ];
        if let Some(namespace) = &self.settings.namespace {
            headers.push(("x-vault-namespace", namespace));
        }
        if let Some(token) = token {
            headers.push(("x-vault-token", token.expose_secret()));
        }
        let url = format!("{base}/v1/{path}");
        let answer = post(&self.settings.https, &url, &headers, body.as_bytes())?;
        if answer.status != 200 {
            return Err(fault_of(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| Fault::unusable("its answer has not the form of a transit engine's"))
    }
}

impl Remote for TransitProvider {
    fn encrypt(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, Fault> {
        let plaintext = Zeroizing::new(STANDARD.encode(root));
        let body = self.body("plaintext", &plaintext, context);
        let answer: Data<Ciphertext> = self.call("encrypt", &body)?;
        let ciphertext = answer.data.ciphertext;
        if !is_ciphertext(&ciphertext) {
            return Err(Fault::unusable(
                "it returned something else than ciphertext",
            ));
        }
        Ok(ciphertext.into_bytes())
    }

    fn decrypt(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let ciphertext = std::str::from_utf8(wrapped).map_err(|_| Fault::Rejected)?;
        if !is_ciphertext(ciphertext) {
            return Err(Fault::Rejected);
        }
        let body = self.body("ciphertext", ciphertext, context);
        let answer: Data<Plaintext> = self.call("decrypt", &body)?;
        root_key(answer.data.plaintext)
    }
}

impl KeyProvider for TransitProvider {
    fn describe(&self) -> String {
        let TransitSettings {
            url, mount, key, ..
        } = &self.settings;
        format!("transit key `{key}` of `{mount}` at `{url}`")
    }

    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        remote::wrap(self, root, context).map_err(|fault| fault.named(self.describe()))
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        remote::unwrap(self, wrapped, context).map_err(|fault| fault.named(self.describe()))
    }
}

/// What an answer other than success means.
fn fault_of(answer: &Answer) -> Fault {
    let errors = serde_json::from_slice::<Errors>(&answer.body)
        .map(|body| body.errors.join("; "))
        .unwrap_or_default();
    let what = said(&format!("status {}: {errors}", answer.status));
    match answer.status {
        // The key was rotated and the version that wrapped is not to be used any more.
        400 if errors.contains("too old") => Fault::Refused(what),
        400 if errors.contains("key not found") => Fault::Refused(what),
        400 => Fault::Doubted(what),
        403 => Fault::Login(what),
        404 => Fault::Refused(format!("{what}; is the engine mounted and the key made?")),
        // Redirects lead from a standby to the active node; 412 and 472 to 474 are answers of
        // nodes that are behind, or of standbys that do not forward.
        300..=399 | 412 | 429 | 472..=474 | 500..=599 => Fault::Unavailable(what),
        _ => Fault::Unusable(what),
    }
}

/// `vault:v`, the version of the key, a colon, base64.
fn is_ciphertext(text: &str) -> bool {
    let Some((version, sealed)) = text
        .strip_prefix("vault:v")
        .and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    text.len() <= CIPHERTEXT_BYTES_MAX
        && version
            .parse::<u32>()
            .is_ok_and(|number| number.to_string() == version)
        && STANDARD
            .decode(sealed)
            .is_ok_and(|sealed| sealed.len() > 32)
}

/// Names become parts of a URL.
fn check_name(name: &str) -> Result<(), Fault> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let parts = name.split('/');
    if !name.bytes().all(fits)
        || parts
            .into_iter()
            .any(|part| part.is_empty() || part == "..")
    {
        return Err(Fault::Unusable(format!("`{name}` is not a name or mount")));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Ciphertext {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Plaintext {
    plaintext: String,
}

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

/// Longer than the ciphertext of a root key in any version.
const CIPHERTEXT_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_has_one_form() {
        let sealed = |bytes: usize| STANDARD.encode(vec![7; bytes]);
        assert!(is_ciphertext(&format!("vault:v1:{}", sealed(60))));
        assert!(is_ciphertext(&format!("vault:v4294967295:{}", sealed(33))));
        assert!(!is_ciphertext(&format!("vault:v1:{}", sealed(32))));
        assert!(!is_ciphertext(&format!("vault:v4294967296:{}", sealed(60))));
        // 9 bytes of prefix, then base64 in groups of four.
        assert!(is_ciphertext(&format!("vault:v1:{}", sealed(375))));
        assert!(!is_ciphertext(&format!("vault:v1:{}", sealed(378))));
    }

    #[test]
    fn names_stay_within_their_part_of_the_url() {
        for (name, fits) in [
            ("transit", true),
            ("team/transit-2.x_y", true),
            ("", false),
            ("/transit", false),
            ("transit/", false),
            ("a//b", false),
            ("a/../b", false),
            ("..", false),
            ("a b", false),
            ("a?b", false),
            ("a%2fb", false),
        ] {
            assert_eq!(check_name(name).is_ok(), fits, "{name}");
        }
    }
}
