//! `wardgate ledger search`: entries that answer to what is asked, newest first.

use clap::Args;
use jiff::Timestamp;
use wardgate_records::RecordId;
use wardgate_records::events::{EventKind, StoredEvent};

use super::entries::{self, Place, Span};
use super::{Ended, published};
use crate::commands::Dir;
use crate::data_dir::DataDir;
use crate::export::progress::Progress;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Find entries of the ledger, newest first
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Of this kind, such as `call.refused`; may be given more than once
    #[arg(long, value_name = "KIND")]
    kind: Vec<EventKind>,

    /// That name this app
    #[arg(long, value_name = "ID")]
    app: Option<String>,

    /// That name this person
    #[arg(long, value_name = "ID")]
    person: Option<String>,

    /// That name this system
    #[arg(long, value_name = "ID")]
    system: Option<String>,

    /// About this patient: `Patient/123` or an identifier on file, or the handle of 32 digits
    #[arg(long, value_name = "PATIENT")]
    patient: Option<String>,

    /// With this code of a refusal
    #[arg(long, value_name = "CODE")]
    code: Option<String>,

    /// Of this record, call or key: its id
    #[arg(long, value_name = "ID")]
    record: Option<String>,

    /// From this index, day or time on
    #[arg(long, value_name = "PLACE")]
    from: Option<Place>,

    /// Before this index, day or time
    #[arg(long, value_name = "PLACE")]
    to: Option<Place>,

    /// How many entries at most
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let published = published(&arguments.dir.dir)?;
    let patient = arguments.patient.as_deref();
    let patient = patient
        .map(|patient| handle(arguments, patient))
        .transpose()?;
    let span = Span {
        from: arguments.from,
        to: arguments.to,
    };
    let range = span.indices(&published)?;
    let progress = Progress::over(range.end - range.start, true);
    let mut found = 0;
    for entry in published.entries(range).rev() {
        if found >= arguments.limit {
            break;
        }
        let (index, leaf) = entry?;
        progress.passed(1);
        let event = StoredEvent::parse(&leaf).ok();
        let at: Option<Timestamp> = event.as_ref().map(|event| event.at);
        if span.holds(at) && event.is_some_and(|event| arguments.want(&event, patient.as_deref())) {
            output.line(&entries::line(index, &leaf, output));
            found += 1;
        }
    }
    progress.finish();
    if found == 0 && !output.json {
        output.note("no entry answers to this");
    }
    Ok(Ended::Well)
}

impl Arguments {
    fn want(&self, event: &StoredEvent, patient: Option<&str>) -> bool {
        let is = |name: &str, wanted: &Option<String>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| event.text(name) == Some(wanted))
        };
        (self.kind.is_empty() || self.kind.contains(&event.kind))
            && is("app", &self.app)
            && is("person", &self.person)
            && is("system", &self.system)
            && is("code", &self.code)
            && patient.is_none_or(|handle| about(event, handle))
            && self
                .record
                .as_deref()
                .is_none_or(|record| names(event, record))
    }
}

/// A patient's own record is named by the handle too.
fn about(event: &StoredEvent, handle: &str) -> bool {
    event.text("patient") == Some(handle) || event.text("record_id") == Some(handle)
}

fn names(event: &StoredEvent, record: &str) -> bool {
    let named = [
        "call",
        "key",
        "record",
        "record_id",
        "hold",
        "backup",
        "boot",
    ];
    event.id.to_string() == record || named.iter().any(|name| event.text(name) == Some(record))
}

/// The random handle of a patient, which the store alone knows.
fn handle(arguments: &Arguments, patient: &str) -> Result<String, Failure> {
    if patient.len() == 32 && patient.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(patient.to_ascii_lowercase());
    }
    let dir = DataDir::existing(&arguments.dir.dir)?;
    wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let handle = records.store.patient_handle(patient).await;
        records.store.close().await;
        Ok(handle?.to_string())
    })
}

/// Where the record of a call or another event stands, looked for around the time in its id.
pub(super) fn index_of(
    published: &wardgate_ledger::Published,
    id: RecordId,
) -> Result<Option<u64>, Failure> {
    let near = Span {
        from: Some(Place::Time(id.made_at())),
        to: Some(Place::Time(id.made_at())),
    };
    let near = near.indices(published)?;
    let whole = published.minimum()..published.size();
    // A clock that was set back can put an entry far from the time in its id.
    for range in [near, whole] {
        for entry in published.entries(range).rev() {
            let (index, leaf) = entry?;
            if StoredEvent::parse(&leaf).is_ok_and(|event| event.id == id) {
                return Ok(Some(index));
            }
        }
    }
    Ok(None)
}

const AFTER_HELP: &str = "Reads what is published and works beside a running server. Only `--patient` with a reference needs
the data directory and its passphrase; an entry names a patient by a random handle.

Exit codes: 0 searched, 1 failed, 2 wrong use.

Example:
  wardgate ledger search --dir /var/lib/wardgate --kind call.refused --person dr-osei --from 2026-03-01";
