//! What sessions are, how they were proven and why they end.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::RecordId;
use crate::error::RecordsError;

/// Where a session is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// In a cookie of a browser.
    Browser,
    /// In a file of the command line.
    Cli,
}

impl SessionKind {
    /// The word in store and ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Cli => "cli",
        }
    }

    pub(super) fn read(word: &str) -> Result<Self, RecordsError> {
        match word {
            "browser" => Ok(Self::Browser),
            "cli" => Ok(Self::Cli),
            _ => Err(RecordsError::damaged("session", "its kind does not read")),
        }
    }
}

/// What a session was proven by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Means {
    /// A passkey with user verification.
    Passkey,
    /// A password and a one-time code.
    PasswordTotp,
    /// The hospital's own provider of identity.
    Provider,
    /// Its owner let a command line in, from a session of a browser.
    Approval,
}

impl Means {
    /// The word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::PasswordTotp => "password_totp",
            Self::Provider => "provider",
            Self::Approval => "approval",
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// Its owner signed out.
    SignedOut,
    /// Its owner, or an administrator, ended it from elsewhere.
    Revoked,
    /// Nobody used it for too long, or its time was over.
    Expired,
    /// Its owner has more sessions than are kept.
    Displaced,
    /// Its owner's ways to sign in were replaced.
    Recovered,
    /// The provider of identity said so.
    Provider,
    /// Its owner may not act any more.
    Suspended,
}

impl SessionEnd {
    /// The word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Displaced => "displaced",
            Self::Recovered => "recovered",
            Self::Provider => "provider",
            Self::Suspended => "suspended",
        }
    }
}

/// The session that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SessionRequest<'a> {
    /// Whose it will be.
    pub person: &'a str,
    /// Where it is held.
    pub kind: SessionKind,
    /// What it was proven by.
    pub means: Means,
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    pub mfa_level: u8,
    /// When that was proven.
    pub proven_at: Timestamp,
    /// The roles that a provider of identity gave; none leaves the roles of the record.
    pub granted_roles: Option<&'a [String]>,
    /// What browser or program it is, in words that its owner reads.
    pub about: &'a str,
    /// What a provider of identity calls the session.
    pub provider: Option<ProviderSession<'a>>,
}

/// What a provider of identity calls a session and its owner.
#[derive(Clone, Copy, Debug)]
pub struct ProviderSession<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The session id there (`sid`), when it states one.
    pub session: Option<&'a str>,
}

/// A session that was just started. Its token exists nowhere else.
#[derive(Debug)]
pub struct NewSession {
    /// Its id in the ledger.
    pub id: RecordId,
    /// What the browser or program presents.
    pub token: SecretString,
    /// When it ends in any case.
    pub ends_at: Timestamp,
}

/// A fresh proof for a session that exists.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// What it was proven by.
    pub means: Means,
    /// The level of the proof.
    pub mfa_level: u8,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id in the ledger.
    pub id: RecordId,
    /// Whose it is: a person on file who may act.
    pub person: String,
    /// Where it is held.
    pub kind: SessionKind,
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    pub mfa_level: u8,
    /// When that was last proven.
    pub proven_at: Timestamp,
    /// The roles that a provider of identity gave; none leaves the roles of the record.
    pub granted_roles: Option<Vec<String>>,
    /// Whether it was begun through a provider of identity.
    pub through_provider: bool,
    /// What browser or program it is.
    pub about: String,
    /// Since when.
    pub started_at: Timestamp,
    /// When it was last used, to about [`super::SESSION_IDLE_MS`] / 45.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
}
