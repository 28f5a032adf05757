//! What the database holds now, to be compared with what the ledger was told.

use aws_lc_rs::digest::{SHA256, digest};

use crate::error::RecordsError;
use crate::store::Store;

/// A record as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRecord {
    /// What kind of record it is, as the ledger names it.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// The digest of its text, which the ledger holds for each version.
    pub digest: [u8; 32],
}

impl Store {
    /// All records that the ledger tells with a digest.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn held_records(&self) -> Result<Vec<HeldRecord>, RecordsError> {
        let rows: Vec<(String, String, i64, String)> =
            sqlx::query_as("SELECT kind, id, version, body FROM records ORDER BY kind, id")
                .fetch_all(&self.inner.reader)
                .await
                .map_err(RecordsError::database("read the records"))?;
        let held = |(kind, id, version, body): (String, String, i64, String)| HeldRecord {
            kind,
            id,
            version: u64::try_from(version).unwrap_or(0),
            digest: sha256(body.as_bytes()),
        };
        Ok(rows.into_iter().map(held).collect())
    }
}

/// The digest of a record's text.
pub(crate) fn sha256(text: &[u8]) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, text).as_ref());
    sha256
}
