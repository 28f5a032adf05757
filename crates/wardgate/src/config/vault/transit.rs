//! The transit engine of Vault or OpenBao.

use wardgate_vault::{TransitLogin, TransitSettings};

use super::{https, needed, text_if};
use crate::config::fields::{Reader, Section};

pub(super) fn read(reader: &Reader, used: bool) -> Option<TransitSettings> {
    let section = reader.section("transit");
    let url = needed(
        &section,
        used,
        "url",
        "an https address, such as `https://bao.example.org:8200`",
        "Address of the server. Plain HTTP is for an agent on this machine only.",
    );
    let fits = |text: &str| !text.is_empty() && text.len() <= 128;
    let mount = section.text(
        "mount",
        "transit",
        "a mount path",
        fits,
        "Where the transit engine is mounted.",
    );
    let key = section.text(
        "key",
        "wardgate",
        "the name of a key",
        fits,
        "The key of the engine that wraps the root key. It must authenticate associated data, as `aes256-gcm96` does.",
    );
    let derived_key = section.flag(
        "derived_key",
        false,
        "Whether the key was made with `derived=true`.",
    );
    let namespace = text_if(
        &section,
        "namespace",
        "a namespace",
        "The namespace of the mount, where the server has those.",
    );
    let login = login(&section, used);
    let https = https(&section);
    section.end();
    Some(TransitSettings {
        url: url?,
        mount: mount?,
        key: key?,
        derived_key: derived_key?,
        namespace: namespace?,
        login: login?,
        https: https?,
    })
}

fn login(section: &Section<'_>, used: bool) -> Option<TransitLogin> {
    let token_file = section.path_if(
        "token_file",
        "File with a token that an agent keeps fresh (mode 0600).",
    );
    let mount = section.text(
        "app_role_mount",
        "approle",
        "a mount path",
        |text| !text.is_empty() && text.len() <= 128,
        "Where the AppRole method is mounted.",
    );
    let role_id_file = section.path_if(
        "role_id_file",
        "File with the role id of AppRole (mode 0600); instead of a token.",
    );
    let secret_id_file = section.path_if(
        "secret_id_file",
        "File with the secret id of AppRole (mode 0600).",
    );
    match (token_file?, role_id_file?, secret_id_file?) {
        (Some(path), None, None) => Some(TransitLogin::TokenFile(path)),
        (None, Some(role_id_file), Some(secret_id_file)) => Some(TransitLogin::AppRole {
            mount: mount?,
            role_id_file,
            secret_id_file,
        }),
        (None, None, None) if !used => None,
        _ => {
            section.fault(
                "token_file",
                "it is not clear how to log in to the transit engine".to_owned(),
                "name `token_file`, or both `role_id_file` and `secret_id_file`",
            );
            None
        }
    }
}
