//! Seals what the tenant key sealed anew, after the key was rotated.

use sqlx::AssertSqlSafe;
use wardgate_vault::Binding;

use crate::directory::{GROUP_OBJECT, USER_OBJECT};
use crate::error::RecordsError;
use crate::people::{CHALLENGE_OBJECT, CREDENTIAL_OBJECT, SESSION_OBJECT};
use crate::proposals::PROPOSAL_OBJECT;
use crate::store::Store;
use crate::store::rows::RECORD_OBJECT;

/// A table with a column `sealed`, and how its rows are named in what the seal is bound to.
struct Sealed {
    table: &'static str,
    /// The name of a row, as an expression that gives bytes or text.
    name: &'static str,
    object: &'static str,
}

/// Every table that the tenant key seals a column of. One that is missing here is unreadable once
/// the old key is gone.
const SEALED: &[Sealed] = &[
    Sealed {
        table: "records",
        name: "kind || '/' || id",
        object: RECORD_OBJECT,
    },
    Sealed {
        table: "credentials",
        name: "id",
        object: CREDENTIAL_OBJECT,
    },
    Sealed {
        table: "sessions",
        name: "id",
        object: SESSION_OBJECT,
    },
    Sealed {
        table: "challenges",
        name: "mac",
        object: CHALLENGE_OBJECT,
    },
    Sealed {
        table: "proposals",
        name: "id",
        object: PROPOSAL_OBJECT,
    },
    Sealed {
        table: "directory_users",
        name: "person",
        object: USER_OBJECT,
    },
    Sealed {
        table: "directory_groups",
        name: "id",
        object: GROUP_OBJECT,
    },
];

impl Store {
    /// How many rows have a part that the tenant key seals.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sealed_records(&self) -> Result<u64, RecordsError> {
        let mut all = 0;
        for sealed in SEALED {
            // The texts are those above: nothing of a caller is in them.
            let statement = format!(
                "SELECT COUNT(*) FROM {} WHERE sealed IS NOT NULL",
                sealed.table
            );
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
                .fetch_one(&self.inner.reader)
                .await
                .map_err(RecordsError::database("count sealed records"))?;
            all += u64::try_from(count).unwrap_or(0);
        }
        Ok(all)
    }

    /// Seals every row anew that an older tenant key had sealed. A row at a time, so that other
    /// changes find their turn; what was done stays done. `seen` is told of each one. Returns how
    /// many were sealed anew. Nothing a reader can see changes.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn reseal_records(&self, mut seen: impl FnMut()) -> Result<u64, RecordsError> {
        let mut resealed = 0;
        for sealed in SEALED {
            let statement = format!(
                "SELECT CAST({} AS BLOB) FROM {} WHERE sealed IS NOT NULL",
                sealed.name, sealed.table
            );
            let names: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(statement))
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read records"))?;
            for name in names {
                resealed += u64::from(self.reseal_row(sealed, &name).await?);
                seen();
            }
        }
        Ok(resealed)
    }

    async fn reseal_row(&self, row: &Sealed, name: &[u8]) -> Result<bool, RecordsError> {
        let failed = || RecordsError::database("seal a record anew");
        let mut change = self.inner.write().await?;
        let statement = format!(
            "SELECT sealed FROM {} WHERE CAST({} AS BLOB) = $1 AND sealed IS NOT NULL",
            row.table, row.name
        );
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(name.to_vec())
            .fetch_optional(&mut *change)
            .await
            .map_err(failed())?;
        let Some(sealed) = sealed else {
            return Ok(false);
        };
        let bound_to = Binding::new(row.object, name);
        let Some(resealed) = self.inner.vault.reseal(&bound_to, &sealed)? else {
            return Ok(false);
        };
        let statement = format!(
            "UPDATE {} SET sealed = $1 WHERE CAST({} AS BLOB) = $2",
            row.table, row.name
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(resealed)
            .bind(name.to_vec())
            .execute(&mut *change)
            .await
            .map_err(failed())?;
        change.commit().await.map_err(failed())?;
        Ok(true)
    }
}
