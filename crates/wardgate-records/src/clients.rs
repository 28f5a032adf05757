//! Access tokens for applications: which proofs were used, and who got a token for them.

use jiff::Timestamp;

use crate::error::RecordsError;
use crate::events::{Event, Token, TokenIssued};
use crate::store::Store;
use crate::store::rows::{Change, micros};

/// A token that is about to be handed out, and the proof that it is given for.
#[derive(Clone, Copy, Debug)]
pub struct TokenGrant<'a> {
    /// The application.
    pub app: &'a str,
    /// The id of the token that it signed as its proof.
    pub assertion: &'a str,
    /// Until when that token could be presented again.
    pub assertion_ends: Timestamp,
    /// SHA-256 of the access token.
    pub digest: [u8; 32],
    /// When the access token ends.
    pub expires: Timestamp,
    /// What it grants.
    pub scopes: &'a [String],
    /// Whether it is bound to a client certificate.
    pub bound: bool,
}

impl Store {
    /// Uses the proof up and records that a token is given for it, in one transaction.
    ///
    /// Returns false when the proof was used before: then no token may be given.
    ///
    /// # Errors
    /// When the store fails; then no token may be given either.
    pub async fn grant_token(
        &self,
        grant: &TokenGrant<'_>,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        // The length parts the two, so that no app can use up the ids of another.
        let named = format!("{} {}{}", grant.app.len(), grant.app, grant.assertion);
        let digest = self.inner.index_key.mac(named.as_bytes());
        let failed = || RecordsError::database("record an access token");
        let mut change = self.inner.write().await?;
        sqlx::query("DELETE FROM used_tokens WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        let added = sqlx::query(
            "INSERT INTO used_tokens (digest, app, expires_at) VALUES ($1, $2, $3) \
             ON CONFLICT (digest) DO NOTHING",
        )
        .bind(digest.to_vec())
        .bind(grant.app)
        .bind(micros(grant.assertion_ends))
        .execute(&mut *change)
        .await
        .map_err(failed())?;
        if added.rows_affected() == 0 {
            return Ok(false);
        }
        let scopes: Vec<Token<'_>> = grant
            .scopes
            .iter()
            .map(|scope| Token::or_unfit(scope))
            .collect();
        let event = Event::TokenIssued(TokenIssued {
            app: Token::or_unfit(grant.app),
            bound: grant.bound,
            expires: grant.expires,
            scopes: &scopes,
            token: grant.digest,
        });
        let mut numbered = Change::begin(&mut change, now).await?;
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change.commit().await.map_err(failed())?;
        Ok(true)
    }
}
