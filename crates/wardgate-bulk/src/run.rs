//! A job from its files to its output: all of it, or none.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use datafusion::arrow::datatypes::Schema;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures_util::StreamExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Files;
use crate::failure::Failure;
use crate::files::{InputFile, input_files};
use crate::job::Job;
use crate::output::Output;
use crate::plan;

/// Who does the work.
pub(crate) struct Engine {
    scheduler: Option<SocketAddr>,
    functions: Vec<ScalarUDF>,
    key_id: String,
}

impl Engine {
    /// This process.
    pub(crate) fn local(functions: Vec<ScalarUDF>, key_id: &str) -> Self {
        Self {
            scheduler: None,
            functions,
            key_id: key_id.to_owned(),
        }
    }

    /// The executors of a cluster.
    pub(crate) fn cluster(scheduler: SocketAddr, functions: Vec<ScalarUDF>, key_id: &str) -> Self {
        Self {
            scheduler: Some(scheduler),
            functions,
            key_id: key_id.to_owned(),
        }
    }

    fn context(&self) -> Result<SessionContext, Failure> {
        let context = match self.scheduler {
            None => SessionContext::new_with_config(plan::in_order(SessionConfig::new())),
            Some(scheduler) => {
                let config = plan::in_order(SessionConfig::new_with_ballista());
                let state = SessionStateBuilder::new()
                    .with_default_features()
                    .with_config(config)
                    .build();
                let state = state.upgrade_for_ballista(format!("http://{scheduler}"));
                let state = state.map_err(|error| Failure::engine("the cluster", &error))?;
                SessionContext::new_with_state(state)
            }
        };
        for function in &self.functions {
            context.register_udf(function.clone());
        }
        Ok(context)
    }
}

/// Runs a job. The output folder appears when every file is written; until then nothing is at its place.
pub(crate) async fn job(files: &Files, engine: Engine) -> Result<String, Failure> {
    let job = Arc::new(Job::read(&files.job)?);
    let inputs = input_files(&files.input, job.format)?;
    let staging = Staging::beside(&files.out)?;
    let context = engine.context()?;
    let schema = plan::shared_schema(&context, &job, &inputs).await?;
    let count = inputs.len();
    let work = all(&job, inputs, &staging, context, schema, files.at_once);
    let (rows, left_out) = tokio::select! {
        done = work => done?,
        () = stopped() => return Err(Failure::new("stopped before the end", "nothing was written; run the job again")),
    };
    staging.publish(&files.out)?;
    let lines = match left_out {
        0 => String::new(),
        left_out => format!(", {left_out} lines left out"),
    };
    Ok(format!(
        "{count} files, {rows} rows written{lines}, key {}",
        engine.key_id
    ))
}

/// Works on the files, several at once; the first failure ends it.
async fn all(
    job: &Arc<Job>,
    inputs: Vec<InputFile>,
    staging: &Staging,
    context: SessionContext,
    schema: Option<Arc<Schema>>,
    at_once: usize,
) -> Result<(u64, u64), Failure> {
    let at_once = match at_once {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        at_once => at_once.min(AT_ONCE_MAX),
    };
    let turns = Arc::new(Semaphore::new(at_once));
    let mut work = JoinSet::new();
    for input in inputs {
        let (job, context, schema) = (Arc::clone(job), context.clone(), schema.clone());
        let (turns, target) = (Arc::clone(&turns), staging.path(&input.below)?);
        work.spawn(async move {
            let _turn = turns.acquire_owned().await;
            one(&job, &input.from, &target, &context, schema.as_deref()).await
        });
    }
    let (mut rows, mut left_out) = (0, 0);
    while let Some(done) = work.join_next().await {
        let done = done
            .map_err(|_| Failure::new("a thread of the work ended early", "run the job again"))?;
        let (of_file, left_out_of_file) = done?;
        rows += of_file;
        left_out += left_out_of_file;
    }
    Ok((rows, left_out))
}

async fn one(
    job: &Job,
    from: &Path,
    target: &Path,
    context: &SessionContext,
    schema: Option<&Schema>,
) -> Result<(u64, u64), Failure> {
    let work = format!("`{}`", from.display());
    let frame = plan::frame(context, job, from, schema).await?;
    let mut output = Output::new(target, job.format, frame.schema().as_arrow())?;
    let rows = frame.execute_stream().await;
    let mut rows = rows.map_err(|error| Failure::engine(&work, &error))?;
    while let Some(batch) = rows.next().await {
        output.push(&batch.map_err(|error| Failure::engine(&work, &error))?)?;
    }
    output.finish()
}

/// A folder beside the output, which goes when the job fails.
struct Staging {
    folder: tempfile::TempDir,
}

impl Staging {
    fn beside(out: &Path) -> Result<Self, Failure> {
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let unmade = |error: std::io::Error| {
            Failure::new(
                format!(
                    "can not make a folder in `{}`: {}",
                    parent.display(),
                    error.kind()
                ),
                "name an output folder in a place that can be written",
            )
        };
        refuse_existing(out)?;
        let folder = tempfile::Builder::new()
            .prefix(".wardgate-bulk-")
            .tempdir_in(parent);
        Ok(Self {
            folder: folder.map_err(unmade)?,
        })
    }

    fn path(&self, below: &Path) -> Result<PathBuf, Failure> {
        let path = self.folder.path().join(below);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.map_err(|error| {
            Failure::new(
                format!("can not make an output folder: {}", error.kind()),
                "look at the space and rights",
            )
        })?;
        Ok(path)
    }

    fn publish(self, out: &Path) -> Result<(), Failure> {
        refuse_existing(out)?;
        fs::rename(self.folder.path(), out).map_err(|error| {
            Failure::new(
                format!(
                    "can not put the output at `{}`: {}",
                    out.display(),
                    error.kind()
                ),
                "name a folder that does not exist yet",
            )
        })
    }
}

fn refuse_existing(out: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(out).is_ok() {
        return Err(Failure::new(
            format!("`{}` is there already", out.display()),
            "name a folder that does not exist yet; nothing is overwritten",
        ));
    }
    Ok(())
}

/// Waits until the process is asked to end.
pub(crate) async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

const AT_ONCE_MAX: usize = 1_024;
