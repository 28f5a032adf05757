//! AWS KMS: the root key is encrypted under a symmetric KMS key, with the context of the wrap
//! in the encryption context. The context stands in the logs of KMS; it holds no secret.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::fault::{Fault, said};
use super::https::{Answer, HttpsSettings, post};
use super::remote::{self, Remote, root_key};
use super::sigv4::{Credentials, Request, SESSION_TOKEN, Scope, sign};
use super::{Clock, KeyProvider, ProviderError, https, secret_file};

/// Which KMS key encrypts, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKmsSettings {
    /// The region, as in `eu-central-1`.
    pub region: String,
    /// Id, ARN or alias of the key.
    pub key: String,
    /// Address of the service, where it is not the region's public one.
    pub endpoint: Option<String>,
    /// A credentials file in the format of the AWS tools, of mode 0600.
    pub credentials_file: PathBuf,
    /// The profile of that file.
    pub profile: String,
    /// How the service is reached.
    pub https: HttpsSettings,
}

/// Wraps the root key with a key of AWS KMS.
pub struct AwsKmsProvider {
    settings: AwsKmsSettings,
    clock: Clock,
}

impl AwsKmsProvider {
    /// A provider with these settings. Nothing is asked until it is used.
    #[must_use]
    pub fn new(settings: AwsKmsSettings, clock: Clock) -> Self {
        Self { settings, clock }
    }

    fn endpoint(&self) -> String {
        let region = &self.settings.region;
        let public = || format!("https://kms.{region}.amazonaws.com");
        self.settings.endpoint.clone().unwrap_or_else(public)
    }

    fn call<T: DeserializeOwned>(&self, action: &str, body: &Value) -> Result<T, Fault> {
        let settings = &self.settings;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if settings.region.is_empty() || !settings.region.bytes().all(fits) {
            return Err(Fault::unusable("the region is not a name"));
        }
        let credentials = self.credentials()?;
        let endpoint = self.endpoint();
        let endpoint = endpoint.trim_end_matches('/');
        let host = https::host(endpoint)?;
        let target = format!("TrentService.{action}");
        let body = Zeroizing::new(body.to_string());
        let mut headers = vec![
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let request = Request {
            method: "POST",
            host: &host,
            path: "/",
            headers: &headers,
            body: body.as_bytes(),
        };
        let scope = Scope {
            region: &settings.region,
            service: "kms",
            at: (self.clock)(),
        };
        let signed = sign(request, &credentials, scope);
        headers.extend([
            ("x-amz-date", signed.date.as_str()),
            ("authorization", signed.authorization.as_str()),
        ]);
        let token = credentials.session_token.as_ref();
        headers.extend(token.map(|token| (SESSION_TOKEN, token.expose_secret())));
        let url = format!("{endpoint}/");
        let answer = post(&settings.https, &url, &headers, body.as_bytes())?;
        if answer.status != 200 {
            return Err(fault_of(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| Fault::unusable("its answer has not the form of KMS"))
    }

    /// Read for each request, so that rotated credentials take effect.
    fn credentials(&self) -> Result<Credentials, Fault> {
        let path = &self.settings.credentials_file;
        let text = secret_file::read(path).map_err(Fault::Unusable)?;
        parse_credentials(text.expose_secret(), &self.settings.profile).ok_or_else(|| {
            let (path, profile) = (path.display(), &self.settings.profile);
            Fault::Unusable(format!("`{path}` has no keys for the profile `{profile}`"))
        })
    }

    fn context(context: &[u8]) -> Value {
        json!({ "wardgate": STANDARD.encode(context) })
    }
}

impl Remote for AwsKmsProvider {
    fn encrypt(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, Fault> {
        let body = json!({
            "KeyId": self.settings.key,
            "Plaintext": STANDARD.encode(root),
            "EncryptionContext": Self::context(context),
        });
        let answer: Encrypted = self.call("Encrypt", &body)?;
        STANDARD
            .decode(answer.ciphertext)
            .map_err(|_| Fault::unusable("it returned something else than ciphertext"))
    }

    fn decrypt(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let body = json!({
            "KeyId": self.settings.key,
            "CiphertextBlob": STANDARD.encode(wrapped),
            "EncryptionContext": Self::context(context),
        });
        let answer: Decrypted = self.call("Decrypt", &body)?;
        root_key(answer.plaintext)
    }
}

impl KeyProvider for AwsKmsProvider {
    fn describe(&self) -> String {
        let AwsKmsSettings { key, region, .. } = &self.settings;
        format!("aws-kms key `{key}` in `{region}`")
    }

    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        remote::wrap(self, root, context).map_err(|fault| fault.named(self.describe()))
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        remote::unwrap(self, wrapped, context).map_err(|fault| fault.named(self.describe()))
    }
}

impl std::fmt::Debug for AwsKmsProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AwsKmsProvider({})", self.describe())
    }
}

/// What an answer other than success means.
fn fault_of(answer: &Answer) -> Fault {
    let error = serde_json::from_slice::<ErrorBody>(&answer.body).unwrap_or_default();
    // The name may stand behind the name of a service.
    let kind = error.kind.rsplit('#').next().unwrap_or_default();
    let what = said(&format!(
        "status {} {kind}: {}",
        answer.status, error.message
    ));
    match kind {
        "InvalidCiphertextException" | "IncorrectKeyException" => Fault::Rejected,
        "InvalidSignatureException" => {
            Fault::Refused(format!("{what}; are the key and the clock right?"))
        }
        "AccessDeniedException"
        | "DisabledException"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidKeyUsageException"
        | "KMSInvalidStateException"
        | "MissingAuthenticationToken"
        | "NotFoundException"
        | "UnrecognizedClientException" => Fault::Refused(what),
        "ThrottlingException" | "LimitExceededException" => Fault::Unavailable(what),
        _ if answer.status == 429 || answer.status >= 500 => Fault::Unavailable(what),
        _ if answer.status == 403 => Fault::Refused(what),
        _ => Fault::Unusable(what),
    }
}

/// Finds a profile in a file of `[profile]` sections with `name = value` lines.
fn parse_credentials(text: &str, profile: &str) -> Option<Credentials> {
    let mut within = false;
    let (mut id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            within = name.trim() == profile;
        } else if let (true, Some((name, value))) = (within, line.split_once('=')) {
            let value = Some(value.trim()).filter(|value| !value.is_empty());
            match name.trim() {
                "aws_access_key_id" => id = value,
                "aws_secret_access_key" => secret = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(Credentials {
        access_key_id: id?.to_owned(),
        secret_access_key: SecretString::from(secret?),
        session_token: token.map(SecretString::from),
    })
}

#[derive(Deserialize)]
struct Encrypted {
    #[serde(rename = "CiphertextBlob")]
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    #[serde(rename = "Plaintext")]
    plaintext: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: String,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn credentials_are_those_of_the_profile() {
        let text = "[a]\naws_access_key_id=ID-A\naws_secret_access_key=S-A\n\
                    # aws_session_token=none\n[ b ]\naws_access_key_id = ID-B\n\
                    aws_secret_access_key = S=B\naws_session_token = T-B\nregion = x\n\
                    [c]\naws_access_key_id = ID-C\naws_secret_access_key =\n";
        let of = |profile| parse_credentials(text, profile);
        let a = of("a").unwrap();
        assert_eq!(a.access_key_id, "ID-A");
        assert_eq!(a.secret_access_key.expose_secret(), "S-A");
        assert!(a.session_token.is_none());
        let b = of("b").unwrap();
        assert_eq!(b.access_key_id, "ID-B");
        assert_eq!(b.secret_access_key.expose_secret(), "S=B");
        assert_eq!(b.session_token.unwrap().expose_secret(), "T-B");
        assert!(of("c").is_none());
        assert!(of("d").is_none());
        assert!(parse_credentials("", "default").is_none());
    }

    #[test]
    fn the_public_endpoint_is_that_of_the_region() {
        let settings = AwsKmsSettings {
            region: "eu-central-1".to_owned(),
            key: "alias/wardgate".to_owned(),
            endpoint: None,
            credentials_file: PathBuf::new(),
            profile: "default".to_owned(),
            https: HttpsSettings::default(),
        };
        let clock: Clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let provider = AwsKmsProvider::new(settings, clock);
        assert_eq!(
            provider.endpoint(),
            "https://kms.eu-central-1.amazonaws.com"
        );
    }
}
