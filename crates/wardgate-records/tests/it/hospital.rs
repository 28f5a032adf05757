//! A small invented hospital that the tests begin with.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use secrecy::SecretString;
use tempfile::TempDir;
use wardgate_ledger::{Ledger, Options, Signer};
use wardgate_records::{Applied, ApplyError, Documents, Fault, Mode, PayloadStore, Store};
use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

pub(crate) struct Hospital {
    pub(crate) dir: TempDir,
    pub(crate) vault: Arc<Vault>,
    pub(crate) store: Store,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-11-23T10:00:00Z")
}

impl Hospital {
    pub(crate) async fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(template(), &dir.path().join("vault"));
        let vault = Arc::new(Vault::open(&dir.path().join("vault"), provider()).unwrap());
        let store = Store::create(dir.path(), Arc::clone(&vault), now())
            .await
            .unwrap();
        Self { dir, vault, store }
    }

    /// With the example of the reference page and two patients.
    pub(crate) async fn furnished() -> Self {
        let hospital = Self::empty().await;
        hospital.yaml(&example()).await.unwrap();
        hospital
            .apply(&Documents::of_text(Path::new("patients.ndjson"), PATIENTS))
            .await
            .unwrap();
        hospital
    }

    pub(crate) async fn yaml(&self, text: &str) -> Result<Applied, ApplyError> {
        self.apply(&Documents::of_text(Path::new("x.yaml"), text))
            .await
    }

    pub(crate) async fn apply(&self, documents: &Documents) -> Result<Applied, ApplyError> {
        self.store.apply(documents, Mode::Commit, now()).await
    }

    /// A second handle on the same store, as another process would have.
    pub(crate) async fn again(&self) -> Store {
        let vault = Vault::open(&self.dir.path().join("vault"), provider()).unwrap();
        Store::open(self.dir.path(), Arc::new(vault), now())
            .await
            .unwrap()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let dir = self.dir.path().join("ledger");
        let signer = || Signer::from_seed("test.example/ledger", &[7; 32]).unwrap();
        if dir.exists() {
            Ledger::open(&dir, signer(), &Options::default()).unwrap().0
        } else {
            Ledger::create(&dir, signer(), &Options::default()).unwrap()
        }
    }

    pub(crate) fn payloads(&self) -> PayloadStore {
        let dir = self.dir.path().join("payloads");
        PayloadStore::create(&dir, Arc::clone(&self.vault)).unwrap()
    }

    /// Every byte of every file of this hospital.
    pub(crate) fn raw_bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files_below(self.dir.path())
            .into_iter()
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    }
}

/// The YAML block of the reference page, so that page and program cannot part.
pub(crate) fn example() -> String {
    let page = include_str!("../../declarations.md");
    let block = page.split("```yaml\n").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

pub(crate) fn faults(error: ApplyError) -> Vec<Fault> {
    match error {
        ApplyError::Faults(faults) => faults,
        other => panic!("{other}"),
    }
}

pub(crate) fn provider() -> Arc<PassphraseProvider> {
    let passphrase = SecretString::from("correct horse battery staple twelve");
    Arc::new(PassphraseProvider::new(passphrase, KdfCost::FLOOR))
}

/// Whether `needle` stands in `bytes`, in any case, as UTF-8 or UTF-16.
pub(crate) fn holds(bytes: &[u8], needle: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let plain = needle.to_ascii_lowercase().into_bytes();
    let wide: Vec<u8> = plain.iter().flat_map(|byte| [*byte, 0]).collect();
    [plain, wide]
        .iter()
        .any(|needle| lower.windows(needle.len()).any(|window| window == needle))
}

/// A vault costs an Argon2id run to make; all tests copy one.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    TEMPLATE
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("vault")).unwrap();
            Vault::init(&dir.path().join("vault"), provider(), &Recovery::none()).unwrap();
            dir
        })
        .path()
}

fn copy(from: &Path, to: &Path) {
    let from = from.join("vault");
    for path in files_below(&from) {
        let target = to.join(path.strip_prefix(&from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&path, target).unwrap();
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Values that must never be seen outside the sealed columns.
pub(crate) const SECRETS: &[&str] = &[
    "Castellanos",
    "Wilhelmina",
    "1961-04-17",
    "MRN-4471902",
    "14 Larkspur Close",
    "Netherwick",
    "555-0148",
    "w.castellanos@post.example",
    "Bartholomew",
    "Quillfeather",
    "pat-001",
];

pub(crate) const PATIENTS: &str = concat!(
    r#"{"resourceType":"Patient","id":"pat-001","identifier":[{"system":"urn:oid:1.2.3","value":"MRN-4471902"}],"#,
    r#""name":[{"family":"Castellanos","given":["Wilhelmina"],"prefix":["Mrs"]}],"birthDate":"1961-04-17","#,
    r#""telecom":[{"system":"phone","value":"555-0148"},{"system":"email","value":"w.castellanos@post.example"}],"#,
    r#""address":[{"line":["14 Larkspur Close"],"city":"Netherwick","postalCode":"02139"}],"#,
    r#""contact":[{"name":{"family":"Castellanos","given":["Bartholomew"]}}],"#,
    r#""extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"Quillfeather"}]}"#,
    "\n",
    r#"{"resourceType":"Patient","id":"pat-002","identifier":[{"system":"urn:oid:1.2.3","value":"MRN-4471903"}],"#,
    r#""name":[{"family":"Oyelaran","given":["Tunde"]}],"birthDate":"1990-12-02"}"#,
    "\n",
    r#"{"resourceType":"Consent","id":"consent-pat-001-a","status":"active","#,
    r#""scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"#,
    r#""category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"#,
    r#""patient":{"reference":"Patient/pat-001"},"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},"#,
    r#""provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}"#,
    "\n",
);
