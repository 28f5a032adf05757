//! Events of applications that prove who they are.

use jiff::Timestamp;

use super::Token;
use super::canonical::Canonical;

/// An application proved who it is and was given an access token.
#[derive(Clone, Copy, Debug)]
pub struct TokenIssued<'a> {
    /// The application.
    pub app: Token<'a>,
    /// Whether the token is bound to a client certificate.
    pub bound: bool,
    /// When the token ends.
    pub expires: Timestamp,
    /// What it grants.
    pub scopes: &'a [Token<'a>],
    /// SHA-256 of the token.
    pub token: [u8; 32],
}

/// How a caller was identified without an API key.
#[derive(Clone, Copy, Debug)]
pub struct Credential {
    /// Its kind.
    pub kind: CredentialKind,
    /// SHA-256 of the token or of the certificate.
    pub digest: [u8; 32],
}

/// The kind of a credential that is not an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialKind {
    /// An access token that this node issued.
    AccessToken,
    /// A client certificate.
    Certificate,
    /// An access token of the hospital's record system.
    EhrToken,
}

impl CredentialKind {
    /// The words of all kinds.
    pub(super) const WORDS: &'static [&'static str] = &["access_token", "certificate", "ehr_token"];

    /// The word in the leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::Certificate => "certificate",
            Self::EhrToken => "ehr_token",
        }
    }
}

impl TokenIssued<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("app").token(self.app);
        json.member("bound").boolean(self.bound);
        json.member("expires").time(self.expires);
        json.member("scopes")
            .array(self.scopes, |json, scope| json.token(*scope));
        json.member("token").hex(&self.token);
    }
}
