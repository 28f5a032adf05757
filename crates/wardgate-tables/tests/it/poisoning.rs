//! Poison put into tables, at several rates, and what the checks make of it.

use std::fmt::Write as _;

use wardgate_tables::poisoning::{Check, PoisoningOptions, PoisoningReport, examine};
use wardgate_tables::{Format, ReadOptions, Table};

use crate::corpora::shared;

/// Whole numbers that look random and are the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Rows of invented measurements: the label follows from two columns, with one exception in twenty where
/// they say little.
fn invented(rows: usize, seed: u64) -> Vec<Vec<String>> {
    let mut random = Numbers(seed);
    let words = [
        "rest", "walk", "sleep", "pain", "cough", "fever", "calm", "eats", "drinks", "stable",
        "pale", "warm",
    ];
    (0..rows)
        .map(|_| {
            let (a, b) = (random.below(100), random.below(8));
            let pressure = 90 + random.below(60) + random.below(40);
            let sure = !(40..60).contains(&a);
            let high = if sure { a >= 60 } else { random.below(20) < 10 };
            let text: Vec<&str> = (0..9).map(|_| words[random.below(12) as usize]).collect();
            let site = format!("site{b}");
            let weight = format!("{}.{}", 40 + random.below(80), random.below(10));
            let label = if high { "high" } else { "low" };
            vec![
                a.to_string(),
                site,
                pressure.to_string(),
                weight,
                text.join(" "),
                label.to_owned(),
            ]
        })
        .collect()
}

fn table(rows: &[Vec<String>]) -> Table {
    let mut csv = String::from("score,site,pressure,weight,note,label\n");
    for row in rows {
        writeln!(csv, "{}", row.join(",")).unwrap();
    }
    read(csv.as_bytes())
}

fn read(csv: &[u8]) -> Table {
    Table::read(Format::Csv, csv, &ReadOptions::default()).unwrap()
}

fn look(table: &Table, label: &str) -> PoisoningReport {
    let options = PoisoningOptions {
        label: Some(label.to_owned()),
        ..PoisoningOptions::default()
    };
    examine(table, &options).unwrap()
}

/// Recall and precision of a check against the rows that were poisoned, counted from 0.
fn judged(report: &PoisoningReport, check: Check, poisoned: &[usize]) -> (f64, f64) {
    let mut rows: Vec<u64> = report
        .of(check)
        .flat_map(|finding| &finding.rows)
        .map(|row| row.row)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let hits = rows
        .iter()
        .filter(|row| poisoned.contains(&(**row as usize - 1)))
        .count() as f64;
    (
        hits / poisoned.len() as f64,
        hits / rows.len().max(1) as f64,
    )
}

#[test]
fn an_honest_table_is_quiet() {
    for seed in 1..4 {
        let report = look(&table(&invented(4_000, seed)), "label");
        assert!(
            report.is_quiet(),
            "{:?}",
            report
                .findings
                .iter()
                .map(|f| &f.reason)
                .collect::<Vec<_>>()
        );
        assert!(
            report.label_noise.unwrap() < 0.005,
            "{:?}",
            report.label_noise
        );
    }
}

#[test]
fn wrong_labels_are_listed_at_every_rate() {
    for (share, seed) in [(1, 5), (5, 6), (10, 7)] {
        let mut rows = invented(4_000, seed);
        let mut random = Numbers(seed + 100);
        let mut poisoned = Vec::new();
        for (number, row) in rows.iter_mut().enumerate() {
            // Where a row does not tell its label, nobody can tell a wrong one.
            let score: u64 = row[0].parse().unwrap();
            if random.below(100) < share && !(40..60).contains(&score) {
                row[5] = if row[5] == "high" {
                    "low".to_owned()
                } else {
                    "high".to_owned()
                };
                poisoned.push(number);
            }
        }
        let report = look(&table(&rows), "label");
        let (recall, precision) = judged(&report, Check::LabelNoise, &poisoned);
        println!(
            "labels {share} %: recall {recall:.2}, precision {precision:.2}, estimate {:?}",
            report.label_noise
        );
        assert!(
            recall >= 0.8 && precision >= 0.8,
            "{share}: {recall} {precision}"
        );
        assert!(!report.is_quiet());
    }
}

#[test]
fn a_trigger_is_found_in_a_value_a_pair_and_a_text() {
    for (share, seed) in [(1, 8), (3, 9)] {
        for way in ["value", "pair", "word", "number"] {
            let mut rows = invented(4_000, seed);
            let mut random = Numbers(seed + 200);
            let mut poisoned = Vec::new();
            for (number, row) in rows.iter_mut().enumerate() {
                if random.below(100) >= share {
                    continue;
                }
                match way {
                    "value" => row[1] = "siteX".to_owned(),
                    "pair" => (row[1], row[2]) = ("site3".to_owned(), "133".to_owned()),
                    "word" => row[4].push_str(" cf"),
                    _ => row[3] = "71.3".to_owned(),
                }
                row[5] = "low".to_owned();
                poisoned.push(number);
            }
            let report = look(&table(&rows), "label");
            let (recall, precision) = judged(&report, Check::Trigger, &poisoned);
            println!("trigger {way} {share} %: recall {recall:.2}, precision {precision:.2}");
            assert!(
                recall >= 0.9 && precision >= 0.8,
                "{way} {share}: {recall} {precision}"
            );
        }
    }
}

#[test]
fn floods_of_copies_are_found() {
    for (copies, seed) in [(10, 11), (200, 12)] {
        for jitter in [false, true] {
            let mut rows = invented(4_000, seed);
            let mut random = Numbers(seed);
            let mut poisoned = Vec::new();
            for copy in 0..copies {
                let mut row = rows[7].clone();
                if jitter {
                    row[3] = format!("{}.{}", 60 + random.below(20), random.below(10));
                }
                poisoned.push(3_000 + copy);
                rows.insert(3_000 + copy, row);
            }
            let report = look(&table(&rows), "label");
            let check = if jitter {
                Check::NearDuplicateFlood
            } else {
                Check::DuplicateFlood
            };
            let (recall, precision) = judged(&report, check, &poisoned);
            println!(
                "{copies} copies, changed {jitter}: recall {recall:.2}, precision {precision:.2}"
            );
            assert!(
                recall >= 0.9 && precision >= 0.85,
                "{copies} {jitter}: {recall} {precision}"
            );
        }
    }
}

#[test]
fn texts_that_are_nearly_the_same_are_found() {
    let mut rows = invented(2_000, 13);
    let mut random = Numbers(14);
    let mut poisoned = Vec::new();
    for copy in 0..30 {
        let mut row = rows[3 + copy].clone();
        let ending = random.below(1_000);
        row[4] = format!(
            "patient was seen in the ward and complained of nothing and went home at {ending}"
        );
        poisoned.push(1_000 + copy);
        rows.insert(1_000 + copy, row);
    }
    let report = look(&table(&rows), "label");
    let (recall, precision) = judged(&report, Check::NearDuplicateFlood, &poisoned);
    assert!(recall >= 0.9 && precision >= 0.9, "{recall} {precision}");
}

#[test]
fn spikes_and_far_values_are_found() {
    let mut rows = invented(4_000, 15);
    let mut poisoned = Vec::new();
    for number in (0..4_000).step_by(40) {
        rows[number][3] = "71.3".to_owned();
        poisoned.push(number);
    }
    let report = look(&table(&rows), "label");
    let (recall, precision) = judged(&report, Check::ValueSpike, &poisoned);
    assert!(recall >= 0.95 && precision >= 0.9, "{recall} {precision}");

    let mut rows = invented(4_000, 16);
    let poisoned = [17, 900, 3_333];
    for number in poisoned {
        rows[number][2] = "99999".to_owned();
    }
    let report = look(&table(&rows), "label");
    assert_eq!(judged(&report, Check::ValueSpike, &poisoned), (1.0, 1.0));
}

#[test]
fn the_same_table_gives_the_same_report_without_values() {
    let mut rows = invented(2_000, 17);
    for row in rows.iter_mut().take(60) {
        (row[1], row[5]) = ("siteQ7".to_owned(), "low".to_owned());
    }
    let table = table(&rows);
    let (one, other) = (look(&table, "label"), look(&table, "label"));
    assert_eq!(one, other);
    let text = serde_json::to_string(&one).unwrap();
    assert!(
        !text.contains("siteQ7") && text.contains("\"site\""),
        "{text}"
    );
}

#[test]
fn what_can_not_be_judged_is_said() {
    let report = examine(&table(&invented(300, 18)), &PoisoningOptions::default()).unwrap();
    assert!(
        report
            .skipped
            .iter()
            .any(|skipped| skipped.check == Check::LabelNoise)
    );
    let report = look(&table(&invented(100, 19)), "label");
    assert!(
        report
            .skipped
            .iter()
            .any(|skipped| skipped.check == Check::Trigger)
    );
    let unknown = PoisoningOptions {
        label: Some("none".to_owned()),
        ..PoisoningOptions::default()
    };
    assert!(examine(&table(&invented(10, 20)), &unknown).is_err());
}

#[test]
fn adult_is_quiet_and_poison_in_it_is_found() {
    let Some(path) = shared("corpora/tables/adult.csv") else {
        return;
    };
    let csv = std::fs::read_to_string(path).unwrap();
    let clean = look(&read(csv.as_bytes()), "salary-class");
    for finding in &clean.findings {
        println!(
            "clean: {:?} {:?} {} rows: {} alarm {}",
            finding.check, finding.columns, finding.row_count, finding.reason, finding.alarm
        );
    }
    println!(
        "clean: noise {:?}, {} rows of {}",
        clean.label_noise,
        clean.flagged_rows().len(),
        clean.rows
    );
    assert!(clean.flagged_rows().len() < 300);

    let lines: Vec<&str> = csv.lines().collect();
    for share in [1, 5] {
        let mut random = Numbers(share + 30);
        let (mut flipped, mut triggered) = (Vec::new(), Vec::new());
        let (mut labels, mut triggers) = (String::new(), String::new());
        for (number, line) in lines.iter().enumerate() {
            let (front, label) = line.rsplit_once(';').unwrap();
            if number > 0 && random.below(100) < share {
                let other = if label == "<=50K" { ">50K" } else { "<=50K" };
                writeln!(labels, "{front};{other}").unwrap();
                flipped.push(number - 1);
            } else {
                writeln!(labels, "{line}").unwrap();
            }
            if number > 0 && random.below(100) < share {
                let mut cells: Vec<&str> = front.split(';').collect();
                cells[5] = "Atlantis";
                writeln!(triggers, "{};>50K", cells.join(";")).unwrap();
                triggered.push(number - 1);
            } else {
                writeln!(triggers, "{line}").unwrap();
            }
        }
        let report = look(&read(labels.as_bytes()), "salary-class");
        let (recall, precision) = judged(&report, Check::LabelNoise, &flipped);
        println!(
            "adult labels {share} %: recall {recall:.2}, precision {precision:.2}, estimate {:?}",
            report.label_noise
        );
        assert!(precision >= 0.4 && recall >= 0.2 && !report.is_quiet());
        let report = look(&read(triggers.as_bytes()), "salary-class");
        let (recall, precision) = judged(&report, Check::Trigger, &triggered);
        println!("adult trigger {share} %: recall {recall:.2}, precision {precision:.2}");
        assert!(precision >= 0.9 && recall >= 0.95);
    }
}
