//! Nothing but the pipeline can reach a model or clear a call.

use crate::gate::Worker;
use crate::pipeline::Cleared;

async fn send_without_the_pipeline(worker: &Worker, cleared: Cleared) {
    let _ = crate::pipeline::send(worker, cleared).await; //~ E0603
}

fn clear_without_the_pipeline() {
    let _ = Cleared::new; //~ E0624
}
