//! Tables and hierarchies: any bytes are read to an end, a table that is read is written and read back alike,
//! and a hierarchy stays one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_tables::{
    Format, Hierarchy, HierarchyRule, ReadOptions, Suggestion, Table, TableLimits, WriteOptions,
};

fuzz_target!(|input: &[u8]| {
    if let Ok(hierarchy) = Hierarchy::read(input, None) {
        let again = Hierarchy::new(&hierarchy.rows()).expect("what was read is a hierarchy");
        assert_eq!(again, hierarchy);
    }
    let options = ReadOptions {
        delimiter: None,
        limits: TableLimits {
            row_bytes_max: 1 << 16,
            ..TableLimits::default()
        },
    };
    let Ok(table) = Table::read(Format::Csv, input, &options) else {
        return;
    };
    let mut written = Vec::new();
    table
        .write(Format::Csv, &mut written, &WriteOptions::default())
        .expect("memory takes it");
    let comma = ReadOptions {
        delimiter: Some(b','),
        ..ReadOptions::default()
    };
    // The byte order mark is no part of the table, so a first name that begins with one is not written alike.
    if let Ok(again) = Table::read(Format::Csv, written.as_slice(), &comma)
        && again.columns().len() == table.columns().len()
        && again.columns()[0].name() == table.columns()[0].name()
    {
        assert_eq!(again.rows(), table.rows());
        for (again, column) in again.columns().iter().zip(table.columns()) {
            assert!((0..table.rows()).all(|row| again.value(row) == column.value(row)));
        }
    }
    for column in table.columns() {
        let _ = Suggestion::of(column);
        let _ = HierarchyRule::suggested(column).hierarchy(column);
    }
});
