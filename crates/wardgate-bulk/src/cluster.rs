//! The roles of a Ballista cluster, on the addresses of one machine.
//!
//! Ballista authenticates nobody: whoever reaches a port can read results and hand in plans. Only loopback
//! addresses are therefore listened on and connected to.

use std::fs::{self, DirBuilder};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::error::BallistaError;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionConfig;

use crate::failure::Failure;
use crate::run::stopped;

/// An address of this machine itself.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Failure> {
    let address: SocketAddr = text.parse().map_err(|_| {
        Failure::new(
            format!("`{text}` is no address"),
            "write it as 127.0.0.1:50050",
        )
    })?;
    if !address.ip().is_loopback() {
        return Err(Failure::new(
            format!(
                "`{text}` can be reached from other machines, and the cluster authenticates nobody"
            ),
            "take an address of 127.0.0.1; join machines by a tunnel that authenticates, such as SSH",
        ));
    }
    Ok(address)
}

/// Hands out the work of jobs until the process is asked to end.
pub(crate) async fn schedule(
    listen: SocketAddr,
    functions: Vec<ScalarUDF>,
) -> Result<String, Failure> {
    let session = move |config: SessionConfig| {
        let mut state = default_session_builder(config)?;
        for function in &functions {
            state.register_udf(Arc::new(function.clone()))?;
        }
        Ok(state)
    };
    let config = SchedulerConfig {
        bind_host: listen.ip().to_string(),
        bind_port: listen.port(),
        external_host: listen.ip().to_string(),
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        executor_timeout_seconds: EXECUTOR_LOST_SECONDS,
        expire_dead_executor_interval_seconds: HEARTBEAT_SECONDS,
        no_executors_grace_period_seconds: NO_EXECUTOR_SECONDS,
        override_session_builder: Some(Arc::new(session)),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config)
        .await
        .map_err(|error| failed(&error))?;
    tokio::select! {
        served = start_server(cluster, listen, Arc::new(config)) => {
            served.map_err(|error| failed(&error))?;
        }
        () = stopped() => {}
    }
    Ok("the scheduler ended".to_owned())
}

/// Where an executor stands.
pub(crate) struct Place {
    pub(crate) scheduler: SocketAddr,
    pub(crate) listen: SocketAddr,
    pub(crate) work: PathBuf,
    pub(crate) at_once: usize,
}

/// Does the work of jobs until the process is asked to end.
pub(crate) async fn execute(place: Place, functions: Vec<ScalarUDF>) -> Result<String, Failure> {
    let work = private_folder(&place.work)?;
    let mut registry = BallistaFunctionRegistry::default();
    for function in functions {
        registry
            .scalar_functions
            .insert(function.name().to_owned(), Arc::new(function));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let config = ExecutorProcessConfig {
        bind_host: place.listen.ip().to_string(),
        external_host: Some(place.listen.ip().to_string()),
        port: place.listen.port(),
        scheduler_host: place.scheduler.ip().to_string(),
        scheduler_port: place.scheduler.port(),
        // Executors ask for work: none of them listens for it, so that each needs one port only.
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        scheduler_connect_timeout_seconds: CONNECT_SECONDS,
        vcores: if place.at_once == 0 {
            cores
        } else {
            place.at_once
        },
        work_dir: Some(work.to_string_lossy().into_owned()),
        job_data_ttl_seconds: RESULT_SECONDS,
        job_data_clean_up_interval_seconds: CLEAN_UP_SECONDS,
        executor_heartbeat_interval_seconds: HEARTBEAT_SECONDS,
        override_function_registry: Some(Arc::new(registry)),
        ..ExecutorProcessConfig::default()
    };
    let ended = start_executor_process(Arc::new(config)).await;
    ended.map_err(|error| failed(&error))?;
    Ok("the executor ended".to_owned())
}

/// A folder that only its owner can read, made where it does not exist.
fn private_folder(path: &Path) -> Result<PathBuf, Failure> {
    let unusable = |error: std::io::Error| {
        Failure::new(
            format!(
                "can not use the folder `{}`: {}",
                path.display(),
                error.kind()
            ),
            "name a folder of your own for --work, best on an encrypted disk",
        )
    };
    if !path.exists() {
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
    }
    let path_found = fs::canonicalize(path).map_err(unusable)?;
    let mode = fs::metadata(&path_found)
        .map_err(unusable)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(Failure::new(
            format!("others can read the folder `{}`", path.display()),
            "take the rights away with chmod 700",
        ));
    }
    Ok(path_found)
}

/// A failure of Ballista itself. Its texts can hold expressions of plans, so that only its kind is told.
fn failed(error: &BallistaError) -> Failure {
    let what = match error {
        BallistaError::GrpcConnectionError(_)
        | BallistaError::TonicError(_)
        | BallistaError::GrpcError(_) => "the scheduler can not be reached",
        BallistaError::IoError(_) => "an address or a folder can not be used",
        BallistaError::Configuration(_) => "the settings do not fit together",
        _ => "the cluster failed",
    };
    Failure::new(
        what,
        "see that the scheduler runs and that every address is free",
    )
}

/// How often executors tell that they are there, and when one that does not is taken for lost.
const HEARTBEAT_SECONDS: u64 = 3;
const EXECUTOR_LOST_SECONDS: u64 = 15;
/// How long a job waits for a first executor.
const NO_EXECUTOR_SECONDS: u64 = 30;
const CONNECT_SECONDS: u16 = 30;
/// How long results wait to be fetched, and how often old ones are looked for.
const RESULT_SECONDS: u64 = 3_600;
const CLEAN_UP_SECONDS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_machine_itself_are_taken() {
        assert!(address("127.0.0.1:50050").is_ok() && address("[::1]:50050").is_ok());
        for refused in [
            "0.0.0.0:50050",
            "192.168.1.2:50050",
            "localhost:50050",
            "50050",
        ] {
            assert!(address(refused).is_err(), "{refused}");
        }
    }
}
