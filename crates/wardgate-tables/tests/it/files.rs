//! Tables are read, refused and written as they should be.

use wardgate_tables::{Format, Kind, ReadOptions, Table, TableLimits, WriteOptions};

fn csv(text: &[u8]) -> Table {
    Table::read(Format::Csv, text, &ReadOptions::default()).unwrap()
}

fn refused(text: &[u8], options: &ReadOptions) -> (String, &'static str) {
    let fault = Table::read(Format::Csv, text, options).unwrap_err();
    (fault.to_string(), fault.code())
}

fn rows(table: &Table) -> Vec<Vec<String>> {
    (0..table.rows())
        .map(|row| {
            table
                .columns()
                .iter()
                .map(|c| c.value(row).to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn delimiters_are_told_by_the_first_lines() {
    for (text, delimiter) in [
        ("a,b\n1;5,2\n3;5,4\n", ','),
        ("a;b\n1,5;2\n3,5;4\n", ';'),
        ("a\tb\n1,5\t2\n3\t4\n", '\t'),
        ("a|b\n1|2\n3|4\n", '|'),
    ] {
        assert_eq!(csv(text.as_bytes()).columns().len(), 2, "{delimiter}");
    }
    assert_eq!(csv(b"only\nx\ny\n").rows(), 2);
}

#[test]
fn quotes_marks_and_line_ends_are_read() {
    let table =
        csv("\u{feff}name,note\r\n\"Okafor, A.\",\"two\nlines \"\"quoted\"\"\"\r\n".as_bytes());
    assert_eq!(table.columns()[0].name(), "name");
    assert_eq!(table.columns()[0].value(0), "Okafor, A.");
    assert_eq!(table.columns()[1].value(0), "two\nlines \"quoted\"");
}

#[test]
fn a_ragged_row_is_named_by_its_number_only() {
    let (text, code) = refused(b"a,b\n1,2\nSchmidt\n", &ReadOptions::default());
    assert_eq!(code, "table.ragged_row");
    assert_eq!(text, "a row has not as many fields as the header in row 2");
}

#[test]
fn other_encodings_are_refused() {
    assert_eq!(
        refused(b"a,b\nM\xFCller,2\n", &ReadOptions::default()).1,
        "table.encoding"
    );
    assert_eq!(
        refused(b"\xFF\xFEa\0,\0b\0", &ReadOptions::default()).1,
        "table.encoding"
    );
}

#[test]
fn limits_are_faults_of_their_own() {
    let limits = |change: fn(&mut TableLimits)| {
        let mut options = ReadOptions::default();
        change(&mut options.limits);
        options
    };
    let text = b"a,b\n1,2\n3,4\n5,6\n";
    assert_eq!(
        refused(text, &limits(|l| l.rows_max = 2)).1,
        "table.rows_max"
    );
    assert_eq!(
        refused(text, &limits(|l| l.columns_max = 1)).1,
        "table.columns_max"
    );
    assert_eq!(
        refused(text, &limits(|l| l.value_bytes_max = 2)).1,
        "table.value_bytes_max"
    );
    let mut open_quote = b"a,b\n1,\"".to_vec();
    open_quote.resize(4 << 20, b'x');
    assert_eq!(
        refused(&open_quote, &limits(|l| l.row_bytes_max = 1 << 20)).1,
        "table.row_bytes_max"
    );
}

#[test]
fn headers_are_checked() {
    assert_eq!(refused(b"", &ReadOptions::default()).1, "table.empty");
    assert_eq!(
        refused(b"a,a\n1,2\n", &ReadOptions::default()).1,
        "table.repeated_column"
    );
    assert_eq!(
        refused(b"a,\n1,2\n", &ReadOptions::default()).1,
        "table.unnamed_column"
    );
}

#[cfg(feature = "columnar")]
#[test]
fn every_format_holds_the_same_table() {
    let text = "id,zip,weight,born,alive,note\n1,01234,70.5,1950-02-28,true,\"a,b\"\n2,97141,,1961-12-01,false,\n";
    let table = csv(text.as_bytes());
    let kinds: Vec<Kind> = table
        .columns()
        .iter()
        .map(wardgate_tables::Column::kind)
        .collect();
    assert_eq!(
        kinds,
        [
            Kind::Integer,
            Kind::Text,
            Kind::Decimal,
            Kind::Date,
            Kind::Boolean,
            Kind::Text
        ]
    );
    for (format, arrow_stream) in [
        (Format::Parquet, false),
        (Format::Arrow, false),
        (Format::Arrow, true),
    ] {
        let options = WriteOptions {
            arrow_stream,
            ..WriteOptions::default()
        };
        let mut bytes = Vec::new();
        table.write(format, &mut bytes, &options).unwrap();
        let read = Table::read(format, bytes.as_slice(), &ReadOptions::default()).unwrap();
        assert_eq!(rows(&read), rows(&table));
        let mut again = Vec::new();
        read.write(format, &mut again, &options).unwrap();
        assert_eq!(again, bytes, "a table that was not changed keeps its types");
        let cut = &bytes[..bytes.len() / 2];
        assert!(Table::read(format, cut, &ReadOptions::default()).is_err());
    }
    let mut bytes = Vec::new();
    table
        .write(Format::Csv, &mut bytes, &WriteOptions::default())
        .unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), text);
}

#[test]
fn rows_that_are_left_out_leave_no_value_behind() {
    let table = csv(b"a,b\nx,1\ny,2\nz,3\n").taken(&[2, 0]);
    assert_eq!(rows(&table), [["z", "3"], ["x", "1"]]);
    assert_eq!(table.columns()[0].distinct(), 2);
}
