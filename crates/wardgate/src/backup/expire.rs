//! Drops what is past its time: whole key sets, old backups, and objects that none needs.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use wardgate_ledger::note::VerifierKey;

use super::head;
use super::make::known_objects;
use super::objects::{self, LIST_BYTES_MAX, UNFINISHED};
use super::{files, key_set};
use crate::failure::Failure;

/// What was dropped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expired {
    pub(crate) backups: u64,
    pub(crate) objects: u64,
    pub(crate) keys: u64,
}

/// Drops backups that are older than so many days, if that is said, but never the newest, then
/// the objects that no backup names, and the key set once its time is over.
pub(crate) fn expire(
    dir: &Path,
    keys: &Path,
    (older_than_days, key): (Option<u64>, &VerifierKey),
    now: Timestamp,
) -> Result<Expired, Failure> {
    let _alone = files::lock(dir)?;
    let mut expired = Expired::default();
    if let Some(stamp) = key_set::read_stamp(keys, key)?
        && stamp.keep_until <= now
    {
        expired.keys = key_set::destroy_all(keys)?;
    }
    if let Some(days) = older_than_days {
        let age = SignedDuration::from_hours(i64::try_from(days).unwrap_or(i64::MAX / 24) * 24);
        let mut heads = head::all(dir, key)?;
        heads.pop();
        for head in heads {
            if now.duration_since(head.made_at) > age {
                head::remove(dir, head.id)?;
                expired.backups += 1;
            }
        }
    }
    expired.objects = collect_garbage(dir, key)?;
    Ok(expired)
}

/// Removes the objects that no complete and no unfinished backup names.
fn collect_garbage(dir: &Path, key: &VerifierKey) -> Result<u64, Failure> {
    let mut needed = known_objects(dir, key)?;
    let unfinished = files::read(&dir.join(UNFINISHED), LIST_BYTES_MAX)?.unwrap_or_default();
    needed.append(&mut objects::parse_list(&unfinished));
    let mut removed = 0;
    for name in files::names_below(&dir.join("objects"))? {
        let object = name.rsplit('/').next().unwrap_or_default();
        if needed.contains_key(object) {
            continue;
        }
        let path = dir.join("objects").join(&name);
        std::fs::remove_file(&path).map_err(|error| Failure::file("remove", &path, &error))?;
        removed += 1;
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use wardgate_ledger::Signer;
    use wardgate_records::RecordId;
    use wardgate_vault::age::Identity;
    use wardgate_vault::{Label, PatientHandle};

    use super::*;
    use crate::backup::key_set::{Sealing, mirror, plan, remove_if_reachable};

    #[test]
    fn a_key_set_is_a_mirror_that_loses_the_shredded_and_ends_with_its_time() {
        let places = tempfile::tempdir().unwrap();
        let (keys, backups) = (places.path().join("keys"), places.path().join("backups"));
        files::make_dir(&backups).unwrap();
        let home = places.path().join("vault");
        files::make_dir(&home).unwrap();
        let vault = crate::backup::tests::vault(&home);
        let patients = [PatientHandle::random(), PatientHandle::random()];
        for patient in patients {
            vault.create_patient_key(patient).unwrap();
        }
        let signer = Signer::from_seed("hospital.example/node", &[7; 32]).unwrap();
        let key = signer.verifier_key().clone();
        let identity = Identity::generate().unwrap();
        let recipients = [identity.recipient().clone()];
        let name_key = vault.derive(Label::BackupName);
        let sealing = Sealing {
            signer: &signer,
            recipients: &recipients,
            name_key: &name_key,
        };
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let set = plan(&keys, RecordId::new(now, [1; 10]), &key, 35, now).unwrap();
        let mirrored = mirror(&set, (&home, &vault), &sealing).unwrap();
        assert_eq!((mirrored.written, mirrored.removed), (3, 0));

        // In reach, the copy goes at once; a set with another id in its place is out of reach.
        vault.shred_patient(patients[0]).unwrap();
        let mut other = set.clone();
        other.id = RecordId::new(now, [2; 10]);
        assert!(!remove_if_reachable(&other, patients[0], &key));
        assert!(remove_if_reachable(&set, patients[0], &key));
        assert!(remove_if_reachable(&set, patients[0], &key));
        // Out of reach, it goes with the next backup.
        vault.shred_patient(patients[1]).unwrap();
        let again = plan(&keys, RecordId::new(now, [3; 10]), &key, 35, now).unwrap();
        assert_eq!(again.id, set.id);
        let mirrored = mirror(&again, (&home, &vault), &sealing).unwrap();
        assert_eq!(
            (mirrored.written, mirrored.kept, mirrored.removed),
            (0, 1, 1)
        );

        let expire_at = |at: &str| {
            expire(&backups, &keys, (None, &key), at.parse().unwrap())
                .unwrap()
                .keys
        };
        assert_eq!(expire_at("2026-12-28T09:59:59Z"), 0);
        assert_eq!(expire_at("2026-12-28T10:00:00Z"), 1);
        assert!(files::names_below(&keys).unwrap().is_empty());
    }
}
