//! Access tokens of a service account: a signed statement of who asks, exchanged for a token.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use zeroize::{Zeroize, Zeroizing};

use crate::provider::fault::{Fault, said};
use crate::provider::https::{HttpsSettings, post};
use crate::provider::{Clock, secret_file};

/// Gets tokens, and keeps the last one while it is good.
pub(super) struct Tokens {
    credentials_file: PathBuf,
    https: HttpsSettings,
    clock: Clock,
    kept: Mutex<Option<Token>>,
}

struct Token {
    text: SecretString,
    good_until: Timestamp,
}

impl Tokens {
    pub(super) fn new(credentials_file: PathBuf, https: HttpsSettings, clock: Clock) -> Self {
        Self {
            credentials_file,
            https,
            clock,
            kept: Mutex::new(None),
        }
    }

    /// A token, and whether it was made for an earlier request.
    pub(super) fn token(&self) -> Result<(SecretString, bool), Fault> {
        let now = (self.clock)();
        let mut kept = self.kept();
        if let Some(token) = kept.as_ref().filter(|token| now < token.good_until) {
            return Ok((token.text.clone(), true));
        }
        let token = self.fetch(now)?;
        let text = token.text.clone();
        *kept = Some(token);
        Ok((text, false))
    }

    pub(super) fn forget(&self) {
        *self.kept() = None;
    }

    fn kept(&self) -> MutexGuard<'_, Option<Token>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self, now: Timestamp) -> Result<Token, Fault> {
        let text = secret_file::read(&self.credentials_file).map_err(Fault::Unusable)?;
        let account: Account = serde_json::from_str(text.expose_secret())
            .map_err(|_| Fault::unusable("the credentials are not a key of a service account"))?;
        let statement = account.statement(now)?;
        let body = Zeroizing::new(format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={}",
            statement.as_str()
        ));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = post(&self.https, &account.token_uri, &headers, body.as_bytes())?;
        match answer.status {
            200 => {}
            400 | 401 | 403 => {
                let error = serde_json::from_slice::<TokenError>(&answer.body).unwrap_or_default();
                return Err(Fault::Refused(said(&format!(
                    "the service account was refused: {} {}",
                    error.error, error.error_description
                ))));
            }
            429 | 500..=599 => {
                return Err(Fault::Unavailable(format!(
                    "status {} where tokens are given",
                    answer.status
                )));
            }
            status => {
                return Err(Fault::Unusable(format!(
                    "status {status} where tokens are given"
                )));
            }
        }
        let granted: Granted = serde_json::from_slice(&answer.body)
            .map_err(|_| Fault::unusable("what gives tokens gave something else"))?;
        let seconds = granted.expires_in.clamp(0, TOKEN_SECONDS) - MARGIN_SECONDS;
        Ok(Token {
            text: SecretString::from(granted.access_token),
            good_until: now + SignedDuration::from_secs(seconds),
        })
    }
}

/// The key file of a service account, as the service writes it.
#[derive(Deserialize)]
struct Account {
    client_email: String,
    private_key_id: String,
    private_key: String,
    token_uri: String,
}

impl Account {
    /// A JSON Web Token (RFC 7519) signed with RS256.
    fn statement(&self, now: Timestamp) -> Result<Zeroizing<String>, Fault> {
        let fault = || Fault::unusable("the key of the service account is not an RSA key in PEM");
        let der = PrivatePkcs8KeyDer::from_pem_slice(self.private_key.as_bytes());
        let der = der.map_err(|_| fault())?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| fault())?;
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.private_key_id });
        let claims = json!({
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": now.as_second(),
            "exp": now.as_second() + TOKEN_SECONDS,
        });
        let mut text = Zeroizing::new(URL_SAFE_NO_PAD.encode(header.to_string()));
        text.push('.');
        text.push_str(&URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            text.as_bytes(),
            &mut signature,
        )
        .map_err(|_| fault())?;
        text.push('.');
        text.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(text)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenError {
    error: String,
    error_description: String,
}

const SCOPE: &str = "https://www.googleapis.com/auth/cloudkms";
/// How long a token is asked for.
const TOKEN_SECONDS: i64 = 3600;
/// So much before its end a token is not used any more.
const MARGIN_SECONDS: i64 = 60;
