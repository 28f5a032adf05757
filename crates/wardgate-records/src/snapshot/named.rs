//! Apps and people by what others call them: clients, certificates, subjects.
//!
//! A name that fits several fits none: a credential must never mean one of two.

use std::sync::Arc;

use super::{Snapshot, Versioned};
use crate::record::{App, Person};

impl Snapshot {
    /// The app that an issuer of tokens knows under this client id.
    #[must_use]
    pub fn app_of_client(&self, issuer: &str, client: &str) -> Option<&Arc<Versioned<App>>> {
        self.only_app(|app| {
            let mut issued = app.clients.issued.iter();
            issued.any(|named| named.issuer == issuer && named.client == client)
        })
    }

    /// The app that a client certificate belongs to, by its thumbprint or one of its names.
    #[must_use]
    pub fn app_of_certificate(
        &self,
        thumbprint: &[u8; 32],
        names: &[String],
    ) -> Option<&Arc<Versioned<App>>> {
        let thumbprint = format!("sha256:{}", crate::hex::encode(thumbprint));
        self.only_app(|app| {
            let mut certificates = app.clients.certificates.iter();
            certificates.any(|name| *name == thumbprint || names.contains(name))
        })
    }

    /// None also when several fit: then nobody can be meant.
    fn only_app(&self, fits: impl Fn(&App) -> bool) -> Option<&Arc<Versioned<App>>> {
        let mut fitting = self.apps().filter(|app| fits(&app.record));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    /// The person whom a provider of identity knows as this subject.
    #[must_use]
    pub fn person_of_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Option<&Arc<Versioned<Person>>> {
        let mut fitting = self.records.people.values().filter(|person| {
            let mut identities = person.identities.iter();
            identities.any(|named| named.issuer == issuer && named.subject == subject)
        });
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}
