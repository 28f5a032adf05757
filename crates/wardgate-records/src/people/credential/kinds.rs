//! What ways to sign in there are, and which of them suffice.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::RecordId;
use crate::error::RecordsError;

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A passkey: phishing-resistant by itself.
    Passkey,
    /// The secret of one-time codes.
    Totp,
    /// A password; never enough alone.
    Password,
    /// Codes that each take the place of a one-time code once.
    Recovery,
}

impl CredentialKind {
    /// The word in store and ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::Password => "password",
            Self::Recovery => "recovery",
        }
    }

    pub(in crate::people) fn read(word: &str) -> Result<Self, RecordsError> {
        match word {
            "passkey" => Ok(Self::Passkey),
            "totp" => Ok(Self::Totp),
            "password" => Ok(Self::Password),
            "recovery" => Ok(Self::Recovery),
            _ => Err(RecordsError::damaged(
                "credential",
                "its kind does not read",
            )),
        }
    }
}

/// Whether somebody with credentials of these kinds can sign in: with a passkey, or with a
/// password and a second factor.
#[must_use]
pub fn suffices(kinds: impl IntoIterator<Item = CredentialKind>) -> bool {
    let (mut passkey, mut password, mut totp) = (false, false, false);
    for kind in kinds {
        match kind {
            CredentialKind::Passkey => passkey = true,
            CredentialKind::Password => password = true,
            CredentialKind::Totp => totp = true,
            CredentialKind::Recovery => {}
        }
    }
    passkey || (password && totp)
}

/// A way to sign in.
#[derive(Clone)]
pub struct Credential {
    /// Its id.
    pub id: RecordId,
    /// Whose it is.
    pub person: String,
    /// What it is.
    pub kind: CredentialKind,
    /// What its owner calls it.
    pub label: String,
    /// What `wardgate-identity` needs to check it.
    pub secret: Zeroizing<Vec<u8>>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Option<Timestamp>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}, {})", self.id, self.kind.as_str())
    }
}

/// A way to sign in that is to be added.
#[derive(Clone, Copy)]
pub struct NewCredential<'a> {
    /// What its owner calls it.
    pub label: &'a str,
    /// What it is.
    pub secret: NewSecret<'a>,
}

/// What a new credential is.
#[derive(Clone, Copy)]
pub enum NewSecret<'a> {
    /// A passkey.
    Passkey {
        /// The id that authenticators name it by.
        credential_id: &'a [u8],
        /// What checks it.
        state: &'a [u8],
    },
    /// The secret of one-time codes. It takes the place of an earlier one.
    Totp(&'a [u8]),
    /// The hash of a password. It takes the place of an earlier one.
    Password(&'a [u8]),
    /// Recovery codes. They take the place of earlier ones.
    Recovery(&'a [Zeroizing<String>]),
}

impl NewSecret<'_> {
    /// The kind of the credential.
    #[must_use]
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Passkey { .. } => CredentialKind::Passkey,
            Self::Totp(_) => CredentialKind::Totp,
            Self::Password(_) => CredentialKind::Password,
            Self::Recovery(_) => CredentialKind::Recovery,
        }
    }
}

impl std::fmt::Debug for NewSecret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind().as_str())
    }
}

impl std::fmt::Debug for NewCredential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewCredential({})", self.secret.kind().as_str())
    }
}
