//! Makes and revokes API keys.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::SqliteConnection;
use zeroize::Zeroizing;

use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{Event, KeyCreated, KeyRevoked, Token};
use crate::key;
use crate::store::Store;
use crate::store::rows::{Change, micros};

/// The key that is asked for.
#[derive(Clone, Debug)]
pub struct KeyRequest<'a> {
    /// The app that will use it.
    pub app: &'a str,
    /// The person it acts for, if it is for one person only.
    pub person: Option<&'a str>,
    /// The environment that its text names: 1 to 16 of `a-z` and `0-9`.
    pub environment: &'a str,
    /// When it ends. Every key ends.
    pub expires: Timestamp,
    /// The systems it may call; none means all that policy allows.
    pub systems: &'a [String],
    /// The purposes it may state; none means all that policy allows.
    pub purposes: &'a [String],
}

/// A key that was just made. Its secret exists nowhere else.
#[derive(Debug)]
pub struct NewKey {
    /// Its id, by which it is revoked.
    pub id: RecordId,
    /// The text that the app presents. Shown once.
    pub secret: SecretString,
    /// When it ends.
    pub expires: Timestamp,
}

/// For how long a key may be valid.
pub const KEY_DAYS_MAX: i64 = 400;
/// How many live keys an app may have for the same person: the old and the new of a rotation.
pub const LIVE_KEYS_MAX: usize = 2;

impl Store {
    /// Makes an API key.
    ///
    /// # Errors
    /// When app, person, a system or a purpose is not known, the expiry is not within
    /// [`KEY_DAYS_MAX`] days, [`LIVE_KEYS_MAX`] keys are live already, or the store fails.
    pub async fn create_key(
        &self,
        request: &KeyRequest<'_>,
        now: Timestamp,
    ) -> Result<NewKey, RecordsError> {
        check_form(request, now)?;
        let mut change = self.inner.write().await?;
        check_references(&mut change, request).await?;
        check_count(&mut change, request, now).await?;
        let id = RecordId::new(now, self.inner.vault.random());
        let random = Zeroizing::new(self.inner.vault.random::<32>());
        let secret = key::mint(request.environment, &random);
        let mac = self.inner.pepper.mac(secret.expose_secret().as_bytes());
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "INSERT INTO api_keys (id, mac, app, person, environment, changed, created_at, \
             expires_at, revoked_at, systems, purposes) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9, $10)",
        )
        .bind(id.to_string())
        .bind(mac.to_vec())
        .bind(request.app)
        .bind(request.person)
        .bind(request.environment)
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(micros(request.expires))
        .bind(request.systems.join(" "))
        .bind(request.purposes.join(" "))
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("write an API key"))?;
        let systems = tokens(request.systems);
        let purposes = tokens(request.purposes);
        let event = Event::KeyCreated(KeyCreated {
            key: id,
            app: Token::or_unfit(request.app),
            person: request.person.map(Token::or_unfit),
            expires: request.expires,
            systems: &systems,
            purposes: &purposes,
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("write an API key"))?;
        self.refresh(now).await?;
        Ok(NewKey {
            id,
            secret,
            expires: request.expires,
        })
    }

    /// Revokes an API key. Returns whether it was not revoked before.
    ///
    /// # Errors
    /// When there is no such key, or the store fails.
    pub async fn revoke_key(&self, id: RecordId, now: Timestamp) -> Result<bool, RecordsError> {
        let mut change = self.inner.write().await?;
        let found: Option<(String, Option<i64>)> =
            sqlx::query_as("SELECT app, revoked_at FROM api_keys WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&mut *change)
                .await
                .map_err(RecordsError::database("read API keys"))?;
        let Some((app, revoked_at)) = found else {
            return Err(RecordsError::Unknown {
                kind: "API key",
                id: id.to_string(),
            });
        };
        if revoked_at.is_some() {
            return Ok(false);
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query("UPDATE api_keys SET revoked_at = $1, changed = $2 WHERE id = $3")
            .bind(micros(now))
            .bind(numbered.sequence)
            .bind(id.to_string())
            .execute(&mut *change)
            .await
            .map_err(RecordsError::database("revoke an API key"))?;
        let event = Event::KeyRevoked(KeyRevoked {
            key: id,
            app: Token::or_unfit(&app),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("revoke an API key"))?;
        self.refresh(now).await?;
        Ok(true)
    }
}

fn check_form(request: &KeyRequest<'_>, now: Timestamp) -> Result<(), RecordsError> {
    let refused = |why: String| Err(RecordsError::KeyRefused { why });
    if !key::is_environment(request.environment) {
        return refused("its environment must be 1 to 16 of `a-z` and `0-9`".to_owned());
    }
    if request.expires <= now {
        return refused("it would have expired already".to_owned());
    }
    if request.expires.duration_since(now) > SignedDuration::from_hours(24 * KEY_DAYS_MAX) {
        return refused(format!(
            "it would be valid for more than {KEY_DAYS_MAX} days"
        ));
    }
    let unknown = request
        .purposes
        .iter()
        .find(|code| code.parse::<wardgate_authz::Purpose>().is_err());
    match unknown {
        Some(code) => refused(format!("the purpose `{code}` is not known")),
        None => Ok(()),
    }
}

async fn check_references(
    connection: &mut SqliteConnection,
    request: &KeyRequest<'_>,
) -> Result<(), RecordsError> {
    let references = std::iter::once(("app", request.app))
        .chain(request.person.map(|person| ("person", person)))
        .chain(
            request
                .systems
                .iter()
                .map(|system| ("system", system.as_str())),
        );
    for (kind, id) in references {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT version FROM records WHERE kind = $1 AND id = $2")
                .bind(kind)
                .bind(id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("read records"))?;
        if found.is_none() {
            return Err(RecordsError::Unknown {
                kind,
                id: id.to_owned(),
            });
        }
    }
    Ok(())
}

async fn check_count(
    connection: &mut SqliteConnection,
    request: &KeyRequest<'_>,
    now: Timestamp,
) -> Result<(), RecordsError> {
    let live: Vec<(Option<String>,)> = sqlx::query_as(
        "SELECT person FROM api_keys WHERE app = $1 AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(request.app)
    .bind(micros(now))
    .fetch_all(connection)
    .await
    .map_err(RecordsError::database("read API keys"))?;
    let same = live
        .iter()
        .filter(|(person,)| person.as_deref() == request.person)
        .count();
    if same >= LIVE_KEYS_MAX {
        return Err(RecordsError::KeyRefused {
            why: format!("{same} keys of this app for this person are live; revoke one first"),
        });
    }
    Ok(())
}

fn tokens(words: &[String]) -> Vec<Token<'_>> {
    words.iter().map(|word| Token::or_unfit(word)).collect()
}
