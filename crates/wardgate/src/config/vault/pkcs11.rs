//! The hardware token.

use wardgate_vault::{Pkcs11Settings, TokenName};

use super::{absent, needed, needed_file, text_if};
use crate::config::fields::Reader;

pub(super) fn read(reader: &Reader, used: bool) -> Option<Pkcs11Settings> {
    let section = reader.section("pkcs11");
    let module = needed_file(
        &section,
        used,
        "module",
        "The PKCS#11 module of the token's maker: a shared library.",
    );
    let label = text_if(
        &section,
        "token_label",
        "the label of a token",
        "The token, by the label it was given.",
    );
    let serial = text_if(
        &section,
        "token_serial",
        "the serial number of a token, in quotes",
        "The token, by its serial number; instead of the label.",
    );
    let key = needed(
        &section,
        used,
        "key_label",
        "the label of a key",
        "The AES-256 key on the token that wraps the root key.",
    );
    let pin_file = needed_file(
        &section,
        used,
        "pin_file",
        "File whose first line is the user's PIN (mode 0600).",
    );
    let token = match (label?, serial?) {
        (Some(label), None) => Some(TokenName::Label(label)),
        (None, Some(serial)) => Some(TokenName::Serial(serial)),
        (Some(_), Some(_)) => {
            let message = "the token is named by label and by serial number".to_owned();
            section.fault("token_serial", message, "keep one of them");
            None
        }
        (None, None) => {
            if used {
                absent(&section, "token_label");
            }
            None
        }
    };
    section.end();
    Some(Pkcs11Settings {
        module: module?,
        token: token?,
        key: key?,
        pin_file: pin_file?,
    })
}
