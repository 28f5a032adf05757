//! Replacing keys: the root by one write, the tenant key by a walk that can be cut short at
//! any point and taken up again, beside a server that runs.

use std::path::Path;
use std::sync::Arc;

use crate::age::Identity;
use crate::error::VaultError;
use crate::files;
use crate::keyring::KeyringFile;
use crate::provider::KeyProvider;
use crate::recovery::Recovery;
use crate::vault::Vault;

impl Vault {
    /// Replaces the root key by a new one that `to` wraps, which may be another provider.
    /// Returns the version of the new root key.
    ///
    /// # Errors
    /// As [`Vault::open`] for `from`; [`VaultError::Rotating`]. Before the last step nothing
    /// has changed.
    pub fn rotate_root(
        dir: &Path,
        from: &dyn KeyProvider,
        to: &dyn KeyProvider,
        recovery: &Recovery,
    ) -> Result<u32, VaultError> {
        let _alone = alone(dir)?;
        let (_, version) = KeyringFile::of(dir).rotate_root(&from, to, recovery)?;
        Ok(version)
    }

    /// Replaces the root key by a new one that `to` wraps, when the provider before is lost.
    /// Returns the version of the new root key.
    ///
    /// # Errors
    /// As [`Vault::recover`]; [`VaultError::Rotating`].
    pub fn recover_to(
        dir: &Path,
        identity: &Identity,
        to: &dyn KeyProvider,
        recovery: &Recovery,
    ) -> Result<u32, VaultError> {
        let _alone = alone(dir)?;
        let (_, version) = KeyringFile::of(dir).rotate_root(&identity, to, recovery)?;
        Ok(version)
    }

    /// Begins a rotation of the tenant key, or takes up one that was cut short.
    ///
    /// # Errors
    /// As [`Vault::open`]; [`VaultError::Rotating`].
    pub fn rotate_tenant(&self) -> Result<TenantRotation<'_>, VaultError> {
        let alone = alone(&self.dir)?;
        let provider = self.provider()?;
        let resumed = self.file.status()?.rewrapping;
        self.take_up(self.file.add_tenant_key(&*provider)?);
        let version = self.keys().current()?.number;
        Ok(TenantRotation {
            vault: self,
            provider,
            version,
            resumed,
            _alone: alone,
        })
    }
}

/// A rotation of the tenant key that is under way. The new version is in use; what older ones
/// wrap is wrapped anew one by one, and stays readable meanwhile.
#[derive(Debug)]
pub struct TenantRotation<'v> {
    vault: &'v Vault,
    provider: Arc<dyn KeyProvider>,
    version: u32,
    resumed: bool,
    _alone: files::Lock,
}

impl TenantRotation<'_> {
    /// The new version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether an earlier run had begun it.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// How many patient keys there are.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn patient_keys(&self) -> Result<u64, VaultError> {
        let patients = &self.vault.patients;
        let mut count = 0;
        for folder in patients.folders()? {
            count += patients.patients_in(&folder)?.len() as u64;
        }
        Ok(count)
    }

    /// Wraps every patient key under the new version. `seen` is told of each one. Returns how
    /// many were wrapped under an older one.
    ///
    /// # Errors
    /// [`VaultError::Io`], [`VaultError::Damaged`]; what was done stays done.
    pub fn rewrap_patient_keys(&self, mut seen: impl FnMut()) -> Result<u64, VaultError> {
        let patients = &self.vault.patients;
        let keys = self.vault.keys();
        let mut count = 0;
        for folder in patients.folders()? {
            for patient in patients.patients_in(&folder)? {
                count += u64::from(patients.rewrap(patient, &keys)?);
                seen();
            }
        }
        Ok(count)
    }

    /// Notes that everything is wrapped anew. A server that had not yet noticed the new version
    /// may have made a patient key under the one before, so this looks once more.
    ///
    /// # Errors
    /// As [`TenantRotation::rewrap_patient_keys`].
    pub fn finish(self) -> Result<(), VaultError> {
        while self.rewrap_patient_keys(|| {})? > 0 {}
        let keyring = self.vault.file.end_rewrapping(&*self.provider)?;
        self.vault.take_up(keyring);
        Ok(())
    }
}

/// One rotation at a time.
fn alone(dir: &Path) -> Result<files::Lock, VaultError> {
    files::Lock::try_take(&dir.join("rotation.lock"))?.ok_or(VaultError::Rotating)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::envelope::Binding;
    use crate::files::STEPS_LEFT;
    use crate::patient::PatientHandle;
    use crate::provider::ProviderError;

    /// Wraps by naming itself: only for tests of what a crash leaves.
    #[derive(Debug)]
    struct Named(&'static str);

    impl KeyProvider for Named {
        fn describe(&self) -> String {
            self.0.to_owned()
        }

        fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
            Ok([self.0.as_bytes(), context, root].concat())
        }

        fn unwrap(
            &self,
            wrapped: &[u8],
            context: &[u8],
        ) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
            let root = wrapped
                .strip_prefix(self.0.as_bytes())
                .and_then(|rest| rest.strip_prefix(context)?.try_into().ok());
            root.map(Zeroizing::new)
                .ok_or_else(|| ProviderError::Rejected {
                    provider: self.describe(),
                })
        }
    }

    const BINDING: Binding<'static> = Binding {
        object: "x",
        id: b"1",
    };

    struct Case {
        dir: tempfile::TempDir,
        patients: Vec<(PatientHandle, Vec<u8>)>,
        of_tenant: Vec<u8>,
    }

    impl Case {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let vault = Vault::init(dir.path(), Arc::new(Named("one")), &Recovery::none()).unwrap();
            let patients = (0..3).map(|_| {
                let patient = PatientHandle::random();
                vault.create_patient_key(patient).unwrap();
                let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
                (patient, sealed)
            });
            Self {
                patients: patients.collect(),
                of_tenant: vault.seal(&BINDING, b"none").unwrap(),
                dir,
            }
        }

        fn open(&self) -> Vault {
            let open = |name| Vault::open(self.dir.path(), Arc::new(Named(name)));
            open("one").or_else(|_| open("two")).unwrap()
        }

        fn assert_whole(&self) {
            let vault = self.open();
            assert_eq!(
                *vault.open_sealed(&BINDING, &self.of_tenant).unwrap(),
                b"none"
            );
            for (patient, sealed) in &self.patients {
                let opened = vault.open_for_patient(*patient, &BINDING, sealed).unwrap();
                assert_eq!(*opened, b"text");
            }
        }

        fn leftovers(&self) -> usize {
            let patients = self.dir.path().join("patients");
            let folders = std::fs::read_dir(patients).unwrap();
            let files =
                folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
            let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
            names
                .filter(|name| !name.ends_with(".key") && !name.ends_with(".shredded"))
                .count()
        }
    }

    /// Cuts an operation short at every step, until it runs to its end.
    fn at_every_step(
        mut operation: impl FnMut(&Case) -> Result<(), VaultError>,
        mut afterwards: impl FnMut(&Case),
    ) -> u64 {
        for steps in 0.. {
            let case = Case::new();
            STEPS_LEFT.set(steps);
            let done = operation(&case);
            STEPS_LEFT.set(u64::MAX);
            case.assert_whole();
            afterwards(&case);
            if done.is_ok() {
                return steps;
            }
            assert!(steps < 1000);
        }
        0
    }

    fn rotate_tenant(case: &Case) -> Result<(), VaultError> {
        let vault = case.open();
        let rotation = vault.rotate_tenant()?;
        rotation.rewrap_patient_keys(|| {})?;
        rotation.finish()
    }

    #[test]
    fn a_root_rotation_cut_short_at_any_step_leaves_a_vault_that_opens() {
        let steps = at_every_step(
            |case| {
                let (one, two) = (Named("one"), Named("two"));
                Vault::rotate_root(case.dir.path(), &one, &two, &Recovery::none()).map(drop)
            },
            |_| {},
        );
        assert!(steps >= 3, "{steps}");
    }

    #[test]
    fn a_tenant_rotation_cut_short_at_any_step_is_taken_up_again() {
        let steps = at_every_step(rotate_tenant, |case| {
            let before = Vault::status(case.dir.path()).unwrap();
            let added = before.tenant_keys.len() == 2;
            let resumed = case.open().rotate_tenant().unwrap().is_resumed();
            assert_eq!(resumed, before.rewrapping);
            rotate_tenant(case).unwrap();
            case.assert_whole();
            let after = Vault::status(case.dir.path()).unwrap();
            assert!(!after.rewrapping);
            let finished_before = added && !before.rewrapping;
            assert_eq!(after.tenant_keys.len(), if finished_before { 3 } else { 2 });
            assert_eq!(case.leftovers(), 0);
        });
        assert!(steps > 20, "{steps}");
    }

    #[test]
    fn a_shredding_after_a_rotation_cut_short_leaves_no_wrapped_key() {
        at_every_step(rotate_tenant, |case| {
            let vault = case.open();
            for (patient, sealed) in &case.patients {
                vault.shred_patient(*patient).unwrap();
                let opened = vault.open_for_patient(*patient, &BINDING, sealed);
                assert!(matches!(opened, Err(VaultError::Shredded)));
            }
            assert_eq!(case.leftovers(), 0);
            rotate_tenant(case).unwrap();
            assert_eq!(
                vault
                    .patients
                    .folders()
                    .unwrap()
                    .iter()
                    .map(|folder| { vault.patients.patients_in(folder).unwrap().len() })
                    .sum::<usize>(),
                0
            );
        });
    }
}
