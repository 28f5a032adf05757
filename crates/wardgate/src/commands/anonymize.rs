//! `wardgate anonymize`: a table leaves so that nobody in it can be told.

mod journal;
mod stages;

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::{Args, ValueEnum};
use serde_json::json;
use wardgate_datasets::{MODE_USUAL, Pending, random_key, read_key, sha256_of_file};
use wardgate_tables::{
    Assessment, Distance, Format, Hierarchy, HierarchyRule, Input, Method, Model, Plan,
    ReadOptions, ReleaseReport, Step, Surroundings, Table, TableFault, WriteOptions,
};

use super::Ended;
use super::deid::write_json;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::wiring;
use journal::Journal;
use stages::Stages;

/// Generalise a table until nobody in it can be told from others
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Table to read: .csv, .tsv, .parquet, .arrow
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// Table to write, in the format that its name says
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// File with the whole plan in JSON; the options below go over what it says
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    /// Columns that together could tell who somebody is: they are generalised
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COLUMNS",
        required_unless_present = "plan"
    )]
    quasi: Vec<String>,

    /// Columns that nobody should learn of a person: they stay, under --l and --t
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    sensitive: Vec<String>,

    /// Columns that stay as they are; those that no option names are removed
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    keep: Vec<String>,

    /// Columns for whose values pseudonyms stand, the same for the same --key
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pseudonymise: Vec<String>,

    /// File with the key of the project, for --pseudonymise [default: a random key, then forgotten]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// k-anonymity: rows that are alike in all quasi-identifiers
    #[arg(long, value_name = "ROWS", required_unless_present = "plan")]
    k: Option<u64>,

    /// Distinct l-diversity of each sensitive column
    #[arg(long, value_name = "VALUES")]
    l: Option<u64>,

    /// Entropy l-diversity of each sensitive column
    #[arg(long, value_name = "L")]
    entropy_l: Option<f64>,

    /// t-closeness of each sensitive column, 0 to 1
    #[arg(long, value_name = "T")]
    t: Option<f64>,

    /// How far two values are apart in t-closeness
    #[arg(long, value_enum, default_value_t = Apart::Equal, requires = "t")]
    distance: Apart,

    /// Delta-presence: least and greatest share of the people of --population that may be in the table
    #[arg(long, value_names = ["MIN", "MAX"], num_args = 2, requires = "population")]
    delta: Vec<f64>,

    /// Table of everybody whom the table could be about
    #[arg(long, value_name = "TABLE")]
    population: Option<PathBuf>,

    /// Share of rows that may be left out [default: 0.05, or what the plan says]
    #[arg(long, value_name = "SHARE")]
    suppression: Option<f64>,

    /// Folder with a CSV file for each column, or a file named as its column: from left to right
    /// coarser [default: made by the kind of the column]
    #[arg(long, value_name = "DIR|FILE")]
    hierarchies: Vec<PathBuf>,

    /// How the generalisation is found [default: exact, or what the plan says]
    #[arg(long, value_enum)]
    method: Option<Way>,

    /// File for a report in JSON: models, risks, utility; never values
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Replace OUT
    #[arg(long)]
    force: bool,
}

/// How far two values are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Apart {
    /// Any two different ones by 1
    Equal,
    /// By their order
    Ordered,
    /// By their hierarchy
    Hierarchical,
}

/// How the generalisation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// One level a column: of all choices the one that loses least
    Exact,
    /// A level for each cell
    Local,
    /// Space is cut in parts along the hierarchies
    Multidimensional,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    if !arguments.force && fs::symlink_metadata(&arguments.out).is_ok() {
        return Err(Failure::new(
            format!("`{}` exists already", arguments.out.display()),
            "name another file, or add --force",
        ));
    }
    let both = fs::canonicalize(&arguments.table)
        .ok()
        .zip(fs::canonicalize(&arguments.out).ok());
    if both.is_some_and(|(table, out)| table == out) {
        return Err(Failure::new(
            format!("`{}` would replace itself", arguments.out.display()),
            "name another file: originals are never replaced",
        ));
    }
    let plan = arguments.plan()?;
    let stop = wiring::stop_when_asked()?;
    let population = arguments.population.as_deref().map(open).transpose()?;
    let key = match &arguments.key {
        Some(path) => read_key(path)?,
        None => random_key()?,
    };
    let pseudonym = move |column: &str, value: &str| key.id(column, value);
    let stages = Stages::default();
    let told = |step: Step| stages.tell(step);
    let is_stopped = || stop.load(Ordering::Relaxed);
    let around = Surroundings {
        population: population.as_ref(),
        pseudonym: Some(&pseudonym),
        progress: Some(&told),
        stop: Some(&is_stopped),
        keeper: None,
    };
    let released = released(arguments, &plan, &around);
    stages.finish();
    let (release, resumed) = released?;
    let (sha256, bytes) = sha256_of_file(&arguments.out)?;
    let report = json!({
        "program": concat!("wardgate ", env!("CARGO_PKG_VERSION")),
        "plan": {
            "quasi": plan.quasi,
            "sensitive": plan.sensitive,
            "models": plan.models,
            "suppression": plan.suppression,
            "method": plan.method,
        },
        "release": release,
        "resumed": resumed,
        "output": {"bytes": bytes, "sha256": sha256},
    });
    if let Some(path) = &arguments.report {
        write_json(path, &report)?;
    }
    output.value(&report, || summary(&release));
    Ok(Ended::Well)
}

/// Reads, searches, writes, looks at what was written, and gives it its name then. Says beside whether the
/// search was that of an earlier run.
fn released(
    arguments: &Arguments,
    plan: &Plan,
    around: &Surroundings<'_>,
) -> Result<(ReleaseReport, bool), Failure> {
    let (from, to) = (&arguments.table, &arguments.out);
    let (format_read, format_written) = (format(from)?, format(to)?);
    let file = File::open(from).map_err(|error| Failure::file("read", from, &error))?;
    let options = ReadOptions::default();
    let input = Input::read(file, format_read, &options, plan.clone(), around).map_err(failure)?;
    let journal = match input.sha256().map_err(failure)? {
        Some(sha256) => {
            let population = arguments.population.as_deref();
            Some(Journal::beside(to, plan, &sha256, population)?)
        }
        None => None,
    };
    let around = Surroundings {
        keeper: journal.as_ref().map(Journal::keeper),
        ..*around
    };
    let draft = input.anonymise(format_written, &around).map_err(failure)?;
    let pending = Pending::beside(to, MODE_USUAL)?;
    let options = WriteOptions::default();
    let sink = BufWriter::new(pending.file());
    draft.write(sink, &options, &around).map_err(failure)?;
    let written = pending.file().try_clone();
    let written = written.map_err(|error| Failure::file("read", to, &error))?;
    let confirmed = draft.confirm(written, &options, &around);
    if confirmed.is_err()
        && let Some(journal) = &journal
    {
        // What is not confirmed once would not be the next time.
        journal.remove();
    }
    let report = confirmed.map_err(failure)?;
    if around.stop.is_some_and(|stop| stop()) {
        return Err(Failure::new(
            "the work was stopped; nothing was written",
            "run the same command again",
        ));
    }
    pending.sync()?;
    pending.keep()?;
    let resumed = journal.is_some_and(|journal| {
        journal.remove();
        journal.was_recalled()
    });
    Ok((report, resumed))
}

impl Arguments {
    fn plan(&self) -> Result<Plan, Failure> {
        let mut plan = match &self.plan {
            Some(path) => read_plan(path)?,
            None => Plan {
                suppression: SUPPRESSION_USUAL,
                ..Plan::default()
            },
        };
        for (own, stated) in [
            (&mut plan.quasi, &self.quasi),
            (&mut plan.sensitive, &self.sensitive),
            (&mut plan.insensitive, &self.keep),
            (&mut plan.pseudonymised, &self.pseudonymise),
        ] {
            if !stated.is_empty() {
                own.clone_from(stated);
            }
        }
        let stated = self.models(&plan.sensitive)?;
        if !stated.is_empty() {
            plan.models = stated;
        }
        if let Some(share) = self.suppression {
            plan.suppression = share;
        }
        if let Some(way) = self.method {
            plan.method = match way {
                Way::Exact => Method::Exact,
                Way::Local => Method::Local,
                Way::Multidimensional => Method::Multidimensional,
            };
        }
        for path in &self.hierarchies {
            match path.is_dir() {
                true => plan.add_hierarchies(path).map_err(failure)?,
                false => add_hierarchy(&mut plan, path)?,
            }
        }
        Ok(plan)
    }

    fn models(&self, sensitive: &[String]) -> Result<Vec<Model>, Failure> {
        let diverse = self.l.is_some() || self.entropy_l.is_some() || self.t.is_some();
        if diverse && sensitive.is_empty() {
            return Err(Failure::new(
                "--l, --entropy-l and --t are about sensitive columns, and none is named",
                "name them with --sensitive",
            ));
        }
        let mut models: Vec<Model> = self
            .k
            .map(|k| Model::KAnonymity { k })
            .into_iter()
            .collect();
        for column in sensitive {
            let column = || column.clone();
            models.extend(self.l.map(|l| Model::DistinctDiversity {
                column: column(),
                l,
            }));
            models.extend(self.entropy_l.map(|l| Model::EntropyDiversity {
                column: column(),
                l,
            }));
            models.extend(self.t.map(|t| Model::Closeness {
                column: column(),
                t,
                distance: match self.distance {
                    Apart::Equal => Distance::Equal,
                    Apart::Ordered => Distance::Ordered,
                    Apart::Hierarchical => Distance::Hierarchical,
                },
            }));
        }
        if let [min, max] = self.delta[..] {
            models.push(Model::Presence { min, max });
        }
        Ok(models)
    }
}

/// Reads a table by the format that its name says.
pub(super) fn open(path: &Path) -> Result<Table, Failure> {
    let (format, options) = (format(path)?, ReadOptions::default());
    if format != Format::Csv {
        return Table::open(path, format, &options).map_err(failure);
    }
    let failed = |error| Failure::file("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let progress = Progress::new(Some(bytes), false);
    let table = Table::read(format, progress.reads(file), &options);
    progress.finish();
    table.map_err(failure)
}

/// Writes a table, whole or not at all.
pub(super) fn write(path: &Path, table: &Table) -> Result<(), Failure> {
    let format = format(path)?;
    let pending = Pending::beside(path, MODE_USUAL)?;
    let sink = BufWriter::new(pending.file());
    table
        .write(format, sink, &WriteOptions::default())
        .map_err(failure)?;
    pending.sync()?;
    Ok(pending.keep()?)
}

/// What the crate of tables says, with its hint.
pub(super) fn failure(fault: TableFault) -> Failure {
    Failure::new(fault.to_string(), fault.hint())
}

fn format(path: &Path) -> Result<Format, Failure> {
    Format::of(path).ok_or_else(|| {
        Failure::new(
            format!("the name of `{}` says no format of tables", path.display()),
            "use .csv, .tsv, .parquet or .arrow",
        )
    })
}

fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            format!("`{}` is no plan (line {}): {error}", path.display(), error.line()),
            "write {\"quasi\":[\"age\"],\"sensitive\":[\"diagnosis\"],\"models\":[{\"model\":\"k-anonymity\",\"k\":5}]}",
        )
    })
}

fn add_hierarchy(plan: &mut Plan, path: &Path) -> Result<(), Failure> {
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let named = plan.quasi.iter().chain(&plan.sensitive);
    let mut named = named.filter(|column| {
        let rest = stem.strip_suffix(column.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    });
    let column = named.next().cloned().ok_or_else(|| {
        Failure::new(
            format!("the name of `{}` is that of no column", path.display()),
            "name the file as its column, such as age.csv",
        )
    })?;
    let file = File::open(path).map_err(|error| Failure::file("read", path, &error))?;
    let hierarchy = Hierarchy::read(file, None).map_err(failure)?;
    plan.hierarchies
        .insert(column, HierarchyRule::Rows(hierarchy));
    Ok(())
}

fn summary(report: &ReleaseReport) -> String {
    let mut text = format!(
        "{} of {} rows written, {} left out; {}\n",
        report.rows - report.suppressed,
        report.rows,
        report.suppressed,
        report.guarantees.join(", "),
    );
    text.push_str(&format!(
        "granularity {:.3}, loss {:.3}\n\n{}",
        report.utility.granularity,
        report.utility.loss,
        risks(&[("before", &report.before), ("after", &report.after)]),
    ));
    for level in &report.levels {
        let level_of = level
            .level
            .map_or("by cell".to_owned(), |at| format!("level {at}"));
        text.push_str(&format!(
            "\n  {:<24}{level_of} of {}",
            level.column, level.level_max
        ));
    }
    if !report.removed.is_empty() {
        text.push_str(&format!("\nremoved: {}", report.removed.join(", ")));
    }
    text
}

/// Figures of risk side by side, for people.
pub(super) fn risks(columns: &[(&str, &Assessment)]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    let head =
        std::iter::once(String::new()).chain(columns.iter().map(|(name, _)| (*name).to_owned()));
    table.set_header(head);
    let mut row = |name: String, figure: &dyn Fn(&Assessment) -> String| {
        let figures = columns.iter().map(|(_, found)| figure(found));
        table.add_row(std::iter::once(name).chain(figures).collect::<Vec<_>>());
    };
    row("rows".to_owned(), &|found| found.rows.to_string());
    row("classes".to_owned(), &|found| found.classes.to_string());
    row("k, rows of the smallest class".to_owned(), &|found| {
        found.k.to_string()
    });
    row("rows alone in their class".to_owned(), &|found| {
        found.unique_rows.to_string()
    });
    row("highest risk, known to be in it".to_owned(), &|found| {
        percent(found.risks.prosecutor.highest)
    });
    row("average risk".to_owned(), &|found| {
        percent(found.risks.prosecutor.average)
    });
    row("share named by trying all".to_owned(), &|found| {
        percent(found.risks.marketer)
    });
    let sensitive = columns
        .first()
        .map(|(_, found)| found.sensitive.as_slice())
        .unwrap_or_default();
    for (at, column) in sensitive.iter().enumerate() {
        let of =
            |found: &Assessment,
             figure: &dyn Fn(&wardgate_tables::SensitiveAssessment) -> String| {
                found.sensitive.get(at).map(figure).unwrap_or_default()
            };
        row(format!("l of {}", column.column), &|found| {
            of(found, &|c| c.distinct_l.to_string())
        });
        row(format!("entropy l of {}", column.column), &|found| {
            of(found, &|c| format!("{:.3}", c.entropy_l))
        });
        row(format!("t of {}", column.column), &|found| {
            of(found, &|c| format!("{:.3}", c.equal_t))
        });
    }
    table.to_string()
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

const SUPPRESSION_USUAL: f64 = 0.05;

const AFTER_HELP: &str = "Columns that no option names are removed. Each class of rows that are alike in all
quasi-identifiers fulfils every model, which is looked at again, row by row, in the written file
before it takes the name OUT. SIGINT (Ctrl-C) and SIGTERM end the work; there is no OUT then.
OUT.journal, while it stands, lets the same command go on with a search that was finished.
`wardgate table suggest` says which columns could be which; `wardgate table assess` what a table
guarantees.

Exit codes: 0 done, 1 failed: no generalisation fulfils the models, or the table is at fault, 2 wrong use.

Example:
  wardgate anonymize adult.csv released/adult.csv --quasi age,sex,zip --sensitive diagnosis --k 5 --l 2";
