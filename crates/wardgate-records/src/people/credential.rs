//! Ways to sign in, as rows: passkeys, passwords, second factors, recovery codes.

mod kinds;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use wardgate_vault::Binding;
use zeroize::{Zeroize as _, Zeroizing};

use super::administrators;
use super::mint::For;
use super::{CREDENTIAL_OBJECT, active_person, refused};
use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{CredentialAdded, CredentialRemoved, Event, Token};
use crate::store::rows::{Change, micros, timestamp};
use crate::store::{Inner, Store};

pub use kinds::{Credential, CredentialKind, NewCredential, NewSecret, suffices};

/// How many credentials a person may have.
pub const CREDENTIALS_MAX: usize = 20;
/// The longest name that a person gives a credential.
pub const LABEL_CHARS_MAX: usize = 60;

impl Store {
    /// The credentials of a person, the oldest first.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn credentials(&self, person: &str) -> Result<Vec<Credential>, RecordsError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, person, kind, sealed, created_at, used_at FROM credentials \
             WHERE person = $1 ORDER BY id",
        )
        .bind(person)
        .fetch_all(&self.inner.reader)
        .await
        .map_err(RecordsError::database("read credentials"))?;
        rows.into_iter().map(|row| self.read_row(row)).collect()
    }

    /// The passkey that authenticators name by this id.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn passkey(&self, credential_id: &[u8]) -> Result<Option<Credential>, RecordsError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, person, kind, sealed, created_at, used_at FROM credentials WHERE mac = $1",
        )
        .bind(self.inner.token_mac(For::Passkey, credential_id))
        .fetch_optional(&self.inner.reader)
        .await
        .map_err(RecordsError::database("read credentials"))?;
        row.map(|row| self.read_row(row)).transpose()
    }

    /// Adds a way to sign in.
    ///
    /// # Errors
    /// When the person is not on file or suspended, the credential is known already, there are
    /// [`CREDENTIALS_MAX`], or the store or the vault fails.
    pub async fn add_credential(
        &self,
        person: &str,
        way: &NewCredential<'_>,
        now: Timestamp,
    ) -> Result<RecordId, RecordsError> {
        let mut change = self.inner.write().await?;
        active_person(&mut change, person).await?;
        let mut numbered = Change::begin(&mut change, now).await?;
        let id = insert(&self.inner, &mut change, &mut numbered, person, way).await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("add a credential"))?;
        Ok(id)
    }

    /// Takes a way to sign in away from a person.
    ///
    /// # Errors
    /// When the person has no such credential, what would be left does not suffice to sign in, it
    /// would leave too few administrators, or the store fails.
    pub async fn remove_credential(
        &self,
        person: &str,
        id: RecordId,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let mut change = self.inner.write().await?;
        let before = administrators::enrolled(&mut change).await?.len();
        let mut numbered = Change::begin(&mut change, now).await?;
        let ways = kinds(&mut change, person).await?;
        let Some((_, kind)) = ways.iter().find(|(way, _)| *way == id) else {
            return unknown(id);
        };
        let left = ways.iter().filter(|(way, _)| *way != id);
        if !suffices(left.map(|(_, kind)| *kind)) {
            return refused("what is left would not suffice to sign in");
        }
        let way = (id, *kind);
        delete(
            &self.inner,
            &mut change,
            &mut numbered,
            person,
            way,
            "removed",
        )
        .await?;
        administrators::guard(&mut change, before).await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("remove a credential"))
    }

    /// Gives a credential another name.
    ///
    /// # Errors
    /// When the person has no such credential, or the store or the vault fails.
    pub async fn name_credential(
        &self,
        person: &str,
        id: RecordId,
        label: &str,
    ) -> Result<(), RecordsError> {
        self.rewrite(person, id, |held| held.label = fit_label(label))
            .await
    }

    /// Keeps what changed in a credential by its use, such as the counter of a passkey.
    ///
    /// # Errors
    /// When the person has no such credential, or the store or the vault fails.
    pub async fn keep_secret(
        &self,
        person: &str,
        id: RecordId,
        secret: &[u8],
    ) -> Result<(), RecordsError> {
        self.rewrite(person, id, |held| {
            held.secret.zeroize();
            held.secret = secret.to_vec();
        })
        .await
    }

    /// Notes that a credential was used, to the hour.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_use(&self, id: RecordId, now: Timestamp) -> Result<(), RecordsError> {
        sqlx::query(
            "UPDATE credentials SET used_at = $1 \
             WHERE id = $2 AND (used_at IS NULL OR used_at < $1)",
        )
        .bind(to_the_hour(now))
        .bind(id.to_string())
        .execute(&self.inner.writer)
        .await
        .map_err(RecordsError::database("note the use of a credential"))?;
        Ok(())
    }

    /// Takes a step of one-time codes. Returns whether it, and every later one, was unused.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spend_totp_step(&self, id: RecordId, step: u64) -> Result<bool, RecordsError> {
        let Ok(step) = i64::try_from(step) else {
            return Ok(false);
        };
        let taken = sqlx::query(
            "UPDATE credentials SET used_step = $1 WHERE id = $2 AND kind = 'totp' \
             AND (used_step IS NULL OR used_step < $1)",
        )
        .bind(step)
        .bind(id.to_string())
        .execute(&self.inner.writer)
        .await
        .map_err(RecordsError::database("take a one-time code"))?;
        Ok(taken.rows_affected() == 1)
    }

    /// Takes a recovery code of a person. Returns whether it was theirs and unused.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spend_recovery_code(
        &self,
        person: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let taken = sqlx::query(
            "UPDATE recovery_codes SET used_at = $1 WHERE mac = $2 AND used_at IS NULL \
             AND credential IN (SELECT id FROM credentials WHERE person = $3)",
        )
        .bind(micros(now))
        .bind(code_mac(&self.inner, person, code))
        .bind(person)
        .execute(&self.inner.writer)
        .await
        .map_err(RecordsError::database("take a recovery code"))?;
        Ok(taken.rows_affected() == 1)
    }

    /// How many recovery codes of a person are unused.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recovery_codes_left(&self, person: &str) -> Result<u64, RecordsError> {
        let left: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL \
             AND credential IN (SELECT id FROM credentials WHERE person = $1)",
        )
        .bind(person)
        .fetch_one(&self.inner.reader)
        .await
        .map_err(RecordsError::database("count recovery codes"))?;
        Ok(u64::try_from(left).unwrap_or(0))
    }

    fn read_row(&self, row: Row) -> Result<Credential, RecordsError> {
        let (id, person, kind, sealed, created_at, used_at) = row;
        let held = open(&self.inner, &id, &sealed)?;
        Ok(Credential {
            id: parse_id(&id)?,
            person,
            kind: CredentialKind::read(&kind)?,
            label: held.label.clone(),
            secret: Zeroizing::new(held.secret.clone()),
            created_at: timestamp(created_at)?,
            used_at: used_at.map(timestamp).transpose()?,
        })
    }

    async fn rewrite(
        &self,
        person: &str,
        id: RecordId,
        edit: impl FnOnce(&mut Held),
    ) -> Result<(), RecordsError> {
        let failed = || RecordsError::database("change a credential");
        let mut change = self.inner.write().await?;
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT sealed FROM credentials WHERE id = $1 AND person = $2")
                .bind(id.to_string())
                .bind(person)
                .fetch_optional(&mut *change)
                .await
                .map_err(failed())?;
        let Some(sealed) = sealed else {
            return unknown(id);
        };
        let mut held = open(&self.inner, &id.to_string(), &sealed)?;
        edit(&mut held);
        sqlx::query("UPDATE credentials SET sealed = $1 WHERE id = $2")
            .bind(seal(&self.inner, &id.to_string(), &held)?)
            .bind(id.to_string())
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        change.commit().await.map_err(failed())
    }
}

/// Adds a credential in a transaction; of passwords, second factors and recovery codes a person
/// has one each, so an earlier one goes.
pub(super) async fn insert(
    inner: &Inner,
    connection: &mut SqliteConnection,
    change: &mut Change,
    person: &str,
    way: &NewCredential<'_>,
) -> Result<RecordId, RecordsError> {
    let ways = kinds(connection, person).await?;
    let kind = way.secret.kind();
    if kind == CredentialKind::Passkey {
        if ways.len() >= CREDENTIALS_MAX {
            return refused(format!("there are {CREDENTIALS_MAX} of them already"));
        }
    } else {
        for (id, _) in ways.iter().filter(|(_, held)| *held == kind) {
            delete(inner, connection, change, person, (*id, kind), "replaced").await?;
        }
    }
    let (mac, secret): (Option<Vec<u8>>, &[u8]) = match &way.secret {
        NewSecret::Passkey {
            credential_id,
            state,
        } => (Some(inner.token_mac(For::Passkey, credential_id)), state),
        NewSecret::Totp(secret) | NewSecret::Password(secret) => (None, secret),
        NewSecret::Recovery(_) => (None, &[]),
    };
    if let Some(mac) = &mac {
        refuse_known(connection, mac).await?;
    }
    let id = RecordId::new(change.now, inner.vault.random());
    let held = Held {
        label: fit_label(way.label),
        secret: secret.to_vec(),
    };
    sqlx::query(
        "INSERT INTO credentials (id, person, kind, mac, sealed, changed, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.to_string())
    .bind(person)
    .bind(kind.as_str())
    .bind(mac)
    .bind(seal(inner, &id.to_string(), &held)?)
    .bind(change.sequence)
    .bind(micros(change.now))
    .execute(&mut *connection)
    .await
    .map_err(RecordsError::database("add a credential"))?;
    if let NewSecret::Recovery(codes) = &way.secret {
        insert_codes(inner, connection, person, id, codes).await?;
    }
    let event = Event::CredentialAdded(CredentialAdded {
        credential: id,
        kind: Token::or_unfit(kind.as_str()),
        person: Token::or_unfit(person),
    });
    change.tell(connection, &inner.vault, &event).await?;
    Ok(id)
}

async fn insert_codes(
    inner: &Inner,
    connection: &mut SqliteConnection,
    person: &str,
    id: RecordId,
    codes: &[Zeroizing<String>],
) -> Result<(), RecordsError> {
    for code in codes {
        sqlx::query("INSERT INTO recovery_codes (mac, credential) VALUES ($1, $2)")
            .bind(code_mac(inner, person, code))
            .bind(id.to_string())
            .execute(&mut *connection)
            .await
            .map_err(RecordsError::database("add recovery codes"))?;
    }
    Ok(())
}

/// Takes every credential of a person away, in a transaction that gives them others.
pub(super) async fn remove_all(
    inner: &Inner,
    connection: &mut SqliteConnection,
    change: &mut Change,
    person: &str,
) -> Result<(), RecordsError> {
    for (id, kind) in kinds(connection, person).await? {
        delete(inner, connection, change, person, (id, kind), "recovered").await?;
    }
    sqlx::query("DELETE FROM known_devices WHERE person = $1")
        .bind(person)
        .execute(connection)
        .await
        .map_err(RecordsError::database("forget devices"))?;
    Ok(())
}

async fn delete(
    inner: &Inner,
    connection: &mut SqliteConnection,
    change: &mut Change,
    person: &str,
    (id, kind): (RecordId, CredentialKind),
    reason: &'static str,
) -> Result<(), RecordsError> {
    sqlx::query("DELETE FROM credentials WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("remove a credential"))?;
    let event = Event::CredentialRemoved(CredentialRemoved {
        credential: id,
        kind: Token::or_unfit(kind.as_str()),
        person: Token::or_unfit(person),
        reason: Token::or_unfit(reason),
    });
    change.tell(connection, &inner.vault, &event).await?;
    Ok(())
}

async fn kinds(
    connection: &mut SqliteConnection,
    person: &str,
) -> Result<Vec<(RecordId, CredentialKind)>, RecordsError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, kind FROM credentials WHERE person = $1 ORDER BY id")
            .bind(person)
            .fetch_all(connection)
            .await
            .map_err(RecordsError::database("read credentials"))?;
    rows.into_iter()
        .map(|(id, kind)| Ok((parse_id(&id)?, CredentialKind::read(&kind)?)))
        .collect()
}

async fn refuse_known(connection: &mut SqliteConnection, mac: &[u8]) -> Result<(), RecordsError> {
    let known: Option<String> = sqlx::query_scalar("SELECT id FROM credentials WHERE mac = $1")
        .bind(mac.to_vec())
        .fetch_optional(connection)
        .await
        .map_err(RecordsError::database("read credentials"))?;
    match known {
        None => Ok(()),
        Some(_) => refused("this passkey is enrolled already"),
    }
}

/// What is sealed of a credential.
#[derive(Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
struct Held {
    label: String,
    secret: Vec<u8>,
}

fn seal(inner: &Inner, id: &str, held: &Held) -> Result<Vec<u8>, RecordsError> {
    let text = serde_json::to_vec(held)
        .map(Zeroizing::new)
        .map_err(|_| RecordsError::damaged("credential", "it can not be written"))?;
    let bound_to = Binding::new(CREDENTIAL_OBJECT, id.as_bytes());
    Ok(inner.vault.seal(&bound_to, &text)?)
}

fn open(inner: &Inner, id: &str, sealed: &[u8]) -> Result<Held, RecordsError> {
    let bound_to = Binding::new(CREDENTIAL_OBJECT, id.as_bytes());
    let text = inner.vault.open_sealed(&bound_to, sealed)?;
    serde_json::from_slice(&text)
        .map_err(|_| RecordsError::damaged("credential", "its sealed part does not read"))
}

/// A code counts for its person only: the same code of another person has another digest.
fn code_mac(inner: &Inner, person: &str, code: &str) -> Vec<u8> {
    let text = Zeroizing::new(format!("{person}\0{code}"));
    inner.token_mac(For::RecoveryCode, text.as_bytes())
}

fn fit_label(label: &str) -> String {
    let plain = label.trim().chars().filter(|letter| !letter.is_control());
    plain.take(LABEL_CHARS_MAX).collect()
}

fn to_the_hour(now: Timestamp) -> i64 {
    const HOUR_MICROS: i64 = SignedDuration::from_hours(1).as_secs() * 1_000_000;
    micros(now).div_euclid(HOUR_MICROS) * HOUR_MICROS
}

fn parse_id(id: &str) -> Result<RecordId, RecordsError> {
    id.parse()
        .map_err(|_| RecordsError::damaged("credential", "its id is not one"))
}

fn unknown<T>(id: RecordId) -> Result<T, RecordsError> {
    Err(RecordsError::Unknown {
        kind: "credential",
        id: id.to_string(),
    })
}

type Row = (String, String, String, Vec<u8>, i64, Option<i64>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_enough_alone() {
        use CredentialKind::{Passkey, Password, Recovery, Totp};
        assert!(!suffices([]));
        assert!(!suffices([Password]));
        assert!(!suffices([Password, Recovery]));
        assert!(!suffices([Totp, Recovery]));
        assert!(suffices([Password, Totp]));
        assert!(suffices([Passkey]));
    }

    #[test]
    fn labels_are_short_and_plain() {
        assert_eq!(fit_label("  My\u{7}key\n "), "Mykey");
        assert_eq!(fit_label(&"x".repeat(100)).len(), LABEL_CHARS_MAX);
    }
}
