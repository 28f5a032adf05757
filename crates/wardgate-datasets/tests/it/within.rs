//! A run that was interrupted within a large file goes on within it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use wardgate_datasets::formats::Messages;
use wardgate_datasets::{DatasetFault, Format, Run, RunReport};
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};

use crate::plain::{Plain, head, records, settings};

const COUNT: usize = 200_000;

/// Runs, and stops after so many records where that is asked. Gives also how many were done before.
fn run(
    format: &dyn Format,
    threads: usize,
    stop_after: Option<u64>,
    paths: (&Path, &Path),
) -> Result<(RunReport, u64), DatasetFault> {
    let key = ProjectKey::new([1; 32]);
    let (stop, passed) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = OnceLock::new();
    let run = Run {
        format,
        head: head(&key, true),
        key: &key,
        dependent: false,
        settings: settings(threads),
        progress: &|step| {
            before.get_or_init(|| step.items);
            let passed = passed.fetch_add(step.items, Ordering::Relaxed) + step.items;
            if stop_after.is_some_and(|after| passed > after) {
                stop.store(true, Ordering::Relaxed);
            }
        },
        stop: &stop,
    };
    let report = run.over(paths.0, paths.1)?;
    Ok((report, before.into_inner().unwrap_or_default()))
}

/// What a stopped run left of its one file.
fn part(folder: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(folder).unwrap();
    let mut paths = names.map(|entry| entry.unwrap().path());
    paths.find(|path| path.to_string_lossy().ends_with(".part"))
}

struct Scene {
    dir: tempfile::TempDir,
    input: PathBuf,
    output: PathBuf,
    whole: PathBuf,
    expected: RunReport,
}

type Damage<'d> = &'d dyn Fn(&Scene);

/// A large file with a bad record near its head, what becomes of it, and a run over it that was stopped.
fn stopped_at(after: u64) -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let (input, whole) = (dir.path().join("in.txt"), dir.path().join("whole/out.txt"));
    let output = dir.path().join("out.txt");
    fs::create_dir(dir.path().join("whole")).unwrap();
    let text = format!("{}nothing\n{}", records(5), records(COUNT));
    fs::write(&input, text).unwrap();
    let (expected, _) = run(&Plain::default(), 2, None, (&input, &whole)).unwrap();
    // One thread: no more than the group in hand is done after the stop.
    let fault = run(&Plain::default(), 1, Some(after), (&input, &output)).unwrap_err();
    assert_eq!(fault.code(), "dataset.stopped");
    assert!(!output.exists());
    Scene {
        dir,
        input,
        output,
        whole,
        expected,
    }
}

impl Scene {
    /// Goes on to the end; gives how many records were cleaned for that.
    fn go_on(&self) -> u64 {
        let plain = Plain::default();
        let (report, before) = run(&plain, 3, None, (&self.input, &self.output)).unwrap();
        assert_eq!(report, self.expected);
        let same = fs::read(&self.output).unwrap() == fs::read(&self.whole).unwrap();
        assert!(same, "another output than that of a whole run");
        assert_eq!(part(self.dir.path()), None);
        let cleaned = plain.cleaned.into_inner();
        assert_eq!(
            before + cleaned,
            COUNT as u64 + if before > 0 { 5 } else { 6 }
        );
        cleaned
    }
}

#[test]
fn what_was_done_of_a_large_file_is_not_done_again() {
    let scene = stopped_at(50_000);
    assert!(part(scene.dir.path()).is_some());
    let cleaned = scene.go_on();
    assert!(cleaned > 0 && cleaned < COUNT as u64 - 50_000, "{cleaned}");
}

#[test]
fn what_was_written_after_the_journal_was_told_last_is_written_anew() {
    let scene = stopped_at(50_000);
    let part = part(scene.dir.path()).unwrap();
    let mut bytes = fs::read(&part).unwrap();
    bytes.extend_from_slice(b"77;X;half of a rec");
    fs::write(&part, bytes).unwrap();
    assert!(scene.go_on() < COUNT as u64 - 50_000);
}

#[test]
fn a_run_can_be_stopped_again_and_again() {
    let scene = stopped_at(20_000);
    for after in [60_000, 100_000, 140_000] {
        let plain = Plain::default();
        let fault = run(&plain, 1, Some(after), (&scene.input, &scene.output)).unwrap_err();
        assert_eq!(fault.code(), "dataset.stopped");
        assert!(plain.cleaned.into_inner() < 120_000);
    }
    assert!(scene.go_on() < COUNT as u64 - 130_000);
}

#[test]
fn what_is_no_longer_as_it_was_left_is_not_gone_on_with() {
    let flipped = |scene: &Scene| {
        let part = part(scene.dir.path()).unwrap();
        let mut bytes = fs::read(&part).unwrap();
        bytes[1_000] ^= 1;
        fs::write(part, bytes).unwrap();
    };
    let shortened = |scene: &Scene| {
        let part = part(scene.dir.path()).unwrap();
        fs::OpenOptions::new()
            .write(true)
            .open(part)
            .unwrap()
            .set_len(1_000)
            .unwrap();
    };
    let gone = |scene: &Scene| fs::remove_file(part(scene.dir.path()).unwrap()).unwrap();
    let linked = |scene: &Scene| {
        let part = part(scene.dir.path()).unwrap();
        let elsewhere = scene.dir.path().join("elsewhere");
        fs::rename(&part, &elsewhere).unwrap();
        std::os::unix::fs::symlink(elsewhere, part).unwrap();
    };
    let touched = |scene: &Scene| {
        let input = fs::OpenOptions::new()
            .write(true)
            .open(&scene.input)
            .unwrap();
        input
            .set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
    };
    let damages: [(&str, Damage<'_>); 5] = [
        ("flipped", &flipped),
        ("shortened", &shortened),
        ("gone", &gone),
        ("linked", &linked),
        ("touched", &touched),
    ];
    for (what, damage) in damages {
        let scene = stopped_at(50_000);
        damage(&scene);
        if what == "linked" {
            // Nobody's link is followed or taken away.
            let plain = Plain::default();
            let (report, _) = run(&plain, 1, None, (&scene.input, &scene.output)).unwrap();
            assert_eq!(report, scene.expected);
            assert_eq!(plain.cleaned.into_inner(), COUNT as u64 + 6);
            continue;
        }
        assert_eq!(scene.go_on(), COUNT as u64 + 6, "{what}");
    }
}

#[test]
fn trailers_of_batches_count_what_stood_before_an_interruption() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.hl7");
    let message = |n: usize| match n % 1_000 {
        7 => "MSH|^~\\&|LAB\rPID|||\r".to_owned(),
        _ => format!(
            "MSH|^~\\&|LAB|HERE|ADT|THERE|20260114||ADT^A08|M{n}|P|2.5\rPID|1||{n}^^^H^MR||DOE^JO{n}||19700203|F\rPV1|1|I|W^12^3\r"
        ),
    };
    let mut text = "FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r".to_owned();
    (0..50_000).for_each(|n| text.push_str(&message(n)));
    text.push_str("BTS|50000\rBHS|^~\\&|LAB\r");
    (0..10).for_each(|n| text.push_str(&message(n)));
    text.push_str("BTS|10\rFTS|2\r");
    fs::write(&input, text).unwrap();
    let as_of = Day::new(2026, 11, 30).unwrap();
    let rules = RecordRules::new(
        Engine::exact_only(),
        Profile::safe_harbor(),
        ProjectKey::new([1; 32]),
        as_of,
    );
    let format = Messages::new(Arc::new(rules), wardgate_hl7::v2::Options::default());
    let whole = dir.path().join("whole.hl7");
    let (expected, _) = run(&format, 2, None, (&input, &whole)).unwrap();
    let output = dir.path().join("out.hl7");
    let fault = run(&format, 1, Some(10_000), (&input, &output)).unwrap_err();
    assert_eq!(fault.code(), "dataset.stopped");
    let (resumed, before) = run(&format, 2, None, (&input, &output)).unwrap();
    assert!(before > 10_000);
    let written = fs::read_to_string(&output).unwrap();
    assert!(written == fs::read_to_string(&whole).unwrap());
    assert_eq!(resumed.counts, expected.counts);
    assert_eq!(resumed.refused, expected.refused);
    let (first, _) = written.split_once("\rBTS|").unwrap();
    let messages = first.matches("\rMSH|").count();
    assert!(
        written.contains(&format!("\rBTS|{messages}\r")),
        "{messages}"
    );
}
