//! The person that a user of the directory is.

use sqlx::SqliteConnection;
use wardgate_vault::Binding;
use zeroize::Zeroizing;

use super::DirectoryError;
use crate::apply;
use crate::documents::Documents;
use crate::error::RecordsError;
use crate::people::{self, SessionEnd};
use crate::record::{Person, PersonState};
use crate::store::Inner;
use crate::store::rows::{Change, RECORD_OBJECT};

/// A person with the name that people read, which is kept apart, sealed.
pub(super) struct Held {
    pub(super) person: Person,
    pub(super) name: Option<Zeroizing<String>>,
}

/// The person on file.
pub(super) async fn held(
    connection: &mut SqliteConnection,
    inner: &Inner,
    id: &str,
) -> Result<Option<Held>, RecordsError> {
    let row: Option<(String, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT body, sealed FROM records WHERE kind = 'person' AND id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read records"))?;
    let Some((body, sealed)) = row else {
        return Ok(None);
    };
    let name = match sealed {
        None => None,
        Some(sealed) => {
            let record = format!("person/{id}");
            let bound_to = Binding::new(RECORD_OBJECT, record.as_bytes());
            let opened = inner.vault.open_sealed(&bound_to, &sealed)?;
            Some(Zeroizing::new(
                String::from_utf8_lossy(&opened).into_owned(),
            ))
        }
    };
    Ok(Some(Held {
        person: people::person_of(id, &body)?,
        name,
    }))
}

/// Writes a person as the directory wants them, if that differs. Whoever may not act from now on
/// has no session any more, in the same transaction; and there stay enough administrators.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    held: Held,
) -> Result<(), DirectoryError> {
    let administrators = people::enrolled_administrators(connection).await?.len();
    let suspended = held.person.state == PersonState::Suspended;
    let id = held.person.id.clone();
    let documents = Documents::of_record("person", &id, &held.person).with_secret(held.name);
    apply::put(connection, change, inner, &documents).await?;
    people::guard_administrators(connection, administrators).await?;
    if suspended {
        people::end_sessions(inner, connection, change, &id, None, SessionEnd::Suspended).await?;
    }
    Ok(())
}

/// An id for somebody new, made of the part of the user name before `@`. Ids that the directory
/// gave to others are passed over, also when those are gone. A person of that id who does not
/// come from the directory is not taken over.
pub(super) async fn new_id(
    connection: &mut SqliteConnection,
    user_name: &str,
) -> Result<String, DirectoryError> {
    let base = id_of(user_name);
    for number in 1..=ALIKE_MAX {
        let id = match number {
            1 => base.clone(),
            number => format!("{base}-{number}"),
        };
        let ours: Option<i64> =
            sqlx::query_scalar("SELECT version FROM directory_users WHERE person = $1")
                .bind(&id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("read the directory"))?;
        if ours.is_some() {
            continue;
        }
        let on_file: Option<i64> =
            sqlx::query_scalar("SELECT version FROM records WHERE kind = 'person' AND id = $1")
                .bind(&id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("read records"))?;
        return match on_file {
            None => Ok(id),
            Some(_) => Err(DirectoryError::Taken(
                "a person of this name is on file and does not come from the directory",
            )),
        };
    }
    Err(DirectoryError::Taken("too many people have this name"))
}

fn id_of(user_name: &str) -> String {
    let local = user_name.split('@').next().unwrap_or_default();
    let mut id = String::new();
    for letter in local.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => id.push(letter),
            '.' | '_' | '-' if !id.is_empty() => id.push(letter),
            _ if id.ends_with('-') || id.is_empty() => {}
            _ => id.push('-'),
        }
        if id.len() == ID_CHARS_MAX {
            break;
        }
    }
    let id = id.trim_end_matches(['.', '_', '-']);
    if id.is_empty() {
        "person".to_owned()
    } else {
        id.to_owned()
    }
}

const ID_CHARS_MAX: usize = 56;
/// How many people may have the same user name but for what follows the `@`.
const ALIKE_MAX: u32 = 99;

#[cfg(test)]
mod tests {
    use super::id_of;

    #[test]
    fn an_id_is_made_of_what_stands_before_the_at() {
        for (user_name, id) in [
            ("Ama.Osei@hospital.example", "ama.osei"),
            ("dr osei", "dr-osei"),
            ("..osei--", "osei"),
            ("Jürgen Groß", "j-rgen-gro"),
            ("大夫", "person"),
            ("@x", "person"),
        ] {
            assert_eq!(id_of(user_name), id);
        }
        assert_eq!(id_of(&"a".repeat(300)).len(), 56);
    }
}
