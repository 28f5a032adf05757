//! `wardgate ledger project`: entries in the words of other systems.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use wardgate_ledger::Published;
use wardgate_records::events::StoredEvent;
use wardgate_records::projection::Projection;

use super::entries::{Place, Span};
use super::{Ended, published};
use crate::commands::Dir;
use crate::export::Rows;
use crate::export::progress::Progress;
use crate::failure::Failure;
use crate::output::Output;

/// Write entries as FHIR AuditEvent, OCSF events or CSV, each row with its proof
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// What to write
    #[arg(long, value_name = "FORMAT")]
    format: Format,

    /// From this index, day or time on
    #[arg(long, value_name = "PLACE")]
    from: Option<Place>,

    /// Before this index, day or time
    #[arg(long, value_name = "PLACE")]
    to: Option<Place>,

    /// File to write, or `-` for standard output
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// AuditEvent of FHIR R4 after the IHE Basic Audit Log Patterns, one a line
    Fhir,
    /// Events of the Open Cybersecurity Schema Framework 1.3.0, one a line
    Ocsf,
    /// Comma-separated values with a header
    Csv,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let published = published(&arguments.dir.dir)?;
    let projection = match arguments.format {
        Format::Fhir => Projection::Fhir,
        Format::Ocsf => Projection::Ocsf,
        Format::Csv => Projection::Csv,
    };
    if arguments.out == Path::new("-") {
        write(arguments, &published, projection, io::stdout().lock(), true)?;
        return Ok(Ended::Well);
    }
    // Nothing that is cut short gets the name.
    let mut aside = arguments.out.clone().into_os_string();
    aside.push(".unfinished");
    let aside = PathBuf::from(aside);
    let failed = |error: io::Error| Failure::file("write", &aside, &error);
    let mut file = BufWriter::new(File::create(&aside).map_err(failed)?);
    let entries = write(arguments, &published, projection, &mut file, false)?;
    file.flush().map_err(failed)?;
    file.get_ref().sync_all().map_err(failed)?;
    fs::rename(&aside, &arguments.out).map_err(failed)?;
    let value = serde_json::json!({
        "out": arguments.out,
        "format": projection.as_str(),
        "entries": entries,
    });
    output.value(&value, || {
        format!("{entries} entries in {}", arguments.out.display())
    });
    Ok(Ended::Well)
}

/// How many entries were written.
fn write(
    arguments: &Arguments,
    published: &Published,
    projection: Projection,
    mut to: impl Write,
    on_stdout: bool,
) -> Result<u64, Failure> {
    let span = Span {
        from: arguments.from,
        to: arguments.to,
    };
    let range = span.indices(published)?;
    let progress = Progress::over(range.end - range.start, on_stdout);
    let failed = |error: io::Error| Failure::file("write", &arguments.out, &error);
    to.write_all(projection.header().as_bytes())
        .map_err(failed)?;
    let mut rows = Rows::of(published);
    let mut entries = 0;
    for entry in published.entries(range) {
        let (index, leaf) = entry?;
        progress.passed(1);
        let event = StoredEvent::parse(&leaf).ok();
        let (texts, _) = rows.next(index, &leaf, event.as_ref(), &[projection])?;
        if span.holds(event.as_ref().map(|event| event.at)) {
            for text in &texts {
                to.write_all(text.as_bytes()).map_err(failed)?;
            }
            entries += 1;
        }
    }
    to.flush().map_err(failed)?;
    progress.finish();
    Ok(entries)
}

const AFTER_HELP: &str = "Works beside a running server. Each row carries the entry, its index, its leaf hash and the hashes that
lead from it to the root of the published checkpoint.

Exit codes: 0 written, 1 failed, 2 wrong use.

Example:
  wardgate ledger project --dir /var/lib/wardgate --format fhir --from 2026-03-01 audit.ndjson";
