//! Whether a person may act, and as what: changed one at a time, from the console.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use wardgate_authz::ROLES;

use super::session::{SessionEnd, end_all};
use super::{enrolled_administrators, guard_administrators, person_of, refused};
use crate::error::RecordsError;
use crate::events::{Event, RecordChange, RecordChanged, Token};
use crate::record::{Person, PersonState};
use crate::store::Store;
use crate::store::rows::{Change, count, micros};
use crate::told;

/// What changes about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonChange {
    /// Whether the person may act. Who may not has no sessions.
    State(PersonState),
    /// What the person is in the hospital, and the authority to open data in an emergency.
    Roles {
        /// The roles, each one that the default policies know.
        roles: Vec<String>,
        /// The authority.
        break_glass: bool,
    },
}

impl PersonChange {
    /// Makes it so in the record; the fields that differ now.
    fn put(&self, person: &mut Person) -> Vec<&'static str> {
        let before = person.clone();
        match self {
            Self::State(state) => person.state = *state,
            Self::Roles { roles, break_glass } => {
                person.roles = roles.clone();
                person.roles.sort_unstable();
                person.roles.dedup();
                person.break_glass = *break_glass;
            }
        }
        let differs = [
            ("state", before.state != person.state),
            ("roles", before.roles != person.roles),
            ("break_glass", before.break_glass != person.break_glass),
        ];
        let differs = differs.into_iter().filter(|(_, differs)| *differs);
        differs.map(|(field, _)| field).collect()
    }
}

impl Store {
    /// Changes a person. Returns whether anything differs from before.
    ///
    /// # Errors
    /// When the person is not on file, a role is not known, too few administrators would be left,
    /// or the store fails.
    pub async fn change_person(
        &self,
        id: &str,
        wanted: &PersonChange,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        check(wanted)?;
        let mut change = self.inner.write().await?;
        let (version, mut person) = stored(&mut change, id).await?;
        let administrators = enrolled_administrators(&mut change).await?.len();
        let fields = wanted.put(&mut person);
        if fields.is_empty() {
            return Ok(false);
        }
        let body = serde_json::to_string(&person)
            .map_err(|_| RecordsError::damaged(format!("person/{id}"), "it can not be written"))?;
        let mut numbered = Change::begin(&mut change, now).await?;
        sqlx::query(
            "UPDATE records SET version = $1, changed = $2, changed_at = $3, body = $4 \
             WHERE kind = 'person' AND id = $5",
        )
        .bind(version + 1)
        .bind(numbered.sequence)
        .bind(micros(now))
        .bind(&body)
        .bind(id)
        .execute(&mut *change)
        .await
        .map_err(RecordsError::database("write records"))?;
        guard_administrators(&mut change, administrators).await?;
        let fields: Vec<Token<'_>> = fields.into_iter().map(Token::or_unfit).collect();
        let event = Event::RecordChanged(RecordChanged {
            record: Token::or_unfit("person"),
            record_id: Token::or_unfit(id),
            version: count(version + 1),
            change: RecordChange::Changed,
            fields: &fields,
            digest: Some(told::sha256(body.as_bytes())),
        });
        numbered
            .tell(&mut change, &self.inner.vault, &event)
            .await?;
        if person.state != PersonState::Active {
            let (inner, ended) = (&self.inner, SessionEnd::Suspended);
            end_all(inner, &mut change, &mut numbered, id, None, ended).await?;
        }
        change
            .commit()
            .await
            .map_err(RecordsError::database("commit the change"))?;
        self.refresh(now).await?;
        Ok(true)
    }
}

fn check(wanted: &PersonChange) -> Result<(), RecordsError> {
    let PersonChange::Roles { roles, .. } = wanted else {
        return Ok(());
    };
    match roles.iter().find(|role| !ROLES.contains(&role.as_str())) {
        Some(_) => refused(format!(
            "a role is not known; there are {}",
            ROLES.join(", ")
        )),
        None => Ok(()),
    }
}

async fn stored(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<(i64, Person), RecordsError> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT version, body FROM records WHERE kind = 'person' AND id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read records"))?;
    let Some((version, body)) = row else {
        return Err(RecordsError::Unknown {
            kind: "person",
            id: id.to_owned(),
        });
    };
    Ok((version, person_of(id, &body)?))
}
