//! Every fault, with the line and column where it stands.

use std::path::{Path, PathBuf};

use wardgate_records::{ApplyError, Documents, Mode, Severity};

use crate::hospital::{Hospital, PATIENTS, SECRETS, example, faults, holds, now};

/// Applies a text and compares all faults, as `line:column message`.
async fn check(file: &str, text: &str, expected: &[&str]) {
    let hospital = Hospital::furnished().await;
    let documents = Documents::of_text(Path::new(file), text);
    let result = hospital.store.apply(&documents, Mode::DryRun, now()).await;
    let found = match result {
        Ok(applied) => applied.warnings,
        Err(error) => faults(error),
    };
    let shown: Vec<String> = found
        .iter()
        .map(|fault| {
            assert_eq!(fault.file, Path::new(file));
            assert!(!fault.hint.is_empty() && !fault.message.ends_with('.'));
            assert!(!fault.to_string().contains('\n'));
            format!("{}:{} {}", fault.line, fault.column, fault.message)
        })
        .collect();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn all_faults_of_a_file_are_told_at_once() {
    let text = "\
kind: Vendor
id: bad id
nam: Acme
state: open
agreement:
  kind: baa
  effective: 2027-01-01
  expires: 2026-01-01
  until: 1
---
kind: Vendr
---
kind: App
id: x
name: [a]
acts: for_people
limits: {burst: -1, concurrent: many}
---
kind: Person
id: p
roles: clinician
mfa: 9
trainings:
  - course: c
    expires: 2026-02-30
  - 7
";
    check(
        "x.yaml",
        text,
        &[
            "1:1 the field `name` is missing",
            "1:1 the field `region` is missing",
            "2:5 `bad id` cannot be an id",
            "3:1 unknown field `nam`",
            "4:8 `open` is not a value of `state`",
            "8:12 the agreement expires before it is effective",
            "9:3 unknown field `agreement.until`",
            "11:7 this kind of record is not known",
            "15:7 expected text in `name`, found a list",
            "17:17 `limits.burst` is out of range",
            "17:33 expected a number in `limits.concurrent`, found text",
            "21:8 expected a list such as `[a, b]` in `roles`, found text",
            "22:6 `mfa` is out of range",
            "25:14 `2026-02-30` in `trainings.expires` is not a date",
            "26:5 expected a group of fields in `trainings`, found a number",
        ],
    )
    .await;
}

#[tokio::test]
async fn broken_yaml_does_not_hide_faults_of_other_documents() {
    let text = "kind: App\nid: [\n---\nkind: App\nid: y\nname: Y\nacts: alone\n";
    check(
        "x.yaml",
        text,
        &[
            "2:5 this document is not valid YAML from here on",
            "7:7 `alone` is not a value of `acts`",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_field_that_stands_twice_is_a_fault() {
    let text = "kind: App\nid: a\nname: A\nacts: for_people\nname: B\n";
    check("x.yaml", text, &["5:1 the field `name` stands here twice"]).await;
}

#[tokio::test]
async fn a_number_where_text_belongs_is_a_fault() {
    let text = "kind: App\nid: 7\nname: A\nacts: for_people\n";
    check(
        "x.yaml",
        text,
        &["2:5 expected text in `id`, found a number"],
    )
    .await;
}

#[tokio::test]
async fn references_to_nothing_are_faults_with_a_near_name() {
    let text = example()
        .replace("vendor: acme", "vendor: acmee")
        .replace("app: ward-notes", "app: nowhere")
        .replace("systems: [note-helper]", "systems: [note-helpr]");
    let line = |of: &str| 1 + text.lines().position(|line| line.starts_with(of)).unwrap();
    let expected = [
        format!("{}:9 there is no vendor `acmee`", line("vendor:")),
        format!("{}:10 there is no system `note-helpr`", line("systems:")),
        format!("{}:6 there is no app `nowhere`", line("app:")),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("x.yaml", &text, &expected).await;
    let hospital = Hospital::empty().await;
    let found = faults(hospital.yaml(&text).await.unwrap_err());
    assert!(found[0].hint.contains("did you mean `acme`?"), "{found:?}");
}

#[tokio::test]
async fn a_reference_to_a_faulty_record_is_no_second_fault() {
    let text = example().replace("name: Acme Clinical AI\n", "");
    check("x.yaml", &text, &["1:1 the field `name` is missing"]).await;
}

#[tokio::test]
async fn double_ids_and_shared_model_names_are_faults() {
    let app = "kind: App\nid: a\nname: A\nacts: for_people\n";
    check(
        "x.yaml",
        &format!("{app}---\n{app}"),
        &["7:5 app `a` is declared twice, first in x.yaml on line 2"],
    )
    .await;
    let second = example().replace("id: note-helper\n", "id: second-helper\n");
    let second = second.split("---\n").nth(1).unwrap();
    check(
        "x.yaml",
        second,
        &["4:8 the model name `note-helper-1` already belongs to system `note-helper`"],
    )
    .await;
}

#[tokio::test]
async fn unknown_purposes_and_roles_are_told() {
    let text = example()
        .replace("[TREAT, AI-INFERENCE]", "[TREAT, FUN]")
        .replace("purpose: TREAT", "purpose: treat")
        .replace("roles: [clinician]", "roles: [wizard]");
    let line = |of: &str| 1 + text.lines().position(|line| line.starts_with(of)).unwrap();
    let expected = [
        format!("{}:11 the purpose `FUN` is not known", line("purposes:")),
        format!(
            "{}:8 the default policies do not know the role `wizard`",
            line("roles:")
        ),
        format!("{}:10 this purpose is not known", line("purpose:")),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("x.yaml", &text, &expected).await;
}

#[tokio::test]
async fn bad_upstreams_are_faults_and_a_token_is_never_repeated() {
    let text = example()
        .replace("https://models.acme.example/v1", "ftp://user:pw@host")
        .replace("token: not-a-real-token", "token: [sk-secret-1]")
        .replace("digest: sha256:9f86", "digest: md5:9f86");
    let hospital = Hospital::empty().await;
    let found = faults(hospital.yaml(&text).await.unwrap_err());
    let shown = format!("{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(!shown.contains("sk-secret-1") && !shown.contains("user:pw"));
    let none = example();
    let upstreams = none.find("upstreams:").unwrap();
    let end = upstreams + none[upstreams..].find("---").unwrap();
    let none = format!("{}{}", &none[..upstreams], &none[end..]);
    let found = faults(hospital.yaml(&none).await.unwrap_err());
    assert_eq!(found[0].message, "the system has no upstream");
}

#[tokio::test]
async fn a_policy_that_is_not_cedar_is_a_fault_on_its_line() {
    let text = "kind: Policy\nid: mine\ncedar: |\n  @id(\"a\")\n  permit (principal, action, resource);\n\n  nonsense;\n  @id(\"b\")\n  permit (principal, action, resource);\n";
    let hospital = Hospital::empty().await;
    let found = faults(hospital.yaml(text).await.unwrap_err());
    assert_eq!(found[0].line, 7, "{found:?}");
    let wrong = "kind: Policy\nid: mine\ncedar: [a]\n";
    check(
        "x.yaml",
        wrong,
        &["3:8 expected Cedar policies in `cedar`, found a list"],
    )
    .await;
}

#[tokio::test]
async fn broken_json_and_foreign_json_are_faults() {
    check(
        "x.json",
        "{\"resourceType\":\"Patient\",\n \"id\": }\n",
        &["2:8 this is not valid JSON from here on"],
    )
    .await;
    check(
        "x.json",
        "[1]",
        &["1:1 this is JSON, but not a FHIR resource"],
    )
    .await;
    check(
        "x.json",
        "{\"id\":\"1\"}",
        &["1:1 this is not a FHIR resource: it has no `resourceType`"],
    )
    .await;
    check(
        "x.ndjson",
        "\n{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}\n",
        &["2:1 an element of this resource stands there twice"],
    )
    .await;
}

#[tokio::test]
async fn other_resource_types_are_refused_by_name_once_per_type() {
    let text = r#"{"resourceType":"Bundle","type":"collection","entry":[
 {"resource":{"resourceType":"Observation","id":"1"}},
 {"resource":{"resourceType":"Observation","id":"2"}},
 {"resource":{"resourceType":"Patient","id":"ok"}},
 {"resource":{"resourceType":"Condition","id":"3"}}]}"#;
    check(
        "b.json",
        text,
        &[
            "2:14 resources of type `Observation` are not taken (2 of them in this file, the first is here)",
            "5:14 resources of type `Condition` are not taken",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_malformed_patient_is_a_fault_at_its_element() {
    let text = "{\n \"resourceType\": \"Patient\",\n \"id\": \"a\",\n \"name\": [\n  {\"family\": [\"Castellanos\"]}\n ]\n}";
    check(
        "p.json",
        text,
        &["5:13 the element `name` of this Patient does not have the form that FHIR gives it"],
    )
    .await;
    check(
        "p.ndjson",
        "{\"resourceType\":\"Patient\",\"id\":\"bad id\"}",
        &["1:1 this Patient has no valid `id`"],
    )
    .await;
}

#[tokio::test]
async fn consents_of_nobody_of_another_and_beyond_computing_are_told() {
    let consent = PATIENTS.lines().nth(2).unwrap();
    let nobody = consent.replace("Patient/pat-001", "Patient/nobody");
    check(
        "c.ndjson",
        &nobody.replace("consent-pat-001-a", "new"),
        &["1:1 this Consent names a patient who is not on file"],
    )
    .await;
    let moved = consent.replace("Patient/pat-001", "Patient/pat-002");
    check(
        "c.ndjson",
        &moved,
        &["1:1 this Consent belongs to another patient on file"],
    )
    .await;
    check(
        "c.ndjson",
        &consent.replace(r#""patient":{"reference":"Patient/pat-001"},"#, ""),
        &["1:1 the consent has no `patient.reference` of the form `Patient/<id>`"],
    )
    .await;
    check(
        "c.ndjson",
        &format!("{consent}\n{consent}\n"),
        &["2:1 this Consent is declared twice, first in c.ndjson on line 1"],
    )
    .await;
    let modified = consent.replace(
        r#""type":"permit","#,
        r#""type":"permit","modifierExtension":[{"url":"urn:x","valueBoolean":true}],"#,
    );
    let hospital = Hospital::furnished().await;
    let documents = Documents::of_text(Path::new("c.ndjson"), &modified);
    let applied = hospital.apply(&documents).await.unwrap();
    assert_eq!(applied.warnings.len(), 1);
    assert_eq!(applied.warnings[0].severity, Severity::Warning);
    assert!(
        applied.warnings[0]
            .message
            .starts_with("this Consent cannot be computed"),
        "{:?}",
        applied.warnings
    );
}

#[tokio::test]
async fn double_patients_are_faults() {
    let patient = PATIENTS.lines().next().unwrap();
    check(
        "p.ndjson",
        &format!("{patient}\n{patient}"),
        &["2:1 this Patient is declared twice, first in p.ndjson on line 1"],
    )
    .await;
}

#[tokio::test]
async fn files_that_cannot_be_read_are_faults_beside_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("a.yaml"), b"kind: App\nid: \xff\n").unwrap();
    std::fs::write(path("b.yml"), "kind: Nothing\n").unwrap();
    std::fs::write(path("ignored.txt"), "x").unwrap();
    std::fs::create_dir(path("sub")).unwrap();
    std::fs::write(path("sub/c.json"), "{").unwrap();
    let paths = [
        dir.path().to_path_buf(),
        path("missing.yaml"),
        path("ignored.txt"),
    ];
    let documents = Documents::read(&paths);
    let shown: Vec<(PathBuf, u32)> = documents
        .faults()
        .iter()
        .map(|fault| {
            let file = fault.file.strip_prefix(dir.path()).unwrap();
            (file.to_path_buf(), fault.line)
        })
        .collect();
    let expected = [
        ("a.yaml", 2),
        ("b.yml", 1),
        ("sub/c.json", 1),
        ("missing.yaml", 0),
        ("ignored.txt", 0),
    ];
    let expected: Vec<(PathBuf, u32)> = expected
        .iter()
        .map(|(file, line)| (PathBuf::from(file), *line))
        .collect();
    assert_eq!(shown, expected);
    assert!(documents.is_faulty());
}

/// Every way to break the patients' file: no fault ever repeats what stands in it.
#[tokio::test]
async fn no_fault_repeats_a_value_of_a_patient() {
    let hospital = Hospital::furnished().await;
    let breaks: Vec<String> = (0..PATIENTS.len())
        .step_by(7)
        .flat_map(|at| {
            let cut = PATIENTS[..at].to_owned();
            let wrong = format!("{}[{}", &PATIENTS[..at], &PATIENTS[at..]);
            [cut, wrong]
        })
        .chain([
            PATIENTS.replace(['[', ']'], ""),
            PATIENTS.replace("\"given\"", "\"family\""),
            PATIENTS.replace("{\"family\"", "{\"given\""),
            PATIENTS.replace(":[", ":{").replace(']', "}"),
            PATIENTS.replace("\"Patient\"", "\"Castellanos\""),
        ])
        .collect();
    for text in breaks {
        let documents = Documents::of_text(Path::new("p.ndjson"), &text);
        let result = hospital.store.apply(&documents, Mode::DryRun, now()).await;
        let shown = match result {
            Ok(applied) => format!("{applied:?}"),
            Err(ApplyError::Faults(faults)) => format!("{faults:?}"),
            Err(other) => format!("{other:?} {other}"),
        };
        for secret in SECRETS {
            // The resource type is structure: FHIR names it, and so does the fault.
            if !text.contains("\"resourceType\":\"Castellanos\"") {
                assert!(!holds(shown.as_bytes(), secret), "{secret} in {shown}");
            }
        }
    }
}
