use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use wardgate_datasets::{
    DatasetFault, Run, RunReport, Settings, earlier_head, files, journal_beside,
};
use wardgate_deid::ProjectKey;

use crate::plain::{Plain, head, records, settings};

fn run(
    key: u8,
    settings: Settings,
    input: &Path,
    output: &Path,
) -> Result<RunReport, DatasetFault> {
    let key = ProjectKey::new([key; 32]);
    let run = Run {
        format: &Plain::default(),
        head: head(&key, settings.verify),
        key: &key,
        dependent: false,
        settings,
        progress: &|_| {},
        stop: &AtomicBool::new(false),
    };
    run.over(input, output)
}

fn folder(dir: &Path) -> std::path::PathBuf {
    let input = dir.join("in");
    fs::create_dir_all(&input).unwrap();
    for n in 0..12 {
        fs::write(input.join(format!("{n:02}.txt")), records(100 + n)).unwrap();
    }
    fs::write(input.join("bad.txt"), "nothing\n1;A B;x\n").unwrap();
    input
}

/// What a run leaves that was killed: some lines of its journal, and files that it had not named.
fn cut(output: &Path, lines: usize, half: bool) {
    let journal = journal_beside(output);
    let text = fs::read_to_string(&journal).unwrap();
    let mut kept: String = text.split_inclusive('\n').take(lines).collect();
    if half {
        let next = text.split_inclusive('\n').nth(lines).unwrap();
        kept.push_str(&next[..next.len() / 2]);
    }
    let all = files(output).unwrap();
    for found in all {
        let name = found.below.to_str().unwrap();
        if !kept.contains(&format!("\"{name}\"")) {
            fs::remove_file(found.from).unwrap();
        }
    }
    fs::write(output.join(".03.txt.0123456789abcdef.part"), "half").unwrap();
    fs::write(journal, kept).unwrap();
}

#[test]
fn a_run_that_was_killed_ends_as_one_that_was_not() {
    let dir = tempfile::tempdir().unwrap();
    let input = folder(dir.path());
    let whole = dir.path().join("whole");
    let expected = run(1, settings(2), &input, &whole).unwrap();
    let lines = fs::read_to_string(journal_beside(&whole))
        .unwrap()
        .lines()
        .count();
    for kept in 1..lines {
        for half in [false, true] {
            let output = dir.path().join(format!("out-{kept}-{half}"));
            run(1, settings(1), &input, &output).unwrap();
            cut(&output, kept, half);
            let resumed = run(1, settings(2), &input, &output).unwrap();
            assert_eq!(resumed, expected, "{kept} lines, half {half}");
            for found in files(&whole).unwrap() {
                let same = fs::read(output.join(&found.below)).unwrap();
                assert_eq!(fs::read(&found.from).unwrap(), same);
            }
            let names = fs::read_dir(&output)
                .unwrap()
                .map(|entry| entry.unwrap().file_name());
            assert!(
                !names
                    .into_iter()
                    .any(|name| name.to_string_lossy().ends_with(".part"))
            );
        }
    }
}

#[test]
fn a_run_that_is_stopped_keeps_what_is_done_and_leaves_nothing_half() {
    let dir = tempfile::tempdir().unwrap();
    let input = folder(dir.path());
    fs::write(input.join("large.txt"), records(200_000)).unwrap();
    let whole = dir.path().join("whole");
    let expected = run(1, settings(2), &input, &whole).unwrap();
    let key = ProjectKey::new([1; 32]);
    for threads in [1, 3] {
        let output = dir.path().join(format!("out{threads}"));
        let stop = AtomicBool::new(false);
        let stopped = Run {
            format: &Plain::default(),
            head: head(&key, true),
            key: &key,
            dependent: false,
            settings: settings(threads),
            // The large file comes last, and no other has so many records.
            progress: &|step| stop.store(step.items > 1_000, Ordering::Relaxed),
            stop: &stop,
        };
        let fault = stopped.over(&input, &output).unwrap_err();
        assert_eq!(fault.code(), "dataset.stopped");
        let names: Vec<_> = fs::read_dir(&output)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        let parts = names.iter().filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with(".large.txt.") && name.ends_with(".part")
        });
        assert_eq!((names.len(), parts.count()), (14, 1), "{names:?}");
        assert_eq!(run(1, settings(2), &input, &output).unwrap(), expected);
    }
}

#[test]
fn one_file_is_left_without_the_remains_of_a_run_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.txt"), dir.path().join("out.txt"));
    fs::write(&input, records(3)).unwrap();
    let remains = dir.path().join(".out.txt.0123456789abcdef.part");
    let another = dir.path().join(".other.txt.0123456789abcdef.part");
    for place in [&remains, &another] {
        fs::write(place, "half").unwrap();
    }
    run(1, settings(1), &input, &output).unwrap();
    assert!(!remains.exists() && another.exists());
}

#[test]
fn two_runs_do_not_write_one_output_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (folder(dir.path()), dir.path().join("out"));
    run(1, settings(1), &input, &output).unwrap();
    let journal = fs::File::open(journal_beside(&output)).unwrap();
    journal.lock().unwrap();
    let fault = run(1, settings(1), &input, &output).unwrap_err();
    assert_eq!(fault.code(), "dataset.busy");
    drop(journal);
    run(1, settings(1), &input, &output).unwrap();
}

#[test]
fn what_is_done_is_not_done_again() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (folder(dir.path()), dir.path().join("out"));
    let first = run(1, settings(2), &input, &output).unwrap();
    let written = |name: &str| fs::metadata(output.join(name)).unwrap().modified().unwrap();
    let before = written("00.txt");
    fs::write(input.join("01.txt"), records(7)).unwrap();
    fs::write(output.join("02.txt"), "somebody's own").unwrap();
    let again = run(1, settings(2), &input, &output).unwrap();
    assert_eq!(written("00.txt"), before);
    assert_eq!(fs::read(output.join("02.txt")).unwrap(), b"somebody's own");
    let codes: Vec<_> = again
        .refused
        .iter()
        .map(|refused| refused.code.as_str())
        .collect();
    assert_eq!(codes, ["dataset.exists", "dataset.exists", "plain.bad"]);
    assert_eq!(first.refused.len(), 1);
}

#[test]
fn another_key_or_choice_is_another_run() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (folder(dir.path()), dir.path().join("out"));
    run(1, settings(1), &input, &output).unwrap();
    assert_eq!(
        run(2, settings(1), &input, &output).unwrap_err().code(),
        "dataset.other_run"
    );
    let blind = Settings {
        verify: false,
        ..settings(1)
    };
    assert_eq!(
        run(1, blind, &input, &output).unwrap_err().code(),
        "dataset.other_run"
    );
    let anew = Settings {
        force: true,
        ..settings(1)
    };
    assert!(run(2, anew, &input, &output).unwrap().outputs.len() == 13);
    let earlier = earlier_head(&input, &output).unwrap().unwrap();
    assert_eq!(
        earlier.key_id,
        wardgate_datasets::key_id(&ProjectKey::new([2; 32]))
    );
    let resumed = Settings {
        resume: true,
        ..settings(1)
    };
    assert!(run(2, resumed, &input, &output).is_ok());
    let code = run(2, resumed, &input, &dir.path().join("new")).unwrap_err();
    assert_eq!(code.code(), "dataset.no_journal");
}

#[test]
fn a_journal_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (folder(dir.path()), dir.path().join("out"));
    fs::write(journal_beside(&output), "my notes\n").unwrap();
    assert_eq!(
        run(1, settings(1), &input, &output).unwrap_err().code(),
        "dataset.no_journal"
    );
    assert_eq!(fs::read(journal_beside(&output)).unwrap(), b"my notes\n");
}
