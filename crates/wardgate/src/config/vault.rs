//! Who keeps the key that opens the vault, one section for each kind of provider, and when a
//! vault without its provider is sealed.

mod aws_kms;
mod gcp_kms;
mod pkcs11;
mod transit;

use std::path::{Path, PathBuf};

use wardgate_vault::{
    AwsKmsSettings, GcpKmsSettings, HttpsSettings, Pkcs11Settings, TransitLogin, TransitSettings,
};

use super::fields::{Reader, Section};

/// Who keeps the key that opens the vault.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    pub(crate) provider: Provider,
    /// How often a server proves that the provider still gives the root key.
    pub(crate) check_every_s: u64,
    /// How long it goes on without.
    pub(crate) seal_after_s: u64,
}

/// The key provider, with what it needs.
#[derive(Debug, Clone)]
pub(crate) enum Provider {
    /// A file whose first line is the passphrase; readable by its owner only.
    Passphrase(PathBuf),
    Pkcs11(Pkcs11Settings),
    Transit(TransitSettings),
    AwsKms(AwsKmsSettings),
    GcpKms(GcpKmsSettings),
}

impl Provider {
    /// The files whose content must be secret.
    pub(crate) fn secret_files(&self) -> Vec<&Path> {
        match self {
            Self::Passphrase(path) => vec![path],
            Self::Pkcs11(settings) => vec![&settings.pin_file],
            Self::Transit(settings) => match &settings.login {
                TransitLogin::TokenFile(path) => vec![path],
                TransitLogin::AppRole {
                    role_id_file,
                    secret_id_file,
                    ..
                } => vec![role_id_file, secret_id_file],
            },
            Self::AwsKms(settings) => vec![&settings.credentials_file],
            Self::GcpKms(settings) => vec![&settings.credentials_file],
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Passphrase,
    Pkcs11,
    Transit,
    AwsKms,
    GcpKms,
}

pub(super) fn read(reader: &Reader) -> Option<Vault> {
    let section = reader.section("vault");
    let kind = section.word(
        "provider",
        &[
            ("passphrase", Kind::Passphrase),
            ("pkcs11", Kind::Pkcs11),
            ("transit", Kind::Transit),
            ("aws-kms", Kind::AwsKms),
            ("gcp-kms", Kind::GcpKms),
        ],
        "Who wraps the root key: a passphrase, a hardware token, a transit engine of Vault or OpenBao, or a cloud's key service. The others have a section of their own.",
    );
    let passphrase_file = section.path(
        "passphrase_file",
        "passphrase",
        "File whose first line opens the vault. Only its owner may be able to read it (mode 0600).",
    );
    let check_every_s = section.number(
        "check_every_s",
        60,
        1..=86_400,
        "How often a server asks the key provider to prove that it still gives the root key.",
    );
    let seal_after_s = section.number(
        "seal_after_s",
        300,
        1..=604_800,
        "How long a server goes on after the first check that failed. Then it drops every key and refuses calls until the provider returns.",
    );
    section.end();
    // Every section is read, so that the reference has all and faults are told in all.
    let pkcs11 = pkcs11::read(reader, kind == Some(Kind::Pkcs11));
    let transit = transit::read(reader, kind == Some(Kind::Transit));
    let aws_kms = aws_kms::read(reader, kind == Some(Kind::AwsKms));
    let gcp_kms = gcp_kms::read(reader, kind == Some(Kind::GcpKms));
    let provider = match kind? {
        Kind::Passphrase => Provider::Passphrase(passphrase_file?),
        Kind::Pkcs11 => Provider::Pkcs11(pkcs11?),
        Kind::Transit => Provider::Transit(transit?),
        Kind::AwsKms => Provider::AwsKms(aws_kms?),
        Kind::GcpKms => Provider::GcpKms(gcp_kms?),
    };
    Some(Vault {
        provider,
        check_every_s: check_every_s?,
        seal_after_s: seal_after_s?,
    })
}

/// A text without a default. A fault when it is absent and the section is in use.
fn needed(
    section: &Section<'_>,
    used: bool,
    name: &'static str,
    takes: &str,
    what: &'static str,
) -> Option<String> {
    let value = section.text(name, "", takes, |text| text.len() <= TEXT_BYTES_MAX, what)?;
    if !value.is_empty() {
        return Some(value);
    }
    if used {
        absent(section, name);
    }
    None
}

/// A file without a default. A fault when it is absent and the section is in use.
fn needed_file(
    section: &Section<'_>,
    used: bool,
    name: &'static str,
    what: &'static str,
) -> Option<PathBuf> {
    let path = section.path_if(name, what)?;
    if path.is_none() && used {
        absent(section, name);
    }
    path
}

fn absent(section: &Section<'_>, name: &str) {
    section.fault(
        name,
        format!("`{}.{name}` is needed by this key provider", section.name()),
        "see the reference of the configuration",
    );
}

/// A text that need not be there.
fn text_if(
    section: &Section<'_>,
    name: &'static str,
    takes: &str,
    what: &'static str,
) -> Option<Option<String>> {
    let value = section.text(name, "", takes, |text| text.len() <= TEXT_BYTES_MAX, what)?;
    Some(Some(value).filter(|value| !value.is_empty()))
}

/// How a service is reached.
fn https(section: &Section<'_>) -> Option<HttpsSettings> {
    let ca_file = section.path_if(
        "ca_file",
        "Certificates (PEM) that vouch for the service, instead of the machine's own roots.",
    );
    let deadline_ms = section.number(
        "deadline_ms",
        HttpsSettings::DEADLINE_MS,
        100..=60_000,
        "Milliseconds that one request to the service may take in all.",
    );
    Some(HttpsSettings {
        ca_file: ca_file?,
        deadline_ms: deadline_ms?,
    })
}

const TEXT_BYTES_MAX: usize = 512;
