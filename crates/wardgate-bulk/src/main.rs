//! The engine over Parquet and NDJSON files: on one machine, or on a Ballista cluster of this same program.
//!
//! A job says what becomes of each column, in expressions over the engine's functions; a column that it does not
//! name is not written. Each input file becomes one output file of the same name with its rows in the same order, so
//! that a run on a cluster writes the same bytes as a run on one machine.
//!
//! What this program deliberately does not do: it listens on no address but those of the machine itself, since the
//! cluster has no authentication of its own; it restores nothing; it prints no value of a row.

mod cluster;
mod failure;
mod files;
mod functions;
mod job;
mod output;
mod plan;
mod rules;
mod run;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use failure::Failure;
use rules::Rules;

/// De-identify Parquet and NDJSON files by a job, here or on a cluster
#[derive(Debug, Parser)]
#[command(name = "wardgate-bulk", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Run a job on this machine
    Run(Run),
    /// Run a job on a cluster; needs no key, only its id
    Submit(Submit),
    /// Hand out the work of jobs; needs no key, only its id
    Scheduler(Scheduler),
    /// Do the work of jobs; needs the key
    Executor(Executor),
    /// Print the id of a key with its rules, by which the parts of a cluster know that they agree
    KeyId(Policy),
}

/// What stand-ins are made by.
#[derive(Debug, Args)]
struct Policy {
    /// File with the project's key: 32 bytes, or the same as hexadecimal digits or base64
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Profile: safe-harbor, limited-data-set, gdpr-pseudonymise, or a file
    #[arg(long, value_name = "NAME", default_value = "safe-harbor")]
    profile: String,

    /// Day by which ages are reckoned, such as 2026-11-30; the same for all parts of a cluster
    #[arg(long, value_name = "DAY")]
    as_of: String,

    /// NDJSON files with the Patient resources that other resources refer to, for deid_fhir
    #[arg(long, value_name = "FILE")]
    patients: Vec<PathBuf>,
}

/// What is read and written.
#[derive(Debug, Args)]
struct Files {
    /// The job: a YAML file that names the columns of the output
    #[arg(value_name = "JOB")]
    job: PathBuf,

    /// A file, or a folder of files, to read
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// Folder to write; it must not exist yet
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// Files that are worked on at once; 0 takes one per core
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    at_once: usize,
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    policy: Policy,
}

#[derive(Debug, Args)]
struct Submit {
    #[command(flatten)]
    files: Files,

    /// Address of the scheduler
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
    scheduler: String,

    /// The id that `wardgate-bulk key-id` prints
    #[arg(long, value_name = "ID")]
    key_id: String,
}

#[derive(Debug, Args)]
struct Scheduler {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
    listen: String,

    /// The id that `wardgate-bulk key-id` prints
    #[arg(long, value_name = "ID")]
    key_id: String,
}

#[derive(Debug, Args)]
struct Executor {
    /// Address of the scheduler
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
    scheduler: String,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    listen: String,

    /// Folder for results on their way, which only its owner may read; made when it does not exist
    #[arg(long, value_name = "FOLDER")]
    work: PathBuf,

    /// Tasks that are done at once; 0 takes one per core
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    at_once: usize,

    #[command(flatten)]
    policy: Policy,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match act(arguments.role) {
        Ok(text) => {
            // A reader that went away is no reason to fail.
            let _ = writeln!(std::io::stdout().lock(), "{text}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr().lock(), "{failure}");
            ExitCode::FAILURE
        }
    }
}

fn act(role: Role) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(|error| {
            Failure::new(
                format!("can not start threads: {error}"),
                "free some memory",
            )
        })?;
    match role {
        Role::Run(run) => {
            let rules = Rules::read(&run.policy)?;
            let engine = run::Engine::local(functions::real(&rules), rules.id());
            runtime.block_on(run::job(&run.files, engine))
        }
        Role::Submit(submit) => {
            let scheduler = cluster::address(&submit.scheduler)?;
            let key_id = rules::key_id(&submit.key_id)?;
            let engine = run::Engine::cluster(scheduler, functions::named(&key_id), &key_id);
            runtime.block_on(run::job(&submit.files, engine))
        }
        Role::Scheduler(scheduler) => runtime.block_on(cluster::schedule(
            cluster::address(&scheduler.listen)?,
            functions::named(&rules::key_id(&scheduler.key_id)?),
        )),
        Role::Executor(executor) => {
            let rules = Rules::read(&executor.policy)?;
            let place = cluster::Place {
                scheduler: cluster::address(&executor.scheduler)?,
                listen: cluster::address(&executor.listen)?,
                work: executor.work,
                at_once: executor.at_once,
            };
            runtime.block_on(cluster::execute(place, functions::real(&rules)))
        }
        Role::KeyId(policy) => Ok(Rules::read(&policy)?.id().to_owned()),
    }
}

/// Plans nest deep, and each level takes a stack frame of its own.
const STACK_BYTES: usize = 8 << 20;

const AFTER_HELP: &str = "Functions of a job, besides those of DataFusion:
  deid_text(text, patient [, name])     free text; name: the patient's name, if there is a column of it
  deid_fhir(resource)                   a FHIR resource or Bundle as text
  pseudonym(kind, value, patient)       the patient's stand-in; kind: name, mrn, phone, email, location, ...
  pseudonym_id(label, value)            an id that resolves within the project, whoever the patient is
  shift_date(date, patient)             a date, moved as all dates of the patient
  generalise_number(number, width)      the range that it lies in
  generalise_text(text, count)          its first characters
  generalise_date(date)                 its year

Exit codes: 0 every file was written, 1 none was, 2 wrong use.

Example:
  wardgate-bulk run visits.yaml visits/ out/ --key project.key --as-of 2026-11-30";
