//! Wardgate as the bench runs it: its own data directory with the invented hospital of the
//! end-to-end tests, plain HTTP on loopback, and masking, consent and the durable ledger on.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use hospital::Hospital;

/// The running gate and what a call to it carries.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) server: hospital::Gate,
    pub(crate) headers: Vec<(String, String)>,
}

impl Gate {
    /// Sets up a data directory with the mock model as upstream, and serves from it.
    pub(crate) fn start(program: &Path, model: SocketAddr, home: &Path) -> Result<Self> {
        let documents = hospital::documents(&model.to_string())?;
        let hospital = Hospital::create(program, &home.join("data"), false, &documents)?;
        let key = hospital.key("notes", Some("dr-osei"))?;
        let headers = [
            ("authorization", format!("Bearer {key}")),
            ("wardgate-purpose", "TREAT".to_owned()),
            ("wardgate-patient", "Patient/linholm".to_owned()),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        Ok(Self {
            server: hospital.serve()?,
            headers,
        })
    }
}
