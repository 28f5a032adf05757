//! Who somebody is: credentials of people, signed tokens of people and applications.
//!
//! The crate checks what is presented and says what it proves. It keeps nothing, reads no clock and
//! reaches no network by itself: what is stored comes in as values, keys of others through [`Fetch`].

#![deny(missing_docs)]

mod access;
mod algorithm;
mod assertion;
mod assurance;
mod certificate;
mod claims;
mod fetch;
mod jwks;
mod object;
pub mod oidc;
mod token;

pub use access::{AccessTokens, Grant, KeyUnusable, LIFETIME as ACCESS_TOKEN_LIFETIME};
pub use algorithm::Algorithm;
pub use assertion::Assertion;
pub use assurance::mfa_level;
pub use certificate::{CertificateFault, ClientCertificate};
pub use claims::Claims;
pub use fetch::{Fetch, FetchFault};
pub use jwks::{
    JwkSet, JwksAges, JwksCache, JwksFault, KEYS_MAX, KeySources, KeysExpired, SET_BYTES_MAX,
    SourceFault, is_key_address,
};
pub use token::{
    LEEWAY, PresentedToken, Profile, TOKEN_BYTES_MAX, TokenFault, Typ, Verified, digest_of, verify,
};
