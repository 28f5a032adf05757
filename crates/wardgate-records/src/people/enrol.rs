//! Enrolment: a link is used up in the same transaction that adds what it was for.

use jiff::Timestamp;

use super::credential::{self, NewCredential, suffices};
use super::mint::For;
use super::session::{SessionEnd, end_all};
use super::{active_person, guard_administrators, link, refused};
use crate::RecordId;
use crate::error::RecordsError;
use crate::people::LinkPurpose;
use crate::people::administrators;
use crate::store::Store;
use crate::store::rows::Change;

impl Store {
    /// Adds ways to sign in for whom a link was made, and uses the link up. A link to recover
    /// takes away all earlier ways and ends all sessions. The new ways must suffice by themselves.
    /// `None` when the link is not good, or not any more.
    ///
    /// # Errors
    /// When the new ways do not suffice, the person is suspended, or the store fails.
    pub async fn enrol(
        &self,
        token: &str,
        ways: &[NewCredential<'_>],
        now: Timestamp,
    ) -> Result<Option<(String, Vec<RecordId>)>, RecordsError> {
        if !suffices(ways.iter().map(|way| way.secret.kind())) {
            return refused("a password counts only together with a second factor");
        }
        let mac = self.inner.token_mac(For::Link, token.as_bytes());
        let mut change = self.inner.write().await?;
        let Some(link) = link::spend(&mut change, mac, now).await? else {
            return Ok(None);
        };
        active_person(&mut change, &link.person).await?;
        let before = administrators::enrolled(&mut change).await?.len();
        let mut numbered = Change::begin(&mut change, now).await?;
        if link.purpose == LinkPurpose::Recover {
            let (inner, person) = (&self.inner, link.person.as_str());
            credential::remove_all(inner, &mut change, &mut numbered, person).await?;
            let why = SessionEnd::Recovered;
            end_all(inner, &mut change, &mut numbered, person, None, why).await?;
        }
        let mut added = Vec::with_capacity(ways.len());
        for way in ways {
            let id = credential::insert(&self.inner, &mut change, &mut numbered, &link.person, way)
                .await?;
            added.push(id);
        }
        guard_administrators(&mut change, before).await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("enrol a person"))?;
        Ok(Some((link.person, added)))
    }
}
