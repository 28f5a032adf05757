//! Challenges: the half of a ceremony that the other side must finish.
//!
//! The state stays here, sealed. The other side holds a random token for it, which is taken once.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use wardgate_vault::Binding;
use zeroize::Zeroizing;

use super::CHALLENGE_OBJECT;
use super::mint::For;
use crate::error::RecordsError;
use crate::store::Store;
use crate::store::rows::micros;

/// How long a challenge waits.
pub const CHALLENGE_MS: i64 = 5 * 60 * 1_000;
/// How many challenges wait at a time. The oldest gives way: a flood costs whoever waits a second
/// attempt, and costs the disk nothing more.
pub const CHALLENGES_MAX: i64 = 4_096;

/// What a challenge is part of. One of one kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeKind {
    /// A passkey is being registered.
    PasskeyRegistration,
    /// A passkey is being asked for, of whoever has one.
    PasskeySignIn,
    /// A person who is signed in is asked for a passkey of theirs.
    PasskeyStepUp,
    /// The second factor of a person whose password was right.
    SecondFactor,
    /// A second factor that is being set up.
    TotpSetup,
    /// A provider of identity was asked who somebody is.
    ProviderSignIn,
    /// A command line waits for its person to sign in.
    CliSignIn,
}

impl ChallengeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PasskeyRegistration => "passkey-registration",
            Self::PasskeySignIn => "passkey-sign-in",
            Self::PasskeyStepUp => "passkey-step-up",
            Self::SecondFactor => "second-factor",
            Self::TotpSetup => "totp-setup",
            Self::ProviderSignIn => "provider-sign-in",
            Self::CliSignIn => "cli-sign-in",
        }
    }
}

impl Store {
    /// Keeps the state of a ceremony and returns the token for it.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn put_challenge(
        &self,
        kind: ChallengeKind,
        state: &[u8],
        now: Timestamp,
    ) -> Result<SecretString, RecordsError> {
        let failed = || RecordsError::database("keep a challenge");
        let token = self.inner.mint();
        let mac = self
            .inner
            .token_mac(For::Challenge, token.expose_secret().as_bytes());
        let sealed = self
            .inner
            .vault
            .seal(&Binding::new(CHALLENGE_OBJECT, &mac), state)?;
        let expires = now + SignedDuration::from_millis(CHALLENGE_MS);
        let mut change = self.inner.write().await?;
        sqlx::query("DELETE FROM challenges WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        sqlx::query(
            "DELETE FROM challenges WHERE mac IN (SELECT mac FROM challenges \
             ORDER BY made_at DESC LIMIT -1 OFFSET $1)",
        )
        .bind(CHALLENGES_MAX - 1)
        .execute(&mut *change)
        .await
        .map_err(failed())?;
        sqlx::query(
            "INSERT INTO challenges (mac, kind, sealed, made_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(mac)
        .bind(kind.as_str())
        .bind(sealed)
        .bind(micros(now))
        .bind(micros(expires))
        .execute(&mut *change)
        .await
        .map_err(failed())?;
        change.commit().await.map_err(failed())?;
        Ok(token)
    }

    /// Takes the state of a ceremony: gone from now on, whatever comes of it. `None` when there is
    /// none of this kind, it was taken before, or it is too late.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn take_challenge(
        &self,
        kind: ChallengeKind,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, RecordsError> {
        let mac = self.inner.token_mac(For::Challenge, token.as_bytes());
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM challenges WHERE mac = $1 AND kind = $2 AND expires_at > $3 \
             RETURNING sealed",
        )
        .bind(&mac)
        .bind(kind.as_str())
        .bind(micros(now))
        .fetch_optional(&self.inner.writer)
        .await
        .map_err(RecordsError::database("take a challenge"))?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let bound_to = Binding::new(CHALLENGE_OBJECT, &mac);
        Ok(Some(self.inner.vault.open_sealed(&bound_to, &sealed)?))
    }
}
