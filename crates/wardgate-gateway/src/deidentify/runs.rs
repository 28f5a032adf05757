//! Runs of a model that looks for identifiers: few at a time, away from the threads that serve, and never for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// What calls may ask of a model that looks for identifiers.
#[derive(Debug, Clone, Copy)]
pub struct ModelLimits {
    /// Calls that it reads at a time; each takes a core.
    pub runs_max: usize,
    /// Milliseconds for a call, waiting included.
    pub timeout_ms: u64,
    /// Bytes of a body that it reads.
    pub body_bytes_max: usize,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self {
            runs_max: 2,
            timeout_ms: 20_000,
            body_bytes_max: 256 * 1024,
        }
    }
}

/// The runs under way.
#[derive(Debug)]
pub(crate) struct ModelRuns {
    limits: ModelLimits,
    free: Arc<Semaphore>,
}

/// Why a run gave nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoRun {
    /// Its time was over before it began, or before it ended.
    Late,
    /// The body has more bytes than a model reads.
    TooLong,
    /// It broke down.
    Failed,
}

impl ModelRuns {
    pub(crate) fn new(limits: ModelLimits) -> Self {
        let free = Arc::new(Semaphore::new(limits.runs_max));
        Self { limits, free }
    }

    /// Runs `work` on a body of `bytes` once there is room. It is told to stop when its time is over, and keeps
    /// its place until it does, so that no more than the limit ever run.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
    ) -> Result<T, NoRun> {
        if bytes > self.limits.body_bytes_max {
            return Err(NoRun::TooLong);
        }
        let deadline = Instant::now() + Duration::from_millis(self.limits.timeout_ms);
        let place = timeout_at(deadline, self.free.clone().acquire_owned())
            .await
            .map_err(|_| NoRun::Late)?
            .map_err(|_| NoRun::Failed)?;
        let stop = Stop(Arc::new(AtomicBool::new(false)));
        let told = stop.0.clone();
        let run = tokio::task::spawn_blocking(move || {
            let done = work(&told);
            drop(place);
            done
        });
        match timeout_at(deadline, run).await {
            Ok(done) => done.map_err(|_| NoRun::Failed),
            Err(_) => Err(NoRun::Late),
        }
    }
}

/// Stops a run that nobody waits for any more: its time is over, or the caller has gone.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn runs(timeout_ms: u64) -> Arc<ModelRuns> {
        Arc::new(ModelRuns::new(ModelLimits {
            runs_max: 1,
            timeout_ms,
            body_bytes_max: 100,
        }))
    }

    #[tokio::test]
    async fn a_run_gives_what_it_made() {
        assert_eq!(runs(60_000).run(100, |_| 7).await, Ok(7));
        assert_eq!(runs(60_000).run(101, |_| 7).await, Err(NoRun::TooLong));
    }

    #[tokio::test]
    async fn no_more_than_the_limit_run_and_the_late_are_told_to_stop() {
        let runs = runs(50);
        let (begun, was_begun) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let late = runs
            .run(1, move |stop| {
                begun.send(()).unwrap();
                ended.recv().unwrap();
                assert!(stop.load(Ordering::Relaxed));
            })
            .await;
        assert_eq!(late, Err(NoRun::Late));
        was_begun.recv().unwrap();
        // It still holds its place.
        assert_eq!(runs.run(1, |_| ()).await, Err(NoRun::Late));
        end.send(()).unwrap();
        while runs.free.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(runs.run(1, |_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_run_that_breaks_down_leaves_its_place() {
        let runs = runs(60_000);
        let broken = runs
            .run(1, |_| std::panic::resume_unwind(Box::new(())))
            .await;
        assert_eq!(broken, Err::<(), _>(NoRun::Failed));
        assert_eq!(runs.run(1, |_| 7).await, Ok(7));
    }
}
