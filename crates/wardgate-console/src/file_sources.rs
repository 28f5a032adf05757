//! Where files may be fetched from to be de-identified.

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use wardgate_identity::is_key_address;

/// A server whose files may be fetched to be de-identified: every address below one.
#[derive(Debug, Clone)]
pub struct FileSource {
    below: Url,
    token: Option<SecretString>,
}

impl FileSource {
    /// A source below an address, and the bearer token that its server wants; none for an address
    /// that [`FileSource::is_address`] does not take.
    #[must_use]
    pub fn new(below: &str, token: Option<SecretString>) -> Option<Self> {
        let below = Url::parse(below)
            .ok()
            .filter(|url| Self::is_address(url.as_str()))?;
        Some(Self { below, token })
    }

    /// Whether an address can stand for all below it: over https, or http on this machine, ending in
    /// a slash, without a query.
    #[must_use]
    pub fn is_address(address: &str) -> bool {
        let folder =
            |url: Url| url.path().ends_with('/') && url.query().is_none() && is_plain(&url);
        is_key_address(address) && Url::parse(address).is_ok_and(folder)
    }

    /// Whether an address is one of a file of this source.
    pub(crate) fn has(&self, file: &Url) -> bool {
        let within = file.path().strip_prefix(self.below.path());
        file.origin() == self.below.origin()
            && within.is_some_and(|rest| !rest.is_empty())
            && file.username().is_empty()
            && file.password().is_none()
            && is_plain(file)
    }

    /// What the server wants to see, if anything.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_ref().map(ExposeSecret::expose_secret)
    }
}

/// A path in which no server could find other separators than are seen here.
fn is_plain(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    !["%2f", "%5c", "%2e", "%25", "//"]
        .iter()
        .any(|hidden| path.contains(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_what_lies_below_it_and_nothing_else() {
        let source = FileSource::new("https://bulk.example.org/exports/", None).unwrap();
        let has = |file: &str| source.has(&Url::parse(file).unwrap());
        assert!(has("https://bulk.example.org/exports/1/Patient.ndjson"));
        assert!(has("https://BULK.example.org:443/exports/Patient?part=2"));
        for other in [
            "https://bulk.example.org/exports/",
            "https://bulk.example.org/export/Patient.ndjson",
            "https://bulk.example.org/exports/../secret",
            "https://bulk.example.org/exports/%2e%2e/secret",
            "https://bulk.example.org/exports/..%2fsecret",
            "https://bulk.example.org/exports/%252e%252e/secret",
            "https://bulk.example.org/exports/a//b",
            "http://bulk.example.org/exports/Patient.ndjson",
            "https://bulk.example.org:8443/exports/Patient.ndjson",
            "https://bulk.example.org.evil.example/exports/Patient.ndjson",
            "https://bulk.example.org@evil.example/exports/Patient.ndjson",
            "https://who@bulk.example.org/exports/Patient.ndjson",
            "file:///exports/Patient.ndjson",
        ] {
            assert!(!has(other), "{other}");
        }
    }

    #[test]
    fn an_address_of_a_source_is_a_folder_over_tls_or_on_this_machine() {
        for good in [
            "https://bulk.example.org/",
            "http://127.0.0.1:9/exports/",
            "http://localhost:9/a/b/",
        ] {
            assert!(FileSource::is_address(good), "{good}");
            assert!(FileSource::new(good, None).is_some());
        }
        for bad in [
            "bulk.example.org/",
            "https://bulk.example.org/exports",
            "https://bulk.example.org/exports/?a=/",
            "http://bulk.example.org/exports/",
            "https://a:b@bulk.example.org/",
            "ftp://bulk.example.org/",
        ] {
            assert!(!FileSource::is_address(bad), "{bad}");
            assert!(FileSource::new(bad, None).is_none());
        }
    }
}
