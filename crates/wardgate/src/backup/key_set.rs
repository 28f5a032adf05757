//! The key set: a mirror of the wrapped keys, apart from the data, kept for a short time.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use wardgate_ledger::Signer;
use wardgate_ledger::note::VerifierKey;
use wardgate_records::{KeySet, RecordId};
use wardgate_vault::age::{Identity, Recipient};
use wardgate_vault::{DerivedKey, PatientHandle, Vault};
use zeroize::Zeroizing;

use super::{files, head, objects};
use crate::failure::Failure;

/// The signed statement of a key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: RecordId,
    pub(crate) made_at: Timestamp,
    pub(crate) keep_until: Timestamp,
}

/// What the mirroring did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mirrored {
    pub(crate) written: u64,
    pub(crate) kept: u64,
    pub(crate) removed: u64,
}

/// Who seals what is mirrored.
#[derive(Debug)]
pub(crate) struct Sealing<'s> {
    pub(crate) signer: &'s Signer,
    pub(crate) recipients: &'s [Recipient],
    pub(crate) name_key: &'s DerivedKey,
}

/// The key set that a directory has or gets, kept for so many days from now.
pub(crate) fn plan(
    dir: &Path,
    fresh: RecordId,
    key: &VerifierKey,
    days: u64,
    now: Timestamp,
) -> Result<KeySet, Failure> {
    let id = read_stamp(dir, key)?.map_or(fresh, |stamp| stamp.id);
    let keep = SignedDuration::from_hours(i64::try_from(days).unwrap_or(i64::MAX / 24) * 24);
    let keep_until = now.checked_add(keep).map_err(|_| {
        Failure::new(
            "the keys would be kept too long",
            "lower `backup.keys_keep_days`",
        )
    })?;
    let dir = std::path::absolute(dir).map_err(|error| Failure::file("find", dir, &error))?;
    Ok(KeySet {
        id,
        dir,
        made_at: now,
        keep_until,
    })
}

/// Makes the key set hold the wrapped keys of a vault, and no other.
pub(crate) fn mirror(
    set: &KeySet,
    (vault_dir, vault): (&Path, &Vault),
    sealing: &Sealing<'_>,
) -> Result<Mirrored, Failure> {
    let dir = set.dir.as_path();
    files::make_dir(dir)?;
    let mut mirrored = Mirrored::default();
    let mut wanted = BTreeSet::new();
    let mut patients = Vec::new();
    for name in key_files(vault_dir)? {
        let from = vault_dir.join(&name);
        // Shredded since it was listed.
        let Some(plain) = files::read(&from, KEY_FILE_BYTES_MAX)? else {
            continue;
        };
        let plain = Zeroizing::new(plain);
        let digest = objects::hex(&sealing.name_key.mac(&plain));
        let digest = digest.get(..DIGEST_CHARS).unwrap_or_default();
        let name = match handle_of(&name) {
            Some(patient) => {
                patients.push(patient);
                format!("{}.{digest}", name.trim_end_matches(".key"))
            }
            None => format!("vault/{name}.{digest}"),
        };
        let to = dir.join(&name);
        wanted.insert(name);
        if to.exists() {
            mirrored.kept += 1;
            continue;
        }
        files::make_dir(to.parent().unwrap_or(dir))?;
        let sealed = objects::encrypt(&plain, sealing.recipients)?;
        files::write(&to, &sealed, 0o600)?;
        mirrored.written += 1;
    }
    files::sync_all(dir)?;
    let stamp = Stamp {
        id: set.id,
        made_at: set.made_at,
        keep_until: set.keep_until,
    };
    let note = sealing.signer.sign(&stamp.text(sealing.signer.name()));
    files::write_durably(&dir.join(STAMP), note.as_bytes(), 0o600)?;
    for name in contents(dir)? {
        if !wanted.contains(&name) {
            destroy(&dir.join(&name))?;
            mirrored.removed += 1;
        }
    }
    // A shredding that ran meanwhile may have looked here before its key was written.
    for patient in patients {
        if vault.is_shredded(patient)? && !remove(dir, patient) {
            return Err(Failure::new(
                "a key that was shredded meanwhile can not be removed from the key set",
                "check the directory and run the backup again",
            ));
        }
    }
    Ok(mirrored)
}

/// Destroys the wrapped key of a patient in a key set. Returns whether none is left there; a
/// directory that is not this key set is out of reach.
pub(crate) fn remove_if_reachable(set: &KeySet, patient: PatientHandle, key: &VerifierKey) -> bool {
    let here = read_stamp(&set.dir, key)
        .ok()
        .flatten()
        .is_some_and(|stamp| stamp.id == set.id);
    here && remove(&set.dir, patient)
}

/// The wrapped key files of a key set, by their paths in the vault, decrypted one at a time.
pub(crate) fn each(
    dir: &Path,
    identities: &[Identity],
    mut take: impl FnMut(&str, Option<PatientHandle>, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for name in contents(dir)? {
        let path = dir.join(&name);
        if files::is_draft(&name) {
            continue;
        }
        let Some((original, _digest)) = name.rsplit_once('.') else {
            return Err(foreign(&path));
        };
        let sealed = files::read(&path, SEALED_BYTES_MAX)?.unwrap_or_default();
        let plain = objects::decrypt(&sealed, identities, KEY_FILE_BYTES_MAX)
            .map_err(|failure| failure_at(&path, &failure))?;
        match original.strip_prefix("vault/") {
            Some(original) => take(original, None, &plain)?,
            None => {
                let original = format!("{original}.key");
                let patient = handle_of(&original).ok_or_else(|| foreign(&path))?;
                take(&original, Some(patient), &plain)?;
            }
        }
    }
    Ok(())
}

/// The statement of the key set in a directory, if it has one.
pub(crate) fn read_stamp(dir: &Path, key: &VerifierKey) -> Result<Option<Stamp>, Failure> {
    let path = dir.join(STAMP);
    let Some(note) = files::read(&path, STAMP_BYTES_MAX)? else {
        return Ok(None);
    };
    let text = head::open_note(&note, key, &path)?;
    match Stamp::parse(&text) {
        Some(stamp) => Ok(Some(stamp)),
        None => Err(foreign(&path)),
    }
}

/// Destroys a whole key set. The statement goes last, so that a crash leaves what says that
/// the rest is to go.
pub(crate) fn destroy_all(dir: &Path) -> Result<u64, Failure> {
    let mut destroyed = 0;
    for name in contents(dir)? {
        destroy(&dir.join(&name))?;
        destroyed += 1;
    }
    destroy(&dir.join(STAMP))?;
    Ok(destroyed)
}

impl Stamp {
    fn text(&self, origin: &str) -> String {
        format!(
            "{FIRST_LINE}\n{origin}\nkey-set {}\nmade {}\nuntil {}\n",
            self.id, self.made_at, self.keep_until
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let origin = lines.next()?;
        let mut value =
            |name: &str| -> Option<&str> { lines.next()?.strip_prefix(name)?.strip_prefix(' ') };
        let stamp = Self {
            id: value("key-set")?.parse().ok()?,
            made_at: value("made")?.parse().ok()?,
            keep_until: value("until")?.parse().ok()?,
        };
        (stamp.text(origin) == text).then_some(stamp)
    }
}

/// The files of a vault that hold wrapped keys, by their paths in it.
fn key_files(vault: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for name in files::names_below(vault)? {
        let of_root = !name.contains('/');
        let holds_keys = (of_root && name != LOCK) || handle_of(&name).is_some();
        if holds_keys && !files::is_draft(&name) {
            found.push(name);
        }
    }
    Ok(found)
}

/// The patient of a key file.
fn handle_of(name: &str) -> Option<PatientHandle> {
    let name = name.strip_prefix("patients/")?.strip_suffix(".key")?;
    name.split_once('/')?.1.parse().ok()
}

fn remove(dir: &Path, patient: PatientHandle) -> bool {
    let handle = patient.to_string();
    let folder = dir
        .join("patients")
        .join(handle.get(..2).unwrap_or_default());
    let Ok(names) = files::names_and_drafts(&folder) else {
        return false;
    };
    let of_patient = names.iter().filter(|name| name.starts_with(&handle));
    let mut gone = true;
    for name in of_patient {
        gone &= files::destroy(&folder.join(name)).is_ok();
    }
    gone
}

/// Everything in a key set but its statement, by paths in it.
fn contents(dir: &Path) -> Result<Vec<String>, Failure> {
    let mut found = files::names_below(&dir.join("vault"))?
        .into_iter()
        .map(|name| format!("vault/{name}"))
        .collect::<Vec<_>>();
    let patients = files::names_below(&dir.join("patients"))?;
    found.extend(patients.into_iter().map(|name| format!("patients/{name}")));
    Ok(found)
}

fn destroy(path: &Path) -> Result<(), Failure> {
    files::destroy(path).map_err(|error| Failure::file("destroy", path, &error))
}

fn foreign(path: &Path) -> Failure {
    Failure::new(
        format!("`{}` does not belong to a key set", path.display()),
        "check which directory holds the keys",
    )
}

fn failure_at(path: &Path, failure: &Failure) -> Failure {
    Failure::new(
        format!("`{}`: {}", path.display(), failure.message()),
        failure.hint(),
    )
}

const FIRST_LINE: &str = "wardgate-key-set/v1";
const STAMP: &str = "set";
/// The lock of a vault holds nothing.
const LOCK: &str = "lock";
const STAMP_BYTES_MAX: u64 = 16 << 10;
const DIGEST_CHARS: usize = 16;
/// The key file of the root and the tenant is the longest.
const KEY_FILE_BYTES_MAX: u64 = 256 << 10;
const SEALED_BYTES_MAX: u64 = KEY_FILE_BYTES_MAX + (16 << 10);
