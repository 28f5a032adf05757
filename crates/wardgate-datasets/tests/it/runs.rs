use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use wardgate_datasets::{Run, RunReport, Settings, sha256_of_file};
use wardgate_deid::{Operation, ProjectKey};

use crate::plain::{Plain, head, records, settings};

fn run(format: &Plain, settings: Settings, input: &Path, output: &Path) -> RunReport {
    let key = ProjectKey::new([7; 32]);
    let run = Run {
        format,
        head: head(&key, settings.verify),
        key: &key,
        dependent: false,
        settings,
        progress: &|_| {},
        stop: &AtomicBool::new(false),
    };
    run.over(input, output).unwrap()
}

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let found = wardgate_datasets::files(folder).unwrap();
    let read = |below: &Path| fs::read(folder.join(below)).unwrap();
    let named = found.iter().map(|found| {
        (
            found.below.to_string_lossy().into_owned(),
            read(&found.below),
        )
    });
    named.collect()
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    fs::create_dir_all(input.join("deep")).unwrap();
    fs::write(input.join("large.txt"), records(150_000)).unwrap();
    for n in 0..20 {
        fs::write(
            input.join(format!("deep/{n}.one")),
            format!("{n};Anna Brzeczyszczykiewicz;x"),
        )
        .unwrap();
    }
    let outputs = [1, 2, 5].map(|threads| {
        let output = dir.path().join(format!("out{threads}"));
        let passed = AtomicU64::new(0);
        let key = ProjectKey::new([7; 32]);
        let run = Run {
            format: &Plain::default(),
            head: head(&key, true),
            key: &key,
            dependent: false,
            settings: settings(threads),
            progress: &|step| {
                passed.fetch_add(step.bytes, Ordering::Relaxed);
            },
            stop: &AtomicBool::new(false),
        };
        let report = run.over(&input, &output).unwrap();
        assert!(report.is_whole(), "{:?}", report.refused);
        assert_eq!(passed.into_inner(), report.counts.bytes_in);
        (tree(&output), report)
    });
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    let (files, report) = &outputs[0];
    assert_eq!((files.len(), report.counts.records), (21, 150_020));
    let replaced: Vec<_> = report.operations.elements().collect();
    assert!(replaced.contains(&("name", Operation::Replaced, 150_020)));
    assert_eq!(report.verifier.records, 150_020);
    assert!(report.summary().contains("nothing left"));
}

#[test]
fn what_is_bad_is_refused_and_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    fs::create_dir_all(&input).unwrap();
    fs::write(
        input.join("a.txt"),
        "1;Anna Brzeczyszczykiewicz;x\nno record\n9;Anna Brzeczyszczykiewicz;x\n3;A B;y\n",
    )
    .unwrap();
    fs::write(input.join("b.one"), [0xff, 0xfe]).unwrap();
    fs::write(input.join("c.txt"), "no record at all\n").unwrap();
    let before = tree(&input);
    let format = Plain {
        panics: Some("9"),
        ..Plain::default()
    };
    let report = run(&format, settings(2), &input, &output);
    assert_eq!(tree(&input), before);
    let files = tree(&output);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["a.txt"]);
    assert_eq!(files["a.txt"], b"1;X;x\n3;X;y\n");
    let told: Vec<_> = report
        .refused
        .iter()
        .map(|r| (r.file.to_str().unwrap(), r.record, r.byte, r.code.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("a.txt", Some(2), Some(31), "plain.bad"),
            ("a.txt", Some(3), Some(39), "dataset.program_fault"),
            ("b.one", None, Some(2), "plain.bad"),
            ("c.txt", Some(1), Some(2), "plain.bad"),
        ]
    );
    assert_eq!(
        (
            report.counts.files,
            report.counts.files_refused,
            report.counts.records_refused
        ),
        (3, 2, 3)
    );
    assert!(
        !serde_json::to_string(&report)
            .unwrap()
            .contains("no record at all")
    );
}

#[test]
fn residue_fails_its_file_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    fs::create_dir_all(&input).unwrap();
    fs::write(
        input.join("a.txt"),
        "1;Anna Brzeczyszczykiewicz;x\n2;Anna Brzeczyszczykiewicz;x\n",
    )
    .unwrap();
    fs::write(input.join("b.txt"), "3;Anna Brzeczyszczykiewicz;x\n").unwrap();
    let leaky = Plain {
        leaks: Some("2"),
        ..Plain::default()
    };
    let report = run(&leaky, settings(2), &input, &output);
    assert_eq!(tree(&output).keys().collect::<Vec<_>>(), ["b.txt"]);
    assert_eq!(report.refused[0].code, "dataset.residue");
    assert_eq!(
        (report.verifier.files_failed, report.verifier.records),
        (1, 1)
    );
    assert!(report.verifier.residue["NAME"] > 0);
    let blind = Settings {
        verify: false,
        ..settings(2)
    };
    let report = run(&leaky, blind, &input, &dir.path().join("unsearched"));
    assert!(report.is_whole() && !report.verifier.on);
    assert!(report.summary().contains("verifier off"));
}

#[test]
fn nothing_is_replaced_and_no_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    let outside = dir.path().join("outside");
    for folder in [&input.join("sub"), &output, &outside] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(input.join("a.txt"), "1;A B;x\n").unwrap();
    fs::write(input.join("sub/b.txt"), "1;A B;x\n").unwrap();
    fs::write(output.join("a.txt"), "precious").unwrap();
    std::os::unix::fs::symlink(&outside, output.join("sub")).unwrap();
    let report = run(&Plain::default(), settings(1), &input, &output);
    let codes: Vec<_> = report
        .refused
        .iter()
        .map(|refused| refused.code.as_str())
        .collect();
    assert_eq!(codes, ["dataset.exists", "dataset.link"]);
    assert_eq!(fs::read(output.join("a.txt")).unwrap(), b"precious");
    assert!(tree(&outside).is_empty());
}

#[test]
fn input_and_output_must_be_apart() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    fs::create_dir_all(&input).unwrap();
    fs::write(input.join("a.txt"), "1;A B;x\n").unwrap();
    let key = ProjectKey::new([7; 32]);
    let run = Run {
        format: &Plain::default(),
        head: head(&key, true),
        key: &key,
        dependent: false,
        settings: settings(1),
        progress: &|_| {},
        stop: &AtomicBool::new(false),
    };
    let file = input.join("a.txt");
    for (from, to) in [
        (&input, &input),
        (&input, &input.join("out")),
        (&file, &file),
    ] {
        assert_eq!(run.over(from, to).unwrap_err().code(), "dataset.not_apart");
    }
    assert_eq!(
        run.over(&input, &file).unwrap_err().code(),
        "dataset.not_apart"
    );
    assert_eq!(fs::read(&file).unwrap(), b"1;A B;x\n");
}

#[test]
fn one_file_into_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.txt"), dir.path().join("out.txt"));
    fs::write(&input, records(10)).unwrap();
    let report = run(&Plain::default(), settings(3), &input, &output);
    let (sha256, bytes) = sha256_of_file(&output).unwrap();
    assert_eq!(report.outputs.len(), 1);
    assert_eq!(report.outputs[0].path, "out.txt");
    assert_eq!(
        (report.outputs[0].bytes, &report.outputs[0].sha256),
        (bytes, &sha256)
    );
}
