//! Google Cloud KMS: the root key is encrypted under a symmetric key, with the context of the
//! wrap as additional authenticated data. Every value carries its CRC32C both ways, as Google
//! asks of its clients.

mod token;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::fault::{Fault, said};
use super::https::{Answer, HttpsSettings, post};
use super::remote::{self, Remote, root_key};
use super::{Clock, KeyProvider, ProviderError};
use token::Tokens;

/// Which key encrypts, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcpKmsSettings {
    /// `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
    pub key: String,
    /// Address of the service, where it is not the public one.
    pub endpoint: Option<String>,
    /// The key file of a service account, of mode 0600.
    pub credentials_file: PathBuf,
    /// How the service is reached.
    pub https: HttpsSettings,
}

/// Wraps the root key with a key of Google Cloud KMS.
pub struct GcpKmsProvider {
    settings: GcpKmsSettings,
    tokens: Tokens,
}

impl GcpKmsProvider {
    /// A provider with these settings. Nothing is asked until it is used.
    #[must_use]
    pub fn new(settings: GcpKmsSettings, clock: Clock) -> Self {
        let tokens = Tokens::new(
            settings.credentials_file.clone(),
            settings.https.clone(),
            clock,
        );
        Self { settings, tokens }
    }

    /// Sends a request, with a fresh token if the one in memory is refused.
    fn call<T: DeserializeOwned>(&self, action: &str, body: &Value) -> Result<T, Fault> {
        check_key(&self.settings.key)?;
        let body = Zeroizing::new(body.to_string());
        let (token, kept) = self.tokens.token()?;
        match self.send(action, token.expose_secret(), &body) {
            Err(Fault::Login(_)) if kept => {
                self.tokens.forget();
                let (token, _) = self.tokens.token()?;
                self.send(action, token.expose_secret(), &body)
            }
            outcome => outcome,
        }
    }

    fn send<T: DeserializeOwned>(&self, action: &str, token: &str, body: &str) -> Result<T, Fault> {
        let endpoint = self.settings.endpoint.as_deref().unwrap_or(ENDPOINT);
        let endpoint = endpoint.trim_end_matches('/');
        let url = format!("{endpoint}/v1/{}:{action}", self.settings.key);
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
        ];
        let answer = post(&self.settings.https, &url, &headers, body.as_bytes())?;
        if answer.status != 200 {
            return Err(fault_of(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| Fault::unusable("its answer has not the form of Cloud KMS"))
    }
}

impl Remote for GcpKmsProvider {
    fn encrypt(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, Fault> {
        let body = json!({
            "plaintext": STANDARD.encode(root),
            "plaintextCrc32c": checksum(root),
            "additionalAuthenticatedData": STANDARD.encode(context),
            "additionalAuthenticatedDataCrc32c": checksum(context),
        });
        let answer: Encrypted = self.call("encrypt", &body)?;
        if !answer.verified_plaintext || !answer.verified_context {
            return Err(corrupted());
        }
        let version = answer.name.strip_prefix(&self.settings.key);
        if !version.is_some_and(|version| version.starts_with("/cryptoKeyVersions/")) {
            return Err(Fault::unusable("it encrypted with another key"));
        }
        let ciphertext = STANDARD
            .decode(answer.ciphertext)
            .map_err(|_| Fault::unusable("it returned something else than ciphertext"))?;
        if checksum(&ciphertext) != answer.checksum {
            return Err(corrupted());
        }
        Ok(ciphertext)
    }

    fn decrypt(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let body = json!({
            "ciphertext": STANDARD.encode(wrapped),
            "ciphertextCrc32c": checksum(wrapped),
            "additionalAuthenticatedData": STANDARD.encode(context),
            "additionalAuthenticatedDataCrc32c": checksum(context),
        });
        let answer: Decrypted = self.call("decrypt", &body)?;
        let root = root_key(answer.plaintext)?;
        if checksum(root.as_slice()) != answer.checksum {
            return Err(corrupted());
        }
        Ok(root)
    }
}

impl KeyProvider for GcpKmsProvider {
    fn describe(&self) -> String {
        format!("gcp-kms key `{}`", self.settings.key)
    }

    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        remote::wrap(self, root, context).map_err(|fault| fault.named(self.describe()))
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        remote::unwrap(self, wrapped, context).map_err(|fault| fault.named(self.describe()))
    }
}

impl std::fmt::Debug for GcpKmsProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GcpKmsProvider({})", self.describe())
    }
}

/// What an answer other than success means.
fn fault_of(answer: &Answer) -> Fault {
    let error = serde_json::from_slice::<ErrorBody>(&answer.body).unwrap_or_default();
    let Status { status, message } = error.error;
    let what = said(&format!("status {} {status}: {message}", answer.status));
    match answer.status {
        400 if status == "INVALID_ARGUMENT" => Fault::Doubted(what),
        400 | 403 | 404 => Fault::Refused(what),
        401 => Fault::Login(what),
        429 | 500..=599 => Fault::Unavailable(what),
        _ => Fault::Unusable(what),
    }
}

/// The name becomes part of a URL.
fn check_key(key: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = key.split('/').collect();
    let [
        "projects",
        project,
        "locations",
        location,
        "keyRings",
        ring,
        "cryptoKeys",
        name,
    ] = parts.as_slice()
    else {
        return Err(Fault::unusable(
            "the key is not named as projects/P/locations/L/keyRings/R/cryptoKeys/K",
        ));
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let named = |part: &&&str| !part.is_empty() && part.bytes().all(fits);
    if ![project, location, ring, name].iter().all(named) {
        return Err(Fault::unusable(
            "the name of the key has a character that does not belong",
        ));
    }
    Ok(())
}

/// CRC32C in decimal, as the service writes 64-bit numbers.
fn checksum(bytes: &[u8]) -> String {
    crc32c::crc32c(bytes).to_string()
}

fn corrupted() -> Fault {
    Fault::Unavailable("what was sent and what arrived have different checksums".to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encrypted {
    name: String,
    ciphertext: String,
    #[serde(rename = "ciphertextCrc32c")]
    checksum: String,
    #[serde(rename = "verifiedPlaintextCrc32c", default)]
    verified_plaintext: bool,
    #[serde(rename = "verifiedAdditionalAuthenticatedDataCrc32c", default)]
    verified_context: bool,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
    #[serde(rename = "plaintextCrc32c")]
    checksum: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    status: String,
    message: String,
}

const ENDPOINT: &str = "https://cloudkms.googleapis.com";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_whole_name() {
        let good = "projects/p-1/locations/europe-west3/keyRings/r_1/cryptoKeys/k.1";
        assert!(check_key(good).is_ok());
        for part in ["p-1", "europe-west3", "r_1", "k.1"] {
            assert!(check_key(&good.replace(part, "")).is_err(), "{part}");
            assert!(check_key(&good.replace(part, "a?b")).is_err(), "{part}");
        }
        assert!(check_key(&good.replace("keyRings", "rings")).is_err());
        assert!(check_key(&format!("/{good}")).is_err());
    }

    #[test]
    fn checksums_are_crc32c_in_decimal() {
        // The check value of the polynomial.
        assert_eq!(checksum(b"123456789"), 0xe306_9283_u32.to_string());
    }
}
