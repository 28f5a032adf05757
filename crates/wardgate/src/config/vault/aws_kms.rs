//! AWS KMS.

use wardgate_vault::AwsKmsSettings;

use super::{https, needed, needed_file, text_if};
use crate::config::fields::Reader;

pub(super) fn read(reader: &Reader, used: bool) -> Option<AwsKmsSettings> {
    let section = reader.section("aws_kms");
    let region = needed(
        &section,
        used,
        "region",
        "a region, such as `eu-central-1`",
        "The region of the key.",
    );
    let key = needed(
        &section,
        used,
        "key",
        "an id, ARN or alias, such as `alias/wardgate`",
        "The symmetric key that encrypts the root key.",
    );
    let endpoint = text_if(
        &section,
        "endpoint",
        "an https address",
        "Address of the service, such as a private endpoint; otherwise the region's public one.",
    );
    let credentials_file = needed_file(
        &section,
        used,
        "credentials_file",
        "Credentials in the format of the AWS tools (mode 0600). Read for each request, so they can be rotated.",
    );
    let profile = section.text(
        "profile",
        "default",
        "the name of a profile",
        |text| !text.is_empty() && text.len() <= 128,
        "The profile of that file.",
    );
    let https = https(&section);
    section.end();
    Some(AwsKmsSettings {
        region: region?,
        key: key?,
        endpoint: endpoint?,
        credentials_file: credentials_file?,
        profile: profile?,
        https: https?,
    })
}
