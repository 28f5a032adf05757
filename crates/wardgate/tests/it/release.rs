//! Data sets leave by the gate, and private answers within a budget, as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::deid::json as parsed;
use crate::house::{HOSPITAL, House, of_type, stderr, text, wardgate};

/// A house with a person in it, and a folder beside its data.
fn house() -> (House, PathBuf) {
    let house = House::empty();
    house.apply(&HOSPITAL.replace("MODEL", "http://127.0.0.1:9"));
    let place = house.write("place", "");
    let folder = place.with_file_name("work");
    fs::create_dir(&folder).unwrap();
    (house, folder)
}

fn run(arguments: &[&str]) -> Output {
    let output = wardgate().args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        stderr(&output)
    );
    output
}

/// Twelve patients, cleaned into a folder, with the report of the run.
fn cleaned(folder: &Path, more: &[&str]) -> (PathBuf, PathBuf) {
    let source = folder.join("in");
    fs::create_dir(&source).unwrap();
    let patient = |number: usize| {
        json!({
            "resourceType": "Patient", "id": format!("p{number}"),
            "identifier": [{"system": "urn:oid:1.2.3", "value": format!("99{number:05}")}],
            "name": [{"family": "Brzeczyszczykiewicz", "given": ["Grzegorz"]}],
            "gender": "male", "birthDate": "1957-12-03",
        })
        .to_string()
    };
    let lines: Vec<String> = (0..12).map(patient).collect();
    fs::write(source.join("patients.ndjson"), lines.join("\n") + "\n").unwrap();
    let (out, report) = (folder.join("out"), folder.join("report.json"));
    let (from, to, told) = (text(&source), text(&out), text(&report));
    let mut arguments = vec!["deid", "fhir", &from, &to, "--report", &told];
    arguments.extend(more);
    run(&arguments);
    (out, report)
}

/// Asks the gate about a folder that a run wrote.
fn ask(house: &House, folder: &Path, report: &Path) -> Output {
    house.try_run(&[
        "release",
        "make",
        &text(folder),
        "--name",
        "patients-2026",
        "--guarantee",
        "deidentified",
        "--run",
        &text(report),
        "--person",
        "dr-osei",
        "--json",
    ])
}

#[test]
fn what_a_run_wrote_leaves_once_the_ledger_knows_and_a_system_cites_it() {
    let (house, folder) = house();
    let (out, report) = cleaned(&folder, &[]);
    let made = ask(&house, &out, &report);
    assert!(made.status.success(), "{}", stderr(&made));
    let made = parsed(&made.stdout);
    let manifest = folder.join("out.manifest.json");
    let verified = run(&["release", "verify", &text(&manifest), &text(&out), "--json"]);
    assert_eq!(parsed(&verified.stdout)["digest"], made["digest"]);
    let written = fs::read_to_string(&manifest).unwrap();
    assert!(!written.contains("Brzeczyszczykiewicz") && !written.contains("9900001"));

    let ledger = house.ledger();
    let told = of_type(&ledger, "dataset.released");
    assert_eq!(told.len(), 1);
    let digest = made["digest"].as_str().unwrap().to_owned();
    assert_eq!(
        format!("sha256:{}", told[0]["data"]["manifest"].as_str().unwrap()),
        digest
    );

    let citing = |digest: &str| {
        let line = format!("risk: limited\ntraining_data: [\"{digest}\"]");
        HOSPITAL
            .replace("MODEL", "http://127.0.0.1:9")
            .replace("risk: limited", &line)
    };
    house.apply(&citing(&digest));
    let other = house.write("other.yaml", &citing(&format!("sha256:{}", "0".repeat(64))));
    let refused = house.try_run(&["apply", "-f", &text(&other)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("there is no data set"),
        "{}",
        stderr(&refused)
    );

    // A manifest is never replaced.
    let again = ask(&house, &out, &report);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&manifest).unwrap(), written);
    fs::write(out.join("more.txt"), "x").unwrap();
    let changed = wardgate()
        .args(["release", "verify", &text(&manifest), &text(&out)])
        .output()
        .unwrap();
    assert_eq!(changed.status.code(), Some(1));
    assert!(
        stderr(&changed).contains("release.foreign_file"),
        "{}",
        stderr(&changed)
    );
    house.verify();
}

#[test]
fn what_nobody_searched_or_somebody_changed_stays_and_the_ledger_says_why() {
    let (house, folder) = house();
    let (out, report) = cleaned(&folder, &["--no-verify"]);
    fs::write(out.join("patients.ndjson"), "{}\n").unwrap();
    let refused = ask(&house, &out, &report);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!folder.join("out.manifest.json").exists());
    let ledger = house.ledger();
    assert!(of_type(&ledger, "dataset.released").is_empty());
    let told = of_type(&ledger, "dataset.refused");
    assert_eq!(
        told[0]["data"]["reasons"],
        "release.changed_file release.verifier_off"
    );
    house.verify();
}

/// Rows about people: each age and sex 25 times, and a name that must not leave.
fn ward(folder: &Path) -> PathBuf {
    let row = |n: usize| {
        let age = 30 + n % 4;
        let sex = ["female", "male"][n / 4 % 2];
        let ill = ["asthma", "flu", "gout"][n / 8 % 3];
        format!("Name-{n},{age},{sex},{ill}\n")
    };
    let rows: String = (0..240).map(row).collect();
    let path = folder.join("ward.csv");
    fs::write(&path, format!("name,age,sex,ill\n{rows}")).unwrap();
    path
}

#[test]
fn a_table_leaves_with_the_k_that_it_has() {
    let (house, folder) = house();
    let source = ward(&folder);
    let out = folder.join("table");
    fs::create_dir(&out).unwrap();
    let table = out.join("ward.csv");
    run(&[
        "anonymize",
        &text(&source),
        &text(&table),
        "--quasi",
        "age,sex",
        "--sensitive",
        "ill",
        "--k",
        "5",
    ]);
    let ask = |guarantee: &str, more: &[&str]| {
        let folder = text(&out);
        let mut arguments = vec![
            "release",
            "make",
            &folder,
            "--name",
            "ward",
            "--guarantee",
            guarantee,
            "--table",
            "ward.csv",
            "--quasi",
            "age,sex",
            "--person",
            "dr-osei",
            "--waive",
            "release.poisoning.duplicate_flood",
            "--json",
        ];
        arguments.extend(more);
        house.try_run(&arguments)
    };
    let reasons = |house: &House| -> Vec<Value> {
        let ledger = house.ledger();
        let told = of_type(&ledger, "dataset.refused");
        told.iter()
            .map(|event| event["data"]["reasons"].clone())
            .collect()
    };
    assert_eq!(ask("k=500", &["--sensitive", "ill"]).status.code(), Some(1));
    assert_eq!(ask("k=5", &[]).status.code(), Some(1));
    assert_eq!(reasons(&house), ["release.k", "release.unnamed_column"]);
    let made = ask("k=5", &["--sensitive", "ill"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let manifest = fs::read(folder.join("table.manifest.json")).unwrap();
    assert_eq!(parsed(&manifest)["table"]["k"], 30);
    house.verify();
}

#[test]
fn private_answers_end_with_the_budget() {
    let (house, folder) = house();
    let table = text(&ward(&folder));
    house.run(&[
        "table",
        "budget",
        "ward",
        "--table",
        &table,
        "--epsilon",
        "0.25",
        "--person",
        "dr-osei",
    ]);
    let ask = |table: &str| {
        house.try_run(&[
            "table",
            "statistics",
            table,
            "--budget",
            "ward",
            "--epsilon",
            "0.1",
            "--count",
            "--where",
            "sex=female",
            "--row-per-person",
            "--person",
            "dr-osei",
            "--json",
        ])
    };
    for left in ["0.15", "0.05"] {
        let answer = ask(&table);
        assert!(answer.status.success(), "{}", stderr(&answer));
        assert_eq!(parsed(&answer.stdout)["left"], left);
    }
    let over = ask(&table);
    assert_eq!(over.status.code(), Some(1));
    assert!(over.stdout.is_empty() || !parsed(&over.stdout)["answer"].is_object());
    let other = folder.join("other.csv");
    fs::write(&other, "sex\nfemale\n").unwrap();
    assert_eq!(ask(&text(&other)).status.code(), Some(1));
    let shown = house.run(&["table", "budget", "ward", "--json"]);
    assert_eq!(parsed(shown.as_bytes())["spent"], "0.2");
    let ledger = house.ledger();
    let spent = of_type(&ledger, "budget.spent");
    assert_eq!(spent.len(), 2);
    // The same question has another digest each time: the ledger does not tell what was asked.
    assert_ne!(spent[0]["data"]["question"], spent[1]["data"]["question"]);
    house.verify();
}
