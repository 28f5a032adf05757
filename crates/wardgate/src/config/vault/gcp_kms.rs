//! Google Cloud KMS.

use wardgate_vault::GcpKmsSettings;

use super::{https, needed, needed_file, text_if};
use crate::config::fields::Reader;

pub(super) fn read(reader: &Reader, used: bool) -> Option<GcpKmsSettings> {
    let section = reader.section("gcp_kms");
    let key = needed(
        &section,
        used,
        "key",
        "`projects/P/locations/L/keyRings/R/cryptoKeys/K`",
        "The symmetric key that encrypts the root key.",
    );
    let endpoint = text_if(
        &section,
        "endpoint",
        "an https address",
        "Address of the service, such as a private endpoint; otherwise the public one.",
    );
    let credentials_file = needed_file(
        &section,
        used,
        "credentials_file",
        "The key file of a service account (mode 0600).",
    );
    let https = https(&section);
    section.end();
    Some(GcpKmsSettings {
        key: key?,
        endpoint: endpoint?,
        credentials_file: credentials_file?,
        https: https?,
    })
}
