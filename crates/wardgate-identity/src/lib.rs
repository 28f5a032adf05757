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
mod delay;
mod fetch;
mod jwks;
mod object;
pub mod oidc;
mod passkey;
mod password;
mod recovery;
mod session;
mod token;
mod totp;

pub use access::{AccessTokens, Grant, KeyUnusable, LIFETIME as ACCESS_TOKEN_LIFETIME};
pub use algorithm::Algorithm;
pub use assertion::Assertion;
pub use assurance::mfa_level;
pub use certificate::{CertificateFault, ClientCertificate};
pub use claims::Claims;
pub use delay::{COUNTED_MAX, Counted, Delays, FORGET_MS, Network};
pub use fetch::{Fetch, FetchFault};
pub use jwks::{
    JwkSet, JwksAges, JwksCache, JwksFault, KEYS_MAX, KeySources, KeysExpired, SET_BYTES_MAX,
    SourceFault, is_key_address,
};
pub use passkey::{Asked, Claimed, PasskeyFault, Passkeys, Proven, Registered};
pub use password::{
    Checked, Cost, HashFault, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordFault,
    check_new_password, check_password, hash_password, is_breached,
};
pub use recovery::{RECOVERY_CODE_BYTES, RECOVERY_CODES, read_recovery_code, recovery_code};
pub use session::{DEVICE_COOKIE, Proof, SESSION_COOKIE, clear_cookie, read_cookie, set_cookie};
pub use token::{
    LEEWAY, PresentedToken, Profile, TOKEN_BYTES_MAX, TokenFault, Typ, Verified, digest_of, verify,
};
pub use totp::{SECRET_BYTES as TOTP_SECRET_BYTES, STEP_S as TOTP_STEP_S, TotpSecret};
