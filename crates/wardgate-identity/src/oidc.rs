//! Sign-in through a provider of identity by OpenID Connect: the authorization code flow with PKCE,
//! as pure checks.
//!
//! What is here builds requests and judges answers. It sends nothing and keeps nothing: the caller
//! keeps state, nonce and verifier between the two halves of a sign-in.

mod discovery;
mod id_token;
mod logout;
mod request;
#[cfg(test)]
mod signed;
mod token_request;

pub use discovery::{Discovery, is_issuer};
pub use id_token::{IdTokenRules, SignedOn};
pub use logout::{LoggedOut, LogoutRules};
pub use request::{AuthorizationRequest, CallbackFault, challenge_of, check_callback};
pub use token_request::{ClientProof, TokenAnswer, token_request};

use crate::token::TokenFault;

/// What is wrong with a provider or its answer. Never holds a token or a claim's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcFault {
    /// The discovery document is not one.
    #[error("its discovery document is not readable")]
    DiscoveryUnreadable,
    /// The discovery document is about another provider.
    #[error("its discovery document names another issuer")]
    OtherIssuer,
    /// An endpoint is reached over a line that others may read.
    #[error("one of its endpoints is neither on https nor on this machine")]
    InsecureEndpoint,
    /// It lacks what this sign-in needs.
    #[error("it does not support the authorization code flow with PKCE (S256)")]
    Unsupported,
    /// It refused the code or this client.
    #[error("it refused the code or the client")]
    CodeRefused,
    /// Its answer holds no usable ID token.
    #[error("its answer holds no ID token")]
    NoIdToken,
    /// The client key cannot sign.
    #[error("the client key cannot sign")]
    ClientKey,
    /// The one verifier refuses its token.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// A claim that must be there is not, or has another form.
    #[error("a claim of its token is missing or malformed")]
    Claims,
    /// The token is for another client.
    #[error("its token is for another client")]
    OtherAudience,
    /// The token belongs to another sign-in.
    #[error("its token belongs to another sign-in")]
    OtherNonce,
    /// The token does not belong to the access token beside it.
    #[error("its token does not belong to the access token beside it")]
    OtherAccessToken,
    /// The token was not issued for this sign-in.
    #[error("its token was issued too long ago")]
    NotNow,
    /// The person proved themselves too long ago.
    #[error("the person did not prove themselves again")]
    NotFresh,
    /// The token is of another kind.
    #[error("its token is of another kind")]
    OtherKind,
}
