//! Ends long work early when somebody asks for it, in a way that leaves nothing half done.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// From now on, the first SIGINT or SIGTERM sets the flag that is given; a second one ends the process at once.
pub(crate) fn stop_when_asked() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: what the flag says when the second signal comes, decides.
        let ends = flag::register_conditional_default(signal, Arc::clone(&stop));
        let sets = ends.and_then(|_| flag::register(signal, Arc::clone(&stop)));
        sets.map_err(|error| {
            Failure::new(
                format!("can not wait for signals: {error}"),
                "report this with the version of the build",
            )
        })?;
    }
    Ok(stop)
}
