//! Why a sign-in through a provider does not end in a session, as a page.

use axum::http::StatusCode;
use axum::response::Response;
use wardgate_identity::oidc::{CallbackFault, OidcFault};
use wardgate_records::RecordsError;

use super::pending::{forget, with_cookies};
use super::provider::ProviderFault;
use crate::Parts;
use crate::frame::{Frame, refusal_page};
use crate::refusal::Refusal;

/// Why a sign-in through a provider does not end in a session.
#[derive(Debug)]
pub(super) enum NoSignOn {
    /// There is no such provider.
    UnknownProvider,
    /// The provider cannot be used now.
    Provider(ProviderFault),
    /// This browser began no sign-in, or it was answered already.
    NotBegun,
    /// The answer is of another sign-in or provider.
    Foreign(CallbackFault),
    /// The provider let the person not in.
    Declined,
    /// What the provider says does not hold.
    Unproven(OidcFault),
    /// Nobody on file who may act. Whether nobody is on file or somebody may not act is not told.
    NoAccess,
    /// The proof is weaker than this console asks for.
    TooWeak,
    /// The person who proved themselves is not the one who had to.
    SomebodyElse,
    /// The store failed.
    Store(RecordsError),
}

impl From<ProviderFault> for NoSignOn {
    fn from(fault: ProviderFault) -> Self {
        Self::Provider(fault)
    }
}

impl From<OidcFault> for NoSignOn {
    fn from(fault: OidcFault) -> Self {
        Self::Unproven(fault)
    }
}

impl From<CallbackFault> for NoSignOn {
    fn from(fault: CallbackFault) -> Self {
        Self::Foreign(fault)
    }
}

impl From<RecordsError> for NoSignOn {
    fn from(error: RecordsError) -> Self {
        Self::Store(error)
    }
}

impl NoSignOn {
    fn refusal(self) -> Refusal {
        let begin_again = "go to the sign-in page and begin again";
        let (status, code, message, hint) = match self {
            Self::Store(error) => return Refusal::from(error),
            Self::UnknownProvider => (
                StatusCode::NOT_FOUND,
                "sso.unknown_provider",
                "there is no such provider of identity",
                "choose one on the sign-in page",
            ),
            Self::Provider(_) => (
                StatusCode::BAD_GATEWAY,
                "sso.provider_unavailable",
                "the provider of identity can not be used now",
                "try again in a moment, or sign in with a passkey",
            ),
            Self::NotBegun => (
                StatusCode::BAD_REQUEST,
                "sso.not_begun",
                "this browser began no sign-in that this could answer",
                begin_again,
            ),
            Self::Foreign(_) => (
                StatusCode::BAD_REQUEST,
                "sso.foreign_answer",
                "this answer belongs to another sign-in",
                begin_again,
            ),
            Self::Declined => (
                StatusCode::FORBIDDEN,
                "sso.declined",
                "the provider of identity did not let you in",
                begin_again,
            ),
            Self::Unproven(_) => (
                StatusCode::FORBIDDEN,
                "sso.unproven",
                "what the provider of identity says does not hold",
                "begin again; if it happens again, tell your administrator",
            ),
            Self::NoAccess => (
                StatusCode::FORBIDDEN,
                "sso.no_access",
                "you are known to the provider of identity, and have no access here",
                "ask your administrator for access",
            ),
            Self::TooWeak => (
                StatusCode::FORBIDDEN,
                "sso.too_weak",
                "the provider of identity vouches for less proof than is asked for here",
                "sign in there with a second factor or a passkey",
            ),
            Self::SomebodyElse => (
                StatusCode::FORBIDDEN,
                "sso.somebody_else",
                "somebody else proved themselves than the person who is signed in",
                "sign out and in again as yourself",
            ),
        };
        Refusal::new(status, code, message, hint)
    }

    /// The page, which also ends the sign-in that was begun.
    pub(super) fn page(self, parts: &Parts, provider: &str, path: &str) -> Response {
        match &self {
            Self::Provider(fault) => {
                tracing::warn!(provider, error = %fault, "a provider of identity can not be used");
            }
            Self::Unproven(fault) => {
                tracing::warn!(provider, error = %fault, "a sign-in through a provider was refused");
            }
            Self::Foreign(fault) => {
                tracing::warn!(provider, error = %fault, "a foreign answer was refused");
            }
            _ => {}
        }
        let refusal = self.refusal();
        let frame = Frame::of(parts, None, "Sign in", path).narrow();
        with_cookies([forget()], refusal_page(frame, &refusal))
    }
}
