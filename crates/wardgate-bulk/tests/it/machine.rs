//! Jobs on one machine.

use std::fs;

use crate::scene::{COLUMNS, Scene, contents, said};

const POLICY: [&str; 4] = ["--key", "project.key", "--as-of", "2026-11-30"];

fn run(scene: &Scene, input: &str, out: &str) -> std::process::Output {
    let arguments = ["run", "job.yaml", input, out];
    scene.run(&[&arguments[..], &POLICY].concat())
}

#[test]
fn rows_keep_their_order_and_lose_their_identifiers() {
    let scene = Scene::new(&format!("format: ndjson\n{COLUMNS}"));
    scene.fill(2, 40);
    let output = run(&scene, "ndjson", "out");
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("2 files, 80 rows"),
        "{}",
        said(&output)
    );
    let text = fs::read_to_string(scene.path("out/ward/part-0.ndjson")).unwrap();
    assert_eq!(text.lines().count(), 40);
    for leak in ["Ashgrove", "Birkwood", "4400000", "555-010-0001"] {
        assert!(!text.contains(leak), "{leak}");
    }
    assert!(text.contains("with cough") && text.contains("I10") && text.contains("[20, 25)"));
    // The rows of one patient share a stand-in, and the order is that of the input.
    let mrn = |line: &str| line.split('"').nth(3).unwrap().to_owned();
    let mrns: Vec<String> = text.lines().map(mrn).collect();
    assert!(mrns[0] == mrns[2] && mrns[0] != mrns[3]);
}

#[test]
fn parquet_and_ndjson_become_the_same_rows() {
    let scene = Scene::new(&format!("format: parquet\n{COLUMNS}"));
    scene.fill(1, 20);
    let output = run(&scene, "parquet", "one");
    assert!(output.status.success(), "{}", said(&output));
    let output = run(&scene, "parquet", "other");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(contents(&scene.path("one")), contents(&scene.path("other")));
    let bytes = fs::read(scene.path("one/ward/part-0.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert!(!bytes.windows(8).any(|window| window == b"Ashgrove"));
}

#[test]
fn fhir_lines_are_cleaned_and_refused_ones_counted() {
    let scene = Scene::new("format: lines\ncolumns: [{name: line, as: deid_fhir(line)}]\n");
    let lines = "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Ashgrove\"}],\"gender\":\"male\"}\n\
                 {\"resourceType\":\"Nothing\",\"name\":\"Ashgrove\"}\n\
                 {\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"Patient/p1\"},\"code\":{\"text\":\"gout\"}}\n";
    fs::write(scene.path("all.ndjson"), lines).unwrap();
    let output = run(&scene, "all.ndjson", "out");
    assert!(
        said(&output).contains("2 rows written, 1 lines left out"),
        "{}",
        said(&output)
    );
    let text = fs::read_to_string(scene.path("out/all.ndjson")).unwrap();
    assert!(
        !text.contains("Ashgrove") && text.contains("gout") && text.lines().count() == 2,
        "{text}"
    );
}

#[test]
fn what_fails_leaves_nothing_behind_and_tells_no_value() {
    let scene = Scene::new(&format!("format: ndjson\n{COLUMNS}"));
    fs::create_dir(scene.path("bad")).unwrap();
    let good =
        r#"{"mrn":"1","name":"Ashgrove","day":"2024-01-01","age":3,"code":"I10","note":"x"}"#;
    for bad in [
        r#"{"mrn":"Ashgrove""#,
        r#"{"name":"Ashgrove","note":"Ashgrove","age":1}"#,
    ] {
        fs::write(scene.path("bad/a.ndjson"), format!("{good}\n{bad}\n")).unwrap();
        let output = run(&scene, "bad", "out");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(!said(&output).contains("Ashgrove"), "{}", said(&output));
        assert!(!scene.path("out").exists() && scene.leftovers().is_empty());
    }
    fs::create_dir(scene.path("out")).unwrap();
    scene.fill(1, 3);
    assert!(said(&run(&scene, "ndjson", "out")).contains("is there already"));
}

#[test]
fn expressions_that_look_beyond_their_row_are_refused() {
    for expression in [
        "count(mrn)",
        "random()",
        "now()",
        "row_number() over ()",
        "upper(nothing)",
    ] {
        let job = format!("format: ndjson\ncolumns: [{{name: x, as: \"{expression}\"}}]\n");
        let scene = Scene::new(&job);
        scene.fill(1, 3);
        let output = run(&scene, "ndjson", "out");
        assert_eq!(
            output.status.code(),
            Some(1),
            "{expression}: {}",
            said(&output)
        );
        assert!(!scene.path("out").exists());
    }
}
