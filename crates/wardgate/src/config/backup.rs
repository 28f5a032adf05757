//! Who can open backups, and for how long wrapped keys are kept in them.

use std::path::PathBuf;

use wardgate_vault::age::Recipient;

use super::fields::Reader;

/// Who can open backups, and for how long wrapped keys are kept in them.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    /// Nobody means whoever can recover the vault.
    pub(crate) recipients: Vec<Recipient>,
    /// Where the wrapped keys go, apart from the data.
    pub(crate) keys_dir: Option<PathBuf>,
    pub(crate) keys_keep_days: u64,
}

pub(super) fn read(reader: &Reader) -> Option<Backup> {
    let section = reader.section("backup");
    let recipients = section.text(
        "recipients",
        "",
        "age recipients (`age1...`) parted by spaces",
        |text| parse(text).is_some(),
        "Who can open backups. Without any, whoever can recover the vault.",
    );
    let keys_dir = section.path_if(
        "keys_dir",
        "Directory for the wrapped keys, best on another disk. Without it, `keys` beside the backup.",
    );
    let keys_keep_days = section.number(
        "keys_keep_days",
        35,
        1..=400,
        "Days after which no copy of the wrapped keys may exist. It bounds how long a shredding takes to reach every backup.",
    );
    section.end();
    Some(Backup {
        recipients: parse(&recipients?)?,
        keys_dir: keys_dir?,
        keys_keep_days: keys_keep_days?,
    })
}

fn parse(text: &str) -> Option<Vec<Recipient>> {
    text.split_whitespace()
        .map(|word| word.parse().ok())
        .collect()
}
