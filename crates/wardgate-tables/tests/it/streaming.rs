//! A table that passes through files is released as one that is held whole.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use wardgate_tables::{
    Distance, Draft, Format, HierarchyRule, Input, Keeper, Method, Model, Plan, ReadOptions,
    ReleaseReport, Solution, Step, Surroundings, Table, TableFault, WriteOptions, anonymise,
};

const FORMATS: [Format; 3] = [Format::Csv, Format::Parquet, Format::Arrow];

/// An invented ward of 12,000 rows: more than one batch, with missing values, notes and decimals.
fn ward() -> String {
    let mut text = String::from("mrn,age,zip,note,weight,sex,seen,cost,stay,diagnosis,empty\n");
    let mut state = 5_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for row in 0..12_000_u64 {
        let sex = ["female", "male"][usize::try_from(next(2)).unwrap()];
        let diagnosis = ["flu", "asthma", "gout", ""][usize::try_from(next(4)).unwrap()];
        // Missing values stand in the first rows only, so that later batches have none.
        let note = match next(3) {
            0 if row < 3_000 => String::new(),
            number => format!("\"seen, no. {row}, \"\"{number}\"\"\nagain\""),
        };
        let weight = match row {
            0..3_000 if row % 7 == 0 => String::new(),
            _ => format!("{}.{}0", 40 + next(60), next(10)),
        };
        let (age, zip, stay) = (18 + next(70), 97_100 + next(40), next(9));
        let seen = format!("2021-{:02}-{:02}", 1 + next(12), 1 + next(28));
        let cost = next(5_000);
        text.push_str(&format!(
            "WG-{:05},{age},{zip},{note},{weight},{sex},{seen},{cost},{stay},{diagnosis},\n",
            row / 3
        ));
    }
    text
}

fn plan() -> Plan {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Plan {
        quasi: named(&["age", "zip", "sex"]),
        sensitive: named(&["diagnosis"]),
        insensitive: named(&["note", "weight", "seen", "cost", "empty"]),
        pseudonymised: named(&["mrn"]),
        models: vec![Model::KAnonymity { k: 12 }],
        hierarchies: [("zip".to_owned(), HierarchyRule::Mask)].into(),
        suppression: 0.05,
        ..Plan::default()
    }
}

fn pseudonym(column: &str, value: &str) -> String {
    format!("{column}/{}", value.chars().rev().collect::<String>())
}

fn around() -> Surroundings<'static> {
    Surroundings {
        pseudonym: Some(&pseudonym),
        ..Surroundings::default()
    }
}

/// The table in a file of a format.
fn file(text: &str, format: Format) -> File {
    let mut file = tempfile::tempfile().unwrap();
    let table = Table::read(Format::Csv, text.as_bytes(), &ReadOptions::default()).unwrap();
    match format {
        Format::Csv => file.write_all(text.as_bytes()).unwrap(),
        _ => table
            .write(format, &file, &WriteOptions::default())
            .unwrap(),
    }
    file
}

fn draft(
    file: &File,
    (from, to): (Format, Format),
    plan: &Plan,
) -> Result<Draft<'static>, TableFault> {
    let file = file.try_clone().unwrap();
    Input::read(file, from, &ReadOptions::default(), plan.clone(), &around())?
        .anonymise(to, &around())
}

/// What passing through files gives.
fn passed(
    file: &File,
    (from, to): (Format, Format),
    plan: &Plan,
    options: &WriteOptions,
) -> Result<(Vec<u8>, ReleaseReport), TableFault> {
    let draft = draft(file, (from, to), plan)?;
    let mut output = tempfile::tempfile().unwrap();
    draft.write(&output, options, &around())?;
    let report = draft.confirm(output.try_clone().unwrap(), options, &around())?;
    let mut bytes = Vec::new();
    output.seek(SeekFrom::Start(0)).unwrap();
    output.read_to_end(&mut bytes).unwrap();
    Ok((bytes, report))
}

/// What holding all gives.
fn held(
    file: &File,
    (from, to): (Format, Format),
    plan: &Plan,
    options: &WriteOptions,
) -> (Vec<u8>, ReleaseReport) {
    let mut bytes = Vec::new();
    let mut file = file.try_clone().unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    let table = Table::read(from, bytes.as_slice(), &ReadOptions::default()).unwrap();
    let release = anonymise(&table, plan, &around()).unwrap();
    let mut written = Vec::new();
    release.table.write(to, &mut written, options).unwrap();
    (written, release.report)
}

#[test]
fn passing_gives_the_bytes_and_the_report_that_holding_all_gives() {
    let text = ward();
    let mut plan = plan();
    for from in FORMATS {
        let file = file(&text, from);
        for to in FORMATS {
            for method in [Method::Exact, Method::Local, Method::Multidimensional] {
                // The other methods differ in what is found, not in what passes.
                if method != Method::Exact && (from == Format::Arrow || to != Format::Csv) {
                    continue;
                }
                plan.method = method;
                let options = WriteOptions::default();
                let (bytes, report) = passed(&file, (from, to), &plan, &options).unwrap();
                let (wanted, told) = held(&file, (from, to), &plan, &options);
                assert!(bytes == wanted, "{from:?} to {to:?}, {method:?}");
                assert_eq!(report, told, "{from:?} to {to:?}, {method:?}");
                assert_eq!(report.removed, ["stay"]);
            }
        }
        let options = WriteOptions {
            delimiter: b';',
            arrow_stream: true,
        };
        for to in [Format::Csv, Format::Arrow] {
            let (bytes, _) = passed(&file, (from, to), &plan, &options).unwrap();
            assert!(bytes == held(&file, (from, to), &plan, &options).0);
        }
    }
}

#[test]
fn only_what_something_looks_at_is_held() {
    let text = ward();
    for format in FORMATS {
        let file = file(&text, format);
        let bytes = |plan: Plan| {
            let file = file.try_clone().unwrap();
            Input::read(file, format, &ReadOptions::default(), plan, &around())
                .unwrap()
                .bytes()
        };
        let (with, mut without) = (plan(), plan());
        without.insensitive.clear();
        without.pseudonymised.clear();
        assert_eq!(bytes(with), bytes(without));
    }
}

#[test]
fn what_is_held_keeps_within_its_limit() {
    let text = ward();
    let mut options = ReadOptions::default();
    options.limits.held_bytes_max = 1 << 14;
    for format in FORMATS {
        let file = file(&text, format);
        let fault = Input::read(file, format, &options, plan(), &around()).unwrap_err();
        assert_eq!(fault.code(), "table.held_bytes_max");
    }
}

#[test]
fn an_input_that_is_changed_on_the_way_is_a_fault() {
    let text = ward();
    for format in FORMATS {
        let file = file(&text, format);
        let draft = draft(&file, (format, format), &plan()).unwrap();
        let length = file.metadata().unwrap().len();
        // The same length, and a byte that looks as good as the one before.
        let mut writing = file.try_clone().unwrap();
        writing.seek(SeekFrom::Start(length / 2)).unwrap();
        writing.write_all(b"7").unwrap();
        let fault = draft
            .write(std::io::sink(), &WriteOptions::default(), &around())
            .unwrap_err();
        let codes = ["table.changed", "table.malformed", "table.ragged_row"];
        assert!(
            codes.contains(&fault.code()),
            "{format:?}: {}",
            fault.code()
        );
    }
}

#[test]
fn rows_that_are_gone_or_new_are_a_fault() {
    let text = ward();
    let file = file(&text, Format::Csv);
    let before = draft(&file, (Format::Csv, Format::Csv), &plan()).unwrap();
    file.set_len(text.len() as u64 / 2).unwrap();
    assert!(
        before
            .write(std::io::sink(), &WriteOptions::default(), &around())
            .is_err()
    );
    let draft = draft(&file, (Format::Csv, Format::Csv), &plan());
    // Cut in the middle of a row, or of a quote.
    if let Ok(draft) = draft {
        let mut file = file.try_clone().unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"\nWG-1,20,97100,,,male,2021-01-01,5,1,flu,\n")
            .unwrap();
        let options = WriteOptions::default();
        let written = draft.write(std::io::sink(), &options, &around());
        assert!(written.is_err());
    }
}

#[test]
fn what_was_written_otherwise_is_not_confirmed() {
    let file = file(&ward(), Format::Csv);
    let options = WriteOptions::default();
    let confirm = |change: &dyn Fn(String) -> String| {
        let draft = draft(&file, (Format::Csv, Format::Csv), &plan()).unwrap();
        let mut bytes = Vec::new();
        draft.write(&mut bytes, &options, &around()).unwrap();
        let mut output = tempfile::tempfile().unwrap();
        let text = change(String::from_utf8(bytes).unwrap());
        output.write_all(text.as_bytes()).unwrap();
        draft
            .confirm(output, &options, &around())
            .map_err(|fault| fault.code())
    };
    assert!(confirm(&|text| text).is_ok());
    let header = |text: String| text.replacen("weight", "mrn2", 1);
    assert_eq!(confirm(&header).unwrap_err(), "release.not_confirmed");
    let alone = |text: String| text.replacen(",female,", ",other,", 1);
    assert_eq!(confirm(&alone).unwrap_err(), "release.not_confirmed");
    let last = |text: String| text.clone() + text.lines().last().unwrap() + "\n";
    assert!(confirm(&last).is_err());
}

/// Numbers of a CSV file are written as such to Parquet, where `1.50` and `1.5` are one value.
#[test]
fn diversity_is_of_values_as_they_are_written() {
    let mut text = String::from("age,dose\n");
    for row in 0..40 {
        text.push_str(&format!(
            "{},{}\n",
            30 + row % 2,
            ["1.5", "1.50"][row / 2 % 2]
        ));
    }
    let plan = Plan {
        quasi: vec!["age".to_owned()],
        sensitive: vec!["dose".to_owned()],
        models: vec![Model::DistinctDiversity {
            column: "dose".to_owned(),
            l: 2,
        }],
        ..Plan::default()
    };
    let file = file(&text, Format::Csv);
    let options = WriteOptions::default();
    let to = |format| passed(&file, (Format::Csv, format), &plan, &options).map(|_| ());
    assert!(to(Format::Csv).is_ok());
    assert_eq!(to(Format::Parquet).unwrap_err().code(), "release.unreached");
}

#[test]
fn closeness_is_against_the_table_as_it_is_written() {
    let text = ward();
    let file = file(&text, Format::Csv);
    let mut plan = plan();
    plan.sensitive = vec!["weight".to_owned()];
    plan.insensitive.retain(|name| name != "weight");
    for distance in [Distance::Equal, Distance::Ordered] {
        plan.models = vec![Model::Closeness {
            column: "weight".to_owned(),
            t: 0.4,
            distance,
        }];
        for to in FORMATS {
            let options = WriteOptions::default();
            assert!(passed(&file, (Format::Csv, to), &plan, &options).is_ok());
        }
    }
}

#[test]
fn faults_of_a_plan_come_before_the_rows_are_read() {
    let text = "age,sex\n1,f\nragged\n";
    let file = file("age,sex\n1,f\n", Format::Csv);
    (&file).write_all(text.as_bytes()).unwrap();
    let fault = draft(&file, (Format::Csv, Format::Csv), &plan()).unwrap_err();
    assert_eq!(fault.code(), "table.unknown_column");
}

/// What is kept, as a journal would.
#[derive(Default)]
struct Kept(Mutex<Option<Vec<u8>>>);

impl Keeper for Kept {
    fn recall(&self) -> Option<Solution> {
        let bytes = self.0.lock().unwrap();
        bytes
            .as_ref()
            .map(|bytes| Solution::read(bytes.as_slice()).unwrap())
    }

    fn keep(&self, solution: &Solution) {
        let mut bytes = Vec::new();
        solution.write(&mut bytes).unwrap();
        *self.0.lock().unwrap() = Some(bytes);
    }
}

#[test]
fn what_was_found_is_not_searched_again() {
    let text: String = ward().split_inclusive('\n').take(2_000).collect();
    let text = text.rsplit_once("\nWG-").unwrap().0.to_owned() + "\n";
    let table = Table::read(Format::Csv, text.as_bytes(), &ReadOptions::default()).unwrap();
    let mut plan = plan();
    for method in [Method::Exact, Method::Local, Method::Multidimensional] {
        plan.method = method;
        let kept = Kept::default();
        let searched = AtomicBool::new(false);
        let told = |step| {
            if matches!(step, Step::Searching { total, .. } if total > 0) {
                searched.store(true, Ordering::Relaxed);
            }
        };
        let around = Surroundings {
            keeper: Some(&kept),
            progress: Some(&told),
            ..around()
        };
        let first = anonymise(&table, &plan, &around).unwrap();
        assert!(searched.swap(false, Ordering::Relaxed));
        let again = anonymise(&table, &plan, &around).unwrap();
        assert!(!searched.load(Ordering::Relaxed), "{method:?}");
        assert_eq!(again.report, first.report);
        // What is kept of another table or method is worth nothing, and does no harm.
        for (rows, method) in [(900, method), (table.rows(), Method::Exact)] {
            let other = table.taken(&(0..rows).collect::<Vec<_>>());
            let plan = Plan {
                method,
                ..plan.clone()
            };
            let release = anonymise(&other, &plan, &around).unwrap();
            assert!(release.report.after.k >= 12);
            assert!(release.report.suppressed * 20 <= rows as u64);
        }
    }
}
