//! Tables: several persons in rows, medication, laboratory values.

use super::vocabulary::Vocabulary;
use crate::random::Random;

/// A list of several patients.
pub(super) fn census(random: &mut Random, words: &Vocabulary) -> String {
    let title = random.of("{date}|{weekday} {date}|{date} {hospital}|{clinic} {date}|");
    let mut text = format!("{} {title}\n", random.of(words.census));
    let name = random.of("{patient.lastfirst}|{patient}|{patient.last}|{patient.last}, {patient.first}|{patient.initials}|{patient.first}");
    let apart = random.of("  | ¦ |\t| - |, |   | / |; ");
    let mut columns = vec![name];
    for (percent, column) in [
        (40, "{time}"),
        (45, "{mrn}"),
        (35, "{dob}"),
        (25, "{age}"),
        (30, "{num 200 720}"),
        (15, "{age}[[M|F]]"),
        (25, "{doctor.last}"),
        (12, "{phone}"),
        (8, "{date-3}"),
        (8, "{city}"),
    ] {
        if random.percent(percent) {
            let at = random.below(columns.len() + 1);
            columns.insert(at, column);
        }
    }
    let reason = random.percent(75);
    for number in 1..=3 + random.below(8) {
        if random.percent(20) {
            text.push_str(&format!("{number}. "));
        }
        text.push_str("{new}");
        text.push_str(&columns.join(apart));
        if reason {
            text.push_str(apart);
            text.push_str(random.of(words.reasons));
        }
        text.push('\n');
    }
    text.trim_end().to_string()
}

/// Rows of values with a header, as a file of a spreadsheet.
pub(super) fn rows(random: &mut Random, words: &Vocabulary) -> String {
    let apart = random.of(",|;|\t|,|¦");
    let quoted = apart == "," && random.percent(60);
    let count = 3 + random.below(6);
    let mut header = Vec::new();
    let mut columns = Vec::new();
    for _ in 0..count {
        let list = if random.percent(75) {
            &words.fields
        } else {
            &words.plain
        };
        if let Some(field) = random.pick(list) {
            header.push(
                random
                    .of(field.labels)
                    .to_lowercase()
                    .replace([' ', '/'], "_"),
            );
            let value = random.of(field.values);
            columns.push(if quoted {
                format!("\"{value}\"")
            } else {
                value.to_string()
            });
        }
    }
    let mut text = header.join(apart);
    for _ in 0..2 + random.below(6) {
        text.push_str("\n{new}");
        text.push_str(&columns.join(apart));
    }
    text
}

/// Drugs with doses that look like dates, ranges and ratios.
pub(super) fn medication(random: &mut Random, words: &Vocabulary) -> String {
    let mut text = format!("{}:\n", random.of(words.heads));
    let apart = random.of(" | | | ¦ |\t|, | - ");
    let bullet = random.of("- |* ||1) |");
    let dated = random.percent(35);
    let signed = random.percent(25);
    for _ in 0..3 + random.below(9) {
        let mut parts = vec![
            random.of(words.meds),
            random.of(words.doses),
            random.of(words.sigs),
        ];
        if dated && random.percent(60) {
            parts.push(random.of(
                "{date-40}|({date.short-9})|{date.short-12}|start {date-5}|last filled {date-20}",
            ));
        }
        if signed && random.percent(40) {
            parts.push(
                random.of(
                    "{doctor.last}|({doctor.initials})|Dr. {doctor.last}|{pharmacy}|#{num 30 90}",
                ),
            );
        }
        text.push_str(&format!("{bullet}{}\n", parts.join(apart)));
    }
    text.trim_end().to_string()
}

/// Values with units and ranges.
pub(super) fn laboratory(random: &mut Random, words: &Vocabulary) -> String {
    let mut text = random.of(words.heads).to_string();
    text.push_str(
        random.of("\n| {date} {time}\n| {date}\n|: {date-2} / {date}\n| (Acc {accession})\n"),
    );
    let apart = random.of("  |\t| ¦ |   ");
    let brackets = random.of("()|[]|  |- ");
    let (open, close) = brackets.split_at_checked(1).unwrap_or(("(", ")"));
    let inline = random.percent(25);
    let mut rows = Vec::new();
    for _ in 0..3 + random.below(10) {
        let lab: Vec<&str> = random.of(words.labs).split(',').collect();
        let [name, unit, low, high] = lab.as_slice() else {
            continue;
        };
        let value = if low.contains('.') {
            "{num 0.3 14.9}"
        } else {
            "{num 3 320}"
        };
        let mark = random.of("||| H| L|*| (H)");
        rows.push(if inline {
            format!("{name} {value}{mark}")
        } else {
            format!("{name}{apart}{value}{mark}{apart}{unit}{apart}{open}{low}-{high}{close}")
        });
    }
    text.push_str(&rows.join(if inline { ", " } else { "\n" }));
    text
}
