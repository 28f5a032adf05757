use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use wardgate_datasets::release::{ManifestIdentity, ReleaseRequest, TableClaim, verify_manifest};
use wardgate_datasets::{Run, Settings};
use wardgate_deid::ProjectKey;

use crate::plain::{Plain, head, records, settings};

const IDENTITY: ManifestIdentity<'_> = ManifestIdentity {
    dataset: "0197-4b",
    name: "notes",
    at: "2026-11-30T09:00:00Z",
    person: "data.okafor",
    ledger: "hospital.example/wardgate",
};

/// A run over three files; gives the folder and the report.
fn written(dir: &Path, settings: Settings) -> (PathBuf, PathBuf) {
    let (input, output) = (dir.join("in"), dir.join("out"));
    fs::create_dir_all(&input).unwrap();
    for n in 0..3 {
        fs::write(input.join(format!("{n}.txt")), records(5 + n)).unwrap();
    }
    let key = ProjectKey::new([7; 32]);
    let run = Run {
        format: &Plain::default(),
        head: head(&key, settings.verify),
        key: &key,
        dependent: false,
        settings,
        progress: &|_| {},
        stop: &AtomicBool::new(false),
    };
    let report = run.over(&input, &output).unwrap();
    let path = dir.join("report.json");
    fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
    (output, path)
}

fn request(folder: &Path, run: &Path) -> ReleaseRequest {
    ReleaseRequest {
        folder: folder.to_owned(),
        guarantee: "deidentified".parse().unwrap(),
        runs: vec![run.to_owned()],
        table: None,
        waived: Vec::new(),
    }
}

#[test]
fn what_a_run_wrote_leaves_with_a_manifest_that_proves_it() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, report) = written(dir.path(), settings(2));
    let examined = request(&folder, &report).examined().unwrap();
    assert_eq!(examined.reason_codes(), "");
    let manifest = examined.manifest(&IDENTITY).unwrap();
    let found = verify_manifest(&manifest.bytes, &folder).unwrap();
    assert!(found.reasons.is_empty(), "{:?}", found.reasons);
    assert_eq!((found.files, found.guarantee.as_str()), (3, "deidentified"));
    let text = String::from_utf8(manifest.bytes.clone()).unwrap();
    assert!(text.starts_with("{\"at\":") && !text.contains("Brzeczyszczykiewicz"));
    let codes = |folder: &Path, bytes: &[u8]| -> Vec<String> {
        let found = verify_manifest(bytes, folder).unwrap();
        found
            .reasons
            .into_iter()
            .map(|reason| reason.code)
            .collect()
    };
    fs::write(folder.join("extra"), "x").unwrap();
    fs::write(folder.join("1.txt"), "other").unwrap();
    fs::remove_file(folder.join("2.txt")).unwrap();
    let found = codes(&folder, &manifest.bytes);
    assert_eq!(
        found,
        [
            "release.changed_file",
            "release.missing_file",
            "release.foreign_file"
        ]
    );
    let spaced = text.replacen(',', ", ", 1);
    assert!(codes(&folder, spaced.as_bytes()).contains(&"release.not_canonical".to_owned()));
    assert!(verify_manifest(b"{}", &folder).is_err());
}

#[test]
fn what_does_not_hold_is_refused_with_its_code() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, report) = written(dir.path(), settings(1));
    let mut asked = request(&folder, &report);
    fs::write(folder.join("0.txt"), "changed").unwrap();
    fs::write(folder.join("secret.txt"), "nobody vouches").unwrap();
    std::os::unix::fs::symlink("/etc", folder.join("link")).unwrap();
    let examined = asked.examined().unwrap();
    assert_eq!(
        examined.reason_codes(),
        "release.changed_file release.no_file release.uncovered_file"
    );
    assert!(examined.manifest(&IDENTITY).is_none());
    asked.waived = vec!["release.changed_file".to_owned()];
    assert_eq!(asked.examined().unwrap_err().code(), "release.not_waivable");
    asked.runs.clear();
    asked.waived.clear();
    assert!(
        asked
            .examined()
            .unwrap()
            .reason_codes()
            .contains("release.no_run")
    );
}

#[test]
fn a_run_whose_verifier_was_off_vouches_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let blind = Settings {
        verify: false,
        ..settings(1)
    };
    let (folder, report) = written(dir.path(), blind);
    let examined = request(&folder, &report).examined().unwrap();
    assert_eq!(examined.reason_codes(), "release.verifier_off");
}

#[test]
fn the_figures_of_a_table_are_reckoned_anew() {
    let dir = tempfile::tempdir().unwrap();
    let row = |n: usize| {
        format!(
            "{},{},{}\n",
            n / 10 % 3,
            ["f", "m"][n / 5 % 2],
            ["a", "b", "c"][n % 3]
        )
    };
    let rows: String = (0..120).map(row).collect();
    fs::write(dir.path().join("t.csv"), format!("age,sex,ill\n{rows}")).unwrap();
    let asked = |guarantee: &str| ReleaseRequest {
        folder: dir.path().to_owned(),
        guarantee: guarantee.parse().unwrap(),
        runs: Vec::new(),
        table: Some(TableClaim {
            file: "t.csv".to_owned(),
            quasi: vec!["age".to_owned(), "sex".to_owned()],
            sensitive: vec!["ill".to_owned()],
            kept: Vec::new(),
            label: None,
        }),
        waived: vec!["release.poisoning.duplicate_flood".to_owned()],
    };
    for (guarantee, codes) in [
        ("k=5,l=2,t=0.5", ""),
        ("k=500", "release.k"),
        ("l=4", "release.l"),
        ("t=0.000001", "release.t"),
        ("deidentified,k=5", "release.no_run release.uncovered_file"),
    ] {
        let examined = asked(guarantee).examined().unwrap();
        assert_eq!(examined.reason_codes(), codes, "{guarantee}");
    }
    let manifest = asked("k=5")
        .examined()
        .unwrap()
        .manifest(&IDENTITY)
        .unwrap();
    let value: serde_json::Value = serde_json::from_slice(&manifest.bytes).unwrap();
    assert_eq!(value["table"]["k"], 20);
    assert_eq!(value["table"]["risk"]["prosecutor_highest_ppm"], 50_000);
}

#[test]
fn a_table_leaves_only_when_every_column_has_a_role() {
    let dir = tempfile::tempdir().unwrap();
    let row = |n: usize| format!("{},{},ward-{}\n", n / 5 % 2, n % 3, n % 2);
    let rows: String = (0..60).map(row).collect();
    fs::write(dir.path().join("t.csv"), format!("age,ill,ward\n{rows}")).unwrap();
    let mut claim = TableClaim {
        file: "t.csv".to_owned(),
        quasi: vec!["age".to_owned()],
        sensitive: vec!["ill".to_owned()],
        ..TableClaim::default()
    };
    let asked = |claim: &TableClaim| {
        let request = ReleaseRequest {
            folder: dir.path().to_owned(),
            guarantee: "k=5".parse().unwrap(),
            runs: Vec::new(),
            table: Some(claim.clone()),
            waived: vec!["release.poisoning.duplicate_flood".to_owned()],
        };
        request.examined()
    };
    let codes = |claim: &TableClaim| asked(claim).unwrap().reason_codes();
    assert_eq!(codes(&claim), "release.unnamed_column");
    claim.kept = vec!["ward".to_owned()];
    assert_eq!(codes(&claim), "");
    claim.file = "../t.csv".to_owned();
    assert_eq!(asked(&claim).unwrap_err().code(), "release.no_table");
}
