//! Writes governance records that differ.

use serde_json::Value;
use sqlx::SqliteConnection;
use wardgate_vault::Binding;
use zeroize::Zeroizing;

use super::difference::{self, ChangeKind, FieldChange, RecordDifference};
use super::{Applied, check};
use crate::datasets::DATASET;
use crate::documents::{Declared, Documents};
use crate::error::RecordsError;
use crate::events::{Event, PolicyChanged, RecordChange, RecordChanged, Token};
use crate::fault::Fault;
use crate::store::Inner;
use crate::store::rows::{Change, RECORD_OBJECT, count, micros};
use crate::told;

/// A record to write.
pub(super) struct Planned<'d> {
    declared: &'d Declared,
    body: &'d str,
    version: i64,
    fields: Vec<String>,
    change: RecordChange,
}

/// Compares every declared record with the stored one.
pub(super) async fn plan<'d>(
    connection: &mut SqliteConnection,
    inner: &Inner,
    documents: &'d Documents,
    applied: &mut Applied,
) -> Result<Vec<Planned<'d>>, RecordsError> {
    let mut planned = Vec::new();
    for declared in &documents.declared {
        let Some(body) = declared.body.as_deref() else {
            continue;
        };
        let stored: Option<(i64, String, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT version, body, sealed FROM records WHERE kind = $1 AND id = $2")
                .bind(declared.kind)
                .bind(&declared.id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("read records"))?;
        let Some((version, stored_body, sealed)) = stored else {
            applied.differences.push(RecordDifference {
                kind: declared.kind,
                id: declared.id.clone(),
                change: ChangeKind::Created,
                fields: Vec::new(),
            });
            planned.push(Planned {
                declared,
                body,
                version: 1,
                fields: Vec::new(),
                change: RecordChange::Created,
            });
            continue;
        };
        let fields = changed_fields(declared, body, &stored_body, sealed.as_deref(), inner)?;
        if fields.is_empty() {
            applied.unchanged += 1;
            continue;
        }
        planned.push(Planned {
            declared,
            body,
            version: version + 1,
            fields: fields.iter().map(|change| change.field.clone()).collect(),
            change: RecordChange::Changed,
        });
        applied.differences.push(RecordDifference {
            kind: declared.kind,
            id: declared.id.clone(),
            change: ChangeKind::Changed,
            fields,
        });
    }
    Ok(planned)
}

fn changed_fields(
    declared: &Declared,
    body: &str,
    stored_body: &str,
    sealed: Option<&[u8]>,
    inner: &Inner,
) -> Result<Vec<FieldChange>, RecordsError> {
    let name = name_of(declared);
    let read = |text: &str| -> Result<Value, RecordsError> {
        serde_json::from_str(text)
            .map_err(|_| RecordsError::damaged(name.clone(), "its body is not readable"))
    };
    let mut fields = if body == stored_body {
        Vec::new()
    } else {
        difference::of_bodies(&read(stored_body)?, &read(body)?)
    };
    let stored_secret = match sealed {
        None => None,
        Some(sealed) => {
            let bound_to = Binding::new(RECORD_OBJECT, name.as_bytes());
            Some(inner.vault.open_sealed(&bound_to, sealed)?)
        }
    };
    let same = match (&stored_secret, &declared.secret) {
        (Some(stored), Some(declared)) => stored.as_slice() == declared.as_bytes(),
        (None, None) => true,
        _ => false,
    };
    if !same {
        fields.push(FieldChange {
            field: secret_field(declared.kind).to_owned(),
            values: None,
        });
    }
    Ok(fields)
}

/// The faults of files that would change policies: with administrators who can approve, one
/// person alone does not.
pub(super) fn only_by_proposal(planned: &[Planned<'_>]) -> Vec<Fault> {
    let policies = planned
        .iter()
        .filter(|record| record.declared.kind == "policy");
    policies
        .map(|record| {
            record.declared.place.error(
                "policies change by a proposal that another person approves, once two administrators are enrolled",
                "propose them on the console, or with `wardgate policy propose`",
            )
        })
        .collect()
}

/// Writes the planned records, their links and their events.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    planned: &[Planned<'_>],
) -> Result<(), RecordsError> {
    for record in planned {
        upsert(connection, change, inner, record).await?;
    }
    // Links come last: a record may refer to one that stands further down.
    for record in planned {
        link(connection, record.declared).await?;
    }
    for record in planned {
        let fields: Vec<Token<'_>> = record
            .fields
            .iter()
            .map(|field| Token::or_unfit(field))
            .collect();
        let event = Event::RecordChanged(RecordChanged {
            record: Token::or_unfit(record.declared.kind),
            record_id: Token::or_unfit(&record.declared.id),
            version: count(record.version),
            change: record.change,
            fields: &fields,
            digest: Some(told::sha256(record.body.as_bytes())),
        });
        change.tell(connection, &inner.vault, &event).await?;
    }
    Ok(())
}

async fn upsert(
    connection: &mut SqliteConnection,
    change: &Change,
    inner: &Inner,
    record: &Planned<'_>,
) -> Result<(), RecordsError> {
    let name = name_of(record.declared);
    let sealed = match &record.declared.secret {
        None => None,
        Some(secret) => Some(seal(inner, &name, secret)?),
    };
    sqlx::query(
        "INSERT INTO records (kind, id, version, changed, changed_at, body, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, \
         changed = excluded.changed, changed_at = excluded.changed_at, \
         body = excluded.body, sealed = excluded.sealed",
    )
    .bind(record.declared.kind)
    .bind(&record.declared.id)
    .bind(record.version)
    .bind(change.sequence)
    .bind(micros(change.now))
    .bind(record.body)
    .bind(sealed)
    .execute(connection)
    .await
    .map_err(RecordsError::database("write records"))?;
    Ok(())
}

async fn link(connection: &mut SqliteConnection, declared: &Declared) -> Result<(), RecordsError> {
    sqlx::query("DELETE FROM record_links WHERE kind = $1 AND id = $2")
        .bind(declared.kind)
        .bind(&declared.id)
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("write records"))?;
    // A data set is no record, and nothing takes it away again.
    let records = declared.links.iter().filter(|link| link.kind != DATASET);
    for link in records {
        sqlx::query(
            "INSERT INTO record_links (kind, id, to_kind, to_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
        )
        .bind(declared.kind)
        .bind(&declared.id)
        .bind(link.kind)
        .bind(&link.id)
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("write records"))?;
    }
    Ok(())
}

/// Tells the ledger when other policies decide from now on.
pub(super) async fn tell_policy_change(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    before: [u8; 32],
) -> Result<(), RecordsError> {
    let after = check::policy_hash(connection).await?;
    if after == before {
        return Ok(());
    }
    let event = Event::PolicyChanged(PolicyChanged { before, after });
    change.tell(connection, &inner.vault, &event).await?;
    Ok(())
}

fn seal(inner: &Inner, name: &str, secret: &Zeroizing<String>) -> Result<Vec<u8>, RecordsError> {
    let bound_to = Binding::new(RECORD_OBJECT, name.as_bytes());
    Ok(inner.vault.seal(&bound_to, secret.as_bytes())?)
}

fn name_of(declared: &Declared) -> String {
    format!("{}/{}", declared.kind, declared.id)
}

fn secret_field(kind: &str) -> &'static str {
    match kind {
        "system" => "upstreams.token",
        "person" => "name",
        _ => "secret",
    }
}
