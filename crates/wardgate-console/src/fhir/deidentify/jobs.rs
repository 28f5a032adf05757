//! Requests for files that run, or whose files are kept for a while.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;
use wardgate_records::Author;

use crate::fhir::outcome::Outcome;

/// All requests of this node. They and their files are in memory, and end with the process.
#[derive(Default)]
pub(in crate::fhir) struct Jobs(Mutex<BTreeMap<Uuid, Job>>);

struct Job {
    author: Author,
    given: &'static str,
    ordered: Timestamp,
    state: watch::Receiver<State>,
    work: AbortHandle,
}

/// A request as its author sees it.
pub(super) struct Seen {
    /// What the answer calls its files.
    pub(super) given: &'static str,
    /// When it came.
    pub(super) ordered: Timestamp,
    pub(super) state: watch::Receiver<State>,
}

/// How far a request is.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It runs; what it does at the moment.
    Underway(String),
    /// Its files can be fetched.
    Done(Arc<Vec<KeptFile>>),
    /// There are no files.
    Failed(Outcome),
}

/// A file that can be fetched.
#[derive(Debug)]
pub(super) struct KeptFile {
    /// The type of its resources.
    pub(super) kind: String,
    /// How many it holds.
    pub(super) resources: u64,
    pub(super) bytes: Bytes,
}

impl Jobs {
    /// Begins a request for its author. `work` is told where to say how far it is.
    pub(super) fn begin<W>(
        self: &Arc<Self>,
        (author, ordered): (Author, Timestamp),
        given: &'static str,
        work: impl FnOnce(watch::Sender<State>) -> W,
    ) -> Result<Uuid, Outcome>
    where
        W: Future<Output = Result<Vec<KeptFile>, Outcome>> + Send + 'static,
    {
        let mut jobs = self.lock();
        let own = jobs.values().filter(|job| job.author == author).count();
        if jobs.len() >= JOBS_MAX || own >= JOBS_OF_ONE_MAX {
            return Err(Outcome::new(
                StatusCode::TOO_MANY_REQUESTS,
                "throttled",
                format!(
                    "there are {own} requests of yours and {} in all, whose files are kept for an hour: \
                     fetch the files, then DELETE the address of the request, and ask again",
                    jobs.len()
                ),
            ));
        }
        let id = Uuid::new_v4();
        let (told, state) = watch::channel(State::Underway("waiting".to_owned()));
        let work = tokio::spawn(work(told.clone()));
        let job = Job {
            author,
            given,
            ordered,
            state,
            work: work.abort_handle(),
        };
        jobs.insert(id, job);
        let kept = Arc::clone(self);
        tokio::spawn(async move {
            let ended = match work.await {
                Ok(Ok(files)) => State::Done(Arc::new(files)),
                Ok(Err(outcome)) => State::Failed(outcome),
                Err(broken) if broken.is_cancelled() => return,
                Err(_) => {
                    tracing::error!("a de-identification of files broke off");
                    State::Failed(Outcome::failed())
                }
            };
            told.send_replace(ended);
            tokio::time::sleep(KEPT).await;
            kept.lock().remove(&id);
        });
        Ok(id)
    }

    /// A request of this author.
    pub(super) fn see(&self, id: Uuid, author: &Author) -> Result<Seen, Outcome> {
        let jobs = self.lock();
        let job = jobs.get(&id).filter(|job| job.author == *author);
        let job = job.ok_or_else(unknown)?;
        Ok(Seen {
            given: job.given,
            ordered: job.ordered,
            state: job.state.clone(),
        })
    }

    /// Ends a request of this author and drops its files.
    pub(super) fn end(&self, id: Uuid, author: &Author) -> Result<(), Outcome> {
        let mut jobs = self.lock();
        let own = jobs.get(&id).is_some_and(|job| job.author == *author);
        let job = own.then(|| jobs.remove(&id)).flatten();
        job.ok_or_else(unknown)?.work.abort();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answer for those of others, those that are over, and those that never were.
pub(super) fn unknown() -> Outcome {
    Outcome::not_found("request of yours, or it is over: files are kept for an hour")
}

/// How long files are kept.
pub(super) const KEPT: Duration = Duration::from_secs(60 * 60);
/// Requests that run or are kept at a time: each holds its input, or its output, in memory.
const JOBS_MAX: usize = 4;
/// The same of one author, so that nobody is kept out by another.
const JOBS_OF_ONE_MAX: usize = 2;
