//! The HTTPS client of the providers: one request, one answer, within a deadline.
//!
//! It follows no redirects, as they would carry a token to another host, and it speaks
//! plain HTTP to this machine only.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error, Proxy};
use zeroize::Zeroizing;

use super::fault::{Fault, said};

/// How a provider is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsSettings {
    /// Certificates in PEM that the provider's must come from; otherwise those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take in all.
    pub deadline_ms: u64,
}

impl HttpsSettings {
    /// The deadline of a request unless told otherwise.
    pub const DEADLINE_MS: u64 = 5_000;
}

impl Default for HttpsSettings {
    fn default() -> Self {
        Self {
            ca_file: None,
            deadline_ms: Self::DEADLINE_MS,
        }
    }
}

/// What a provider answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Sends one request. Only what was answered in full is an answer.
pub(super) fn post(
    settings: &HttpsSettings,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Fault> {
    let local = check_url(url)?;
    let agent = agent(settings, local)?;
    let mut request = agent.post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.send(body).map_err(failed)?;
    let body = answer
        .body_mut()
        .with_config()
        .limit(BODY_BYTES_MAX)
        .read_to_vec()
        .map_err(failed)?;
    Ok(Answer {
        status: answer.status().as_u16(),
        body: Zeroizing::new(body),
    })
}

/// Refuses an address that secrets must not be sent to. Says whether it is this machine.
pub(super) fn check_url(url: &str) -> Result<bool, Fault> {
    let refuse = |what: &str| Err(Fault::Unusable(format!("the address `{url}` {what}")));
    let Ok(parsed) = url.parse::<Uri>() else {
        return refuse("is not a URL");
    };
    let (Some(scheme), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
        return refuse("is not a URL");
    };
    if authority.as_str().contains('@') {
        return Err(Fault::unusable("the address holds a password"));
    }
    let local = matches!(authority.host(), "127.0.0.1" | "[::1]" | "localhost");
    match scheme {
        "https" => Ok(local),
        "http" if local => Ok(local),
        _ => refuse("is not https"),
    }
}

/// Host and port of an address, as they stand in the header of that name.
pub(super) fn host(url: &str) -> Result<String, Fault> {
    check_url(url)?;
    let parsed = url.parse::<Uri>().ok();
    parsed
        .and_then(|url| Some(url.authority()?.as_str().to_owned()))
        .ok_or_else(|| Fault::unusable("the address is not a URL"))
}

fn agent(settings: &HttpsSettings, local: bool) -> Result<Agent, Fault> {
    let tls = TlsConfig::builder()
        .root_certs(roots(settings)?)
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .build();
    let deadline = Duration::from_millis(settings.deadline_ms);
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(deadline))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(if local { None } else { Proxy::try_from_env() })
        .user_agent("wardgate")
        .build();
    Ok(config.new_agent())
}

fn roots(settings: &HttpsSettings) -> Result<RootCerts, Fault> {
    let Some(path) = &settings.ca_file else {
        let system = rustls_native_certs::load_native_certs();
        return Ok(RootCerts::from(
            system
                .certs
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned()),
        ));
    };
    let fault = |what: &str| {
        let path = path.display();
        Fault::Unusable(format!("the certificate file `{path}` {what}"))
    };
    let pem = std::fs::read(path).map_err(|error| fault(&format!("can not be read: {error}")))?;
    if pem.len() > CA_FILE_BYTES_MAX {
        return Err(fault("is too large"));
    }
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| fault("is not PEM"))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(fault("holds no certificate"));
    }
    Ok(RootCerts::from(certificates))
}

/// What a failed exchange means: the way to the provider, or what it is.
fn failed(error: Error) -> Fault {
    match error {
        Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => {
            Fault::unusable("its answer is too large")
        }
        Error::Http(_) | Error::BadUri(_) => {
            Fault::unusable("a setting has a character that can not be sent")
        }
        Error::Timeout(_) => Fault::Unavailable("it did not answer in time".to_owned()),
        other => Fault::Unavailable(said(&other.to_string())),
    }
}

/// The greatest answer that is read, in bytes. A wrapped key has a few hundred.
const BODY_BYTES_MAX: u64 = 64 * 1024;
const CA_FILE_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_to_https_and_to_this_machine_only() {
        for (url, local) in [
            ("https://bao.example.org:8200", Some(false)),
            ("https://localhost", Some(true)),
            ("https://127.0.0.1:1/x", Some(true)),
            ("http://127.0.0.1:8200", Some(true)),
            ("http://[::1]:8200", Some(true)),
            ("http://localhost", Some(true)),
            ("http://127.0.0.2", None),
            ("http://localhost.example.org", None),
            ("http://bao.example.org", None),
            ("ftp://localhost", None),
            ("https://me:word@bao.example.org", None),
            ("bao.example.org", None),
            ("/v1", None),
            ("", None),
        ] {
            assert_eq!(check_url(url).ok(), local, "{url}");
        }
        let error = check_url("https://me:word@bao.example.org").unwrap_err();
        assert!(!format!("{error:?}").contains("word@"), "{error:?}");
    }

    #[test]
    fn the_host_has_its_port() {
        assert_eq!(
            host("https://kms.example.org:8443/").unwrap(),
            "kms.example.org:8443"
        );
        assert_eq!(host("https://kms.example.org").unwrap(), "kms.example.org");
        assert!(host("http://kms.example.org").is_err());
    }

    #[test]
    fn a_certificate_file_has_certificates_and_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let tried = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            roots(&HttpsSettings {
                ca_file: Some(path.clone()),
                ..HttpsSettings::default()
            })
        };
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.example.org".to_owned()]).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        assert!(tried(pem.as_bytes()).is_ok());
        let padded = |bytes: usize| {
            let mut text = pem.clone().into_bytes();
            text.resize(bytes, b'\n');
            text
        };
        assert!(tried(&padded(CA_FILE_BYTES_MAX)).is_ok());
        assert!(tried(&padded(CA_FILE_BYTES_MAX + 1)).is_err());
        assert!(tried(b"").is_err());
        assert!(tried(key.serialize_pem().as_bytes()).is_err());
        assert!(tried(pem.replace("END", "EN").as_bytes()).is_err());
    }
}
