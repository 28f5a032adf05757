//! Folders, invented rows, and processes that end with the test.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{Date32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;

/// A folder with a key and a job.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new(job: &str) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(scene.path("job.yaml"), job).unwrap();
        scene.key("project.key", 7);
        scene
    }

    pub(crate) fn key(&self, name: &str, byte: u8) {
        let key = self.path(name);
        fs::write(&key, [byte; 32]).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A program of a role, run to its end in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate-bulk"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn key_id(&self, key: &str) -> String {
        let output = self.run(&["key-id", "--key", key, "--as-of", "2026-11-30"]);
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Files of NDJSON and of Parquet with the same rows: `count` of each, `rows` in each.
    pub(crate) fn fill(&self, count: usize, rows: usize) {
        for folder in ["ndjson", "parquet"] {
            fs::create_dir_all(self.path(folder).join("ward")).unwrap();
        }
        for file in 0..count {
            let first = file * rows;
            let mut lines = String::new();
            for row in first..first + rows {
                let Row {
                    mrn,
                    name,
                    day,
                    age,
                    note,
                } = Row::of(row);
                writeln!(
                    lines,
                    r#"{{"mrn":"{mrn}","name":"{name}","day":"{}","age":{age},"code":"I10","note":"{note}"}}"#,
                    iso(day)
                )
                .unwrap();
            }
            fs::write(self.path(&format!("ndjson/ward/part-{file}.ndjson")), lines).unwrap();
            self.parquet(&format!("parquet/ward/part-{file}.parquet"), first, rows);
        }
    }

    fn parquet(&self, below: &str, first: usize, rows: usize) {
        let all: Vec<Row> = (first..first + rows).map(Row::of).collect();
        let fields = [
            ("mrn", DataType::Utf8),
            ("name", DataType::Utf8),
            ("day", DataType::Date32),
            ("age", DataType::Int64),
            ("code", DataType::Utf8),
            ("note", DataType::Utf8),
        ];
        let schema = Arc::new(Schema::new(
            fields
                .map(|(name, kind)| Field::new(name, kind, true))
                .to_vec(),
        ));
        let text = |of: fn(&Row) -> &str| {
            Arc::new(all.iter().map(|row| Some(of(row))).collect::<StringArray>())
        };
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                text(|row| &row.mrn),
                text(|row| &row.name),
                Arc::new(all.iter().map(|row| Some(row.day)).collect::<Date32Array>()),
                Arc::new(all.iter().map(|row| Some(row.age)).collect::<Int64Array>()),
                text(|_| "I10"),
                text(|row| &row.note),
            ],
        );
        let file = fs::File::create(self.path(below)).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema, None).unwrap();
        writer.write(&batch.unwrap()).unwrap();
        writer.close().unwrap();
    }

    /// Whatever stands beside the known files: nothing half-written may.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with(".wardgate-bulk-"))
            .collect()
    }
}

/// A row of an invented ward.
struct Row {
    mrn: String,
    name: String,
    day: i32,
    age: i64,
    note: String,
}

impl Row {
    fn of(row: usize) -> Self {
        let families = ["Ashgrove", "Birkwood", "Cedarholm", "Dunfield"];
        let family = families[row % families.len()];
        let day = 19_000 + i32::try_from(row % 700).unwrap();
        Self {
            mrn: format!("{:07}", 4_400_000 + row / 3),
            name: format!("{family}, Maria"),
            day,
            age: i64::try_from(20 + row % 60).unwrap(),
            note: format!(
                "Maria {family} came on {} with cough. Call 555-010-{:04}.",
                iso(day),
                row % 10_000
            ),
        }
    }
}

/// A day since 1970 as text, by DataFusion's own arithmetic.
fn iso(day: i32) -> String {
    let array = Date32Array::from(vec![day]);
    datafusion::arrow::util::display::array_value_to_string(&array, 0).unwrap()
}

/// A process that ends with the test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Waits until something listens.
pub(crate) fn wait_for(address: &str) {
    until(|| TcpStream::connect(address).is_ok());
}

/// Waits until something holds.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "waited too long"
        );
        thread::park_timeout(Duration::from_millis(50));
    }
}

/// The files below a folder with their bytes.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap().to_owned();
                found.push((below, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub(crate) const COLUMNS: &str = "columns:
  - {name: mrn, as: \"pseudonym('mrn', mrn, mrn)\"}
  - {name: name, as: \"pseudonym('name', name, mrn)\"}
  - {name: day, as: \"shift_date(day, mrn)\"}
  - {name: age, as: \"generalise_number(age, 5)\"}
  - {name: code, keep: true}
  - {name: note, as: \"deid_text(note, mrn, name)\"}
";
