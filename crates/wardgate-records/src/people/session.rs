//! Sessions: a row each, so that ending one ends it at once.

mod kinds;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};
use wardgate_vault::Binding;

use super::mint::For;
use super::{SESSION_OBJECT, active_person};
use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{Event, SessionEnded, SessionStarted, Token};
use crate::record::PersonState;
use crate::store::rows::{Change, micros, timestamp};
use crate::store::{Inner, Store};

pub use kinds::{
    Means, NewSession, ProviderSession, Rotation, Session, SessionEnd, SessionKind, SessionRequest,
};

/// After how long without a request a session ends.
pub const SESSION_IDLE_MS: i64 = 15 * 60 * 1_000;
/// After how long a session ends in any case, however often it was rotated.
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1_000;
/// After how long a session of the command line ends in any case: its token lies in a file. It is
/// not ended for want of requests, because a command line asks seldom.
pub const CLI_SESSION_MS: i64 = 8 * 60 * 60 * 1_000;
/// How many sessions a person has. The oldest gives way.
pub const SESSIONS_MAX: usize = 20;
/// How old the note of the last request may be before it is written anew. A session may end by so
/// much earlier than [`SESSION_IDLE_MS`], and a request costs one look instead of a write.
const SEEN_MS: i64 = 20 * 1_000;

impl Store {
    /// Starts a session for a person who may act. What a request presented before it signed in
    /// plays no part: the token is always new.
    ///
    /// # Errors
    /// When the person is not on file or suspended, or the store or the vault fails.
    pub async fn start_session(
        &self,
        request: &SessionRequest<'_>,
        now: Timestamp,
    ) -> Result<NewSession, RecordsError> {
        let mut change = self.inner.write().await?;
        active_person(&mut change, request.person).await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        self.sweep(&mut change, &mut numbered, request.person)
            .await?;
        let row = Row {
            id: RecordId::new(now, self.inner.vault.random()),
            person: request.person.to_owned(),
            kind: request.kind.as_str().to_owned(),
            mfa_level: i64::from(request.mfa_level),
            proven_at: micros(request.proven_at),
            roles: request.granted_roles.map(|roles| roles.join(" ")),
            started_at: micros(now),
            seen_at: micros(now),
            ends_at: micros(
                now + SignedDuration::from_millis(match request.kind {
                    SessionKind::Browser => SESSION_MS,
                    SessionKind::Cli => CLI_SESSION_MS,
                }),
            ),
            provider: request
                .provider
                .and_then(|provider| self.provider_mac(&provider)),
            subject: request
                .provider
                .map(|provider| self.subject_mac(provider.issuer, provider.subject)),
            about: request.about.chars().take(ABOUT_CHARS_MAX).collect(),
        };
        let started = self
            .insert_session(&mut change, &mut numbered, row, request.means, None)
            .await?;
        commit(change).await?;
        Ok(started)
    }

    /// The session that a token opens, if it goes on and its owner may act. Notes that it is used.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn find_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, RecordsError> {
        let mac = self.inner.token_mac(For::Session, token.as_bytes());
        let row: Option<Stored> = sqlx::query_as("SELECT * FROM sessions WHERE mac = $1")
            .bind(&mac)
            .fetch_optional(&self.inner.reader)
            .await
            .map_err(RecordsError::database("read sessions"))?;
        let Some(row) = row.filter(|row| row.goes_on(now)) else {
            return Ok(None);
        };
        let snapshot = self.snapshot();
        let may_act = snapshot
            .person(&row.person)
            .is_some_and(|person| person.state == PersonState::Active);
        if !may_act {
            return Ok(None);
        }
        if micros(now) - row.seen_at >= SEEN_MS * 1_000 {
            // Never back to life: a session that ended meanwhile has no row.
            sqlx::query("UPDATE sessions SET seen_at = $1 WHERE mac = $2 AND seen_at < $1")
                .bind(micros(now))
                .bind(mac)
                .execute(&self.inner.writer)
                .await
                .map_err(RecordsError::database("note the use of a session"))?;
        }
        row.session(&self.inner).map(Some)
    }

    /// Puts a new token in the place of a session's, with a fresh proof. The old token is worth
    /// nothing from then on, and the end of the session stays where it was.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn rotate_session(
        &self,
        token: &str,
        proof: Rotation,
        now: Timestamp,
    ) -> Result<Option<NewSession>, RecordsError> {
        let mac = self.inner.token_mac(For::Session, token.as_bytes());
        let mut change = self.inner.write().await?;
        let old: Option<Stored> = sqlx::query_as("DELETE FROM sessions WHERE mac = $1 RETURNING *")
            .bind(mac)
            .fetch_optional(&mut *change)
            .await
            .map_err(RecordsError::database("rotate a session"))?;
        let Some(old) = old.filter(|row| row.goes_on(now)) else {
            return Ok(None);
        };
        active_person(&mut change, &old.person).await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let about = old.about(&self.inner)?;
        let from = old.parsed_id()?;
        let row = Row {
            id: RecordId::new(now, self.inner.vault.random()),
            person: old.person,
            kind: old.kind,
            mfa_level: i64::from(proof.mfa_level),
            proven_at: micros(now),
            roles: old.roles,
            started_at: old.started_at,
            seen_at: micros(now),
            ends_at: old.ends_at,
            provider: old.provider,
            subject: old.subject,
            about,
        };
        let started = self
            .insert_session(&mut change, &mut numbered, row, proof.means, Some(from))
            .await?;
        commit(change).await?;
        Ok(Some(started))
    }

    /// Ends the session that a token opens. Returns whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_session(&self, token: &str, now: Timestamp) -> Result<bool, RecordsError> {
        let mac = self.inner.token_mac(For::Session, token.as_bytes());
        self.end_where(
            sqlx::query_as("SELECT id, person FROM sessions WHERE mac = $1").bind(mac),
            SessionEnd::SignedOut,
            now,
        )
        .await
        .map(|ended| ended > 0)
    }

    /// The sessions of a person that go on, the newest first.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn sessions_of(
        &self,
        person: &str,
        now: Timestamp,
    ) -> Result<Vec<Session>, RecordsError> {
        let rows: Vec<Stored> =
            sqlx::query_as("SELECT * FROM sessions WHERE person = $1 ORDER BY id DESC")
                .bind(person)
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read sessions"))?;
        let going_on = rows.into_iter().filter(|row| row.goes_on(now));
        going_on.map(|row| row.session(&self.inner)).collect()
    }

    /// Ends one session of a person. Returns whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_session(
        &self,
        person: &str,
        id: RecordId,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let query = sqlx::query_as("SELECT id, person FROM sessions WHERE id = $1 AND person = $2");
        let query = query.bind(id.to_string()).bind(person.to_owned());
        let ended = self.end_where(query, SessionEnd::Revoked, now).await?;
        Ok(ended > 0)
    }

    /// Ends the sessions of a person, all but `except`. Returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_sessions_of(
        &self,
        person: &str,
        except: Option<RecordId>,
        why: SessionEnd,
        now: Timestamp,
    ) -> Result<u64, RecordsError> {
        let mut change = self.inner.write().await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let ended = end_all(&self.inner, &mut change, &mut numbered, person, except, why).await?;
        commit(change).await?;
        Ok(ended)
    }

    /// Ends the sessions that a provider of identity names: one by its `sid`, or all of a subject.
    /// Returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_provider_sessions(
        &self,
        provider: &ProviderSession<'_>,
        now: Timestamp,
    ) -> Result<u64, RecordsError> {
        let query = match self.provider_mac(provider) {
            Some(mac) => {
                sqlx::query_as("SELECT id, person FROM sessions WHERE provider = $1").bind(mac)
            }
            None => sqlx::query_as("SELECT id, person FROM sessions WHERE subject = $1")
                .bind(self.subject_mac(provider.issuer, provider.subject)),
        };
        self.end_where(query, SessionEnd::Provider, now).await
    }

    fn provider_mac(&self, provider: &ProviderSession<'_>) -> Option<Vec<u8>> {
        let text = format!("{}\0{}", provider.issuer, provider.session?);
        Some(self.inner.token_mac(For::ProviderSession, text.as_bytes()))
    }

    fn subject_mac(&self, issuer: &str, subject: &str) -> Vec<u8> {
        let text = format!("{issuer}\0{subject}");
        self.inner.token_mac(For::ProviderSubject, text.as_bytes())
    }

    async fn end_where(
        &self,
        query: Named<'_>,
        why: SessionEnd,
        now: Timestamp,
    ) -> Result<u64, RecordsError> {
        let mut change = self.inner.write().await?;
        let named = query
            .fetch_all(&mut *change)
            .await
            .map_err(RecordsError::database("read sessions"))?;
        if named.is_empty() {
            return Ok(0);
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        let ended = end(&self.inner, &mut change, &mut numbered, named, why).await?;
        commit(change).await?;
        Ok(ended)
    }

    /// Ends what is over, and what a person has too many of.
    async fn sweep(
        &self,
        connection: &mut SqliteConnection,
        change: &mut Change,
        person: &str,
    ) -> Result<(), RecordsError> {
        let now = change.now;
        let idle = now - SignedDuration::from_millis(SESSION_IDLE_MS);
        let over: Vec<(String, String)> = sqlx::query_as(
            "SELECT id, person FROM sessions WHERE ends_at <= $1 \
             OR (kind = 'browser' AND seen_at <= $2) LIMIT $3",
        )
        .bind(micros(now))
        .bind(micros(idle))
        .bind(SWEPT_MAX)
        .fetch_all(&mut *connection)
        .await
        .map_err(RecordsError::database("read sessions"))?;
        end(&self.inner, connection, change, over, SessionEnd::Expired).await?;
        let kept: Vec<(String, String)> =
            sqlx::query_as("SELECT id, person FROM sessions WHERE person = $1 ORDER BY id DESC")
                .bind(person)
                .fetch_all(&mut *connection)
                .await
                .map_err(RecordsError::database("read sessions"))?;
        let too_many = kept.into_iter().skip(SESSIONS_MAX - 1).collect();
        end(
            &self.inner,
            connection,
            change,
            too_many,
            SessionEnd::Displaced,
        )
        .await?;
        Ok(())
    }

    async fn insert_session(
        &self,
        connection: &mut SqliteConnection,
        change: &mut Change,
        row: Row,
        means: Means,
        rotated_from: Option<RecordId>,
    ) -> Result<NewSession, RecordsError> {
        let token = self.inner.mint();
        let mac = self
            .inner
            .token_mac(For::Session, token.expose_secret().as_bytes());
        let id = row.id.to_string();
        let bound_to = Binding::new(SESSION_OBJECT, id.as_bytes());
        let sealed = self.inner.vault.seal(&bound_to, row.about.as_bytes())?;
        sqlx::query(
            "INSERT INTO sessions (id, mac, person, kind, mfa_level, proven_at, roles, started_at, \
             seen_at, ends_at, provider, subject, sealed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(&id)
        .bind(mac)
        .bind(&row.person)
        .bind(&row.kind)
        .bind(row.mfa_level)
        .bind(row.proven_at)
        .bind(&row.roles)
        .bind(row.started_at)
        .bind(row.seen_at)
        .bind(row.ends_at)
        .bind(row.provider)
        .bind(row.subject)
        .bind(sealed)
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("start a session"))?;
        let event = Event::SessionStarted(SessionStarted {
            session: row.id,
            person: Token::or_unfit(&row.person),
            kind: Token::or_unfit(&row.kind),
            means: Token::or_unfit(means.as_str()),
            level: u64::try_from(row.mfa_level).unwrap_or(0),
            rotated_from,
        });
        change.tell(connection, &self.inner.vault, &event).await?;
        Ok(NewSession {
            id: row.id,
            token,
            ends_at: timestamp(row.ends_at)?,
        })
    }
}

/// Ends every session of a person but one, in a transaction. Returns how many.
pub(crate) async fn end_all(
    inner: &Inner,
    connection: &mut SqliteConnection,
    change: &mut Change,
    person: &str,
    except: Option<RecordId>,
    why: SessionEnd,
) -> Result<u64, RecordsError> {
    let named: Vec<(String, String)> =
        sqlx::query_as("SELECT id, person FROM sessions WHERE person = $1")
            .bind(person)
            .fetch_all(&mut *connection)
            .await
            .map_err(RecordsError::database("read sessions"))?;
    let except = except.map(|id| id.to_string());
    let named = named
        .into_iter()
        .filter(|(id, _)| Some(id) != except.as_ref())
        .collect();
    end(inner, connection, change, named, why).await
}

async fn end(
    inner: &Inner,
    connection: &mut SqliteConnection,
    change: &mut Change,
    named: Vec<(String, String)>,
    why: SessionEnd,
) -> Result<u64, RecordsError> {
    let mut ended = 0;
    for (id, person) in named {
        sqlx::query("DELETE FROM sessions WHERE id = $1")
            .bind(&id)
            .execute(&mut *connection)
            .await
            .map_err(RecordsError::database("end a session"))?;
        let event = Event::SessionEnded(SessionEnded {
            session: parse_id(&id)?,
            person: Token::or_unfit(&person),
            reason: Token::or_unfit(why.as_str()),
        });
        change.tell(connection, &inner.vault, &event).await?;
        ended += 1;
    }
    Ok(ended)
}

async fn commit(change: sqlx::Transaction<'_, sqlx::Sqlite>) -> Result<(), RecordsError> {
    change
        .commit()
        .await
        .map_err(RecordsError::database("change sessions"))
}

fn parse_id(id: &str) -> Result<RecordId, RecordsError> {
    id.parse()
        .map_err(|_| RecordsError::damaged("session", "its id is not one"))
}

/// A session to write.
struct Row {
    id: RecordId,
    person: String,
    kind: String,
    mfa_level: i64,
    proven_at: i64,
    roles: Option<String>,
    started_at: i64,
    seen_at: i64,
    ends_at: i64,
    provider: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
    about: String,
}

/// A session as it is stored.
struct Stored {
    id: String,
    person: String,
    kind: String,
    mfa_level: i64,
    proven_at: i64,
    roles: Option<String>,
    started_at: i64,
    seen_at: i64,
    ends_at: i64,
    provider: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
    sealed: Vec<u8>,
}

impl<'r> FromRow<'r, SqliteRow> for Stored {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            person: row.try_get("person")?,
            kind: row.try_get("kind")?,
            mfa_level: row.try_get("mfa_level")?,
            proven_at: row.try_get("proven_at")?,
            roles: row.try_get("roles")?,
            started_at: row.try_get("started_at")?,
            seen_at: row.try_get("seen_at")?,
            ends_at: row.try_get("ends_at")?,
            provider: row.try_get("provider")?,
            subject: row.try_get("subject")?,
            sealed: row.try_get("sealed")?,
        })
    }
}

impl Stored {
    fn goes_on(&self, now: Timestamp) -> bool {
        let now = micros(now);
        let idle = now - self.seen_at >= SESSION_IDLE_MS * 1_000;
        now < self.ends_at && !(idle && self.kind == SessionKind::Browser.as_str())
    }

    fn parsed_id(&self) -> Result<RecordId, RecordsError> {
        parse_id(&self.id)
    }

    fn about(&self, inner: &Inner) -> Result<String, RecordsError> {
        let bound_to = Binding::new(SESSION_OBJECT, self.id.as_bytes());
        let text = inner.vault.open_sealed(&bound_to, &self.sealed)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn session(self, inner: &Inner) -> Result<Session, RecordsError> {
        let split = |roles: String| roles.split_whitespace().map(str::to_owned).collect();
        Ok(Session {
            id: self.parsed_id()?,
            about: self.about(inner)?,
            kind: SessionKind::read(&self.kind)?,
            mfa_level: u8::try_from(self.mfa_level).unwrap_or(0),
            proven_at: timestamp(self.proven_at)?,
            granted_roles: self.roles.map(split),
            through_provider: self.subject.is_some(),
            started_at: timestamp(self.started_at)?,
            seen_at: timestamp(self.seen_at)?,
            ends_at: timestamp(self.ends_at)?,
            person: self.person,
        })
    }
}

type Named<'q> = sqlx::query::QueryAs<
    'q,
    sqlx::Sqlite,
    (String, String),
    <sqlx::Sqlite as sqlx::Database>::Arguments,
>;

const ABOUT_CHARS_MAX: usize = 120;
/// How many ended sessions one sign-in clears away.
const SWEPT_MAX: i64 = 100;
